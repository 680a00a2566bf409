//! The value of `--store`.

use std::{fmt, str::FromStr};

use super::{Address, ENGINES, Engine, Problem, Target};

/// The value of `--store`, parsed. It prints without secrets, and with the absolute path of a file.
pub(crate) struct Location {
    /// The value of the metrics label `store`.
    pub(super) engine: &'static str,
    pub(super) target: Box<dyn Target>,
}

/// Why the value of `--store` is refused. The message does not repeat the address, which may contain a password.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub(crate) struct LocationError(String);

/// The forms that `--store` accepts, for help and errors.
pub(crate) fn forms() -> String {
    ENGINES.map(|engine| engine.form).join(", ")
}

impl FromStr for Location {
    type Err = LocationError;

    fn from_str(text: &str) -> Result<Self, LocationError> {
        let text = text.trim();
        if let Some(problem) = foreign_characters(text) {
            return Err(LocationError(problem.to_owned()));
        }
        // SQLite's own name for a database in memory.
        let text = if text == ":memory:" { "memory:" } else { text };
        let Some((scheme, rest)) = split(text) else { return Err(without_scheme(text)) };
        let Some(engine) = ENGINES.iter().find(|engine| engine.schemes.contains(&&*scheme)) else {
            return Err(unknown(&scheme));
        };
        let whole = format!("{scheme}:{rest}");
        match (engine.parse)(Address { whole: &whole, rest }) {
            Ok(target) => Ok(Self { engine: engine.name, target }),
            Err(Problem::Form) => Err(LocationError(format!("\"{scheme}:…\" is not one of {}", forms()))),
            Err(Problem::Hint(hint)) => Err(LocationError(hint)),
        }
    }
}

/// The scheme in lower case, and what follows its colon. A scheme alone counts too: `memory`.
fn split(text: &str) -> Option<(String, &str)> {
    let (scheme, rest) = text.split_once(':').unwrap_or((text, ""));
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-'));
    let is_alone = !text.contains(':');
    let scheme = scheme.to_ascii_lowercase();
    (is_scheme && (!is_alone || scheme == "memory")).then_some((scheme, rest))
}

/// What text editors and other programs' files have around a text.
fn foreign_characters(text: &str) -> Option<&'static str> {
    if text.starts_with('\u{feff}') {
        Some("begins with a byte order mark (BOM): write it without")
    } else if text.starts_with(['"', '\'', '`']) {
        Some("begins with a quote: write it without quotes")
    } else if text.contains(['\r', '\n']) {
        Some("must be one line")
    } else {
        None
    }
}

/// An error for a text such as `data/x.db`, or one that may be anything.
fn without_scheme(text: &str) -> LocationError {
    if let Some(engine) = engine_called(&text.to_ascii_lowercase()) {
        return LocationError(format!("{text:?} alone is not a store: write {}", engine.form));
    }
    let is_path = !text.is_empty() && !text.contains(['@', ':', '=', '?', ' ']);
    LocationError(if is_path {
        format!("{text:?} names no engine: write sqlite:{text}, or one of {}", forms())
    } else {
        format!("must be one of {}", forms())
    })
}

/// An error for a scheme of other programs, such as `sqlite3`, `jdbc` or `postgresql+psycopg`.
fn unknown(scheme: &str) -> LocationError {
    let base = scheme.split('+').next().unwrap_or(scheme);
    LocationError(match engine_called(base).or_else(|| engine_nearly_called(base)) {
        Some(engine) => format!("\"{scheme}:…\" is not supported: write {}", engine.form),
        None => format!("\"{scheme}:…\" is not one of {}", forms()),
    })
}

/// The engine that this program or others call `name`.
fn engine_called(name: &str) -> Option<&'static Engine> {
    ENGINES.iter().find(|engine| engine.schemes.contains(&name) || engine.aliases.contains(&name))
}

/// The engine whose name differs from `name` by two letters at most: `postgress`, `sqllite`.
fn engine_nearly_called(name: &str) -> Option<&'static Engine> {
    ENGINES.iter().find(|engine| engine.schemes.iter().any(|scheme| strsim::damerau_levenshtein(scheme, name) <= 2))
}

impl fmt::Display for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.target.printed())
    }
}

impl fmt::Debug for Location {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Location").field(&self.target.printed()).finish()
    }
}

/// A URL without its user, password and options.
pub(super) fn without_secrets(url: &str) -> String {
    let (scheme, rest) = url.split_once("://").unwrap_or((url, ""));
    let (authority, options) = rest.split_once('?').unwrap_or((rest, ""));
    if options.contains('@') {
        // The question mark may be a part of the password.
        return format!("{scheme}://…");
    }
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    format!("{scheme}://{host}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<String, String> {
        text.parse::<Location>().map(|location| location.to_string()).map_err(|error| error.to_string())
    }

    #[test]
    fn prints_locations_without_secrets() {
        for (given, printed) in [
            ("memory:", "memory: (lost when the server stops)"),
            ("sqlite:/a b.db", "sqlite:/a b.db"),
            ("mongodb://u:p@ss@a,b:1/db?replicaSet=rs0&password=p", "mongodb://a,b:1/db"),
            ("mongodb://u:p?ss@a/db", "mongodb://…"),
            ("postgres://u:p@h/db", "postgres://h/db"),
            ("postgres://h?password=p", "postgres://h"),
            ("postgres://h?password=p@ss", "postgres://…"),
            ("postgres://u:p?ss@h/db", "postgres://…"),
            ("postgresql://u:p@h/db", "postgresql://h/db"),
        ] {
            assert_eq!(parse(given).as_deref(), Ok(printed));
        }
    }

    #[test]
    fn prints_a_relative_path_as_the_absolute_path() {
        let folder = std::env::current_dir().unwrap();
        let printed = |path: &str| format!("sqlite:{}", folder.join(path).display());
        for given in ["sqlite:data/x.db", "sqlite://data/x.db", "sqlite:./data/x.db", "SQLite:data/x.db?mode=rwc"] {
            assert_eq!(parse(given), Ok(printed("data/x.db")), "{given}");
        }
    }

    #[test]
    fn accepts_names_of_memory() {
        for given in [
            "memory",
            "memory:",
            "memory://",
            "MEMORY:",
            " memory: ",
            ":memory:",
            "sqlite::memory:",
            "sqlite://:memory:",
            "sqlite:///:memory:",
            "sqlite:x?mode=memory",
        ] {
            assert_eq!(parse(given).as_deref(), Ok("memory: (lost when the server stops)"), "{given}");
        }
    }

    #[test]
    fn accepts_schemes_in_any_case_and_white_space_around() {
        assert_eq!(parse(" POSTGRES://h/db\n").as_deref(), Ok("postgres://h/db"));
        assert_eq!(parse("MongoDB://h/db").as_deref(), Ok("mongodb://h/db"));
    }

    #[test]
    fn refuses_other_forms_with_the_right_one() {
        let all = "memory:, sqlite:PATH, mongodb://…, postgres://…";
        for (given, error) in [
            ("", format!("must be one of {all}")),
            ("host=h password=hunter2", format!("must be one of {all}")),
            ("user@hunter2", format!("must be one of {all}")),
            ("\"memory:\"", "begins with a quote: write it without quotes".into()),
            ("'memory:'", "begins with a quote: write it without quotes".into()),
            ("\u{feff}memory:", "begins with a byte order mark (BOM): write it without".into()),
            ("memory:\n# comment", "must be one line".into()),
            ("memory:x", format!("\"memory:…\" is not one of {all}")),
            ("sqlite:", format!("\"sqlite:…\" is not one of {all}")),
            ("sqlite://", format!("\"sqlite:…\" is not one of {all}")),
            ("mysql://u:hunter2@h", format!("\"mysql:…\" is not one of {all}")),
            ("mongodb:u:hunter2@h", format!("\"mongodb:…\" is not one of {all}")),
            ("data/x.db", format!("\"data/x.db\" names no engine: write sqlite:data/x.db, or one of {all}")),
            ("/var/x.db", format!("\"/var/x.db\" names no engine: write sqlite:/var/x.db, or one of {all}")),
            ("sqlite", "\"sqlite\" alone is not a store: write sqlite:PATH".into()),
            ("SQLite3", "\"SQLite3\" alone is not a store: write sqlite:PATH".into()),
            ("postgres", "\"postgres\" alone is not a store: write postgres://…".into()),
            ("mongodb", "\"mongodb\" alone is not a store: write mongodb://…".into()),
            ("mem", "\"mem\" alone is not a store: write memory:".into()),
            ("file:x.db", "\"file:…\" is not supported: write sqlite:PATH".into()),
            ("sqlite3:x.db", "\"sqlite3:…\" is not supported: write sqlite:PATH".into()),
            ("sqlite+aiosqlite:///x.db", "\"sqlite+aiosqlite:…\" is not supported: write sqlite:PATH".into()),
            ("postgresql+psycopg://h", "\"postgresql+psycopg:…\" is not supported: write postgres://…".into()),
            ("postgress://h", "\"postgress:…\" is not supported: write postgres://…".into()),
            ("sqllite:x.db", "\"sqllite:…\" is not supported: write sqlite:PATH".into()),
            ("mongdb://h", "\"mongdb:…\" is not supported: write mongodb://…".into()),
            ("pgsql://h", "\"pgsql:…\" is not supported: write postgres://…".into()),
            ("mongo://h", "\"mongo:…\" is not supported: write mongodb://…".into()),
            ("jdbc:postgresql://h", format!("\"jdbc:…\" is not one of {all}")),
        ] {
            assert_eq!(parse(given), Err(error), "{given}");
        }
    }
}
