//! Short forms of keys and batches, and a store in a temporary folder.

use std::path::{Path, PathBuf};

use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Patch, Target, Timestamp, UserId, Write, WriteBatch,
};
use conversation_settings_store_sqlite::SqliteStore;
use tempfile::TempDir;

pub(crate) const AT: Timestamp = Timestamp(1_700_000_000_000);

/// A folder that is deleted after the test.
pub(crate) struct Folder(TempDir);

impl Folder {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn path(&self) -> &Path {
        self.0.path()
    }

    pub(crate) fn database(&self) -> PathBuf {
        self.path().join("conversations.db")
    }

    pub(crate) fn open(&self) -> SqliteStore {
        SqliteStore::open(self.database()).unwrap()
    }

    /// Transactions in the write-ahead log: a frame that ends one holds the size of the database.
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

/// Sets `patch` for each key; creates missing conversations.
pub(crate) fn set(keys: impl IntoIterator<Item = Key>, patch: &Patch) -> WriteBatch {
    let missing = Missing::Create(Target::Group(GroupId::new("team").unwrap()));
    write(keys, Change::Set { patch: patch.clone(), missing })
}

pub(crate) fn write(keys: impl IntoIterator<Item = Key>, change: Change) -> WriteBatch {
    let change = std::sync::Arc::new(change);
    WriteBatch::new(keys.into_iter().map(|key| Write { key, change: change.clone() }).collect()).unwrap()
}
