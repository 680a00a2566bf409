//! Lists conversations in the order in which a client shows them.

use std::{cmp::Reverse, collections::HashMap, ops::Range};

use conversation_settings_core::{Conversation, ConversationId, Timestamp, UserId};
use conversation_settings_store::{Filter, PageRequest};

use crate::{Action, Context, ConversationPages, Latest, Service, ServiceError, conversation_pages::text_bytes};

/// A list whose texts take no more than this is read and sorted at once.
const SHORT_BYTES: usize = 1 << 20;

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
    /// [`ServiceError`]: more IDs than the service's limit on users; a caller without [permission](crate::Authorize); a
    /// failing store or message port.
    pub async fn sorted_list(
        &self,
        context: &Context,
        user: &UserId,
        conversation_ids: Option<&[ConversationId]>,
        range: Range<usize>,
    ) -> Result<SortedList, ServiceError> {
        conversation_ids.map_or(Ok(()), |ids| self.check_conversation_ids(ids))?;
        self.authorize(context, Action::Read(user)).await?;
        if let Some(ids) = conversation_ids {
            let found = self.read_many(user, ids).await?;
            return Ok(sorted(self.with_latest(user, found).await?, range));
        }
        let mut pages = self.list_pages(user, Filter::ALL, PageRequest::first(usize::MAX));
        let (mut first, mut bytes) = (Vec::new(), 0);
        while let Some(page) = pages.next().await? {
            bytes += page.iter().map(text_bytes).sum::<usize>();
            first.extend(self.with_latest(user, page).await?);
            if bytes > SHORT_BYTES {
                break;
            }
        }
        if pages.is_done() {
            return Ok(sorted(first, range));
        }
        self.long_sorted_list(user, first, pages, range).await
    }

    /// The list of more conversations than are kept in memory. Of those that are not in the range only their places in
    /// the order are kept, and only of those that come before its end.
    async fn long_sorted_list(
        &self,
        user: &UserId,
        first: Vec<SortedEntry>,
        mut pages: ConversationPages,
        range: Range<usize>,
    ) -> Result<SortedList, ServiceError> {
        /// How many places are collected before those that come after the range are dropped.
        const COLLECTED: usize = 1_000;
        let mut list = SortedList::default();
        let mut before_end = Vec::new();
        let mut page = Some(first);
        while let Some(entries) = page {
            list.total += entries.len();
            list.unread_total = list.unread_total.saturating_add(unread(&entries));
            before_end.extend(entries.iter().map(place));
            if before_end.len() > range.end.max(COLLECTED).saturating_mul(2) {
                before_end.select_nth_unstable(range.end);
                before_end.truncate(range.end);
            }
            page = match pages.next().await? {
                Some(conversations) => Some(self.with_latest(user, conversations).await?),
                None => None,
            };
        }
        before_end.sort_unstable();
        let ids = before_end.into_iter().skip(range.start).take(range.len()).map(|(.., id)| id);
        let found = self.read_many(user, &ids.collect::<Vec<_>>()).await?;
        list.entries = self.with_latest(user, found).await?;
        Ok(list)
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

/// The place of an entry in the order.
type Place = (Reverse<bool>, Reverse<Timestamp>, ConversationId);

fn place(SortedEntry { conversation, latest }: &SortedEntry) -> Place {
    let time = latest.message.as_ref().map_or(conversation.created_at, |message| message.sent_at);
    (Reverse(conversation.settings.is_pinned), Reverse(time), conversation.key.conversation_id.clone())
}

fn unread(entries: &[SortedEntry]) -> i64 {
    entries.iter().map(|entry| entry.latest.unread_count).fold(0, i64::saturating_add)
}

fn sorted(mut entries: Vec<SortedEntry>, range: Range<usize>) -> SortedList {
    entries.sort_by_cached_key(place);
    SortedList {
        total: entries.len(),
        unread_total: unread(&entries),
        entries: entries.into_iter().skip(range.start).take(range.len()).collect(),
    }
}
