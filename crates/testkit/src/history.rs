//! Random histories of calls, to compare the answers of a store with those of the [`Model`].
//!
//! ```
//! use conversation_settings_store_memory::MemoryStore;
//! use conversation_settings_testkit::{Model, history::World, proptest::prelude::*};
//!
//! let world = World::new("of the example");
//! proptest!(|(calls in prop::collection::vec(world.call(), 1..20))| {
//!     let (mut model, store) = (Model::default(), MemoryStore::new());
//!     for call in calls {
//!         let answer = tokio::runtime::Runtime::new()?.block_on(call.ask(&store))?;
//!         prop_assert_eq!(answer, call.expect(&mut model), "{}", call);
//!     }
//! });
//! ```

pub(crate) mod concurrent;
pub(crate) mod world;

use std::fmt;

use conversation_settings_core::{
    Change, Conversation, ConversationId, Key, Patch, Rejected, Timestamp, UserId, Version, WriteBatch,
};
use conversation_settings_store::{
    Applied, Changes, ConversationStore, Filter, LogId, OwnerVersion, Page, PageRequest, StoreError,
};

pub use self::world::World;
use crate::Model;

/// One call of a history.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Call {
    /// [`ConversationStore::apply`].
    Apply(WriteBatch, Timestamp),
    /// [`ConversationStore::get`].
    Get(Vec<Key>),
    /// [`ConversationStore::list`].
    List(UserId, Filter, PageRequest<ConversationId>),
    /// [`ConversationStore::list_by_conversation`].
    ListByConversation(ConversationId, Filter, PageRequest<UserId>),
    /// [`ConversationStore::count`].
    Count(UserId),
    /// [`ConversationStore::version`].
    Version(UserId),
    /// [`ConversationStore::changes`].
    Changes {
        /// The owner.
        owner: UserId,
        /// The version of the client.
        since: Version,
        /// Whether that version is of another log than the owner's.
        is_stranger: bool,
        /// The most changes of an increment.
        limit: usize,
    },
    /// [`ConversationStore::prune`].
    Prune(UserId, Version),
}

/// The answer to a [`Call`], in a form that is equal for two equal stores: with the log [`Model::LOG`], and with changes in
/// the order of IDs.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Answer {
    /// To [`Call::Apply`].
    Applied(Result<Applied, Rejected>),
    /// To [`Call::Get`].
    Found(Vec<Option<Conversation>>),
    /// To [`Call::List`].
    Listed(Page<ConversationId>),
    /// To [`Call::ListByConversation`].
    ListedByConversation(Page<UserId>),
    /// To [`Call::Count`].
    Counted(usize),
    /// To [`Call::Version`].
    Version(Version),
    /// To [`Call::Changes`].
    Changes(Changes),
    /// To [`Call::Prune`].
    Pruned(usize),
}

/// The log of a client that synced with other data.
const STRANGER: LogId = LogId(*b"a stranger's");

impl Call {
    /// The store's answer.
    ///
    /// # Errors
    ///
    /// The store's error, except for a rejection, which is an answer.
    pub async fn ask(&self, store: &dyn ConversationStore) -> Result<Answer, StoreError> {
        Ok(match self {
            Self::Apply(batch, at) => Answer::Applied(match store.apply(batch, *at).await {
                Err(StoreError::Rejected(rejected)) => Err(rejected),
                applied => Ok(applied?),
            }),
            Self::Get(keys) => Answer::Found(store.get(keys).await?),
            Self::List(owner, filter, page) => Answer::Listed(store.list(owner, filter, page).await?),
            Self::ListByConversation(id, filter, page) => {
                Answer::ListedByConversation(store.list_by_conversation(id, filter, page).await?)
            }
            Self::Count(owner) => Answer::Counted(store.count(owner).await?),
            Self::Version(owner) => Answer::Version(store.version(owner).await?.version),
            Self::Changes { owner, since, is_stranger, limit } => {
                let changes = if *is_stranger {
                    store.changes(owner, &OwnerVersion { log: STRANGER, version: *since }, *limit).await?
                } else {
                    changes_in_own_log(store, owner, *since, *limit).await?
                };
                Answer::Changes(comparable(changes))
            }
            Self::Prune(owner, through) => Answer::Pruned(store.prune(owner, *through).await?),
        })
    }

    /// The model's answer.
    #[must_use]
    pub fn expect(&self, model: &mut Model) -> Answer {
        match self {
            Self::Apply(batch, at) => Answer::Applied(model.apply(batch, *at)),
            Self::Get(keys) => Answer::Found(model.get(keys)),
            Self::List(owner, filter, page) => Answer::Listed(model.list(owner, filter, page)),
            Self::ListByConversation(id, filter, page) => {
                Answer::ListedByConversation(model.list_by_conversation(id, filter, page))
            }
            Self::Count(owner) => Answer::Counted(model.count(owner)),
            Self::Version(owner) => Answer::Version(model.version(owner)),
            Self::Changes { owner, since, is_stranger, limit } => {
                let log = if *is_stranger { STRANGER } else { Model::LOG };
                Answer::Changes(model.changes(owner, &OwnerVersion { log, version: *since }, *limit))
            }
            Self::Prune(owner, through) => Answer::Pruned(model.prune(owner, *through)),
        }
    }
}

/// Asks for the changes since a version of the owner's own log.
///
/// An adapter with a log per owner may begin that log between the two calls. The first `changes` then names no log, and
/// [`Changes::Full`] is right, so the call asks again in the log that was begun.
async fn changes_in_own_log(
    store: &dyn ConversationStore,
    owner: &UserId,
    version: Version,
    limit: usize,
) -> Result<Changes, StoreError> {
    let log = store.version(owner).await?.log;
    let changes = store.changes(owner, &OwnerVersion { log, version }, limit).await?;
    let begun = changes.version().log;
    if log == LogId::NONE && begun != LogId::NONE {
        return store.changes(owner, &OwnerVersion { log: begun, version }, limit).await;
    }
    Ok(changes)
}

fn comparable(mut changes: Changes) -> Changes {
    match &mut changes {
        Changes::Full(version) => version.log = Model::LOG,
        Changes::Increment { version, inserted, updated, removed } => {
            version.log = Model::LOG;
            inserted.sort_unstable_by(|one, other| one.key.cmp(&other.key));
            updated.sort_unstable_by(|one, other| one.key.cmp(&other.key));
            removed.sort_unstable();
        }
    }
    changes
}

/// In readable form, for histories that fail.
impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Apply(batch, at) => {
                write!(f, "apply at {}:", at.0)?;
                for write in batch.writes() {
                    write!(f, "\n    {}: ", write.key)?;
                    match &*write.change {
                        Change::Set { patch, missing } => write!(f, "set {}, if missing {missing:?}", Set(patch))?,
                        Change::Follow { patch, missing, owners } => {
                            write!(f, "set {} as for {owners:?}, if missing {missing:?}", Set(patch))?;
                        }
                        Change::Remove => f.write_str("remove")?,
                    }
                }
                Ok(())
            }
            Self::Get(keys) => {
                f.write_str("get:")?;
                keys.iter().try_for_each(|key| write!(f, "\n    {key}"))
            }
            Self::List(owner, filter, page) => {
                write!(f, "list {} of {owner}{}{}", page.limit, Matching(filter), After(&page.after))
            }
            Self::ListByConversation(id, filter, page) => {
                write!(f, "list {} views of {id}{}{}", page.limit, Matching(filter), After(&page.after))
            }
            Self::Count(owner) => write!(f, "count conversations of {owner}"),
            Self::Version(owner) => write!(f, "version of {owner}"),
            Self::Changes { owner, since, is_stranger, limit } => {
                let log = if *is_stranger { " of another log" } else { "" };
                write!(f, "changes of {owner} since {since}{log}, at most {limit}")
            }
            Self::Prune(owner, through) => write!(f, "prune {owner} through {through}"),
        }
    }
}

struct Set<'a>(&'a Patch);

impl fmt::Display for Set<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let values = self.0.values().map(|(field, value)| (field.wire_name(), value));
        f.debug_map().entries(values).finish()
    }
}

struct Matching<'a>(&'a Filter);

impl fmt::Display for Matching<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Filter { is, is_not } = self.0;
        if self.0 == &Filter::ALL { Ok(()) } else { write!(f, " that are {} and not {}", Set(is), Set(is_not)) }
    }
}

struct After<'a, K>(&'a Option<K>);

impl<K: fmt::Display> fmt::Display for After<'_, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.as_ref().map_or(Ok(()), |key| write!(f, " after {key:?}", key = key.to_string()))
    }
}
