//! Applying a batch in a transaction of the host.

use conversation_settings_core::{Timestamp, WriteBatch};
use conversation_settings_store::{Applied, StoreError};
use mongodb::{
    ClientSession,
    options::{ReadConcern, TransactionOptions},
};

use crate::{store::MongoStore, transaction::durable};

impl MongoStore {
    /// The options of a transaction for [`apply_in`](Self::apply_in): snapshot reads, and a commit that a majority has.
    #[must_use]
    pub fn transaction_options() -> TransactionOptions {
        TransactionOptions::builder().read_concern(ReadConcern::snapshot()).write_concern(durable()).build()
    }

    /// Applies a batch within a transaction of the host, of a session of the store's [client](Self::with_client): the batch
    /// takes effect when the host commits, together with the host's own writes, or not at all.
    ///
    /// ```no_run
    /// # use conversation_settings_core::{Timestamp, WriteBatch};
    /// # use conversation_settings_store_mongodb::MongoStore;
    /// # use mongodb::{Client, Collection, bson::{Document, doc}};
    /// # async fn leave(client: &Client, members: &Collection<Document>, batch: WriteBatch, now: Timestamp)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let store = MongoStore::with_client(client.clone(), "app").await?;
    /// let mut session = client.start_session().await?;
    /// session.start_transaction().with_options(MongoStore::transaction_options()).await?;
    /// members.delete_one(doc! { "user": "alice", "group": "team" }).session(&mut session).await?;
    /// let applied = store.apply_in(&mut session, &batch, now).await?;
    /// session.commit_transaction().await?;
    /// store.committed(&session);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// Other writers of the batch's owners fail until the transaction ends, and try again. So make it one of the last steps,
    /// and call it once. After the commit, call [`committed`](Self::committed).
    ///
    /// # Errors
    ///
    /// [`StoreError`], as [`apply`](conversation_settings_store::ConversationStore::apply). After
    /// [`Rejected`](StoreError::Rejected) nothing of the batch is in the transaction, which may go on. After any other error
    /// abort it, and after [`Conflict`](StoreError::Conflict) repeat the whole transaction. If the future is dropped, abort.
    pub async fn apply_in(
        &self,
        session: &mut ClientSession,
        batch: &WriteBatch,
        at: Timestamp,
    ) -> Result<Applied, StoreError> {
        if batch.is_empty() {
            return Ok(Applied::default());
        }
        let (applied, _) = self.write_in(session, batch, at).await?;
        Ok(applied)
    }

    /// Notes that the transaction of `session` was committed, so that no later read of this store is older.
    pub fn committed(&self, session: &ClientSession) {
        self.last_commit.record(session.operation_time());
    }
}
