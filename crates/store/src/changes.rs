//! The sync rule: what a client that synced before must apply.

use conversation_settings_core::{Conversation, ConversationId, Version};

use crate::{LogId, OwnerVersion, Record, State};

/// What has changed since a client last synced.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "a client must handle each, and miss no list")]
pub enum Changes {
    /// The changes are unknown or exceed the limit. The client must sync in full, and then has this version.
    Full(OwnerVersion),
    /// The changes, after which the client has `version`.
    Increment {
        /// The client's version after the changes.
        version: OwnerVersion,
        /// Conversations that are new to the client.
        inserted: Vec<Conversation>,
        /// Conversations that the client has, with new values.
        updated: Vec<Conversation>,
        /// Conversations that the client has and that are removed.
        removed: Vec<ConversationId>,
    },
}

/// What an adapter reads to answer [`ConversationStore::changes`](crate::ConversationStore::changes).
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "an adapter must handle each")]
pub enum SyncPlan {
    /// Nothing: these are the changes.
    Settled(Changes),
    /// The owner's records changed after this version, for [`Changes::from_records`].
    ReadAfter(Version),
}

impl Changes {
    /// Plans the read for a client that has `since`. `current` is the owner's version, and tombstones of versions up to
    /// `pruned` are forgotten.
    #[must_use]
    pub fn plan(since: &OwnerVersion, current: OwnerVersion, pruned: Version) -> SyncPlan {
        // A client at version 0 has nothing, whichever log it names.
        let is_of_log = since.log == current.log && current.log != LogId::NONE;
        let is_known = since.version == Version::ZERO || (is_of_log && since.version <= current.version);
        let is_kept = since.version == Version::ZERO || since.version >= pruned;
        if !is_known || !is_kept {
            return SyncPlan::Settled(Self::Full(current));
        }
        if since.version == current.version {
            return SyncPlan::Settled(Self::none(current));
        }
        SyncPlan::ReadAfter(since.version)
    }

    /// The changes for a client that has the version `after`, from the owner's records changed after it, in any order.
    /// An adapter that finds more than `limit` passes `limit + 1` of them, whichever: the answer is
    /// [`Full`](Self::Full) then.
    #[must_use]
    pub fn from_records(after: Version, current: OwnerVersion, limit: usize, records: Vec<Record>) -> Self {
        if records.len() > limit {
            return Self::Full(current);
        }
        let (mut inserted, mut updated, mut removed) = (Vec::new(), Vec::new(), Vec::new());
        for record in records.into_iter().filter(|record| record.last_changed > after) {
            match (record.lifespan.was_live_at(after), record.lifespan.is_live(), record.state) {
                (false, true, State::Live(conversation)) => inserted.push(conversation),
                (true, true, State::Live(conversation)) => updated.push(conversation),
                (true, false, State::Removed(key)) => removed.push(key.conversation_id),
                // Created and removed in between: the client never had it.
                _ => {}
            }
        }
        Self::Increment { version: current, inserted, updated, removed }
    }

    const fn none(version: OwnerVersion) -> Self {
        Self::Increment { version, inserted: Vec::new(), updated: Vec::new(), removed: Vec::new() }
    }

    /// The client's version after it has applied the changes.
    #[must_use]
    pub const fn version(&self) -> OwnerVersion {
        match self {
            Self::Full(version) | Self::Increment { version, .. } => *version,
        }
    }
}
