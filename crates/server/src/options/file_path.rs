//! Paths in options.

use std::{
    env,
    path::{Path, PathBuf},
    str::FromStr,
};

/// The path of a file, as an option names it. `~/` at the beginning means the home folder: a shell does not expand it
/// inside `--store=sqlite:~/…` or an environment file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct FilePath(PathBuf);

/// What is wrong, and the right form.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum PathError {
    #[error("the path is empty")]
    Empty,
    #[error("the path ends with a slash, so it names a folder: write the path of a file")]
    Folder,
    #[error("only ~/ at the beginning of a path is expanded: write the whole path, or ./~NAME for a file of that name")]
    OtherHome,
    #[error("~/ needs the variable HOME: write the whole path")]
    NoHome,
    #[error("the path contains {0:?}, which is not expanded: write the whole path")]
    Variable(String),
    #[error("the path contains {0:?}, which is not decoded: write the character itself")]
    Escape(String),
    #[error("the path contains a control character")]
    Control,
    #[error("the path is one of Windows: this server runs on Unix, where paths are written /FOLDER/FILE")]
    Windows,
    #[error("must be a path, not a URL: write it without file:")]
    Url,
}

impl FilePath {
    pub(crate) fn as_path(&self) -> &Path {
        &self.0
    }

    /// Parses with `home` in place of `~`.
    fn parse(text: &str, home: Option<PathBuf>) -> Result<Self, PathError> {
        let text = text.trim();
        if text.is_empty() {
            return Err(PathError::Empty);
        }
        if text.starts_with("file:") {
            return Err(PathError::Url);
        }
        if text.contains(char::is_control) {
            return Err(PathError::Control);
        }
        if text.contains('\\') || is_drive(text) {
            return Err(PathError::Windows);
        }
        if text.ends_with('/') {
            return Err(PathError::Folder);
        }
        if let Some(variable) = variable(text) {
            return Err(PathError::Variable(variable.to_owned()));
        }
        if let Some(escape) = escape(text) {
            return Err(PathError::Escape(escape.to_owned()));
        }
        match text.strip_prefix('~') {
            None => Ok(Self(text.into())),
            Some(rest) => {
                let rest = rest.strip_prefix('/').ok_or(PathError::OtherHome)?;
                Ok(Self(home.ok_or(PathError::NoHome)?.join(rest.trim_start_matches('/'))))
            }
        }
    }
}

impl FromStr for FilePath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, PathError> {
        Self::parse(text, env::var_os("HOME").filter(|home| !home.is_empty()).map(PathBuf::from))
    }
}

/// `$NAME`, `${NAME}` or `$(…)`, up to the next slash.
fn variable(text: &str) -> Option<&str> {
    let starts = text.match_indices('$').map(|(at, _)| &text[at..]);
    let mut variables =
        starts.filter(|rest| rest[1..].starts_with(|c: char| c.is_ascii_alphabetic() || matches!(c, '_' | '{' | '(')));
    variables.next().map(|rest| rest.split('/').next().unwrap_or(rest))
}

/// A path such as `C:/data`.
fn is_drive(text: &str) -> bool {
    matches!(text.as_bytes(), [drive, b':', b'/', ..] if drive.is_ascii_alphabetic())
}

/// A percent sign with two hexadecimal digits.
fn escape(text: &str) -> Option<&str> {
    let is_escape =
        |at: usize| text.as_bytes()[at + 1..].iter().take(2).filter(|byte| byte.is_ascii_hexdigit()).count() == 2;
    text.match_indices('%').find(|&(at, _)| is_escape(at)).map(|(at, _)| &text[at..at + 3])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<FilePath, PathError> {
        FilePath::parse(text, Some("/home/me".into()))
    }

    #[test]
    fn accepts_paths_as_meant() {
        for (given, path) in [
            ("data/x.db", "data/x.db"),
            ("/var/lib/x.db", "/var/lib/x.db"),
            (" ./x.db\r\n", "./x.db"),
            ("~/x.db", "/home/me/x.db"),
            ("~//x.db", "/home/me/x.db"),
            ("./~x", "./~x"),
            ("a~b", "a~b"),
            ("my chats.db", "my chats.db"),
            ("Gespräche.db", "Gespräche.db"),
            ("100%.db", "100%.db"),
            ("a$.db", "a$.db"),
            ("50%ü", "50%ü"),
        ] {
            assert_eq!(parse(given).unwrap().as_path(), Path::new(path), "{given}");
        }
    }

    #[test]
    fn refuses_what_would_become_another_file() {
        for (given, error) in [
            ("", PathError::Empty),
            ("  ", PathError::Empty),
            ("data/", PathError::Folder),
            ("~", PathError::OtherHome),
            ("~root/x.db", PathError::OtherHome),
            ("$HOME/x.db", PathError::Variable("$HOME".into())),
            ("/a/${DATA}/x.db", PathError::Variable("${DATA}".into())),
            ("my%20chats.db", PathError::Escape("%20".into())),
            ("a\nb", PathError::Control),
            ("C:\\data\\x.db", PathError::Windows),
            ("C:/data/x.db", PathError::Windows),
            ("file:///x.db", PathError::Url),
        ] {
            assert_eq!(parse(given), Err(error), "{given}");
        }
        assert_eq!(FilePath::parse("~/x", None), Err(PathError::NoHome));
    }
}
