//! The program's options.

use std::{
    num::{NonZeroU64, NonZeroUsize},
    path::PathBuf,
};

use clap::{Parser, Subcommand, ValueEnum};
use conversation_settings_core::{IfMissing, Limits, UserId};
use conversation_settings_http::Api;

use crate::{error::StartError, secret, store};

/// Serves each user's own conversation settings over HTTP, in the format of OpenIM's clients.
///
/// Each option is a flag and an environment variable; the flag wins. Every user of this machine can read flags, so put
/// passwords into variables.
#[derive(Debug, Parser)]
#[command(version, disable_help_subcommand = true)]
pub(crate) struct Config {
    /// Address to listen on; port 0 means any free port.
    #[arg(long, env = "CONVERSATION_LISTEN", value_name = "HOST:PORT", default_value = "127.0.0.1:10002")]
    pub(crate) listen: String,

    /// Address for `/metrics`, `/healthz` and `/readyz` alone, which `--listen` then does not serve
    /// [default: --listen serves them].
    #[arg(long, env = "CONVERSATION_LISTEN_OPERATIONS", value_name = "HOST:PORT")]
    pub(crate) listen_operations: Option<String>,

    #[arg(
        long,
        env = "CONVERSATION_STORE",
        hide_env_values = true,
        value_name = "STORE",
        default_value = "sqlite:data/conversations.db",
        help = format!("Where to store conversations: {}", store::forms())
    )]
    pub(crate) store: String,

    #[arg(
        long,
        value_name = "PATH",
        help = format!("File with the secret that signs tokens, created if missing [default: {}]", secret::DEFAULT_FILE),
        long_help = format!(
            "File with the secret that signs tokens, created with a random secret if missing [default: {}]\n\nThe \
             variable {} contains the secret itself instead.",
            secret::DEFAULT_FILE,
            secret::VARIABLE
        )
    )]
    pub(crate) secret_file: Option<PathBuf>,

    /// IDs of the users who may set anyone's conversations, separated by commas; repeatable.
    #[arg(long, env = "CONVERSATION_ADMINS", value_name = "USER", value_delimiter = ',', default_value = "imAdmin")]
    pub(crate) admin: Vec<UserId>,

    /// What `set_conversations` does for users who do not have the conversation.
    #[arg(long, env = "CONVERSATION_MISSING", value_name = "POLICY", default_value_t, value_enum)]
    pub(crate) missing: Missing,

    /// Maximum number of users in one request.
    #[arg(long, env = "CONVERSATION_MAX_USERS", value_name = "N", default_value_t = non_zero(Limits::default().max_users))]
    pub(crate) max_users: NonZeroUsize,

    /// Maximum length of ex and attachedInfo, in bytes each.
    #[arg(
        long,
        env = "CONVERSATION_MAX_TEXT_BYTES",
        value_name = "BYTES",
        default_value_t = non_zero(Limits::default().max_text_bytes)
    )]
    pub(crate) max_text_bytes: NonZeroUsize,

    /// Maximum size of a request body, in bytes.
    #[arg(
        long,
        env = "CONVERSATION_MAX_BODY_BYTES",
        value_name = "BYTES",
        default_value_t = non_zero(Api::DEFAULT_MAX_BODY_BYTES)
    )]
    pub(crate) max_body_bytes: NonZeroUsize,

    /// Maximum memory that the bodies of all requests in progress take together, in bytes; more are rejected with status
    /// 429.
    #[arg(
        long,
        env = "CONVERSATION_MAX_BODY_MEMORY",
        value_name = "BYTES",
        default_value_t = non_zero(Api::DEFAULT_MAX_BODY_MEMORY)
    )]
    pub(crate) max_body_memory: NonZeroUsize,

    /// Maximum time for a request body to arrive, in seconds.
    #[arg(
        long,
        env = "CONVERSATION_BODY_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = NonZeroU64::new(Api::DEFAULT_BODY_TIMEOUT.as_secs()).unwrap_or(NonZeroU64::MIN)
    )]
    pub(crate) body_timeout: NonZeroU64,

    /// Maximum duration of a request, in seconds.
    #[arg(
        long,
        env = "CONVERSATION_REQUEST_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = seconds(Api::DEFAULT_REQUEST_TIMEOUT.as_secs())
    )]
    pub(crate) request_timeout: NonZeroU64,

    /// Maximum number of requests in progress; more are rejected with status 429.
    #[arg(
        long,
        env = "CONVERSATION_MAX_IN_FLIGHT",
        value_name = "N",
        default_value_t = non_zero(Api::DEFAULT_MAX_IN_FLIGHT)
    )]
    pub(crate) max_in_flight: NonZeroUsize,

    /// Maximum number of open connections; beyond it, a new connection replaces an idle one. A lower limit of open files
    /// lowers it.
    #[arg(long, env = "CONVERSATION_MAX_CONNECTIONS", value_name = "N", default_value_t = non_zero(4096))]
    pub(crate) max_connections: NonZeroUsize,

    /// How long a connection stays open between two requests, in seconds: longer than the load balancer before this server
    /// keeps it.
    #[arg(long, env = "CONVERSATION_KEEP_ALIVE", value_name = "SECONDS", default_value_t = seconds(75))]
    pub(crate) keep_alive: NonZeroU64,

    /// Maximum duration of a stop, in seconds, for requests in progress and events together.
    #[arg(long, env = "CONVERSATION_SHUTDOWN_TIMEOUT", value_name = "SECONDS", default_value_t = seconds(20))]
    pub(crate) shutdown_timeout: NonZeroU64,

    /// URL that receives every change as JSON by POST, for example `https://notices.example/changed`
    /// [default: no webhook].
    #[arg(long, env = "CONVERSATION_WEBHOOK", hide_env_values = true, value_name = "URL")]
    pub(crate) webhook: Option<String>,

    /// URL of OpenIM's REST API, which is asked whether a group exists before its conversation is set, for example
    /// `http://127.0.0.1:10002` [default: groups are not checked].
    #[arg(long, env = "CONVERSATION_GROUPS", hide_env_values = true, value_name = "URL")]
    pub(crate) groups: Option<String>,

    #[arg(
        long,
        value_name = "PATH",
        help = "File with OpenIM's admin token for --groups",
        long_help = format!(
            "File with OpenIM's admin token for --groups\n\nThe variable {} contains the token itself instead.",
            secret::GROUPS_VARIABLE
        )
    )]
    pub(crate) groups_token_file: Option<PathBuf>,

    /// Format of the log on standard error; `RUST_LOG` sets the levels.
    #[arg(long, env = "CONVERSATION_LOG", value_name = "FORMAT", default_value_t, value_enum)]
    pub(crate) log: LogFormat,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,
}

/// What to do instead of serving.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prints a token for a user, signed with the server's secret.
    Token {
        /// ID of the user; an --admin gets an admin token.
        user: UserId,
    },
}

/// What happens for users who do not have the conversation.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum Missing {
    /// Creates the conversation from the defaults and the request's fields.
    #[default]
    Create,
    /// Rejects the whole request with code 1004.
    Reject,
}

impl From<Missing> for IfMissing {
    fn from(missing: Missing) -> Self {
        match missing {
            Missing::Create => Self::Create,
            Missing::Reject => Self::Reject,
        }
    }
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, Default, ValueEnum)]
pub(crate) enum LogFormat {
    /// Lines for people.
    #[default]
    Text,
    /// One JSON object per line.
    Json,
}

impl Config {
    /// Reads the options of this process. `--help` and `--version` print and exit.
    pub(crate) fn from_process() -> Result<Self, StartError> {
        Self::try_parse().map_err(|error| {
            if !error.use_stderr() {
                error.exit();
            }
            StartError::Usage(first_paragraph(&error.to_string()))
        })
    }
}

fn non_zero(value: usize) -> NonZeroUsize {
    NonZeroUsize::new(value).unwrap_or(NonZeroUsize::MIN)
}

fn seconds(value: u64) -> NonZeroU64 {
    NonZeroU64::new(value).unwrap_or(NonZeroU64::MIN)
}

/// The paragraph of clap's message that says what is wrong; the others are usage hints.
fn first_paragraph(message: &str) -> String {
    let first = message.lines().take_while(|line| !line.trim().is_empty()).map(str::trim).collect::<Vec<_>>().join(" ");
    first.trim_start_matches("error: ").to_owned()
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn defines_consistent_options() {
        Config::command().debug_assert();
    }

    #[test]
    fn reports_invalid_options_in_one_line() {
        for (args, message) in [
            (&["--log", "xml"][..], "invalid value 'xml' for '--log <FORMAT>' [possible values: text, json]"),
            (&["--max-users", "0"], "invalid value '0' for '--max-users <N>': number would be zero for non-zero type"),
            (&["--admin", ""], "invalid value '' for '--admin <USER>': must not be empty"),
            (&["--port", "1"], "unexpected argument '--port' found"),
        ] {
            let error = Config::try_parse_from([&["conversation-server"], args].concat()).unwrap_err();
            assert_eq!(first_paragraph(&error.to_string()), message);
        }
    }

    #[test]
    fn accepts_admins_repeated_or_separated_by_commas() {
        let args = ["conversation-server", "--admin", "a,b", "--admin", "c"];
        let admins = Config::try_parse_from(args).unwrap().admin;
        assert_eq!(admins.iter().map(UserId::as_str).collect::<Vec<_>>(), ["a", "b", "c"]);
    }
}
