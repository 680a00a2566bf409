//! Reads an owner's conversations.

use std::{collections::HashSet, ops::Range};

use conversation_settings_core::{Conversation, ConversationId, Key, UserId};
use conversation_settings_store::{ConversationStoreExt, Filter, Page, PageRequest};

use crate::{Action, Context, Service, ServiceError};

/// A range of an owner's conversations, in the byte order of their IDs.
#[derive(Clone, Debug, Default, PartialEq)]
#[non_exhaustive]
pub struct ConversationRange {
    /// The number of conversations that the owner has.
    pub total: usize,
    /// The conversations in the range.
    pub conversations: Vec<Conversation>,
}

impl Service {
    /// One conversation of `owner`'s; `None` if it does not exist.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller without [permission](crate::Authorize); a failing store.
    pub async fn get(
        &self,
        context: &Context,
        owner: &UserId,
        conversation_id: &ConversationId,
    ) -> Result<Option<Conversation>, ServiceError> {
        self.authorize(context, Action::Read(owner)).await?;
        Ok(self.inner.store.get_one(Key::new(owner.clone(), conversation_id.clone())).await?)
    }

    /// Some conversations of `owner`'s, in the order of `conversation_ids`, each once. Missing ones are left out.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: more IDs than the service's limit on users; a caller without [permission](crate::Authorize); a
    /// failing store.
    pub async fn get_many(
        &self,
        context: &Context,
        owner: &UserId,
        conversation_ids: &[ConversationId],
    ) -> Result<Vec<Conversation>, ServiceError> {
        self.check_conversation_ids(conversation_ids)?;
        self.authorize(context, Action::Read(owner)).await?;
        self.read_many(owner, conversation_ids).await
    }

    /// A page of `owner`'s conversations that match `filter`, in the byte order of their IDs.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller without [permission](crate::Authorize); a failing store.
    pub async fn list(
        &self,
        context: &Context,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Result<Page<ConversationId>, ServiceError> {
        self.authorize(context, Action::Read(owner)).await?;
        Ok(self.inner.store.list(owner, filter, page).await?)
    }

    /// All conversations of `owner`'s that match `filter`, in the byte order of their IDs. The list is read page by
    /// page, so a conversation that is created or removed meanwhile may be in it or not.
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list).
    pub async fn list_all(
        &self,
        context: &Context,
        owner: &UserId,
        filter: &Filter,
    ) -> Result<Vec<Conversation>, ServiceError> {
        self.authorize(context, Action::Read(owner)).await?;
        Ok(self.inner.store.list_all(owner, filter).await?)
    }

    /// The conversations of `owner`'s at the positions `range`, from 0, in the byte order of their IDs, and their total
    /// number. Positions past the end are left out.
    ///
    /// It reads the conversations up to the end of the range. The total is the store's own number, so a page near the
    /// beginning costs the same for any owner. For later pages prefer [`list`](Self::list), whose pages cost what they
    /// return.
    ///
    /// # Errors
    ///
    /// As [`list`](Self::list).
    pub async fn list_range(
        &self,
        context: &Context,
        owner: &UserId,
        range: Range<usize>,
    ) -> Result<ConversationRange, ServiceError> {
        let mut pages = self.pages(context, owner, Filter::ALL, PageRequest::first(range.end)).await?;
        let mut found = ConversationRange { total: self.inner.store.count(owner).await?, conversations: Vec::new() };
        if range.is_empty() || range.start >= found.total {
            return Ok(found);
        }
        let mut position = 0;
        while let Some(page) = pages.next().await? {
            let read = page.len();
            found.conversations.extend(page.into_iter().skip(range.start.saturating_sub(position)));
            position += read;
        }
        // Conversations may have been created since they were counted.
        found.total = found.total.max(position);
        Ok(found)
    }

    /// The conversations of `ids`, in this order, each once; missing ones are left out.
    pub(crate) async fn read_many(
        &self,
        owner: &UserId,
        ids: &[ConversationId],
    ) -> Result<Vec<Conversation>, ServiceError> {
        let mut seen = HashSet::with_capacity(ids.len());
        let distinct = ids.iter().filter(|id| seen.insert(*id));
        let keys: Vec<_> = distinct.map(|id| Key::new(owner.clone(), id.clone())).collect();
        Ok(self.inner.store.get(&keys).await?.into_iter().flatten().collect())
    }

    pub(crate) fn check_conversation_ids(&self, ids: &[ConversationId]) -> Result<(), ServiceError> {
        Ok(self.inner.limits.check_count("conversationIDs", ids.len())?)
    }
}
