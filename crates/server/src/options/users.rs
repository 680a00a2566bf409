//! Lists of users.

use std::str::FromStr;

use conversation_settings_core::UserId;

/// Users separated by commas. White space around an entry and empty entries are ignored.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Users(pub(crate) Vec<UserId>);

impl FromStr for Users {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        let users = entries.map(entry).collect::<Result<Vec<_>, _>>()?;
        if users.is_empty() { Err("must not be empty".into()) } else { Ok(Self(users)) }
    }
}

/// An entry of a list. White space and quotes inside it mean that the list has another form.
fn entry(text: &str) -> Result<UserId, String> {
    if text.contains(|c: char| c.is_whitespace() || matches!(c, ';' | '"' | '\'' | '[' | ']')) {
        return Err(format!("{text:?} is not a user: write IDs without quotes, separated by commas"));
    }
    user(text)
}

/// A single user. White space around the ID is refused: the ID would belong to another user than the one without it.
pub(crate) fn user(text: &str) -> Result<UserId, String> {
    if text.trim() != text {
        return Err("must not begin or end with white space".into());
    }
    UserId::new(text).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Vec<String>, String> {
        text.parse::<Users>().map(|users| users.0.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn trims_entries_and_ignores_empty_ones() {
        for text in ["imAdmin,root", "imAdmin, root", " imAdmin ,root\r\n", "imAdmin,,root,", ",\timAdmin,\n root"] {
            assert_eq!(parse(text).unwrap(), ["imAdmin", "root"], "{text:?}");
        }
    }

    #[test]
    fn refuses_lists_without_users_and_lists_of_other_forms() {
        for text in ["", " ", ",", " , "] {
            assert_eq!(parse(text).unwrap_err(), "must not be empty", "{text:?}");
        }
        for text in ["imAdmin root", "imAdmin;root", r#""imAdmin""#, r#"["imAdmin","root"]"#, "'imAdmin'", "a\nb"] {
            let error = parse(text).unwrap_err();
            assert!(error.ends_with("is not a user: write IDs without quotes, separated by commas"), "{error}");
        }
        assert!(parse(&"x".repeat(1_000)).is_err());
    }

    #[test]
    fn refuses_white_space_around_a_user() {
        for text in [" alice", "alice ", "alice\n", "\u{a0}alice"] {
            assert_eq!(user(text).unwrap_err(), "must not begin or end with white space", "{text:?}");
        }
        assert_eq!(user("").unwrap_err(), "must not be empty");
        assert_eq!(user("alice").unwrap().as_str(), "alice");
    }
}
