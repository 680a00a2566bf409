//! The sync rule: what a client that synced before has to be told.

use conversation_settings_core::{Conversation, ConversationId, Version};

use crate::{LogId, OwnerVersion, Record, State};

/// What has changed since a client last synced.
#[derive(Clone, Debug, PartialEq)]
pub enum Changes {
    /// It cannot be told, or is too much: the client has to read everything anew, and then holds this version.
    Full(OwnerVersion),
    /// It is this, after which the client holds `version`.
    Increment {
        /// What the client holds after it.
        version: OwnerVersion,
        /// What the client did not hold.
        inserted: Vec<Conversation>,
        /// What the client held otherwise.
        updated: Vec<Conversation>,
        /// What the client held and is gone.
        removed: Vec<ConversationId>,
    },
}

impl Changes {
    /// What a client that holds `since` has to be told, where `current` is the owner's version, tombstones are kept
    /// of versions after `pruned`, and `read(version, most)` answers with the owner's records changed after `version`,
    /// in the order of the change or of their IDs; of more than `most`, any `most` and then one are enough.
    ///
    /// `read` is called only where there is something to read; adapters whose reading is asynchronous use
    /// [`Changes::to_read`] and [`Changes::told`] instead.
    ///
    /// # Errors
    ///
    /// What `read` fails with.
    pub fn since<E>(
        since: &OwnerVersion,
        current: OwnerVersion,
        pruned: Version,
        limit: usize,
        read: impl FnOnce(Version, usize) -> Result<Vec<Record>, E>,
    ) -> Result<Self, E> {
        match Self::to_read(since, current, pruned) {
            Ok(after) => Ok(Self::told(after, current, limit, read(after, limit)?)),
            Err(settled) => Ok(settled),
        }
    }

    /// The version after which records are to be read for a client that holds `since`.
    ///
    /// # Errors
    ///
    /// The answer, where it is settled without reading: nothing has changed, or a full sync is due.
    pub fn to_read(since: &OwnerVersion, current: OwnerVersion, pruned: Version) -> Result<Version, Self> {
        // A client at version 0 holds nothing, whichever log it says that is of.
        let is_of_log = since.log == current.log && current.log != LogId::NONE;
        let is_known = since.version == Version::ZERO || (is_of_log && since.version <= current.version);
        let is_kept = since.version == Version::ZERO || since.version >= pruned;
        if !is_known || !is_kept {
            return Err(Self::Full(current));
        }
        if since.version == current.version {
            return Err(Self::increment(current));
        }
        Ok(since.version)
    }

    /// What a client that holds the version `after` has to be told, where `records` are those changed after it.
    #[must_use]
    pub fn told(after: Version, current: OwnerVersion, limit: usize, records: Vec<Record>) -> Self {
        if records.len() > limit {
            return Self::Full(current);
        }
        let mut told = Self::increment(current);
        let Self::Increment { inserted, updated, removed, .. } = &mut told else { unreachable!() };
        for record in records {
            match (seen_since(&record, after), record.state) {
                (Some(Seen::Inserted), State::Live(conversation)) => inserted.push(conversation),
                (Some(Seen::Updated), State::Live(conversation)) => updated.push(conversation),
                (Some(Seen::Removed), State::Removed(key)) => removed.push(key.conversation_id),
                _ => {}
            }
        }
        told
    }

    const fn increment(version: OwnerVersion) -> Self {
        Self::Increment { version, inserted: Vec::new(), updated: Vec::new(), removed: Vec::new() }
    }

    /// What the client holds after it has taken this.
    #[must_use]
    pub const fn version(&self) -> OwnerVersion {
        match self {
            Self::Full(version) | Self::Increment { version, .. } => *version,
        }
    }
}

/// How a record looks to a client that has synced up to a version.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Seen {
    /// The client does not hold it.
    Inserted,
    /// The client holds it otherwise.
    Updated,
    /// The client holds it, and it is gone.
    Removed,
}

/// How `record` looks to a client that has synced up to `since`; `None` where there is nothing to tell: it is as it
/// was, or came and went in between. This is the whole sync rule.
#[must_use]
pub fn seen_since(record: &Record, since: Version) -> Option<Seen> {
    if record.last_changed <= since {
        return None;
    }
    match (record.lifespan.was_live_at(since), record.lifespan.is_live()) {
        (false, true) => Some(Seen::Inserted),
        (true, true) => Some(Seen::Updated),
        (true, false) => Some(Seen::Removed),
        (false, false) => None,
    }
}
