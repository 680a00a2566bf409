//! Conveniences for callers of a store.

use async_trait::async_trait;
use conversation_settings_core::{Conversation, Key, UserId};

use crate::{ConversationStore, Filter, PageRequest, StoreError};

/// What every [`ConversationStore`] can do by means of its few required methods.
#[async_trait]
pub trait ConversationStoreExt: ConversationStore {
    /// The conversation of one key.
    ///
    /// # Errors
    ///
    /// As [`ConversationStore::get`].
    async fn get_one(&self, key: Key) -> Result<Option<Conversation>, StoreError> {
        Ok(self.get(&[key]).await?.pop().flatten())
    }

    /// All of the owner's conversations that pass `filter`, in the byte order of their IDs, read page by page: one that
    /// comes or goes meanwhile may be in or out.
    ///
    /// # Errors
    ///
    /// As [`ConversationStore::list`].
    async fn list_all(&self, owner: &UserId, filter: &Filter) -> Result<Vec<Conversation>, StoreError> {
        const PAGE: usize = 1_000;
        let mut all = Vec::new();
        let mut page = PageRequest::first(PAGE);
        loop {
            let read = self.list(owner, filter, &page).await?;
            all.extend(read.conversations);
            match read.next {
                Some(next) => page = PageRequest::after(next, PAGE),
                None => return Ok(all),
            }
        }
    }
}

impl<S: ConversationStore + ?Sized> ConversationStoreExt for S {}
