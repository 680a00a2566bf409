//! The table of options, limits and signals in `docs/operations.md` lists what the program has.

use std::{collections::BTreeSet, ffi::OsStr};

use clap::{Arg, Command, CommandFactory};
use conversation_settings_service::Service;

use crate::config::{self, Config};

const PAGE: &str = include_str!("../../../docs/operations.md");

/// The source in which signals are named.
const SIGNALS: &str = include_str!("serve/signals.rs");

/// The rows of the page's table.
fn page() -> Vec<&'static str> {
    let (_, section) = PAGE.split_once("\n## Options, limits and signals\n").expect("the page has the section");
    let section = section.split("\n## ").next().unwrap_or(section);
    section.lines().filter(|line| line.starts_with("| ")).skip(1).collect()
}

/// An option as a row: flag, variable, default, meaning.
fn row(cli: &Command, arg: &Arg) -> String {
    let value = arg.get_value_names().map(|names| format!(" {}", names[0])).unwrap_or_default();
    let flag = format!("`--{}{value}`", arg.get_long().expect("each option has a flag"));
    let variable = arg.get_env().and_then(OsStr::to_str).expect("each option has a variable");
    // A file whose text has no flag of its own can be replaced by a variable with the text.
    let text = variable.strip_suffix("_FILE").filter(|text| !variables(cli).contains(*text));
    let variables = [Some(variable), text].into_iter().flatten().map(|name| format!("`{name}`"));
    let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
    let (meaning, named) =
        help.split_once(" [default: ").map_or((&*help, None), |(meaning, rest)| (meaning, rest.split(']').next()));
    let defaults: Vec<_> = arg.get_default_values().iter().filter_map(|value| value.to_str()).collect();
    let default = match named {
        Some(named) => named.to_owned(),
        None if defaults.is_empty() => "none".to_owned(),
        None => format!("`{}`", defaults.join(",")),
    };
    let values: Vec<_> = arg.get_possible_values().iter().map(|value| format!("`{}`", value.get_name())).collect();
    let choice = if values.is_empty() { String::new() } else { format!(": {}", values.join(" or ")) };
    format!("| {flag} | {} | {default} | {meaning}{choice} |", variables.collect::<Vec<_>>().join("; "))
}

fn variables(cli: &Command) -> BTreeSet<&str> {
    cli.get_arguments().filter_map(Arg::get_env).filter_map(OsStr::to_str).collect()
}

#[test]
fn lists_every_option_with_its_variable_and_default() {
    let cli = Config::command();
    let expected: Vec<_> = cli.get_arguments().map(|arg| row(&cli, arg)).collect();
    let listed: Vec<_> = page().into_iter().filter(|row| row.starts_with("| `--")).collect();
    assert_eq!(listed, expected, "docs/operations.md needs these rows:\n{}\n", expected.join("\n"));
}

#[test]
fn lists_every_command() {
    let cli = Config::command();
    for command in cli.get_subcommands() {
        let values: Vec<_> =
            command.get_positionals().filter_map(Arg::get_value_names).map(|names| &*names[0]).collect();
        let call = [&["conversation-server", command.get_name()][..], &values].concat().join(" ");
        let about = command.get_about().expect("each command has a description");
        let row = format!("| `{call}` | {about} |");
        assert!(PAGE.lines().any(|line| line == row), "docs/operations.md needs the row:\n{row}");
    }
}

#[test]
fn lists_every_variable_and_signal_in_the_sources() {
    let rows = page().join("\n");
    let cli = Config::command();
    for name in config::variables(&cli).into_iter().chain(["RUST_LOG", "SSL_CERT_FILE", "HOME"]) {
        assert!(rows.contains(&format!("`{name}`")), "{name} is missing");
    }
    let signals: BTreeSet<_> = words(SIGNALS, "SignalKind::").collect();
    assert!(signals.len() >= 2, "{signals:?}");
    for signal in signals {
        let name = match signal.trim_start_matches("SignalKind::") {
            "terminate" => "SIGTERM",
            "interrupt" => "SIGINT",
            "hangup" => "SIGHUP",
            "quit" => "SIGQUIT",
            // The one that Tokio has no name for.
            "from_raw" => "SIGXFSZ",
            "user_defined1" => "SIGUSR1",
            "user_defined2" => "SIGUSR2",
            other => panic!("no name for the signal {other}"),
        };
        assert!(rows.contains(name), "{name} is missing");
    }
}

#[test]
fn lists_limits_that_no_option_sets() {
    let rows = page();
    for (limit, value) in [
        ("Events that wait for a sink", Service::EVENT_QUEUE.to_string()),
        ("Bytes of a user ID or group ID", conversation_settings_core::UserId::MAX_BYTES.to_string()),
    ] {
        let value = format!("| {value} |");
        let row = rows.iter().find(|row| row.contains(limit)).unwrap_or_else(|| panic!("no row for the {limit}"));
        assert!(row.replace(',', "").contains(&value), "{row} should say {value}");
    }
}

/// The words of `text` that begin with `start`.
fn words<'a>(text: &'a str, start: &'a str) -> impl Iterator<Item = &'a str> {
    text.match_indices(start).map(move |(at, _)| {
        let rest = &text[at + start.len()..];
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
        &text[at..at + start.len() + end]
    })
}
