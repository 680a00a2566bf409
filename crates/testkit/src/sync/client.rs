//! A client that knows the sync protocol and nothing else.

use std::collections::BTreeMap;

use conversation_settings_core::{Conversation, ConversationId, UserId, Version};
use conversation_settings_store::{Changes, OwnerVersion};

use super::Server;

/// How many conversations the client reads at a time.
const AT_A_TIME: usize = 3;

/// A user's device, with a copy of the user's conversations.
///
/// The first sync, and each one after [`Changes::Full`], reads everything: the IDs with the version at which they are
/// complete, then the conversations. Every other sync applies the changes since the version of the copy.
#[derive(Clone, Debug)]
pub struct Client {
    owner: UserId,
    /// The version of the copy; `None` before the first sync.
    version: Option<OwnerVersion>,
    /// The copy; `None` for a conversation that was gone when the client read it.
    copy: BTreeMap<ConversationId, Option<Conversation>>,
}

/// What a sync did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[expect(clippy::exhaustive_enums, reason = "the protocol has exactly these two")]
pub enum Synced {
    /// It read everything.
    Full,
    /// It applied the changes.
    Increment {
        /// How many conversations were new.
        inserted: usize,
        /// How many conversations had new values.
        updated: usize,
        /// How many conversations were removed.
        removed: usize,
    },
}

/// Why a sync failed. The client is of no more use then.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// A call failed.
    #[error("a call fails: {0}")]
    Failed(String),
    /// The server broke the protocol.
    #[error("{0}")]
    Wrong(String),
}

impl Client {
    /// A device of `owner` without a copy.
    #[must_use]
    pub const fn new(owner: UserId) -> Self {
        Self { owner, version: None, copy: BTreeMap::new() }
    }

    /// The owner.
    #[must_use]
    pub const fn owner(&self) -> &UserId {
        &self.owner
    }

    /// Whether the client has not synced yet.
    #[must_use]
    pub const fn is_new(&self) -> bool {
        self.version.is_none()
    }

    /// The version of the copy.
    #[must_use]
    pub fn version(&self) -> Version {
        self.version.map_or(Version::ZERO, |at| at.version)
    }

    /// The copy, in the byte order of the IDs.
    ///
    /// # Errors
    ///
    /// The ID of a conversation that was gone when the client read it. The next sync removes it from the copy.
    pub fn copy(&self) -> Result<impl Iterator<Item = &Conversation>, &ConversationId> {
        match self.copy.iter().find(|(_, found)| found.is_none()) {
            Some((gone, _)) => Err(gone),
            None => Ok(self.copy.values().flatten()),
        }
    }

    /// Syncs once.
    ///
    /// # Errors
    ///
    /// [`SyncError`].
    pub async fn sync(&mut self, server: &impl Server) -> Result<Synced, SyncError> {
        let Some(since) = self.version else { return self.read_all(server).await };
        match server.changes(&self.owner, &since).await.map_err(SyncError::Failed)? {
            Changes::Full(_) => self.read_all(server).await,
            Changes::Increment { version, inserted, updated, removed } => {
                let synced = self.take(inserted, updated, removed).map_err(SyncError::Wrong)?;
                self.version = Some(version);
                Ok(synced)
            }
        }
    }

    async fn read_all(&mut self, server: &impl Server) -> Result<Synced, SyncError> {
        let (version, ids) = server.snapshot(&self.owner).await.map_err(SyncError::Failed)?;
        self.copy = ids.iter().map(|id| (id.clone(), None)).collect();
        for some in ids.chunks(AT_A_TIME) {
            for conversation in server.get(&self.owner, some).await.map_err(SyncError::Failed)? {
                let id = conversation.key.conversation_id.clone();
                if !some.contains(&id) {
                    return Err(SyncError::Wrong(format!("{id} is in the answer, but not in the question")));
                }
                self.copy.insert(id, Some(conversation));
            }
        }
        self.version = Some(version);
        Ok(Synced::Full)
    }

    fn take(
        &mut self,
        inserted: Vec<Conversation>,
        updated: Vec<Conversation>,
        removed: Vec<ConversationId>,
    ) -> Result<Synced, String> {
        let owner = &self.owner;
        let synced = Synced::Increment { inserted: inserted.len(), updated: updated.len(), removed: removed.len() };
        for id in removed {
            if self.copy.remove(&id).is_none() {
                return Err(format!("{id} is reported as removed, but the client of {owner} does not have it"));
            }
        }
        for conversation in inserted {
            let id = conversation.key.conversation_id.clone();
            if self.copy.insert(id.clone(), Some(conversation)).is_some() {
                return Err(format!("{id} is reported as new, but the client of {owner} has it"));
            }
        }
        for conversation in updated {
            let id = conversation.key.conversation_id.clone();
            if self.copy.insert(id.clone(), Some(conversation)).is_none() {
                return Err(format!("{id} is reported as changed, but the client of {owner} does not have it"));
            }
        }
        Ok(synced)
    }
}
