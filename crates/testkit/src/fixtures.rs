//! Short ways to make keys and batches.

use std::sync::Arc;

use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Patch, Target, Timestamp, UserId, Write, WriteBatch,
};

/// When tests create conversations.
pub(crate) const AT: Timestamp = Timestamp(1_700_000_000_000);

pub(crate) fn user(id: impl AsRef<str>) -> UserId {
    UserId::new(id.as_ref()).expect("is an ID")
}

pub(crate) fn conversation(id: impl AsRef<str>) -> ConversationId {
    ConversationId::new(id.as_ref()).expect("is an ID")
}

pub(crate) fn key(owner: impl AsRef<str>, id: impl AsRef<str>) -> Key {
    Key::new(user(owner), conversation(id))
}

pub(crate) fn group() -> Target {
    Target::Group(GroupId::new("team").expect("is an ID"))
}

/// Sets `patch`, and creates a missing conversation as a group.
pub(crate) fn set(key: Key, patch: Patch) -> Write {
    change(key, Change::Set { patch, missing: Missing::Create(group()) })
}

/// Sets `patch`, and creates a missing conversation as a single chat.
pub(crate) fn set_single(key: Key, patch: Patch) -> Write {
    change(key, Change::Set { patch, missing: Missing::CreateEvenIfEmpty(Target::Single(user("peer"))) })
}

pub(crate) fn remove(key: Key) -> Write {
    change(key, Change::Remove)
}

pub(crate) fn change(key: Key, change: Change) -> Write {
    Write { key, change: Arc::new(change) }
}

pub(crate) fn batch(writes: impl IntoIterator<Item = Write>) -> WriteBatch {
    WriteBatch::new(writes.into_iter().collect()).expect("each key once")
}

/// Sets the same `patch` for each key, and creates missing conversations as groups.
pub(crate) fn set_all(keys: impl IntoIterator<Item = Key>, patch: &Patch) -> WriteBatch {
    let change = Arc::new(Change::Set { patch: patch.clone(), missing: Missing::Create(group()) });
    batch(keys.into_iter().map(|key| Write { key, change: change.clone() }))
}
