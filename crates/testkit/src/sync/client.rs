//! A client that knows the protocol and nothing else.

use std::collections::BTreeMap;

use conversation_settings_core::{Conversation, ConversationId, UserId, Version};
use conversation_settings_service::{Context, Service, ServiceError};
use conversation_settings_store::{Changes, OwnerVersion};

/// How many conversations are read at a time.
const AT_A_TIME: usize = 3;

/// A user's device, with a copy of the user's conversations.
///
/// At first, and whenever it is told so, it reads everything: the IDs of all conversations with the version at which they
/// are so, then the conversations. Otherwise it asks for what has changed since the version that it holds.
#[derive(Clone, Debug)]
pub struct Client {
    owner: UserId,
    /// How far it has come, and in which log; `None` before the first sync.
    at: Option<OwnerVersion>,
    /// What there is, as far as it was told; `None` where that was gone by the time it was read.
    held: BTreeMap<ConversationId, Option<Conversation>>,
}

/// What a sync came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Synced {
    /// Everything was read.
    Full,
    /// What has changed was told.
    Increment {
        /// How many conversations were new.
        inserted: usize,
        /// How many have changed.
        updated: usize,
        /// How many are gone.
        deleted: usize,
    },
}

/// Why a sync failed.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The server answered with an error.
    #[error("a call fails: {0:?}")]
    Failed(#[from] ServiceError),
    /// The client was told what cannot be.
    #[error("{0}")]
    Wrong(String),
}

impl Client {
    /// A device of `owner`'s that holds nothing.
    #[must_use]
    pub const fn new(owner: UserId) -> Self {
        Self { owner, at: None, held: BTreeMap::new() }
    }

    /// Whose it is.
    #[must_use]
    pub const fn owner(&self) -> &UserId {
        &self.owner
    }

    /// Whether it has not synced yet.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.at.is_none()
    }

    /// The version up to which it has synced.
    #[must_use]
    pub fn version(&self) -> Version {
        self.at.as_ref().map_or(Version::ZERO, |at| at.version)
    }

    /// What it holds, in the byte order of the IDs.
    ///
    /// # Errors
    ///
    /// An ID that it was told of, and whose conversation was gone when it was read. The next sync says so.
    pub fn held(&self) -> Result<impl Iterator<Item = &Conversation>, &ConversationId> {
        match self.held.iter().find(|(_, held)| held.is_none()) {
            Some((gone, _)) => Err(gone),
            None => Ok(self.held.values().flatten()),
        }
    }

    /// Syncs once.
    ///
    /// # Errors
    ///
    /// [`Broken`], after which it is of no more use.
    pub async fn sync(&mut self, service: &Service) -> Result<Synced, Broken> {
        let Some(at) = self.at else { return self.read_all(service).await };
        match service.changes(&self.context(), &self.owner, &at).await? {
            Changes::Full(_) => self.read_all(service).await,
            Changes::Increment { version, inserted, updated, removed } => {
                let synced = self.take(inserted, updated, removed).map_err(Broken::Wrong)?;
                self.at = Some(version);
                Ok(synced)
            }
        }
    }

    async fn read_all(&mut self, service: &Service) -> Result<Synced, Broken> {
        let context = self.context();
        let snapshot = service.snapshot(&context, &self.owner).await?;
        let ids = snapshot.conversation_ids;
        self.held = ids.iter().map(|id| (id.clone(), None)).collect();
        for some in ids.chunks(AT_A_TIME) {
            for conversation in service.get_many(&context, &self.owner, some).await? {
                let id = conversation.key.conversation_id.clone();
                if !some.contains(&id) {
                    return Err(Broken::Wrong(format!("{id} was not asked for")));
                }
                self.held.insert(id, Some(conversation));
            }
        }
        self.at = Some(snapshot.version);
        Ok(Synced::Full)
    }

    fn take(
        &mut self,
        insert: Vec<Conversation>,
        update: Vec<Conversation>,
        delete: Vec<ConversationId>,
    ) -> Result<Synced, String> {
        let owner = &self.owner;
        let synced = Synced::Increment { inserted: insert.len(), updated: update.len(), deleted: delete.len() };
        for id in delete {
            if self.held.remove(&id).is_none() {
                return Err(format!("{owner} is told that {id} is gone, and did not have it"));
            }
        }
        for conversation in insert {
            let id = conversation.key.conversation_id.clone();
            if self.held.insert(id.clone(), Some(conversation)).is_some() {
                return Err(format!("{owner} is told that {id} is new, and has it"));
            }
        }
        for conversation in update {
            let id = conversation.key.conversation_id.clone();
            if self.held.insert(id.clone(), Some(conversation)).is_none() {
                return Err(format!("{owner} is told that {id} has changed, and does not have it"));
            }
        }
        Ok(synced)
    }

    fn context(&self) -> Context {
        Context::user(self.owner.clone())
    }
}
