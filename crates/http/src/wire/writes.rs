//! The writes beside `set_conversations`.

use std::time::Duration;

use conversation_settings_core::{ArgsError, ConversationId, Text, UserId, Violation};
use serde::Deserialize;
use utoipa::ToSchema;

use super::{
    arguments::{at_least, conversation_ids, user_id},
    schema,
};

const DAYS: &str = "needDeleteTime";
const IDS: &str = "conversationIDs";

#[derive(Deserialize, ToSchema)]
pub(crate) struct DeleteConversationsRequest {
    /// ID of the user whose conversations are removed.
    #[serde(rename = "ownerUserID")]
    #[schema(value_type = schema::UserId)]
    owner: Option<Text>,
    /// Age in days: conversations whose last message is older are removed. Absent or 0: those of `conversationIDs` are.
    #[serde(rename = "needDeleteTime")]
    #[schema(minimum = 0)]
    days: Option<i64>,
    /// IDs of the conversations to remove.
    #[serde(rename = "conversationIDs")]
    #[schema(value_type = Option<Vec<schema::ConversationId>>)]
    conversation_ids: Option<Vec<Text>>,
}

/// What a request removes.
pub(crate) enum Removal {
    /// These conversations.
    Ids(Vec<ConversationId>),
    /// Conversations whose last message is older than this.
    OlderThan(Duration),
}

impl DeleteConversationsRequest {
    /// The owner and what to remove.
    pub(crate) fn check(self) -> Result<(UserId, Removal), ArgsError> {
        let owner = user_id("ownerUserID", self.owner)?;
        let days = self.days.filter(|days| *days != 0);
        let removal = match (days, self.conversation_ids) {
            (None, Some(ids)) if ids.is_empty() => return Err(ArgsError::new(IDS, Violation::Empty)),
            (None, Some(ids)) => Removal::Ids(conversation_ids(ids)?),
            (Some(_), Some(ids)) if !ids.is_empty() => {
                return Err(ArgsError::new(DAYS, "must not be set beside conversationIDs"));
            }
            (Some(days), _) => Removal::OlderThan(self::days(at_least(1, DAYS, Some(days))?)),
            // Not the days, which few servers support.
            (None, None) => return Err(ArgsError::new(IDS, Violation::Required)),
        };
        Ok((owner, removal))
    }

    /// The error of a server that does not know when messages were sent.
    pub(crate) fn no_messages() -> ArgsError {
        let rule = "is not supported: this server does not know when messages were sent; use conversationIDs";
        ArgsError::new(DAYS, rule)
    }
}

fn days(days: i64) -> Duration {
    const SECONDS: u64 = 24 * 60 * 60;
    Duration::from_secs(days.unsigned_abs().saturating_mul(SECONDS))
}

#[derive(Deserialize, ToSchema)]
pub(crate) struct UpdateConversationsByUserRequest {
    /// ID of the user whose peers' views are set.
    #[serde(rename = "userID")]
    #[schema(value_type = schema::UserId)]
    user: Option<Text>,
    /// The extension to set; absent or `null`: nothing is set.
    #[schema(value_type = Option<String>)]
    ex: Option<Text>,
}

impl UpdateConversationsByUserRequest {
    /// The user and the extension, if one is to be set.
    pub(crate) fn check(self) -> Result<(UserId, Option<Text>), ArgsError> {
        Ok((user_id("userID", self.user)?, self.ex))
    }
}
