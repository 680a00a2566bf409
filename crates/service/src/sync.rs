//! The use cases by which a client keeps a copy of its conversations: in full, then by increments.
//!
//! A client that holds nothing asks for the full IDs, reads the conversations, and remembers the version and its ID. From
//! then on it asks for the increment since that version, takes it, and remembers the new one. Where it is told `full`, it
//! begins anew.

use conversation_settings_core::{Conversation, ConversationId, Text, UserId, Version};
use conversation_settings_store::{Changes, ConversationStoreExt, Filter, LogId, OwnerVersion};

use crate::{Context, Service, ServiceError, arguments::required, id_hash::id_hash};

/// The IDs of all of a user's conversations, at a version.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FullConversationIds {
    /// The user's version.
    pub version: Version,
    /// The log in which it counts.
    #[serde(rename = "versionID", serialize_with = "as_text")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub version_id: LogId,
    /// Whether the IDs are those that the client hashed; then they are left out.
    pub equal: bool,
    /// The IDs in byte order.
    #[serde(rename = "conversationIDs")]
    pub conversation_ids: Vec<ConversationId>,
}

/// What has changed of a user's conversations since a version.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct IncrementalConversations {
    /// What the client holds after it has taken this.
    pub version: Version,
    /// The log in which it counts.
    #[serde(rename = "versionID", serialize_with = "as_text")]
    #[cfg_attr(feature = "openapi", schema(value_type = String))]
    pub version_id: LogId,
    /// Whether the client has to read everything anew; then the lists are empty.
    pub full: bool,
    /// What the client held and is gone, in byte order.
    pub delete: Vec<ConversationId>,
    /// What the client did not hold, in the byte order of the IDs.
    pub insert: Vec<Conversation>,
    /// What the client held otherwise, in the byte order of the IDs.
    pub update: Vec<Conversation>,
}

fn as_text<S: serde::Serializer>(log: &LogId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(log)
}

impl Service {
    /// The IDs of all of the user's conversations and the version at which they are so, both of one moment. Where
    /// `id_hash` is the hash of these IDs, they are left out.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a wrong argument, a caller who is neither the user nor an admin, or what the store fails with.
    pub async fn get_full_conversation_ids(
        &self,
        context: &Context,
        user: Option<Text>,
        id_hash_held: Option<u64>,
    ) -> Result<FullConversationIds, ServiceError> {
        let user = required("userID", user, UserId::new)?;
        context.caller.check_owner(&user)?;
        let (OwnerVersion { log, version }, mut conversation_ids) = self.snapshot(&user).await?;
        let equal = id_hash(&conversation_ids) == id_hash_held.unwrap_or_default();
        if equal {
            conversation_ids.clear();
        }
        Ok(FullConversationIds { version, version_id: log, equal, conversation_ids })
    }

    /// What has changed of the user's conversations for a client that holds `version` of the log `version_id`. A log
    /// that is none, or another, is answered by `full`, as are more changes than the configured limit.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a wrong argument, a caller who is neither the user nor an admin, or what the store fails with.
    pub async fn get_incremental_conversations(
        &self,
        context: &Context,
        user: Option<Text>,
        version_id: Option<Text>,
        version: Option<u64>,
    ) -> Result<IncrementalConversations, ServiceError> {
        let user = required("userID", user, UserId::new)?;
        context.caller.check_owner(&user)?;
        let store = &self.inner.store;
        let changes = match version_id.as_deref().unwrap_or_default().parse() {
            Ok(log) => {
                let since = OwnerVersion { log, version: Version(version.unwrap_or_default()) };
                store.changes(&user, &since, self.inner.max_changes).await?
            }
            Err(_) => Changes::Full(store.version(&user).await?),
        };
        Ok(changes.into())
    }

    /// All IDs and the version at which they are so.
    async fn snapshot(&self, user: &UserId) -> Result<(OwnerVersion, Vec<ConversationId>), ServiceError> {
        let store = &self.inner.store;
        let id = |conversation: Conversation| conversation.key.conversation_id;
        loop {
            // The changes since the beginning are all there is, at one moment.
            let changes = store.changes(user, &OwnerVersion::default(), usize::MAX).await?;
            let at = changes.version();
            match changes {
                Changes::Increment { inserted, .. } if at.version != Version::ZERO => {
                    let mut ids: Vec<_> = inserted.into_iter().map(id).collect();
                    ids.sort_unstable();
                    return Ok((at, ids));
                }
                // There may be conversations that are older than the log. The list takes its time: it counts if nothing
                // was written meanwhile.
                _ => {
                    let listed = store.list_all(user, &Filter::ALL).await?;
                    if store.version(user).await? == at {
                        return Ok((at, listed.into_iter().map(id).collect()));
                    }
                }
            }
        }
    }
}

impl From<Changes> for IncrementalConversations {
    fn from(changes: Changes) -> Self {
        let OwnerVersion { log, version } = changes.version();
        let (mut delete, mut insert, mut update) = Default::default();
        let full = match changes {
            Changes::Full(_) => true,
            Changes::Increment { inserted, updated, removed, .. } => {
                (delete, insert, update) = (removed, inserted, updated);
                false
            }
        };
        delete.sort_unstable();
        for list in [&mut insert, &mut update] {
            list.sort_unstable_by(|a: &Conversation, b| a.key.cmp(&b.key));
        }
        Self { version, version_id: log, full, delete, insert, update }
    }
}
