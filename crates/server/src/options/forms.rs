//! Values that two options can give: the text itself, and a file with the text.

use std::ffi::OsStr;

use clap::{Arg, ArgMatches, Command, parser::ValueSource};

/// Keeps one form of each value: a flag wins over a variable. Two forms of the same kind contradict each other, which is an
/// error. Returns a warning for each variable that is ignored. `is_set` says whether a variable of the environment is set.
///
/// The variable of a file is the variable of its text with `_FILE` at its end. A secret has no flag for its text.
pub(crate) fn choose_forms(
    cli: &Command,
    matches: &mut ArgMatches,
    is_set: impl Fn(&str) -> bool,
) -> Result<Vec<String>, String> {
    let mut ignored = Vec::new();
    for file in cli.get_arguments() {
        let Some(text_variable) = variable(file).and_then(|variable| variable.strip_suffix("_FILE")) else { continue };
        let text = cli.get_arguments().find(|arg| variable(arg) == Some(text_variable));
        let text_source = match text {
            Some(text) => source(matches, text),
            None => is_set(text_variable).then_some(ValueSource::EnvVariable),
        };
        let (Some(text_source), Some(file_source)) = (text_source, source(matches, file)) else { continue };
        if text_source == file_source {
            return Err(match file_source {
                ValueSource::EnvVariable => {
                    format!("{text_variable} and {text_variable}_FILE are both set: set one of them")
                }
                _ => format!("{} and {} are both given: give one of them", flag(text), flag(Some(file))),
            });
        }
        let (weaker, variable, stronger) = if text_source < file_source {
            (text, text_variable.to_owned(), flag(Some(file)))
        } else {
            (Some(file), format!("{text_variable}_FILE"), flag(text))
        };
        if let Some(weaker) = weaker {
            matches.try_clear_id(weaker.get_id().as_str()).map_err(|error| error.to_string())?;
        }
        if text_source.min(file_source) == ValueSource::EnvVariable {
            ignored.push(format!("the variable {variable} has no effect: {stronger} is given"));
        }
    }
    Ok(ignored)
}

fn variable(arg: &Arg) -> Option<&str> {
    arg.get_env().and_then(OsStr::to_str)
}

fn source(matches: &ArgMatches, arg: &Arg) -> Option<ValueSource> {
    matches.value_source(arg.get_id().as_str())
}

fn flag(arg: Option<&Arg>) -> String {
    format!("--{}", arg.and_then(Arg::get_long).unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;
    use crate::config::Config;

    /// Which of a text and its file stay, given flags and a variable of the environment.
    fn chosen(args: &[&str], set: &str) -> Result<[bool; 3], String> {
        let cli = Config::command();
        let mut matches = cli.clone().try_get_matches_from([&["conversation-server"], args].concat()).unwrap();
        let warnings = choose_forms(&cli, &mut matches, |variable| variable == set)?;
        let ignored = if set.is_empty() {
            vec![]
        } else {
            vec![format!("the variable {set} has no effect: --secret-file is given")]
        };
        assert_eq!(warnings, ignored);
        Ok(["store", "store_file", "secret_file"].map(|id| matches.try_contains_id(id).unwrap()))
    }

    #[test]
    fn prefers_a_flag_to_a_default_and_to_a_variable() {
        assert_eq!(chosen(&[], ""), Ok([true, false, false]));
        assert_eq!(chosen(&["--store-file", "f"], ""), Ok([false, true, false]));
        assert_eq!(chosen(&["--secret-file", "f"], "CONVERSATION_SECRET"), Ok([true, false, true]));
    }

    #[test]
    fn refuses_two_flags() {
        let error = chosen(&["--store", "memory:", "--store-file", "f"], "").unwrap_err();
        assert_eq!(error, "--store and --store-file are both given: give one of them");
    }
}
