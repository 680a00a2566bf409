//! What a client needs to keep a copy of its conversations.

use conversation_settings_core::{self as core, ArgsError, ConversationId, Text, UserId, Version};
use conversation_settings_store::{Changes, LogId, OwnerVersion};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{
    arguments::user_id,
    conversation::{Conversation, conversations},
    schema,
};
use crate::reply::LongList;

#[derive(Deserialize, ToSchema)]
pub(crate) struct GetFullConversationIdsRequest {
    /// ID of the user whose conversations are listed.
    #[serde(rename = "userID")]
    #[schema(value_type = schema::UserId)]
    user: Option<Text>,
    /// Hash of the conversation IDs that the client has: the first eight bytes, as a big-endian number, of the MD5 of
    /// the IDs as a JSON array; 0 if it has none.
    #[serde(rename = "idHash")]
    id_hash: Option<u64>,
}

impl GetFullConversationIdsRequest {
    /// The user and the client's hash.
    pub(crate) fn check(self) -> Result<(UserId, u64), ArgsError> {
        Ok((user_id("userID", self.user)?, self.id_hash.unwrap_or_default()))
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct FullConversationIds {
    /// Version of the user's conversations.
    #[schema(value_type = u64)]
    version: Version,
    /// Identity of the log that the version counts in.
    #[serde(rename = "versionID", serialize_with = "as_text")]
    #[schema(value_type = String)]
    version_id: LogId,
    /// Whether the client has exactly these IDs; then they are left out.
    equal: bool,
    /// IDs of all conversations, in byte order.
    #[serde(rename = "conversationIDs")]
    #[schema(value_type = Vec<schema::ConversationId>)]
    conversation_ids: Vec<ConversationId>,
}

impl FullConversationIds {
    /// The IDs, whose hash is `hash`. They are left out if that is the client's.
    pub(crate) fn new(version: OwnerVersion, ids: Vec<ConversationId>, hash: u64, client_hash: u64) -> Self {
        let OwnerVersion { log, version } = version;
        let equal = hash == client_hash;
        Self { version, version_id: log, equal, conversation_ids: if equal { Vec::new() } else { ids } }
    }

    /// Whether the client has exactly these IDs.
    pub(crate) const fn is_equal(&self) -> bool {
        self.equal
    }
}

impl LongList for FullConversationIds {
    type Entry = ConversationId;

    fn entry(conversation: core::Conversation) -> ConversationId {
        conversation.key.conversation_id
    }

    fn entries(&mut self) -> &mut Vec<ConversationId> {
        &mut self.conversation_ids
    }
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct GetIncrementalConversationsRequest {
    /// ID of the user whose changes are read.
    #[serde(rename = "userID")]
    #[schema(value_type = schema::UserId)]
    user: Option<Text>,
    /// The `versionID` that the client received with its version; empty if it has none.
    #[serde(rename = "versionID")]
    #[schema(value_type = Option<String>)]
    version_id: Option<Text>,
    /// The version that the client has.
    version: Option<u64>,
}

impl GetIncrementalConversationsRequest {
    /// The user and the client's version; `None` if its log is not the identity of any log.
    pub(crate) fn check(self) -> Result<(UserId, Option<OwnerVersion>), ArgsError> {
        let user = user_id("userID", self.user)?;
        let log = self.version_id.as_deref().unwrap_or_default().parse().ok();
        let version = Version(self.version.unwrap_or_default());
        Ok((user, log.map(|log| OwnerVersion { log, version })))
    }
}

#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(crate) struct IncrementalConversations {
    /// Version that the client has after it applied the changes.
    #[schema(value_type = u64)]
    version: Version,
    /// Identity of the log that the version counts in.
    #[serde(rename = "versionID", serialize_with = "as_text")]
    #[schema(value_type = String)]
    version_id: LogId,
    /// Whether the client must sync in full; then the lists are empty.
    full: bool,
    /// IDs of the conversations that were removed, in byte order.
    #[schema(value_type = Vec<schema::ConversationId>)]
    delete: Vec<ConversationId>,
    /// Conversations that the client does not have, in the byte order of their IDs.
    insert: Vec<Conversation>,
    /// Conversations that the client has, with new values, in the byte order of their IDs.
    update: Vec<Conversation>,
}

impl From<Changes> for IncrementalConversations {
    fn from(changes: Changes) -> Self {
        let OwnerVersion { log, version } = changes.version();
        let (full, delete, insert, update) = match changes {
            Changes::Full(_) => (true, Vec::new(), Vec::new(), Vec::new()),
            Changes::Increment { inserted, updated, removed, .. } => {
                (false, removed, conversations(inserted), conversations(updated))
            }
        };
        Self { version, version_id: log, full, delete, insert, update }
    }
}

fn as_text<S: serde::Serializer>(log: &LogId, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(log)
}
