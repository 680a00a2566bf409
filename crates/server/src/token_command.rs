//! The command that prints an admin's token.

use std::{env, fmt};

use conversation_settings_core::UserId;
use conversation_settings_http::TokenAuthority;

use crate::{
    config::Config,
    secret::{self, Origin},
};

/// A command that prints a token which this server accepts, for any POSIX shell on this machine and in any folder.
pub(crate) struct TokenCommand {
    words: Vec<String>,
    /// The variable that has to be set where the command runs.
    pub(crate) variable: Option<&'static str>,
}

impl TokenCommand {
    /// The command for `admin`, with the options of this process that matter.
    pub(crate) fn new(config: &Config, secret: &Origin, admin: &UserId) -> Self {
        // The absolute path: the program need not be in a folder of PATH.
        let program = env::current_exe().ok().and_then(|path| path.into_os_string().into_string().ok());
        let mut words = vec![program.unwrap_or_else(|| env!("CARGO_BIN_NAME").to_owned())];
        let variable = match secret {
            Origin::OwnFile(path) | Origin::File(path) => {
                words.extend(["--secret-file".to_owned(), path.display().to_string()]);
                None
            }
            Origin::Variable => Some(secret::VARIABLE),
        };
        if config.token_lifetime.duration() != TokenAuthority::DEFAULT_LIFETIME {
            words.push(format!("--token-lifetime={}", config.token_lifetime));
        }
        if admin.as_str() != Config::DEFAULT_ADMIN {
            words.push(format!("--admin={admin}"));
        }
        words.push("token".to_owned());
        if admin.as_str().starts_with('-') {
            words.push("--".to_owned());
        }
        words.push(admin.as_str().to_owned());
        Self { words, variable }
    }
}

impl fmt::Display for TokenCommand {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" "))
    }
}

/// A word of a shell's command.
fn quoted(word: &str) -> String {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@%+,".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        word.to_owned()
    } else {
        format!("'{}'", word.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn quotes_words_for_a_shell() {
        for word in ["imAdmin", "/a b/secret", "it's", "$HOME", "`id`", "a\"b", "*", "", "ü", "~/x", "a\\b", "#x"] {
            let mut shell = Command::new("sh");
            shell.args(["-c", &format!("printf %s \"$(printf %s {})\"", quoted(word))]);
            assert_eq!(String::from_utf8(shell.output().unwrap().stdout).unwrap(), word);
        }
    }
}
