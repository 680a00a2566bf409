//! Conveniences for callers of a store.

use conversation_settings_core::{Conversation, Key, UserId};

use crate::{ConversationStore, Filter, PageRequest, StoreError};

/// Conveniences that every [`ConversationStore`] has.
pub trait ConversationStoreExt: ConversationStore {
    /// The conversation of one key.
    ///
    /// # Errors
    ///
    /// As [`ConversationStore::get`].
    fn get_one(&self, key: Key) -> impl Future<Output = Result<Option<Conversation>, StoreError>> + Send {
        async move { Ok(self.get(&[key]).await?.pop().flatten()) }
    }

    /// All of the owner's conversations that pass `filter`, in the byte order of their IDs.
    ///
    /// They are read page by page. A conversation that is created or removed meanwhile may or may not be in the list.
    ///
    /// # Errors
    ///
    /// As [`ConversationStore::list`].
    fn list_all(
        &self,
        owner: &UserId,
        filter: &Filter,
    ) -> impl Future<Output = Result<Vec<Conversation>, StoreError>> + Send {
        const PAGE: usize = 1_000;
        async move {
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
}

impl<S: ConversationStore + ?Sized> ConversationStoreExt for S {}
