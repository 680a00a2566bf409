//! An owner's version log as one of OpenIM's documents.
//!
//! OpenIM keeps one document per owner, with one entry per conversation that ever changed: its ID, whether it was
//! inserted (1), removed (2) or updated (3), and the owner's version at that change. A tombstone is an entry with state 2.
//! OpenIM's entries do not record when a conversation was created and removed before. A field of our own, `lives`, does;
//! OpenIM leaves it alone. An entry without it means a conversation that was created at the entry's version.
//!
//! The log is cut at its old end: `deleted` is the last version whose entries are gone, and a client older than that syncs
//! in full. A conversation without an entry existed at `deleted` already, which is all that a client can still ask.

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
/// The number of entries, in a projection that counts them.
pub(crate) const LENGTH: &str = "length";
/// The versions of the entries, in a projection that lists them.
pub(crate) const VERSIONS: &str = "versions";

/// The states of an entry: what last happened to its conversation.
pub(crate) const INSERTED: i32 = 1;
pub(crate) const REMOVED: i32 = 2;
pub(crate) const UPDATED_STATE: i32 = 3;

/// A log without its entries.
#[derive(Clone, Debug)]
pub(crate) struct LogHeader {
    pub(crate) version: Version,
    /// Entries up to this version are gone.
    pub(crate) deleted: Version,
    /// The versions of all entries, if the log has too many; else empty.
    pub(crate) entry_versions: Vec<Version>,
}

/// The entry of one conversation.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) version: Version,
    pub(crate) lifespan: Lifespan,
}

impl LogHeader {
    pub(crate) fn read(fields: &Fields<'_>) -> Result<Self, BoxError> {
        let entry_versions = fields.array(VERSIONS)?.into_iter().flatten();
        Ok(Self {
            version: version(fields, VERSION)?,
            deleted: version(fields, DELETED)?,
            entry_versions: entry_versions.map(|version| to_version(integer(version?))).collect::<Result<_, _>>()?,
        })
    }

    /// The version up to which to cut a log that has too many entries, so that the `keep` newest stay at most.
    pub(crate) fn cut_through(&self, keep: usize) -> Option<Version> {
        let mut versions = self.entry_versions.clone();
        versions.sort_unstable_by(|a, b| b.cmp(a));
        versions.get(keep).copied()
    }
}

impl Entry {
    fn read(fields: &Fields<'_>) -> Result<Self, BoxError> {
        let version = version(fields, VERSION)?;
        let is_removed = fields.number(STATE)? == Some(REMOVED.into());
        let lifespan = match fields.text(LIVES)? {
            Some(lifespan) => lifespan.parse()?,
            None => assumed_lifespan(is_removed, version),
        };
        Ok(Self { version, lifespan })
    }
}

/// Passes each of an owner's entries to `take`. Skips entries whose ID no conversation can have.
pub(crate) fn entries(owner: &UserId, fields: &Fields<'_>, mut take: impl FnMut(Key, Entry)) -> Result<(), Error> {
    for entry in fields.array(LOGS).map_err(Error::damaged)?.into_iter().flatten() {
        let entry = entry.map_err(BoxError::from).and_then(|entry| Fields::of(entry.as_document().ok_or(NO_ENTRY)?));
        let entry = entry.map_err(Error::damaged)?;
        let id = entry.text(ENTRY_ID).map_err(Error::damaged)?.unwrap_or_default();
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

/// The lifespan of a conversation whose entry OpenIM wrote. It sends a client too much rather than too little: an existing
/// conversation as inserted, a removed one as removed.
fn assumed_lifespan(is_removed: bool, last_changed: Version) -> Lifespan {
    let created = Version(1).min(Version(last_changed.0.saturating_sub(1)));
    let removed = || format!("{created},{last_changed}").parse().ok();
    is_removed.then(removed).flatten().unwrap_or(Lifespan::created_at(last_changed))
}

/// The record of a conversation and its entry.
///
/// The two may disagree where OpenIM wrote without a transaction; then the conversation is right.
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
