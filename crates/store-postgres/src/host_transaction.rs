//! Applying a batch in a transaction of the host.

use conversation_settings_core::{Timestamp, WriteBatch};
use conversation_settings_store::{
    Applied, StoreError,
    adapter::{Attempt, Retry, jitter},
};
use tokio::time::sleep;
use tokio_postgres::Transaction;

use crate::{error::Error, session::Session, store::PostgresStore};

impl PostgresStore {
    /// Applies a batch within a transaction of the host, on any connection to the store's database: the batch takes effect
    /// when the host commits, together with the host's own writes, or not at all.
    ///
    /// ```no_run
    /// # use conversation_settings_core::{Timestamp, WriteBatch};
    /// # use conversation_settings_store_postgres::{PostgresStore, deadpool_postgres::tokio_postgres};
    /// # async fn leave(store: &PostgresStore, client: &mut tokio_postgres::Client, batch: WriteBatch, now: Timestamp)
    /// # -> Result<(), Box<dyn std::error::Error>> {
    /// let transaction = client.transaction().await?;
    /// transaction.execute("DELETE FROM members WHERE user_id = $1 AND group_id = $2", &[&"alice", &"team"]).await?;
    /// let applied = store.apply_in(&transaction, &batch, now).await?;
    /// transaction.execute("INSERT INTO outbox (payload) VALUES ($1)", &[&format!("{applied:?}")]).await?;
    /// transaction.commit().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// It locks the batch's owners until the transaction ends, so make it one of the last steps, and call it once: other
    /// writers of these owners wait. Isolation is the host's; `READ COMMITTED`, the default, meets the fewest conflicts. The
    /// timeouts are the host's, too. Nothing is prepared, so it works through a pooler.
    ///
    /// The effects are true only once the host has committed. A use case of the service gives its events then:
    /// see `Service::plan_set` in `conversation-settings-service`.
    ///
    /// # Errors
    ///
    /// [`StoreError`], as [`apply`](conversation_settings_store::ConversationStore::apply). Nothing of the batch is then in
    /// the transaction, and the transaction goes on if the connection does: the batch runs within a savepoint. After
    /// [`Conflict`](StoreError::Conflict) roll back, and repeat the whole transaction. If the future is dropped, roll back.
    pub async fn apply_in(
        &self,
        transaction: &Transaction<'_>,
        batch: &WriteBatch,
        at: Timestamp,
    ) -> Result<Applied, StoreError> {
        if batch.is_empty() {
            return Ok(Applied::default());
        }
        let attempt = || async {
            self.apply_in_savepoint(transaction, batch, at).await.map_err(|error| {
                if error.is_seen_by_next_attempt() { Attempt::Again(error.into()) } else { Attempt::Fail(error.into()) }
            })
        };
        Retry::default().run(sleep, jitter, attempt).await
    }

    async fn apply_in_savepoint(
        &self,
        transaction: &Transaction<'_>,
        batch: &WriteBatch,
        at: Timestamp,
    ) -> Result<Applied, Error> {
        transaction.batch_execute("SAVEPOINT conversation_settings").await?;
        match self.lock_and_apply(Session::from(transaction), batch, at).await {
            Ok((applied, _)) => {
                transaction.batch_execute("RELEASE SAVEPOINT conversation_settings").await?;
                Ok(applied)
            }
            Err(error) => {
                let undo = "ROLLBACK TO SAVEPOINT conversation_settings; RELEASE SAVEPOINT conversation_settings";
                transaction.batch_execute(undo).await?;
                Err(error)
            }
        }
    }
}
