//! Applying a batch in a transaction of the host.

use conversation_settings_core::{Timestamp, WriteBatch};
use conversation_settings_store::{Applied, StoreError};
use rusqlite::Transaction;

use crate::{error::Error, store::SqliteStore, writes};

impl SqliteStore {
    /// Applies a batch within a transaction of the host, on a connection of its own to the store's file: the batch takes
    /// effect when the host commits, together with the host's own tables in that file, or not at all. Blocks.
    ///
    /// ```
    /// # use conversation_settings_core::{Timestamp, WriteBatch};
    /// # use conversation_settings_store_sqlite::{SqliteStore, rusqlite::{self, Connection, TransactionBehavior}};
    /// # fn leave(store: &SqliteStore, host: &mut Connection, batch: WriteBatch, now: Timestamp)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let transaction = host.transaction_with_behavior(TransactionBehavior::Immediate)?;
    /// transaction.execute("DELETE FROM members WHERE user = ?1 AND team = ?2", ["alice", "team"])?;
    /// let applied = store.apply_in(&transaction, &batch, now)?;
    /// transaction.execute("INSERT INTO outbox VALUES (?1)", [format!("{applied:?}")])?;
    /// transaction.commit()?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// SQLite has one writer at a time: the store's calls wait for this transaction, and fail after five seconds. Set a
    /// `busy_timeout`, begin with `TransactionBehavior::Immediate`, and set `synchronous` to `FULL` for the store's
    /// durability.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as [`apply`](conversation_settings_store::ConversationStore::apply). Nothing of the batch is then in
    /// the transaction, which may go on: the batch runs within a savepoint.
    pub fn apply_in(
        &self,
        transaction: &Transaction<'_>,
        batch: &WriteBatch,
        at: Timestamp,
    ) -> Result<Applied, StoreError> {
        // What is written into a deleted file is lost.
        self.files.check().map_err(Error::from)?;
        transaction.execute_batch("SAVEPOINT conversation_settings").map_err(Error::from)?;
        let applied = writes::apply(transaction, batch, at);
        let end = match &applied {
            Ok(_) => "RELEASE conversation_settings",
            Err(_) => "ROLLBACK TO conversation_settings; RELEASE conversation_settings",
        };
        let ended = transaction.execute_batch(end);
        let applied = applied?;
        ended.map_err(Error::from)?;
        Ok(applied)
    }
}
