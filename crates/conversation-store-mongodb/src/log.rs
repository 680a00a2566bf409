//! An owner's version log as one of OpenIM's documents, and back.
//!
//! OpenIM keeps one document an owner, with an entry for each conversation that ever changed: its ID, whether it was
//! inserted (1), removed (2) or updated (3), and the owner's version then. A tombstone is an entry with state 2. What
//! OpenIM's entries cannot tell, when the conversation came and went, stands in a field of our own, `lives`, which
//! OpenIM leaves alone; an entry without it is of a conversation that was born at the entry's version.
//!
//! The log is cut from its old end: versions up to `deleted` are gone, and a client older than that syncs in full. A
//! conversation whose entry is gone was there already at `deleted`, which is all that anybody may still ask.

use conversation_core::{Conversation, Key, Version};
use conversation_store::{BoxError, Lives, LogId, Record, State};
use mongodb::bson::{RawDocument, raw::RawBsonRef};

use crate::rows::{number, text};

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
    pub(crate) id: LogId,
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
    pub(crate) lives: Lives,
}

impl Head {
    pub(crate) fn read(document: &RawDocument) -> Result<Self, BoxError> {
        let crowded = match document.get(VERSIONS)? {
            Some(RawBsonRef::Array(versions)) => {
                versions.into_iter().map(|version| to_version(version?.as_i64())).collect::<Result<_, _>>()?
            }
            _ => Vec::new(),
        };
        Ok(Self {
            id: LogId(document.get_object_id("_id")?.bytes()),
            version: version(document, VERSION)?,
            deleted: version(document, DELETED)?,
            crowded,
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
    pub(crate) fn read(entry: &RawDocument) -> Result<Self, BoxError> {
        let changed_in = version(entry, VERSION)?;
        let is_removed = number(entry, STATE)? == Some(REMOVED.into());
        let lives = match text(entry, LIVES)? {
            Some(lives) => lives.parse()?,
            None => untold(is_removed, changed_in),
        };
        Ok(Self { version: changed_in, lives })
    }
}

/// The lives of a conversation of which OpenIM's entry is all that is known, such that a client is told too much rather
/// than too little: what there is as inserted, what is gone as removed.
fn untold(is_removed: bool, changed_in: Version) -> Lives {
    let born = Version(1).min(Version(changed_in.0.saturating_sub(1)));
    let removed = || format!("{born},{changed_in}").parse().ok();
    is_removed.then(removed).flatten().unwrap_or(Lives::born(changed_in))
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
            let lives = if entry.lives.is_live() { entry.lives } else { Lives::born(entry.version) };
            Some(Record { state: State::Live(conversation), lives, changed_in: entry.version })
        }
        (Some(conversation), None) => {
            let version = deleted.max(Version(1));
            Some(Record { state: State::Live(conversation), lives: Lives::born(version), changed_in: version })
        }
        (None, Some(entry)) if !entry.lives.is_live() => {
            Some(Record { state: State::Removed(key.clone()), lives: entry.lives, changed_in: entry.version })
        }
        (None, _) => None,
    }
}

fn version(document: &RawDocument, name: &str) -> Result<Version, BoxError> {
    to_version(Some(number(document, name)?.unwrap_or_default()))
}

fn to_version(number: Option<i64>) -> Result<Version, BoxError> {
    Ok(Version(u64::try_from(number.ok_or("a version must be a 64-bit integer")?)?))
}
