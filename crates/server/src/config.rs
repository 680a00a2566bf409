//! The program's options.

use std::{num::NonZeroU64, num::NonZeroUsize, path::PathBuf};

use clap::{Parser, Subcommand, ValueEnum};
use conversation_settings_core::UserId;

use crate::error::StartError;

/// Keeps every user's own settings of each conversation, and sets them for many users at once.
///
/// Every option is a flag and an environment variable; the flag wins.
#[derive(Debug, Parser)]
#[command(version, disable_help_subcommand = true)]
pub(crate) struct Config {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, env = "CONVERSATION_LISTEN", value_name = "ADDRESS", default_value = "127.0.0.1:10002")]
    pub(crate) listen: String,

    /// Where to keep conversations: memory:, sqlite:PATH, mongodb://… or postgres://….
    #[arg(
        long,
        env = "CONVERSATION_STORE",
        hide_env_values = true,
        value_name = "STORE",
        default_value = "sqlite:data/conversations.db"
    )]
    pub(crate) store: String,

    /// File with the secret that signs and checks tokens, made at random where there is none [default: data/secret].
    ///
    /// The environment variable `CONVERSATION_SECRET` holds the secret itself instead. It is never a flag's value, which
    /// every process could read.
    #[arg(long, value_name = "PATH")]
    pub(crate) secret_file: Option<PathBuf>,

    /// Users who may do anything; repeated, or separated by commas.
    #[arg(long, env = "CONVERSATION_ADMINS", value_name = "USER", value_delimiter = ',', default_value = "imAdmin")]
    pub(crate) admin: Vec<UserId>,

    /// What happens to users who have not got the conversation: it is created, or the request rejected.
    #[arg(long, env = "CONVERSATION_MISSING", value_name = "POLICY", default_value = "create")]
    pub(crate) missing: Missing,

    /// Most users in one request.
    #[arg(long, env = "CONVERSATION_MAX_USERS", value_name = "N", default_value = "10000")]
    pub(crate) max_users: NonZeroUsize,

    /// Longest ex or attachedInfo, in bytes.
    #[arg(long, env = "CONVERSATION_MAX_TEXT_BYTES", value_name = "BYTES", default_value = "65536")]
    pub(crate) max_text_bytes: NonZeroUsize,

    /// Largest body of a request, in bytes.
    #[arg(long, env = "CONVERSATION_MAX_BODY_BYTES", value_name = "BYTES", default_value = "16777216")]
    pub(crate) max_body_bytes: NonZeroUsize,

    /// Longest time that a request may take, in seconds.
    #[arg(long, env = "CONVERSATION_REQUEST_TIMEOUT", value_name = "SECONDS", default_value = "30")]
    pub(crate) request_timeout: NonZeroU64,

    /// Most calls under way at once; others are answered 429 and told to try again.
    #[arg(long, env = "CONVERSATION_MAX_IN_FLIGHT", value_name = "N", default_value = "256")]
    pub(crate) max_in_flight: NonZeroUsize,

    /// Where to send what has changed, as JSON by POST, for example <https://notices.example/changed>
    /// [default: nowhere].
    #[arg(long, env = "CONVERSATION_WEBHOOK", hide_env_values = true, value_name = "URL")]
    pub(crate) webhook: Option<String>,

    /// OpenIM's REST interface, which is asked whether a group exists before its conversation is set, for example
    /// <http://127.0.0.1:10002> [default: none is asked].
    #[arg(long, env = "CONVERSATION_GROUPS", hide_env_values = true, value_name = "URL")]
    pub(crate) groups: Option<String>,

    /// File with the administrator's token by which --groups is asked.
    ///
    /// The environment variable `CONVERSATION_GROUPS_TOKEN` holds the token itself instead. It is never a flag's value,
    /// which every process could read.
    #[arg(long, value_name = "PATH")]
    pub(crate) groups_token_file: Option<PathBuf>,

    /// How to write the log on standard error; `RUST_LOG` filters it.
    #[arg(long, env = "CONVERSATION_LOG", value_name = "FORMAT", default_value = "text")]
    pub(crate) log: LogFormat,

    /// What to do instead of serving.
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What the program can do besides serving.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prints a token of a user, signed with the server's secret.
    Token {
        /// The user; an admin's token where the user is one of --admin.
        user: UserId,
    },
}

/// What happens to users who have not got the conversation.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Missing {
    /// It is created from the defaults and the request's settings.
    Create,
    /// The request is rejected, and nothing is written for anybody.
    Reject,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LogFormat {
    /// For people.
    Text,
    /// One JSON object a line, for programs.
    Json,
}

impl Config {
    /// The configuration of this process; where help or the version was asked for, prints it and ends the process.
    pub(crate) fn of_process() -> Result<Self, StartError> {
        Self::try_parse().map_err(|error| {
            if !error.use_stderr() {
                error.exit();
            }
            StartError::Usage(sentence(&error.to_string()))
        })
    }
}

/// The first paragraph of a message of clap's, which says what is wrong; the others explain how to go on.
fn sentence(message: &str) -> String {
    let first = message.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect::<Vec<_>>().join(" ");
    first.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_options_fit_together() {
        Config::command().debug_assert();
    }

    #[test]
    fn what_is_wrong_is_told_in_one_line() {
        for (args, told) in [
            (&["--log", "xml"][..], "invalid value 'xml' for '--log <FORMAT>' [possible values: text, json]"),
            (&["--max-users", "0"], "invalid value '0' for '--max-users <N>': number would be zero for non-zero type"),
            (&["--admin", ""], "invalid value '' for '--admin <USER>': must not be empty"),
            (&["--port", "1"], "unexpected argument '--port' found"),
        ] {
            let error = Config::try_parse_from([&["conversation-server"], args].concat()).unwrap_err();
            assert_eq!(sentence(&error.to_string()), told);
        }
    }

    #[test]
    fn admins_are_repeated_or_separated_by_commas() {
        let args = ["conversation-server", "--admin", "a,b", "--admin", "c"];
        let admins = Config::try_parse_from(args).unwrap().admin;
        assert_eq!(admins.iter().map(UserId::as_str).collect::<Vec<_>>(), ["a", "b", "c"]);
    }
}
