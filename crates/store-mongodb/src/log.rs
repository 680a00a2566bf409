//! An owner's version log as one of OpenIM's documents, and back.
//!
//! OpenIM keeps one document an owner, with an entry for each conversation that ever changed: its ID, whether it was
//! inserted (1), removed (2) or updated (3), and the owner's version then. A tombstone is an entry with state 2. What
//! OpenIM's entries cannot tell, when the conversation came and went, stands in a field of our own, `lives`, which
//! OpenIM leaves alone; an entry without it is of a conversation that was born at the entry's version.
//!
//! The log is cut from its old end: versions up to `deleted` are gone, and a client older than that syncs in full. A
//! conversation whose entry is gone was there already at `deleted`, which is all that anybody may still ask.

use conversation_settings_core::{Conversation, ConversationId, Key, UserId, Version};
use conversation_settings_store::{BoxError, Lifespan, Record, State};

use crate::{
    error::Error,
    fields::{Fields, integer},
};

pub(crate) const OWNER: &str = "d_id";
pub(crate) const LOGS: &str = "logs";
pub(crate) const VERSION: &str = "version";
pub(crate) const DELETED: &str = "deleted";
pub(crate) const UPDATED: &str = "last_update";
pub(crate) const ENTRY_ID: &str = "e_id";
pub(crate) const STATE: &str = "state";
pub(crate) const LIVES: &str = "lives";
/// How many entries there are, where a query counts them.
pub(crate) const LENGTH: &str = "length";
/// The entries' versions, where a query lists them.
pub(crate) const VERSIONS: &str = "versions";

/// What an entry says last happened to its conversation.
pub(crate) const INSERTED: i32 = 1;
pub(crate) const REMOVED: i32 = 2;
pub(crate) const CHANGED: i32 = 3;

/// How far an owner's log has come.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    pub(crate) version: Version,
    /// Versions up to this one are gone from the log.
    pub(crate) deleted: Version,
    /// The entries' versions, if there are too many entries.
    pub(crate) crowded: Vec<Version>,
}

/// What the log says of one conversation.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) version: Version,
    pub(crate) lifespan: Lifespan,
}

impl Head {
    pub(crate) fn read(fields: &Fields<'_>) -> Result<Self, BoxError> {
        let crowded = fields.array(VERSIONS)?.into_iter().flatten();
        Ok(Self {
            version: version(fields, VERSION)?,
            deleted: version(fields, DELETED)?,
            crowded: crowded.map(|version| to_version(integer(version?))).collect::<Result<_, _>>()?,
        })
    }

    /// The version up to which a crowded log is to be cut, so that the `most` newest entries are left at most.
    pub(crate) fn cut(&self, most: usize) -> Option<Version> {
        let mut versions = self.crowded.clone();
        versions.sort_unstable_by(|a, b| b.cmp(a));
        versions.get(most).copied()
    }
}

impl Entry {
    fn read(fields: &Fields<'_>) -> Result<Self, BoxError> {
        let version = version(fields, VERSION)?;
        let is_removed = fields.number(STATE)? == Some(REMOVED.into());
        let lifespan = match fields.text(LIVES)? {
            Some(lifespan) => lifespan.parse()?,
            None => untold(is_removed, version),
        };
        Ok(Self { version, lifespan })
    }
}

/// Hands each of an owner's entries to `take`. An entry of something that is no conversation of ours is none of ours.
pub(crate) fn entries(owner: &UserId, fields: &Fields<'_>, mut take: impl FnMut(Key, Entry)) -> Result<(), Error> {
    let damaged = |source| Error::Damaged { key: None, source };
    for entry in fields.array(LOGS).map_err(damaged)?.into_iter().flatten() {
        let entry = entry.map_err(BoxError::from).and_then(|entry| Fields::of(entry.as_document().ok_or(NO_ENTRY)?));
        let entry = entry.map_err(damaged)?;
        let id = entry.text(ENTRY_ID).map_err(damaged)?.unwrap_or_default();
        let Ok(id) = ConversationId::new(id) else { continue };
        let key = Key::new(owner.clone(), id);
        match Entry::read(&entry) {
            Ok(entry) => take(key, entry),
            Err(source) => return Err(Error::Damaged { key: Some(Box::new(key)), source }),
        }
    }
    Ok(())
}

const NO_ENTRY: &str = "logs: must hold documents";

/// The lives of a conversation of which OpenIM's entry is all that is known, such that a client is told too much rather
/// than too little: what there is as inserted, what is gone as removed.
fn untold(is_removed: bool, last_changed: Version) -> Lifespan {
    let born = Version(1).min(Version(last_changed.0.saturating_sub(1)));
    let removed = || format!("{born},{last_changed}").parse().ok();
    is_removed.then(removed).flatten().unwrap_or(Lifespan::created_at(last_changed))
}

/// The record made of a conversation and what the log says of it.
///
/// Where the two disagree, as they may where OpenIM wrote without a transaction, the conversation is right.
pub(crate) fn record(
    key: &Key,
    conversation: Option<Conversation>,
    entry: Option<Entry>,
    deleted: Version,
) -> Option<Record> {
    match (conversation, entry) {
        (Some(conversation), Some(entry)) => {
            let lifespan = if entry.lifespan.is_live() { entry.lifespan } else { Lifespan::created_at(entry.version) };
            Some(Record { state: State::Live(conversation), lifespan, last_changed: entry.version })
        }
        (Some(conversation), None) => {
            let version = deleted.max(Version(1));
            Some(Record {
                state: State::Live(conversation),
                lifespan: Lifespan::created_at(version),
                last_changed: version,
            })
        }
        (None, Some(entry)) if !entry.lifespan.is_live() => {
            Some(Record { state: State::Removed(key.clone()), lifespan: entry.lifespan, last_changed: entry.version })
        }
        (None, _) => None,
    }
}

fn version(fields: &Fields<'_>, name: &str) -> Result<Version, BoxError> {
    to_version(Some(fields.number(name)?.unwrap_or_default()))
}

fn to_version(number: Option<i64>) -> Result<Version, BoxError> {
    Ok(Version(u64::try_from(number.ok_or("a version must be an integer")?)?))
}
