//! The limit: handwritten rusqlite code for exactly this, on the same tables with the same pragmas.

use std::path::Path;

use rusqlite::{Connection, OptionalExtension, Row, TransactionBehavior};

const READ: &str = "
    SELECT conversation_type, target_id, created_at, lives, changed_in, recv_msg_opt, is_pinned, is_private_chat,
        burn_duration, group_at_type, attached_info, ex, min_seq, max_seq, is_msg_destruct, msg_destruct_time,
        latest_msg_destruct_time
    FROM conversations WHERE owner = ?1 AND conversation_id = ?2";

const RAISE: &str = "
    INSERT INTO owners (owner, version) VALUES (?1, 1)
    ON CONFLICT (owner) DO UPDATE SET version = version + 1 RETURNING version";

const VERSION: &str = "SELECT version FROM owners WHERE owner = ?1";

const INSERT: &str = "
    INSERT INTO conversations (owner, conversation_id, conversation_type, target_id, created_at, lives, changed_in,
        recv_msg_opt, is_pinned, is_private_chat, burn_duration, group_at_type, attached_info, ex, min_seq, max_seq,
        is_msg_destruct, msg_destruct_time, latest_msg_destruct_time)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, 0, 0, 0, '', ?10, 0, 0, 0, 0, 0)";

const UPDATE: &str = "
    UPDATE conversations SET recv_msg_opt = ?3, is_pinned = ?4, ex = ?5, changed_in = ?6
    WHERE owner = ?1 AND conversation_id = ?2";

/// A whole row.
#[expect(dead_code, reason = "reads whole rows, as a response or an event needs them")]
struct Stored {
    conversation_type: i32,
    target_id: String,
    created_at: i64,
    lives: String,
    changed_in: i64,
    recv_msg_opt: i32,
    is_pinned: bool,
    is_private_chat: bool,
    burn_duration: i32,
    group_at_type: i32,
    attached_info: String,
    ex: String,
    min_seq: i64,
    max_seq: i64,
    is_msg_destruct: bool,
    msg_destruct_time: i64,
    latest_msg_destruct_time: i64,
}

impl Stored {
    fn read(row: &Row<'_>) -> rusqlite::Result<Self> {
        Ok(Self {
            conversation_type: row.get(0)?,
            target_id: row.get(1)?,
            created_at: row.get(2)?,
            lives: row.get(3)?,
            changed_in: row.get(4)?,
            recv_msg_opt: row.get(5)?,
            is_pinned: row.get(6)?,
            is_private_chat: row.get(7)?,
            burn_duration: row.get(8)?,
            group_at_type: row.get(9)?,
            attached_info: row.get(10)?,
            ex: row.get(11)?,
            min_seq: row.get(12)?,
            max_seq: row.get(13)?,
            is_msg_destruct: row.get(14)?,
            msg_destruct_time: row.get(15)?,
            latest_msg_destruct_time: row.get(16)?,
        })
    }
}

/// The values to set.
#[derive(Clone, Copy)]
pub(crate) struct Settings<'a> {
    pub(crate) recv_msg_opt: i32,
    pub(crate) is_pinned: bool,
    pub(crate) ex: &'a str,
}

pub(crate) struct ByHand(Connection);

impl ByHand {
    /// Opens a file that has the tables.
    pub(crate) fn open(path: &Path) -> Self {
        let connection = Connection::open(path).unwrap();
        connection.pragma_update(None, "synchronous", "FULL").unwrap();
        connection.pragma_update(None, "cache_size", -65_536).unwrap();
        Self(connection)
    }

    /// Sets a group's conversation for some users in one transaction. Returns for each user whether the conversation
    /// changed, and the owner's version.
    pub(crate) fn set(&mut self, owners: &[String], id: &str, group: &str, settings: Settings<'_>) -> Vec<(bool, i64)> {
        let Settings { recv_msg_opt, is_pinned, ex } = settings;
        let transaction = self.0.transaction_with_behavior(TransactionBehavior::Immediate).unwrap();
        let mut read = transaction.prepare_cached(READ).unwrap();
        let mut version = transaction.prepare_cached(VERSION).unwrap();
        let mut raise = transaction.prepare_cached(RAISE).unwrap();
        let mut insert = transaction.prepare_cached(INSERT).unwrap();
        let mut update = transaction.prepare_cached(UPDATE).unwrap();
        let mut results = Vec::with_capacity(owners.len());
        for owner in owners {
            let stored = read.query_row((owner, id), Stored::read).optional().unwrap();
            let is_equal = |stored: &Stored| {
                stored.recv_msg_opt == recv_msg_opt && stored.is_pinned == is_pinned && stored.ex == ex
            };
            if stored.as_ref().is_some_and(is_equal) {
                results.push((false, version.query_row([owner], |row| row.get(0)).unwrap()));
                continue;
            }
            let version: i64 = raise.query_row([owner], |row| row.get(0)).unwrap();
            if stored.is_some() {
                update.execute((owner, id, recv_msg_opt, is_pinned, ex, version)).unwrap();
            } else {
                let lifespan = version.to_string();
                insert.execute((owner, id, 3, group, 0, lifespan, version, recv_msg_opt, is_pinned, ex)).unwrap();
            }
            results.push((true, version));
        }
        drop((read, version, raise, insert, update));
        transaction.commit().unwrap();
        results
    }
}
