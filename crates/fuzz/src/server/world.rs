//! Ports with fixed results.

use std::collections::HashMap;

use conversation_settings_core::{ConversationId, GroupId, Timestamp, UserId};
use conversation_settings_service::{
    Clock, DirectoryError, GroupDirectory, GroupStatus, Latest, Message, Messages, MessagesError,
};

/// The fixed time, in seconds since the epoch.
pub(crate) const NOW: i64 = 1_700_000_000;

const SECONDS_A_DAY: i64 = 86_400;

/// Every port, with fixed results.
#[derive(Debug)]
pub(crate) struct World;

impl Clock for World {
    fn now(&self) -> Timestamp {
        Timestamp(NOW * 1_000)
    }
}

/// The group `dismissed` is dismissed, `unknown` is unknown, and others are active.
#[async_trait::async_trait]
impl GroupDirectory for World {
    async fn status(&self, _: &str, group: &GroupId) -> Result<GroupStatus, DirectoryError> {
        Ok(match group.as_str() {
            "dismissed" => GroupStatus::Dismissed,
            "unknown" => GroupStatus::Unknown,
            _ => GroupStatus::Active,
        })
    }
}

/// The age of the latest message, in days, and the unread count are the length of the conversation's ID.
#[async_trait::async_trait]
impl Messages for World {
    async fn latest(
        &self,
        _: &UserId,
        conversation_ids: &[ConversationId],
    ) -> Result<HashMap<ConversationId, Latest>, MessagesError> {
        let latest = |id: &ConversationId| {
            let unread_count = i64::try_from(id.as_str().len()).unwrap_or(i64::MAX);
            let sent_at = Timestamp((NOW - unread_count.saturating_mul(SECONDS_A_DAY)) * 1_000);
            let message = Some(Message { sent_at, ..Message::default() });
            (id.clone(), Latest { unread_count, message })
        };
        Ok(conversation_ids.iter().map(latest).collect())
    }
}
