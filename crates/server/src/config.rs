//! The program's options.

use std::{collections::BTreeSet, env, ffi::OsStr, time::Duration};

use clap::{
    Arg, CommandFactory, FromArgMatches, Parser, Subcommand, ValueEnum,
    error::{ContextKind, ContextValue, ErrorKind},
    parser::ValueSource,
};
use conversation_settings_core::{IfMissing, Limits, UserId};
use conversation_settings_http::{Api, TokenAuthority};
use conversation_settings_tls::Authorities;

use crate::{
    error::StartError,
    options::{self, ByteSize, Count, FilePath, ListenAddress, TimeSpan, Users, user},
    secret::{self, Secret},
    store,
};

/// Serves each user's own conversation settings over HTTP, in the format of OpenIM's clients.
///
/// Each option is a flag and an environment variable; the flag wins. Every user of this machine can read flags, so put
/// passwords into files or variables. A duration is a number of seconds or has a unit: 90s, 15m, 12h, 90d. A size is a number
/// of bytes or has a unit: 64KiB, 16MiB, 1GiB.
#[derive(Debug, Parser)]
#[command(name = env!("CARGO_BIN_NAME"), version, disable_help_subcommand = true)]
pub(crate) struct Config {
    /// Address to listen on. Without a host: every address of this machine. Port 0 means any free port.
    #[arg(long, env = "CONVERSATION_LISTEN", value_name = "HOST:PORT", default_value = "127.0.0.1:10002")]
    pub(crate) listen: ListenAddress,

    /// Address for `/metrics`, `/healthz` and `/readyz` alone, which `--listen` then does not serve
    /// [default: --listen serves them].
    #[arg(long, env = "CONVERSATION_LISTEN_OPERATIONS", value_name = "HOST:PORT")]
    pub(crate) listen_operations: Option<ListenAddress>,

    #[arg(
        long,
        global = true,
        env = "CONVERSATION_STORE",
        hide_env_values = true,
        value_name = "STORE",
        default_value = "sqlite:data/conversations.db",
        help = format!("Where to store conversations: {}", store::forms())
    )]
    pub(crate) store: Option<Secret>,

    /// File with the value of --store, for an address with a password.
    #[arg(long, global = true, env = "CONVERSATION_STORE_FILE", value_name = "PATH")]
    pub(crate) store_file: Option<FilePath>,

    /// Files of certificate authorities to trust beside the system's, for TLS to the store, the webhook and --groups, separated
    /// by commas; repeatable [default: the system's alone].
    #[arg(long, global = true, env = "CONVERSATION_CA_FILES", value_name = "PATHS", value_delimiter = ',')]
    pub(crate) ca_file: Vec<FilePath>,

    #[arg(
        long,
        global = true,
        env = "CONVERSATION_SECRET_FILE",
        value_name = "PATH",
        help = format!("File with the secret that signs tokens, created if missing [default: {}]", secret::DEFAULT_FILE),
        long_help = format!(
            "File with the secret that signs tokens, created with a random secret if missing [default: {}]\n\nThe \
             variable {} contains the secret itself instead.",
            secret::DEFAULT_FILE,
            secret::VARIABLE
        )
    )]
    pub(crate) secret_file: Option<FilePath>,

    #[arg(
        long,
        global = true,
        env = "CONVERSATION_PREVIOUS_SECRET_FILE",
        value_name = "PATH",
        help = "File with the secret that signed tokens before; it only verifies [default: no such secret]",
        long_help = format!(
            "File with the secret that signed tokens before; it only verifies [default: no such secret]\n\nThe \
             variable {} contains the secret itself instead.",
            secret::PREVIOUS_VARIABLE
        )
    )]
    pub(crate) previous_secret_file: Option<FilePath>,

    /// How long an issued token is valid.
    #[arg(
        long,
        global = true,
        env = "CONVERSATION_TOKEN_LIFETIME",
        value_name = "DURATION",
        default_value_t = TimeSpan::new(TokenAuthority::DEFAULT_LIFETIME)
    )]
    pub(crate) token_lifetime: TimeSpan,

    /// IDs of the users who may set anyone's conversations, separated by commas; repeatable.
    #[arg(long, global = true, env = "CONVERSATION_ADMINS", value_name = "USERS", default_value = Config::DEFAULT_ADMIN)]
    pub(crate) admin: Vec<Users>,

    /// What `set_conversations` does for users who do not have the conversation.
    #[arg(long, env = "CONVERSATION_MISSING", value_name = "POLICY", default_value_t, value_enum, ignore_case = true)]
    pub(crate) missing: Missing,

    /// JSON file that declares settings of the host's own, which `custom` then accepts [default: no settings].
    #[arg(long, env = "CONVERSATION_CUSTOM", value_name = "PATH")]
    pub(crate) custom: Option<FilePath>,

    /// Maximum number of users in one request.
    #[arg(long, env = "CONVERSATION_MAX_USERS", value_name = "N", default_value_t = Count::new(Limits::default().max_users))]
    pub(crate) max_users: Count,

    /// Maximum length of ex and attachedInfo, in bytes each.
    #[arg(
        long,
        env = "CONVERSATION_MAX_TEXT_BYTES",
        value_name = "BYTES",
        default_value_t = ByteSize::new(Limits::default().max_text_bytes)
    )]
    pub(crate) max_text_bytes: ByteSize,

    /// Maximum size of ex, attachedInfo and custom for all users of a request together, in bytes.
    #[arg(
        long,
        env = "CONVERSATION_MAX_BATCH_BYTES",
        value_name = "BYTES",
        default_value_t = ByteSize::new(Limits::default().max_batch_bytes)
    )]
    pub(crate) max_batch_bytes: ByteSize,

    /// Maximum size of a request body, in bytes.
    #[arg(
        long,
        env = "CONVERSATION_MAX_BODY_BYTES",
        value_name = "BYTES",
        default_value_t = ByteSize::new(Api::DEFAULT_MAX_BODY_BYTES)
    )]
    pub(crate) max_body_bytes: ByteSize,

    /// Maximum memory that the bodies of all requests in progress take together, in bytes; more are rejected with status
    /// 429.
    #[arg(
        long,
        env = "CONVERSATION_MAX_BODY_MEMORY",
        value_name = "BYTES",
        default_value_t = ByteSize::new(Api::DEFAULT_MAX_BODY_MEMORY)
    )]
    pub(crate) max_body_memory: ByteSize,

    /// Maximum time for a request body to arrive, in seconds.
    #[arg(
        long,
        env = "CONVERSATION_BODY_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = TimeSpan::new(Api::DEFAULT_BODY_TIMEOUT)
    )]
    pub(crate) body_timeout: TimeSpan,

    /// Maximum duration of a request, in seconds.
    #[arg(
        long,
        env = "CONVERSATION_REQUEST_TIMEOUT",
        value_name = "SECONDS",
        default_value_t = TimeSpan::new(Api::DEFAULT_REQUEST_TIMEOUT)
    )]
    pub(crate) request_timeout: TimeSpan,

    /// Maximum number of requests in progress; more are rejected with status 429.
    #[arg(
        long,
        env = "CONVERSATION_MAX_IN_FLIGHT",
        value_name = "N",
        default_value_t = Count::new(Api::DEFAULT_MAX_IN_FLIGHT)
    )]
    pub(crate) max_in_flight: Count,

    /// Maximum number of open connections; beyond it, a new connection replaces an idle one. A lower limit of open files
    /// lowers it.
    #[arg(long, env = "CONVERSATION_MAX_CONNECTIONS", value_name = "N", default_value_t = Count::new(4096))]
    pub(crate) max_connections: Count,

    /// How long a connection stays open between two requests, in seconds: longer than the load balancer before this server
    /// keeps it.
    #[arg(long, env = "CONVERSATION_KEEP_ALIVE", value_name = "SECONDS", default_value_t = TimeSpan::new(Duration::from_secs(75)))]
    pub(crate) keep_alive: TimeSpan,

    /// Maximum duration of a stop, in seconds, for requests in progress and events together.
    #[arg(long, env = "CONVERSATION_SHUTDOWN_TIMEOUT", value_name = "SECONDS", default_value_t = TimeSpan::new(Duration::from_secs(20)))]
    pub(crate) shutdown_timeout: TimeSpan,

    /// URL that receives every change as JSON by POST, for example `https://notices.example/changed`
    /// [default: no webhook].
    #[arg(long, env = "CONVERSATION_WEBHOOK", hide_env_values = true, value_name = "URL")]
    pub(crate) webhook: Option<Secret>,

    /// File with the value of --webhook, for a URL with a password.
    #[arg(long, env = "CONVERSATION_WEBHOOK_FILE", value_name = "PATH")]
    pub(crate) webhook_file: Option<FilePath>,

    #[arg(
        long,
        env = "CONVERSATION_WEBHOOK_KEY_FILE",
        value_name = "PATH",
        help = "File with the key, whsec_…, that signs requests to the webhook [default: they are not signed]",
        long_help = format!(
            "File with the key, whsec_…, that signs requests to the webhook [default: they are not signed]\n\nThe \
             variable {} contains the key itself instead.",
            secret::WEBHOOK_KEY_VARIABLE
        )
    )]
    pub(crate) webhook_key_file: Option<FilePath>,

    /// How long the webhook tries to send the same events before it drops them [default: never drops them; a full queue drops
    /// new events].
    #[arg(long, env = "CONVERSATION_WEBHOOK_GIVE_UP", value_name = "DURATION")]
    pub(crate) webhook_give_up: Option<TimeSpan>,

    /// URL of OpenIM's REST API, which is asked whether a group exists before its conversation is set, for example
    /// `http://openim.example:10002` [default: groups are not checked].
    #[arg(long, env = "CONVERSATION_GROUPS", hide_env_values = true, value_name = "URL")]
    pub(crate) groups: Option<String>,

    #[arg(
        long,
        env = "CONVERSATION_GROUPS_TOKEN_FILE",
        value_name = "PATH",
        help = "File with OpenIM's admin token for --groups",
        long_help = format!(
            "File with OpenIM's admin token for --groups\n\nThe variable {} contains the token itself instead.",
            secret::GROUPS_VARIABLE
        )
    )]
    pub(crate) groups_token_file: Option<FilePath>,

    /// Format of the log on standard error; `RUST_LOG` sets the levels.
    #[arg(long, env = "CONVERSATION_LOG", value_name = "FORMAT", default_value_t, value_enum, ignore_case = true)]
    pub(crate) log: LogFormat,

    #[command(subcommand)]
    pub(crate) command: Option<Command>,

    /// Whether an option names the admins.
    #[arg(skip)]
    pub(crate) has_admins: bool,

    /// A warning for each variable that looks like one of the program's. It may be the reason why a start fails.
    #[arg(skip)]
    pub(crate) unknown_variables: Vec<String>,

    /// A warning for each variable that a flag of another form replaces.
    #[arg(skip)]
    pub(crate) replaced_variables: Vec<String>,
}

/// What to do instead of serving.
#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Prints a token for a user, signed with the server's secret.
    Token {
        /// ID of the user; an --admin gets an admin token.
        #[arg(value_parser = user)]
        user: UserId,
    },
    /// Copies an SQLite store into a new file and checks it; the server may run.
    Backup {
        /// File to create.
        file: FilePath,
    },
    /// Puts a backup in the place of an SQLite store, which stays under another name; the server must not run.
    Restore {
        /// Backup to restore; it stays as it is.
        file: FilePath,
    },
    /// Makes every client sync in full, after the database's own tools have restored a backup; no server may run.
    RenewLog,
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
    pub(crate) const DEFAULT_ADMIN: &'static str = "imAdmin";

    /// Reads the options of this process. `--help` and `--version` print and exit.
    pub(crate) fn from_process() -> Result<Self, StartError> {
        let usage = |error: &clap::Error| StartError::Usage(sentence(error));
        let cli = Self::command();
        let mut matches = cli.clone().try_get_matches().map_err(|error| {
            if !error.use_stderr() {
                error.exit();
            }
            usage(&error)
        })?;
        let is_set = |variable: &str| env::var_os(variable).is_some();
        let replaced = options::choose_forms(&cli, &mut matches, is_set).map_err(StartError::Usage)?;
        let set =
            env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)));
        let mut config = Self::from_arg_matches(&matches).map_err(|error| usage(&error))?;
        config.unknown_variables = options::warn_of_unknown(&variables(&cli), set);
        config.replaced_variables = replaced;
        config.has_admins = matches.value_source("admin") != Some(ValueSource::DefaultValue);
        Ok(config)
    }

    /// The authorities that TLS trusts.
    pub(crate) fn authorities(&self) -> Result<Authorities, StartError> {
        let mut authorities = Authorities::default();
        for file in &self.ca_file {
            authorities.add_file(file.as_path()).map_err(StartError::authorities)?;
        }
        Ok(authorities)
    }

    /// The users who may set anyone's conversations, at least one.
    pub(crate) fn admins(&self) -> impl Iterator<Item = &UserId> {
        self.admin.iter().flat_map(|users| &users.0)
    }
}

/// The variables that the program reads, except for those of other programs, such as `RUST_LOG`.
pub(crate) fn variables(cli: &clap::Command) -> BTreeSet<&str> {
    let of_options = cli.get_arguments().filter_map(Arg::get_env).filter_map(OsStr::to_str);
    of_options.chain(secret::VARIABLES).collect()
}

/// What is wrong, in one line.
fn sentence(error: &clap::Error) -> String {
    let line = in_one_line(&error.to_string());
    match error.kind() {
        ErrorKind::InvalidSubcommand => format!("{line}: without a command, the program serves"),
        ErrorKind::UnknownArgument => match error.get(ContextKind::InvalidArg) {
            Some(ContextValue::String(flag)) => {
                options::flag_meant_by(flag).map_or(line.clone(), |meant| format!("{line}: use {meant}"))
            }
            _ => line,
        },
        _ => line,
    }
}

/// The paragraph of clap's message that says what is wrong, and the tip that names a similar flag. The others are usage
/// hints. A similar command is no tip: who asks to serve must not be advised to restore.
fn in_one_line(message: &str) -> String {
    let mut paragraphs = message.split("\n\n");
    let first = paragraphs.next().unwrap_or_default().lines().map(str::trim).collect::<Vec<_>>().join(" ");
    let first = first.trim_start_matches("error: ");
    let tip = paragraphs.flat_map(str::lines).find_map(|line| line.trim().strip_prefix("tip: "));
    let tip = tip.filter(|tip| tip.contains("similar argument"));
    tip.map_or(first.to_owned(), |tip| format!("{first}: {tip}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn defines_consistent_options() {
        Config::command().debug_assert();
    }

    #[test]
    fn reports_invalid_options_in_one_line() {
        for (args, message) in [
            (&["--log", "xml"][..], "invalid value 'xml' for '--log <FORMAT>' [possible values: text, json]"),
            (&["--max-users", "0"], "invalid value '0' for '--max-users <N>': must not be zero"),
            (&["--admin", ""], "invalid value '' for '--admin <USERS>': must not be empty"),
            (
                &["--listen", "localhost"],
                "invalid value 'localhost' for '--listen <HOST:PORT>': the port is missing: write localhost:10002",
            ),
            (
                &["--secret-file", "$HOME/secret"],
                "invalid value '$HOME/secret' for '--secret-file <PATH>': the path contains \"$HOME\", which is not \
                 expanded: write the whole path",
            ),
            (&["--port", "1"], "unexpected argument '--port' found: use --listen HOST:PORT"),
            (&["--colour", "1"], "unexpected argument '--colour' found"),
            (&["--admins", "a"], "unexpected argument '--admins' found: a similar argument exists: '--admin'"),
            (&["--max-text-bytes", "-1"], "unexpected argument '-1' found"),
            (&["serve"], "unrecognized subcommand 'serve': without a command, the program serves"),
        ] {
            let error = Config::try_parse_from([&["conversation-server"], args].concat()).unwrap_err();
            assert_eq!(sentence(&error), message);
        }
    }

    #[test]
    fn accepts_choices_in_any_case() {
        let config = Config::try_parse_from(["conversation-server", "--log", "JSON", "--missing", "Reject"]).unwrap();
        assert!(matches!((config.log, config.missing), (LogFormat::Json, Missing::Reject)));
    }

    #[test]
    fn accepts_admins_repeated_or_separated_by_commas() {
        let args = ["conversation-server", "--admin", "a,b", "--admin", "c"];
        let config = Config::try_parse_from(args).unwrap();
        assert_eq!(config.admins().map(UserId::as_str).collect::<Vec<_>>(), ["a", "b", "c"]);
    }
}
