//! Batches in short, and a store in a folder of its own.

use std::path::{Path, PathBuf};

use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Patch, Target, Timestamp, UserId, Write, WriteBatch,
};
use conversation_settings_store_sqlite::SqliteStore;
use tempfile::TempDir;

pub(crate) const AT: Timestamp = Timestamp(1_700_000_000_000);

/// A folder that goes with the test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    /// Where the database is.
    pub(crate) fn database(&self) -> PathBuf {
        self.path().join("conversations.db")
    }

    pub(crate) fn open(&self) -> SqliteStore {
        SqliteStore::open(self.database()).unwrap()
    }

    /// How many transactions the write-ahead log holds: its frames that say how large the database is after a commit.
    pub(crate) fn commits(&self) -> usize {
        const FRAME: usize = 24 + 4_096;
        let log = std::fs::read(self.path().join("conversations.db-wal")).unwrap();
        log[32..].chunks_exact(FRAME).filter(|frame| frame[4..8] != [0; 4]).count()
    }
}

pub(crate) fn user(id: &str) -> UserId {
    UserId::new(id).unwrap()
}

pub(crate) fn conversation(id: &str) -> ConversationId {
    ConversationId::new(id).unwrap()
}

pub(crate) fn key(owner: &str, id: &str) -> Key {
    Key::new(user(owner), conversation(id))
}

/// A batch that sets `patch` in each of these views of a group, creating what is missing.
pub(crate) fn set(keys: impl IntoIterator<Item = Key>, patch: &Patch) -> WriteBatch {
    let missing = Missing::Create(Target::Group(GroupId::new("team").unwrap()));
    write(keys, Change::Set { patch: patch.clone(), missing })
}

pub(crate) fn write(keys: impl IntoIterator<Item = Key>, change: Change) -> WriteBatch {
    let change = std::sync::Arc::new(change);
    WriteBatch::new(keys.into_iter().map(|key| Write { key, change: change.clone() }).collect()).unwrap()
}
