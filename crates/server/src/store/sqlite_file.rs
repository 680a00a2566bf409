//! The path in `sqlite:PATH`, and the forms in which other programs write it.

use std::{
    path::{self, PathBuf},
    str::FromStr,
};

use crate::options::{FilePath, PathError};

/// What follows `sqlite:`.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum SqliteFile {
    /// No file at all.
    Memory,
    /// An absolute path.
    Path(PathBuf),
}

/// Why the path is refused.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SqliteFileError {
    #[error("the path is empty")]
    Empty,
    #[error(
        "\"sqlite:///{0}\" is an absolute path to some programs and a relative one to others: write sqlite:/{0} or \
         sqlite:{0}"
    )]
    Ambiguous(String),
    #[error(
        "the option {0:?} of SQLite is not supported: the server creates the file if it is missing, and writes it. Write \
         the path alone"
    )]
    Option(String),
    #[error(transparent)]
    Path(#[from] PathError),
    #[error("the current folder cannot be read: write an absolute path")]
    CurrentFolder,
}

impl FromStr for SqliteFile {
    type Err = SqliteFileError;

    fn from_str(text: &str) -> Result<Self, SqliteFileError> {
        let (path, options) = text.split_once('?').unwrap_or((text, ""));
        let mut is_memory = matches!(path, ":memory:" | "//:memory:" | "///:memory:");
        for option in options.split('&').filter(|option| !option.is_empty()) {
            match option {
                // What the server does in any case.
                "mode=rwc" => (),
                "mode=memory" => is_memory = true,
                // It concerns connections of one process to one database in memory.
                "cache=shared" | "cache=private" if is_memory || options.contains("mode=memory") => (),
                other => return Err(SqliteFileError::Option(other.to_owned())),
            }
        }
        if is_memory {
            return Ok(Self::Memory);
        }
        let path = without_slashes(path)?;
        let path = match path.parse::<FilePath>() {
            Err(PathError::Empty) => return Err(SqliteFileError::Empty),
            parsed => parsed?,
        };
        path::absolute(path.as_path()).map(Self::Path).map_err(|_| SqliteFileError::CurrentFolder)
    }
}

/// The path without the slashes of a URL.
///
/// `sqlite://x.db` is relative to every program that knows it, and `sqlite:////x.db` absolute. About three slashes they
/// disagree: `sqlx` means an absolute path, `sqlalchemy` and `django` a relative one.
fn without_slashes(path: &str) -> Result<&str, SqliteFileError> {
    let slashes = path.bytes().take_while(|&byte| byte == b'/').count();
    match (slashes, &path[slashes..]) {
        (2.., "") => Err(SqliteFileError::Empty),
        (0 | 1, _) => Ok(path),
        (2, rest) => Ok(rest),
        (3, rest) => Err(SqliteFileError::Ambiguous(rest.to_owned())),
        _ => Ok(&path[slashes - 1..]),
    }
}

#[cfg(test)]
mod tests {
    use std::{env, path::Path};

    use super::*;

    fn parse(text: &str) -> Result<SqliteFile, SqliteFileError> {
        text.parse()
    }

    fn at(path: impl AsRef<Path>) -> SqliteFile {
        SqliteFile::Path(env::current_dir().unwrap().join(path))
    }

    #[test]
    fn accepts_paths_of_other_programs() {
        let home = env::var("HOME").unwrap();
        for (given, path) in [
            ("name.db", "name.db"),
            ("//name.db", "name.db"),
            ("//./data/name.db", "data/name.db"),
            ("/srv/name.db", "/srv/name.db"),
            ("////srv/name.db", "/srv/name.db"),
            ("name.db?mode=rwc", "name.db"),
            ("//data/name.db?mode=rwc", "data/name.db"),
            ("~/name.db", &format!("{home}/name.db")),
            ("//~/name.db", &format!("{home}/name.db")),
            ("my chats.db", "my chats.db"),
        ] {
            assert_eq!(parse(given), Ok(at(path)), "{given}");
        }
        for memory in [":memory:", "//:memory:", "///:memory:", "x?mode=memory&cache=shared", ":memory:?cache=shared"] {
            assert_eq!(parse(memory), Ok(SqliteFile::Memory), "{memory}");
        }
    }

    #[test]
    fn refuses_what_could_be_another_file() {
        for (given, error) in [
            ("", SqliteFileError::Empty),
            ("//", SqliteFileError::Empty),
            ("///", SqliteFileError::Empty),
            ("?mode=rwc", SqliteFileError::Empty),
            ("///srv/name.db", SqliteFileError::Ambiguous("srv/name.db".into())),
            ("name.db?mode=ro", SqliteFileError::Option("mode=ro".into())),
            ("name.db?mode=rwc&cache=shared", SqliteFileError::Option("cache=shared".into())),
            ("name.db?immutable=1", SqliteFileError::Option("immutable=1".into())),
            ("what?.db", SqliteFileError::Option(".db".into())),
            ("$HOME/name.db", SqliteFileError::Path(PathError::Variable("$HOME".into()))),
            ("my%20chats.db", SqliteFileError::Path(PathError::Escape("%20".into()))),
            ("C:\\name.db", SqliteFileError::Path(PathError::Windows)),
            ("C:/name.db", SqliteFileError::Path(PathError::Windows)),
            ("data/", SqliteFileError::Path(PathError::Folder)),
        ] {
            assert_eq!(parse(given), Err(error), "{given}");
        }
    }
}
