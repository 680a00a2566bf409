//! What a request came to, user by user.

use alloc::vec::Vec;

use serde::ser::{Serialize, SerializeStruct, Serializer};

use crate::{Mask, Outcome, UserId, Version};

/// What a request came to, for each row it touched.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// The users in the order of the request, then their peers.
    pub entries: Vec<ReportEntry>,
}

/// What a request came to for one user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ReportEntry {
    /// Whose view of the conversation.
    pub user: UserId,
    /// Why it was touched.
    pub role: Role,
    /// What happened to it.
    pub outcome: Outcome,
    /// The version that the request gave the user; `None` where nothing of the user's changed.
    pub version: Option<Version>,
}

/// Why a request touches a user's view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// The user is one of `userIDs`.
    User,
    /// The user is the other party of one of them, and shares the private chat.
    Peer,
}

/// As a client reads it: `{"users":[…]}`.
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut report = serializer.serialize_struct("Report", 1)?;
        report.serialize_field("users", &self.entries)?;
        report.end()
    }
}

/// As a client reads it: `{"userID":"alice","role":"user","outcome":"updated","fields":["isPinned"],"version":7}`, where
/// `fields` are those that have a new value in what was there before, and `version` is null where nothing changed.
impl Serialize for ReportEntry {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut entry = serializer.serialize_struct("ReportEntry", 5)?;
        entry.serialize_field("userID", &self.user)?;
        entry.serialize_field("role", self.role.name())?;
        entry.serialize_field("outcome", self.outcome.name())?;
        entry.serialize_field("fields", &FieldNames(self.outcome.updated()))?;
        entry.serialize_field("version", &self.version)?;
        entry.end()
    }
}

/// A mask as a list of wire names.
struct FieldNames(Mask);

impl Serialize for FieldNames {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(crate::Field::wire_name))
    }
}

impl Role {
    /// Its name in a report: `user` or `peer`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Peer => "peer",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Field;

    #[test]
    fn a_report_says_of_each_user_what_happened() {
        let entry = |user: &str, role, outcome, version: Option<u64>| ReportEntry {
            user: UserId::new(user).unwrap(),
            role,
            outcome,
            version: version.map(Version),
        };
        let changed = [Field::IsPinned, Field::Ex].into_iter().collect();
        let report = Report {
            entries: [
                entry("a", Role::User, Outcome::Created, Some(1)),
                entry("b", Role::User, Outcome::Updated(changed), Some(u64::MAX)),
                entry("c", Role::User, Outcome::Unchanged, None),
                entry("d", Role::User, Outcome::Absent, None),
                entry("e", Role::Peer, Outcome::Removed, Some(2)),
            ]
            .into(),
        };
        let lines = [
            r#"{"userID":"a","role":"user","outcome":"created","fields":[],"version":1}"#,
            r#"{"userID":"b","role":"user","outcome":"updated","fields":["isPinned","ex"],"version":18446744073709551615}"#,
            r#"{"userID":"c","role":"user","outcome":"unchanged","fields":[],"version":null}"#,
            r#"{"userID":"d","role":"user","outcome":"absent","fields":[],"version":null}"#,
            r#"{"userID":"e","role":"peer","outcome":"removed","fields":[],"version":2}"#,
        ];
        let expected = ["{\"users\":[", &lines.join(","), "]}"].concat();
        assert_eq!(serde_json::to_string(&report).unwrap(), expected);
    }
}
