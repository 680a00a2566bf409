//! The use case `delete_conversations`.

use std::sync::Arc;

use conversation_settings_core::{ArgsError, Change, Key, Text, UserId, ValueError, Write};
use conversation_settings_store::{ConversationStoreExt, Filter};

use crate::{
    Affected, Context, Service, ServiceError,
    arguments::{keys, required},
};

impl Service {
    /// Removes some of `owner`'s conversations: those of `conversation_ids`, or those whose last message is more than
    /// `need_delete_time` days old. One without a message is no old one. An absent argument is as zero or an empty list.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a wrong argument, such as both or neither, or days where the host does not tell of its
    /// messages; a caller who is neither the owner nor an admin; or what the store or the host's messages fail with.
    pub async fn delete_conversations(
        &self,
        context: &Context,
        owner: Option<Text>,
        need_delete_time: Option<i64>,
        conversation_ids: Option<Vec<Text>>,
    ) -> Result<Vec<Affected>, ServiceError> {
        const DAYS: &str = "needDeleteTime";
        let owner = required("ownerUserID", owner, UserId::new)?;
        let days = need_delete_time.filter(|days| *days != 0);
        let ids = conversation_ids.filter(|ids| !ids.is_empty());
        let keys = match (days, ids) {
            (None, Some(ids)) => {
                let keys = keys(&owner, Some(ids), self.inner.limits.max_users)?;
                context.caller.check_owner(&owner)?;
                keys
            }
            (Some(days), None) => {
                if days < 0 {
                    return Err(ArgsError::new(DAYS, ValueError::TooSmall { least: 1, got: days }).into());
                }
                context.caller.check_owner(&owner)?;
                self.older_than(&owner, days).await?
            }
            (Some(_), Some(_)) => return Err(ArgsError::new(DAYS, "must not be set beside conversationIDs").into()),
            (None, None) => return Err(ArgsError::new(DAYS, "must be set where conversationIDs is not").into()),
        };
        let remove = Arc::new(Change::Remove);
        let writes = keys.into_iter().map(|key| Write { key, change: Arc::clone(&remove) });
        self.write_all(context, writes.collect()).await
    }

    /// The owner's conversations whose last message is more than so many days old.
    async fn older_than(&self, owner: &UserId, days: i64) -> Result<Vec<Key>, ServiceError> {
        const MILLIS_A_DAY: i64 = 24 * 60 * 60 * 1_000;
        let Some(messages) = &self.inner.messages else {
            let rule = "cannot be used here: this server is not told when messages were sent; use conversationIDs";
            return Err(ArgsError::new("needDeleteTime", rule).into());
        };
        let before = self.inner.clock.now().0.saturating_sub(days.saturating_mul(MILLIS_A_DAY));
        let found = self.inner.store.list_all(owner, &Filter::ALL).await?;
        let ids: Vec<_> = found.into_iter().map(|conversation| conversation.key.conversation_id).collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let latest = messages.latest(owner, &ids).await?;
        let is_old = |id: &_| {
            let message = latest.get(id).and_then(|latest| latest.message.as_ref());
            message.is_some_and(|message| message.latest_msg_recv_time < before)
        };
        Ok(ids.into_iter().filter(is_old).map(|id| Key::new(owner.clone(), id)).collect())
    }
}
