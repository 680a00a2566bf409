//! The contract.

use std::fmt::Debug;

use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, Key, Timestamp, UserId, Version, WriteBatch};

use crate::{Applied, Changes, Filter, OwnerVersion, Page, PageRequest, StoreError, Wanted, WriteProfile};

/// A store of conversations.
///
/// # The contract
///
/// The conformance suite in `conversation-settings-testkit` tests an adapter for each of these rules.
///
/// 1. **It decides nothing.** It loads the records and versions that a batch names, calls [`resolve`](crate::resolve),
///    and stores the result. An adapter repeats no merge, no version arithmetic and no tombstone rule.
/// 2. **It is atomic** over the whole batch: any error, crash or dropped future leaves all of it or none.
/// 3. **It serialises writers of the same owner.** No update is lost. It retries conflicts inside, bounded, with jitter
///    (`adapter::Retry`, feature `adapter`), and returns [`StoreError::Conflict`] only after the last attempt.
/// 4. **It stores versions as resolved.** A batch that changes one or more of an owner's conversations raises that
///    owner's version by exactly one, and the changed records carry it. A no-op raises nothing and writes nothing.
/// 5. **It is durable on return**, as the engine's strongest ordinary setting defines it.
/// 6. **It makes a constant number of round trips** per call, for any number of users, and reads what it returns, not the
///    whole table. Pages are keyset pages in the byte order of their IDs, never offsets. If the engine cannot judge a
///    filter, [`Filter::matches`] judges it over the entries of the one owner, or of the one conversation.
/// 7. **It keeps every value as it is**, byte for byte. IDs and text are data everywhere: empty text, `$`, quotes,
///    U+0000 inside text, characters of four bytes, numbers at their extremes, times before 1970.
/// 8. **It keeps tombstones** until [`prune`](Self::prune) removes them. A client older than the pruning, of another log
///    or from the future must sync in full ([`Changes::Full`]). Reading never writes.
/// 9. **It fails in kinds** ([`StoreError`]), with the cause inside and the store's name. A commit whose answer was lost
///    is [`StoreError::Unavailable`]: a second try is harmless, because it is a no-op if the first one was stored.
///
/// # Callers and time
///
/// - A caller may drop any future at any await point. A dropped or failed `apply` never leaves a part of its batch.
///   Which of them may still be stored is a table below.
/// - A caller may call any method at any time from any task, through any number of handles on the same data: clones, and
///   other openings if the engine allows them.
/// - A read sees every batch whose `apply` had returned before the read began, through whichever handle.
/// - Every method except [`list_by_conversation`](Self::list_by_conversation) is keyed by the owner, which is the
///   partition key in every engine.
///
/// # After a dropped or failed `apply`
///
/// | what happened | the batch |
/// |---|---|
/// | the future was dropped before the batch began: while it waited in a queue or for a lock | is not stored, if the store notices; a store that has started work for it may store it whole |
/// | the future was dropped after the batch began | may be stored, whole, later |
/// | [`apply_while_wanted`](ConversationStore::apply_while_wanted), and nobody wanted the batch when it would have begun | is not stored |
/// | [`StoreError::Unavailable`] | may be stored, whole: before the return, or later if the connection was lost. A store says so only if it cannot know |
/// | any other error | is not stored, now or later |
///
/// A batch that may still be stored can overtake, or be overtaken by, a later batch of the same owners. A caller that needs
/// to know reads the conversation, or applies the batch again: a repeat of what is stored is a no-op.
///
/// # Sizes
///
/// | value | size |
/// |---|---|
/// | an owner, or another user or group | 1 to [`UserId::MAX_BYTES`] bytes of UTF-8 |
/// | a conversation ID | 1 to [`ConversationId::MAX_BYTES`] bytes of UTF-8 |
/// | a [`Lifespan`](crate::Lifespan) as text | at most [`Lifespan::MAX_BYTES`](crate::Lifespan::MAX_BYTES) bytes of ASCII |
/// | a setting that is text | as the host limits it; 65,536 bytes of UTF-8 by default. A store takes at least that |
/// | a version | from 0; an engine with signed integers may refuse versions beyond 2⁶³−1, which no owner reaches |
/// | `since.version`, `through`, `limit`, [`PageRequest::limit`] | any number of their type. An engine with smaller numbers clamps them |
///
/// A batch is as large as the host allows, 10,000 users by default. If a store cannot apply a larger one, it returns
/// [`StoreError::Invalid`].
#[async_trait]
pub trait ConversationStore: Debug + Send + Sync + 'static {
    /// Applies a batch as one unit, and returns the effect of each write, in the batch's order.
    ///
    /// `at` is the creation time of what the batch creates.
    ///
    /// If nobody wants the batch any more when it would begin, nothing of it is written, now or later. A store asks
    /// `wanted` once, when the batch has waited for its turn: in a queue, for a lock or for a connection. A batch that has
    /// begun runs to its end. So a host may poll the future to its end, to learn what was stored, and yet let a batch go
    /// whose callers have left.
    ///
    /// # Errors
    ///
    /// - [`StoreError::Rejected`] when a write must not happen. Nothing is stored.
    /// - [`StoreError::Conflict`] when other writers of the same owners were in the way in every attempt. A timeout while
    ///   it waits for a lock is a conflict too. Nothing is stored.
    /// - [`StoreError::Unavailable`] for a batch that nobody wanted ([`StoreError::unwanted`]). Nothing is stored.
    /// - [`StoreError::Unavailable`] when the engine cannot be reached or cannot write. All of the batch may be stored, or
    ///   may still be stored after the return; applying it again is harmless. What fails before the commit may be retried
    ///   inside; what fails during the commit may be retried only if it is certain that nothing was stored.
    /// - [`StoreError::Corrupt`] when a record of the batch or an owner's version cannot be read back. Nothing is stored.
    /// - [`StoreError::Invalid`] when the batch is too large for one transaction. Nothing is stored.
    /// - [`StoreError::Other`] for anything else. Nothing is stored.
    async fn apply_while_wanted(
        &self,
        batch: &WriteBatch,
        at: Timestamp,
        wanted: &Wanted,
    ) -> Result<Applied, StoreError>;

    /// As [`apply_while_wanted`](Self::apply_while_wanted), for a batch that is wanted whatever happens.
    ///
    /// # Errors
    ///
    /// As [`apply_while_wanted`](Self::apply_while_wanted).
    async fn apply(&self, batch: &WriteBatch, at: Timestamp) -> Result<Applied, StoreError> {
        self.apply_while_wanted(batch, at, &Wanted::ALWAYS).await
    }

    /// The conversations of these keys, in their order; `None` for a conversation that does not exist. A key that is
    /// there twice is answered twice.
    ///
    /// # Errors
    ///
    /// [`StoreError::Corrupt`] when one of them cannot be read back: the whole call fails, and calls for other keys
    /// succeed. Otherwise [`StoreError`] of any kind except rejected and conflict.
    async fn get(&self, keys: &[Key]) -> Result<Vec<Option<Conversation>>, StoreError>;

    /// A page of the owner's conversations that pass `filter`, in the byte order of their IDs.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of any kind except rejected and conflict.
    async fn list(
        &self,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Page<ConversationId>, StoreError>;

    /// A page of all owners' views of one conversation that pass `filter`, in the byte order of their owners. This is
    /// the one method that is not keyed by the owner; it needs an index of its own.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of any kind except rejected and conflict.
    async fn list_by_conversation(
        &self,
        conversation_id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError>;

    /// How many conversations the owner has.
    ///
    /// A host calls it for every page that shows a total, so it must cost as much for an owner of a million conversations
    /// as for an owner of ten. A store keeps the number beside the owner's version and adds [`OwnerWrite::added`] to it
    /// in the transaction that stores the batch. The default reads all of the owner's conversations, and is for stores of
    /// small owners only.
    ///
    /// [`OwnerWrite::added`]: crate::OwnerWrite::added
    ///
    /// # Errors
    ///
    /// [`StoreError`] of any kind except rejected and conflict.
    async fn count(&self, owner: &UserId) -> Result<usize, StoreError> {
        const PAGE: usize = 1_000;
        let (mut count, mut page) = (0, PageRequest::first(PAGE));
        loop {
            let read = self.list(owner, &Filter::ALL, &page).await?;
            count += read.conversations.len();
            match read.next {
                Some(next) => page = PageRequest::after(next, PAGE),
                None => return Ok(count),
            }
        }
    }

    /// The owner's version, [`Version::ZERO`] if nothing was ever written.
    ///
    /// The log is one for all owners, or the owner's own. It is [`LogId::NONE`](crate::LogId::NONE) only if no log was
    /// begun. A log that is begun anew, after its data was lost, has another identity.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of any kind except rejected and conflict.
    async fn version(&self, owner: &UserId) -> Result<OwnerVersion, StoreError>;

    /// The changes for a client that synced up to `since`; [`Changes::Full`] if they exceed `limit` records or are
    /// unknown.
    ///
    /// The version and the records of an answer are of one moment.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of any kind except rejected and conflict.
    async fn changes(&self, owner: &UserId, since: &OwnerVersion, limit: usize) -> Result<Changes, StoreError>;

    /// Forgets the owner's tombstones of versions up to `through`, and returns how many there were. From then on, older
    /// clients must sync in full, whether or not there was a tombstone to forget.
    ///
    /// A `through` beyond the owner's version means the owner's version. Of several prunes the largest `through` counts,
    /// in whichever order they happen. No prune changes the owner's version.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of any kind except rejected. After a conflict, nothing is forgotten.
    async fn prune(&self, owner: &UserId, through: Version) -> Result<usize, StoreError>;

    /// How the store handles concurrent batches. It is a property of the engine, not of its load.
    fn write_profile(&self) -> WriteProfile {
        WriteProfile::default()
    }

    /// Whether calls can succeed now: the store answers reads, and its last write did not fail for a reason that lasts,
    /// such as a full disk.
    ///
    /// It costs little, because load balancers call it every second. A store that has such a reason tries a small write
    /// of its own, and is ready again when that succeeds. The default reads a version.
    ///
    /// # Errors
    ///
    /// [`StoreError`] of any kind except rejected.
    async fn ready(&self) -> Result<(), StoreError> {
        let probe =
            UserId::new("readyz").map_err(|error| StoreError::Other { store: "store", source: error.into() })?;
        self.version(&probe).await.map(drop)
    }
}
