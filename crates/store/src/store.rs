//! The contract.

use std::fmt::Debug;

use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, Key, Timestamp, UserId, Version, WriteBatch};

use crate::{Applied, Changes, Filter, OwnerVersion, Page, PageRequest, StoreError};

/// A place that keeps conversations.
///
/// # The contract
///
/// The conformance suite in `conversation-settings-testkit` holds an adapter to each of these by a test of its name.
///
/// 1. **It decides nothing.** It loads the records and versions that a batch names, calls [`resolve`](crate::resolve),
///    and stores the result. No merge, no version arithmetic, no tombstone rule is written again in an adapter.
/// 2. **It is atomic** over the whole batch: any error, crash or dropped future leaves all of it or none.
/// 3. **It serialises writers of the same owner.** No update is lost. Conflicts are retried inside, bounded, with
///    jitter ([`Retry`](crate::Retry)); [`StoreError::Conflict`] only when that is exhausted.
/// 4. **It stores versions as resolved**: a batch that changes one or more of an owner's conversations raises that
///    owner's version by exactly one, and the changed records carry it. No change: no raise, no write.
/// 5. **It is durable on return**, as the engine's strongest ordinary setting means it.
/// 6. **It costs a constant number of round trips** a call, whatever the number of users, and reads what it answers
///    with, not the whole table. Pages are keyset pages in the byte order of their IDs, never offsets. A filter that the
///    engine cannot judge is judged by [`Filter::matches`] over the one owner's, or the one conversation's, entries.
/// 7. **It keeps every value as it is**, byte for byte; IDs and text are data everywhere: empty text, `$`, quotes,
///    U+0000 inside text, characters of four bytes, numbers at their extremes, times before 1970.
/// 8. **It keeps tombstones** until asked to [`prune`](Self::prune); a client older than the pruning, of another log
///    or from the future is told to sync in full ([`Changes::Full`]). Reading never writes.
/// 9. **It fails in kinds** ([`StoreError`]), the cause kept inside, the store named. A commit whose answer was lost is
///    [`StoreError::Unavailable`], because silence makes a second try harmless.
///
/// Every future may be dropped at any await point. Every method may be called at any time from any task, through any
/// number of handles on the same data: clones, and other openings where the engine allows them. A read sees every batch
/// that had returned before the read began, through whichever handle.
///
/// Everything but [`holders`](Self::list_by_conversation) is keyed by the owner, which is the partition key in every engine.
#[async_trait]
pub trait ConversationStore: Debug + Send + Sync + 'static {
    /// Applies a batch as one unit, and answers with the effect of each write, in the batch's order.
    ///
    /// `at` is the creation time of what the batch creates.
    ///
    /// # Errors
    ///
    /// [`StoreError::Rejected`] when a write must not happen. After any error nothing of the batch is stored, except
    /// that after [`StoreError::Unavailable`] all of it may be: applying it again is harmless then.
    async fn apply(&self, batch: &WriteBatch, at: Timestamp) -> Result<Applied, StoreError>;

    /// The conversations of these keys, in their order; `None` where there is none. A key that is asked for twice is
    /// answered twice.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when one of them cannot be read back; others are not affected.
    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError>;

    /// A page of the owner's conversations that pass `filter`, in the byte order of their IDs.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of any kind but conflict.
    async fn list(
        &self,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Page<ConversationId>, StoreError>;

    /// A page of everybody's views of one conversation that pass `filter`, in the byte order of their owners. The one
    /// method that is not keyed by the owner: it wants an index of its own.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of any kind but conflict.
    async fn list_by_conversation(
        &self,
        conversation_id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError>;

    /// The owner's version, [`Version::ZERO`] if nothing was ever written.
    ///
    /// Its log is one for all owners, or the owner's own; [`LogId::NONE`](crate::LogId::NONE) only where none was begun.
    /// A log that is begun anew, after its data was lost, has another identity.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of any kind but conflict.
    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError>;

    /// What has changed for a client that synced up to `since`; [`Changes::Full`] where that is more than `limit`
    /// records, or cannot be told.
    ///
    /// The answer is of one moment: its version and its records belong together.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of any kind but conflict.
    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError>;

    /// Forgets the owner's tombstones of versions up to `through`, and answers how many. Clients older than that are
    /// told to sync in full from then on, whether or not there was a tombstone to forget.
    ///
    /// A `through` beyond the owner's version means the owner's version.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of any kind.
    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError>;
}
