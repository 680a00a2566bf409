//! Lists conversations in the order in which a client shows them.

use std::{cmp::Reverse, collections::HashMap, ops::Range};

use conversation_settings_core::{Conversation, ConversationId, UserId};
use conversation_settings_store::{ConversationStoreExt, Filter};

use crate::{Context, Latest, Service, ServiceError};

/// A range of a user's conversations in the order in which a client shows them.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct SortedList {
    /// The number of conversations that are listed, in and outside of the range.
    pub total: usize,
    /// The number of unread messages in all of them.
    pub unread_total: i64,
    /// The conversations in the range, in order.
    pub entries: Vec<SortedEntry>,
}

/// A conversation and its latest message.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct SortedEntry {
    /// The conversation.
    pub conversation: Conversation,
    /// Its latest message and the number of unread ones, as the [`Messages`](crate::Messages) port reports them.
    pub latest: Latest,
}

impl Service {
    /// The conversations of `user`'s at the positions `range`, from 0, in the order in which a client shows them:
    /// pinned ones first, then by the time of the latest message, newest first. A conversation without a message, or
    /// any if the service has no [`Messages`](crate::Messages) port, counts with its creation time. Conversations of the
    /// same time come in the byte order of their IDs.
    ///
    /// `conversation_ids` limits the list to these conversations; `None` lists all.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: more IDs than the service's limit on users; a caller who is neither the user nor an
    /// administrator; a failing store or message port.
    pub async fn sorted_list(
        &self,
        context: &Context,
        user: &UserId,
        conversation_ids: Option<&[ConversationId]>,
        range: Range<usize>,
    ) -> Result<SortedList, ServiceError> {
        conversation_ids.map_or(Ok(()), |ids| self.check_conversation_ids(ids))?;
        context.caller.check_owner(user)?;
        let found = match conversation_ids {
            Some(ids) => self.read_many(user, ids).await?,
            None => self.inner.store.list_all(user, &Filter::ALL).await?,
        };
        let mut entries = self.with_latest(user, found).await?;
        entries.sort_by_cached_key(|SortedEntry { conversation, latest }| {
            let time = latest.message.as_ref().map_or(conversation.created_at, |message| message.sent_at);
            let id = conversation.key.conversation_id.clone();
            (Reverse(conversation.settings.is_pinned), Reverse(time), id)
        });
        let unread = entries.iter().map(|entry| entry.latest.unread_count);
        Ok(SortedList {
            total: entries.len(),
            unread_total: unread.fold(0, i64::saturating_add),
            entries: entries.into_iter().skip(range.start).take(range.len()).collect(),
        })
    }

    async fn with_latest(&self, user: &UserId, found: Vec<Conversation>) -> Result<Vec<SortedEntry>, ServiceError> {
        let ids: Vec<_> = found.iter().map(|conversation| conversation.key.conversation_id.clone()).collect();
        let mut latest = match &self.inner.messages {
            Some(messages) if !ids.is_empty() => messages.latest(user, &ids).await?,
            _ => HashMap::new(),
        };
        let latest = ids.iter().map(|id| latest.remove(id).unwrap_or_default());
        Ok(found.into_iter().zip(latest).map(|(conversation, latest)| SortedEntry { conversation, latest }).collect())
    }
}
