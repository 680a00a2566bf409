//! What a call did, conversation by conversation: the source of both the answer and the events.

use alloc::{borrow::Cow, format, vec::Vec};
use core::fmt;

use crate::{ConversationId, CustomName, Effect, Field, Key, Mask, Outcome, Patch, UserId, Version, Write, WriteBatch};

/// What a call did to each conversation that it touched.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// One entry for each conversation. `set_conversations` reports the users in the order of the request, then their
    /// peers; every other call reports in the order of the keys.
    pub entries: Vec<ReportEntry>,
    /// The conversations of peers of which the caller may not know what happened to them: see
    /// [`without_peers_outcomes`](Self::without_peers_outcomes).
    pub hidden_peers: Vec<Key>,
}

impl Report {
    /// Reports the effects of `batch`, in its order, each with the same role.
    #[must_use]
    pub fn of_batch(batch: &WriteBatch, effects: &[Effect], role: Role) -> Self {
        let entries = batch.writes().iter().zip(effects);
        entries.map(|(write, effect)| ReportEntry::of_write(write, *effect, role, None)).collect()
    }

    /// The entries of conversations that the call created, updated or removed.
    pub fn changed(&self) -> impl Iterator<Item = &ReportEntry> {
        self.entries.iter().filter(|entry| entry.outcome.is_change())
    }

    /// The report for a caller who may not know what happened to others: it names the peers' conversations, and has no
    /// entries of them. Outcomes and versions reveal whether a peer has the conversation, and how often the peer changes
    /// anything.
    #[must_use]
    pub fn without_peers_outcomes(self) -> Self {
        let (entries, peers): (Vec<_>, Vec<_>) = self.entries.into_iter().partition(|entry| entry.role == Role::User);
        let mut hidden_peers = self.hidden_peers;
        hidden_peers.extend(peers.into_iter().map(|entry| Key::new(entry.user, entry.conversation_id)));
        Self { entries, hidden_peers }
    }
}

impl FromIterator<ReportEntry> for Report {
    fn from_iter<I: IntoIterator<Item = ReportEntry>>(entries: I) -> Self {
        Self { entries: entries.into_iter().collect(), hidden_peers: Vec::new() }
    }
}

/// What a call did to one user's view of a conversation.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReportEntry {
    /// The user whose view it is.
    pub user: UserId,
    /// The conversation.
    pub conversation_id: ConversationId,
    /// Why the call touched this view.
    pub role: Role,
    /// What happened to it.
    pub outcome: Outcome,
    /// The version that the call gave the user; `None` if no conversation of the user's changed.
    pub version: Option<Version>,
    /// The settings that the call gave a created conversation, or whose value it changed; else empty.
    pub fields: Mask,
    /// The names in [`custom`](Field::Custom) that the call set or removed; empty unless it is one of the `fields`.
    pub custom: Vec<CustomName>,
    /// Whether the call turned private chat on or off; both participants are notified of it.
    pub private_chat: Option<PrivateChat>,
}

/// Private chat, turned on or off.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct PrivateChat {
    /// The other participant.
    pub with: UserId,
    /// Whether private chat is on now.
    pub is_on: bool,
}

/// Why a call touches a user's view.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "a single chat has two participants")]
pub enum Role {
    /// The call names the user.
    User,
    /// The user is the other participant of a single chat with a named user.
    Peer,
}

impl ReportEntry {
    /// An entry that names no setting and no private chat.
    #[must_use]
    pub fn new(key: Key, role: Role, effect: Effect) -> Self {
        let Key { owner: user, conversation_id } = key;
        let Effect { outcome, version } = effect;
        Self {
            user,
            conversation_id,
            role,
            outcome,
            version,
            fields: Mask::EMPTY,
            custom: Vec::new(),
            private_chat: None,
        }
    }

    /// The entry of `write`; `counterpart` is the other participant if the write may turn private chat on or off.
    pub(crate) fn of_write(write: &Write, effect: Effect, role: Role, counterpart: Option<&UserId>) -> Self {
        let patch = write.change.patch();
        let (patched, is_on) = patch.map_or((Mask::EMPTY, None), |patch| (patch.mask(), patch.is_private_chat));
        let (fields, is_on) = match effect.outcome {
            // A conversation created with private chat off is like any other: nothing was turned off.
            Outcome::Created => (patched, is_on.filter(|is_on| *is_on)),
            Outcome::Updated(changed) => {
                (changed.fields(), is_on.filter(|_| changed.fields().contains(Field::IsPrivateChat)))
            }
            Outcome::Removed | Outcome::Unchanged | Outcome::Absent => (Mask::EMPTY, None),
        };
        let private_chat = is_on.zip(counterpart).map(|(is_on, with)| PrivateChat { with: with.clone(), is_on });
        let custom = if fields.contains(Field::Custom) { names_of(patch, effect.outcome) } else { Vec::new() };
        Self { fields, custom, private_chat, ..Self::new(write.key.clone(), role, effect) }
    }
}

impl ReportEntry {
    /// The names of [`fields`](Self::fields) as clients see them: `isPinned`, `custom.theme`.
    pub fn names(&self) -> impl Iterator<Item = Cow<'static, str>> {
        self.fields.iter().flat_map(|field| names(field, self.custom.iter()))
    }
}

impl Patch {
    /// The names of what the patch sets, as clients see them: `isPinned`, `custom.theme`.
    pub fn names(&self) -> impl Iterator<Item = Cow<'static, str>> {
        self.mask().iter().flat_map(|field| {
            let custom = self.custom.iter().flat_map(|custom| custom.iter().map(|(name, _)| name));
            names(field, custom)
        })
    }
}

/// The name of `field`; of the host's own settings, the names that are in `custom`.
fn names<'a>(field: Field, custom: impl Iterator<Item = &'a CustomName>) -> impl Iterator<Item = Cow<'static, str>> {
    let (whole, custom) = if field == Field::Custom { (None, Some(custom)) } else { (Some(field), None) };
    let custom = custom.into_iter().flatten().map(|name| Cow::Owned(format!("{}.{name}", Field::Custom)));
    whole.map(|field| Cow::Borrowed(field.wire_name())).into_iter().chain(custom)
}

/// The names of the host's own settings that `patch` changed.
fn names_of(patch: Option<&Patch>, outcome: Outcome) -> Vec<CustomName> {
    let custom = patch.and_then(|patch| outcome.part_of(patch).custom);
    custom.iter().flat_map(|custom| custom.iter().map(|(name, _)| name.clone())).collect()
}

impl Role {
    /// The name in a report: `user` or `peer`.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::User => "user",
            Self::Peer => "peer",
        }
    }
}

/// The [name](Outcome::name), such as `created`.
impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn lists_changed_entries_only() {
        let entry = |user: &str, outcome: Outcome, version: Option<u64>| {
            let key = Key::new(UserId::new(user).unwrap(), ConversationId::new("c").unwrap());
            ReportEntry::new(key, Role::User, Effect { outcome, version: version.map(Version) })
        };
        let report: Report = [
            entry("a", Outcome::Created, Some(1)),
            entry("b", Outcome::Updated(Field::Ex.into()), Some(2)),
            entry("c", Outcome::Unchanged, None),
            entry("d", Outcome::Absent, None),
            entry("e", Outcome::Removed, Some(3)),
        ]
        .into_iter()
        .collect();
        let changed: Vec<_> = report.changed().map(|entry| (entry.user.as_str(), entry.outcome.to_string())).collect();
        assert_eq!(changed, [("a", "created".into()), ("b", "updated".into()), ("e", "removed".into())]);
    }

    #[test]
    fn hides_everything_that_happened_to_peers() {
        let entry = |user: &str, role, outcome| {
            let key = Key::new(UserId::new(user).unwrap(), ConversationId::new("c").unwrap());
            ReportEntry::new(key, role, Effect { outcome, version: Some(Version(7)) })
        };
        let user = entry("a", Role::User, Outcome::Created);
        let outcomes = [Outcome::Created, Outcome::Updated(Mask::ALL.into()), Outcome::Unchanged, Outcome::Absent];
        for outcome in outcomes {
            let report: Report = [user.clone(), entry("b", Role::Peer, outcome)].into_iter().collect();
            let shown = report.without_peers_outcomes();
            let peers = [Key::new(UserId::new("b").unwrap(), ConversationId::new("c").unwrap())];
            let expected = Report { entries: [user.clone()].into(), hidden_peers: peers.into() };
            assert_eq!(shown, expected, "the same after {outcome}");
            assert_eq!(shown.clone().without_peers_outcomes(), shown);
        }
    }
}
