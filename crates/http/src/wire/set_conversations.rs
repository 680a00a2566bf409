//! The main request, and its report.

use std::borrow::Cow;

use conversation_settings_core::{
    self as core, ArgsError, ConversationReq, Key, Limits, Primitive, Role, SetConversations, Text, UserId, Version,
};
use serde::{Deserialize, Serialize};

/// OpenIM's request, extended by the flags `report` and `dryRun`.
///
/// The fields of the core's request are repeated, because `serde(flatten)` would buffer every request.
#[derive(Default, Deserialize)]
#[serde(default)]
#[cfg_attr(test, derive(Serialize))]
pub(crate) struct SetConversationsRequest {
    #[serde(rename = "userIDs")]
    user_ids: Option<Vec<Text>>,
    #[serde(deserialize_with = "ConversationReq::object_or_null")]
    conversation: Option<ConversationReq>,
    #[serde(deserialize_with = "Primitive::or_null")]
    report: Option<bool>,
    #[serde(rename = "dryRun", deserialize_with = "Primitive::or_null")]
    dry_run: Option<bool>,
    /// The paths of names that the server ignores.
    #[serde(skip)]
    pub(super) ignored: Vec<String>,
}

impl SetConversationsRequest {
    /// Whether nothing must be written.
    pub(crate) fn is_dry_run(&self) -> bool {
        self.dry_run == Some(true)
    }

    /// Whether the response carries the report: on request, and always of a dry run.
    pub(crate) fn wants_report(&self) -> bool {
        self.report == Some(true) || self.is_dry_run()
    }

    /// The paths of names that the server ignores, for the report.
    pub(crate) fn take_ignored(&mut self) -> Vec<String> {
        std::mem::take(&mut self.ignored)
    }

    /// The number of entries in `userIDs`, duplicates included.
    pub(crate) fn user_count(&self) -> usize {
        self.user_ids.as_ref().map_or(0, Vec::len)
    }

    /// The checked request.
    pub(crate) fn check(self, limits: &Limits) -> Result<SetConversations, ArgsError> {
        SetConversations::parse(core::SetConversationsRequest::new(self.user_ids, self.conversation), limits)
    }
}

/// The response: the report if it was requested, else `null`.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(transparent)]
pub(crate) struct Reported(Option<Report>);

impl Reported {
    /// The response of a request that did not ask for the report.
    pub(crate) const NOTHING: Self = Self(None);

    /// The report of what happened or, after a dry run, of what would happen, and the paths of names that the server
    /// ignored.
    pub(crate) fn new(report: core::Report, is_dry_run: bool, ignored: Vec<String>) -> Self {
        Self(Some(Report::new(report, is_dry_run, ignored)))
    }
}

#[derive(Serialize)]
pub(crate) struct Report {
    /// First, so that nobody takes what would happen for what happened.
    #[serde(rename = "dryRun")]
    is_dry_run: bool,
    pub(super) users: Vec<ReportEntry>,
    ignored: Vec<String>,
}

impl Report {
    pub(super) fn new(report: core::Report, is_dry_run: bool, ignored: Vec<String>) -> Self {
        let hidden = report.hidden_peers.into_iter().map(ReportEntry::hidden);
        let users = report.entries.into_iter().map(ReportEntry::from).chain(hidden).collect();
        Self { is_dry_run, users, ignored }
    }
}

#[derive(Serialize)]
pub(crate) struct ReportEntry {
    #[serde(rename = "userID")]
    user_id: UserId,
    role: &'static str,
    /// Absent if the caller may not know it.
    #[serde(flatten)]
    effect: Option<Effect>,
}

#[derive(Serialize)]
struct Effect {
    outcome: &'static str,
    fields: Vec<Cow<'static, str>>,
    version: Option<Version>,
}

impl ReportEntry {
    fn hidden(peer: Key) -> Self {
        Self { user_id: peer.owner, role: Role::Peer.name(), effect: None }
    }
}

impl From<core::ReportEntry> for ReportEntry {
    fn from(entry: core::ReportEntry) -> Self {
        let effect = Effect { outcome: entry.outcome.name(), fields: entry.names().collect(), version: entry.version };
        Self { user_id: entry.user, role: entry.role.name(), effect: Some(effect) }
    }
}

#[cfg(test)]
mod tests {
    use conversation_settings_core::{ConversationId, Field, Mask, Outcome};

    use super::*;

    #[test]
    fn writes_a_report_as_clients_read_it() {
        let entry = |user: &str, role, outcome, fields, version: Option<u64>| {
            let key = Key::new(UserId::new(user).unwrap(), ConversationId::new("c").unwrap());
            let effect = core::Effect { outcome, version: version.map(Version) };
            let mut entry = core::ReportEntry::new(key, role, effect);
            entry.fields = fields;
            entry
        };
        let (none, some) = (Mask::EMPTY, [Field::IsPinned, Field::Ex].into_iter().collect::<Mask>());
        let mut report: core::Report = [
            entry("a", Role::User, Outcome::Created, some, Some(1)),
            entry("b", Role::User, Outcome::Updated(some.into()), some, Some(u64::MAX)),
            entry("c", Role::User, Outcome::Unchanged, none, None),
            entry("d", Role::User, Outcome::Absent, none, None),
            entry("e", Role::Peer, Outcome::Removed, none, Some(2)),
        ]
        .into_iter()
        .collect();
        report.hidden_peers = vec![Key::new(UserId::new("f").unwrap(), ConversationId::new("c").unwrap())];
        let lines = [
            r#"{"userID":"a","role":"user","outcome":"created","fields":["isPinned","ex"],"version":1}"#,
            r#"{"userID":"b","role":"user","outcome":"updated","fields":["isPinned","ex"],"version":18446744073709551615}"#,
            r#"{"userID":"c","role":"user","outcome":"unchanged","fields":[],"version":null}"#,
            r#"{"userID":"d","role":"user","outcome":"absent","fields":[],"version":null}"#,
            r#"{"userID":"e","role":"peer","outcome":"removed","fields":[],"version":2}"#,
            r#"{"userID":"f","role":"peer"}"#,
        ];
        let rest = [",\"users\":[", &lines.join(","), "],\"ignored\":[\"conversation.showName\"]}"].concat();
        for is_dry_run in [false, true] {
            let reported = Reported::new(report.clone(), is_dry_run, vec!["conversation.showName".to_owned()]);
            let expected = format!("{{\"dryRun\":{is_dry_run}{rest}");
            assert_eq!(serde_json::to_string(&reported).unwrap(), expected);
        }
        assert_eq!(serde_json::to_string(&Reported::NOTHING).unwrap(), "null");
    }

    #[test]
    fn reads_the_flags() {
        let read = |json: &str| serde_json::from_str::<SetConversationsRequest>(json).unwrap();
        for (json, is_dry_run, wants_report) in [
            ("{}", false, false),
            (r#"{"report":true}"#, false, true),
            (r#"{"report":false}"#, false, false),
            (r#"{"report":null}"#, false, false),
            (r#"{"dryRun":true}"#, true, true),
            (r#"{"dryRun":false}"#, false, false),
            (r#"{"report":false,"dryRun":true}"#, true, true),
            (r#"{"report":1,"dryRun":0}"#, false, true),
            (r#"{"report":0,"dryRun":1}"#, true, true),
        ] {
            let request = read(json);
            assert_eq!((request.is_dry_run(), request.wants_report()), (is_dry_run, wants_report), "{json}");
        }
    }
}
