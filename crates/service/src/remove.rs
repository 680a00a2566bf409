//! Removes conversations of one owner.

use std::{sync::Arc, time::Duration};

use conversation_settings_core::{Change, ConversationId, Key, Report, Role, UserId, Write};
use conversation_settings_store::{Filter, PageRequest};

use crate::{Action, Context, Service, ServiceError};

impl Service {
    /// Removes some of `owner`'s conversations, in one atomic batch. A missing one is reported as absent.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: more IDs than the service's limit on users; a caller without [permission](crate::Authorize); a
    /// failing store.
    pub async fn remove(
        &self,
        context: &Context,
        owner: &UserId,
        conversation_ids: &[ConversationId],
    ) -> Result<Report, ServiceError> {
        self.check_conversation_ids(conversation_ids)?;
        self.authorize(context, Action::Remove(owner)).await?;
        self.remove_all(context, owner, conversation_ids.iter().cloned()).await
    }

    /// Removes the conversations of `owner` whose last message is older than `age`. A conversation without a message
    /// stays.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller without [permission](crate::Authorize); [`NoMessages`](ServiceError::NoMessages) if
    /// the service has no [`Messages`](crate::Messages) port; a failing port or store. More conversations than the
    /// limit on users take several batches; if a later one fails, the error is [`Partial`](ServiceError::Partial).
    pub async fn remove_older_than(
        &self,
        context: &Context,
        owner: &UserId,
        age: Duration,
    ) -> Result<Report, ServiceError> {
        self.authorize(context, Action::Remove(owner)).await?;
        let messages = self.inner.messages.as_ref().ok_or(ServiceError::NoMessages)?;
        let age = i64::try_from(age.as_millis()).unwrap_or(i64::MAX);
        let before = self.inner.clock.now().0.saturating_sub(age);
        let (mut old, mut pages) = (Vec::new(), self.list_pages(owner, Filter::ALL, PageRequest::first(usize::MAX)));
        while let Some(page) = pages.next().await? {
            let ids: Vec<_> = page.into_iter().map(|conversation| conversation.key.conversation_id).collect();
            if ids.is_empty() {
                continue;
            }
            let latest = messages.latest(owner, &ids).await?;
            let is_old = |id: &_| {
                let message = latest.get(id).and_then(|latest| latest.message.as_ref());
                message.is_some_and(|message| message.sent_at.0 < before)
            };
            old.extend(ids.into_iter().filter(is_old));
        }
        self.remove_all(context, owner, old.into_iter()).await
    }

    async fn remove_all(
        &self,
        context: &Context,
        owner: &UserId,
        ids: impl Iterator<Item = ConversationId>,
    ) -> Result<Report, ServiceError> {
        let remove = Arc::new(Change::Remove);
        let writes = ids.map(|id| Write { key: Key::new(owner.clone(), id), change: Arc::clone(&remove) });
        self.write_chunked(context, writes.collect(), Role::User).await
    }
}
