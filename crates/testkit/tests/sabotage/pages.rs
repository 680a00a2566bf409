//! Pages with gaps, repeats, or another order.

use std::{collections::BTreeMap, sync::Mutex};

use async_trait::async_trait;
use conversation_settings_core::{Conversation, ConversationId, UserId};
use conversation_settings_store::{ConversationStore, ConversationStoreExt, Filter, Page, PageRequest, StoreError};
use conversation_settings_store_memory::MemoryStore;

use crate::store::Sabotage;

type Listed = Result<Page<ConversationId>, StoreError>;

fn id(conversation: &Conversation) -> ConversationId {
    conversation.key.conversation_id.clone()
}

/// Skips the entry after the key.
#[derive(Debug, Default)]
pub(crate) struct Skips;

#[async_trait]
impl Sabotage for Skips {
    async fn list(
        &self,
        store: &MemoryStore,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Listed {
        let Some(after) = &page.after else { return store.list(owner, filter, page).await };
        let skipped = store.list(owner, filter, &PageRequest::after(after.clone(), 1)).await?;
        let after = skipped.next.unwrap_or_else(|| after.clone());
        store.list(owner, filter, &PageRequest::after(after, page.limit)).await
    }
}

/// Continues at the key, not after it.
#[derive(Debug, Default)]
pub(crate) struct Repeats;

#[async_trait]
impl Sabotage for Repeats {
    async fn list(
        &self,
        store: &MemoryStore,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Listed {
        let mut all = store.list_all(owner, filter).await?;
        all.retain(|found| page.after.as_ref().is_none_or(|after| found.key.conversation_id >= *after));
        Ok(Page::from_overfetch(all, page.limit, id))
    }

    async fn list_by_conversation(
        &self,
        store: &MemoryStore,
        id: &ConversationId,
        filter: &Filter,
        page: &PageRequest<UserId>,
    ) -> Result<Page<UserId>, StoreError> {
        let all = store.list_by_conversation(id, filter, &PageRequest::first(usize::MAX)).await?.conversations;
        let is_at = |found: &Conversation| page.after.as_ref().is_none_or(|after| found.key.owner >= *after);
        let found = all.into_iter().filter(is_at).take(page.limit.saturating_add(1)).collect();
        Ok(Page::from_overfetch(found, page.limit, |last| last.key.owner.clone()))
    }
}

/// Orders IDs as a dictionary does.
#[derive(Debug, Default)]
pub(crate) struct AsADictionary;

#[async_trait]
impl Sabotage for AsADictionary {
    async fn list(
        &self,
        store: &MemoryStore,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Listed {
        let rank = |id: &ConversationId| (id.as_str().to_lowercase(), id.clone());
        let mut all = store.list_all(owner, filter).await?;
        all.sort_by_key(|found| rank(&found.key.conversation_id));
        all.retain(|found| page.after.as_ref().is_none_or(|after| rank(&found.key.conversation_id) > rank(after)));
        Ok(Page::from_overfetch(all, page.limit, id))
    }
}

/// Continues by the number of entries up to the key.
#[derive(Debug, Default)]
pub(crate) struct ByOffset(Mutex<BTreeMap<ConversationId, usize>>);

#[async_trait]
impl Sabotage for ByOffset {
    async fn list(
        &self,
        store: &MemoryStore,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Listed {
        let offset = page.after.as_ref().map_or(0, |after| self.0.lock().unwrap()[after]);
        let all = store.list_all(owner, filter).await?;
        let paged = Page::from_overfetch(all.into_iter().skip(offset).collect(), page.limit, id);
        if let Some(next) = &paged.next {
            self.0.lock().unwrap().insert(next.clone(), offset + page.limit);
        }
        Ok(paged)
    }
}

/// Needs the key to exist in order to continue after it.
#[derive(Debug, Default)]
pub(crate) struct GoneIsTheEnd;

#[async_trait]
impl Sabotage for GoneIsTheEnd {
    async fn list(
        &self,
        store: &MemoryStore,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Listed {
        let all = store.list_all(owner, filter).await?;
        let is_there = page.after.as_ref().is_none_or(|after| all.iter().any(|found| id(found) == *after));
        if is_there {
            store.list(owner, filter, page).await
        } else {
            Ok(Page { conversations: Vec::new(), next: None })
        }
    }
}

/// Takes a limit of 0 for no limit.
#[derive(Debug, Default)]
pub(crate) struct NoneIsNoLimit;

#[async_trait]
impl Sabotage for NoneIsNoLimit {
    async fn list(
        &self,
        store: &MemoryStore,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Listed {
        let limit = if page.limit == 0 { usize::MAX } else { page.limit };
        store.list(owner, filter, &PageRequest { limit, ..page.clone() }).await
    }
}

/// Filters a page after reading it.
#[derive(Debug, Default)]
pub(crate) struct FilterAfterPage;

#[async_trait]
impl Sabotage for FilterAfterPage {
    async fn list(
        &self,
        store: &MemoryStore,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Listed {
        let mut paged = store.list(owner, &Filter::ALL, page).await?;
        paged.conversations.retain(|found| filter.matches(&found.settings));
        Ok(paged)
    }
}

/// Takes "neither this nor that" for "not both".
#[derive(Debug, Default)]
pub(crate) struct NotThisOrNotThat;

#[async_trait]
impl Sabotage for NotThisOrNotThat {
    async fn list(
        &self,
        store: &MemoryStore,
        owner: &UserId,
        filter: &Filter,
        page: &PageRequest<ConversationId>,
    ) -> Listed {
        let all = store.list_all(owner, &Filter::is(filter.is.clone())).await?;
        let found = all.into_iter().filter(|found| {
            let mut values = filter.is_not.values();
            let is_other = |(field, value)| found.settings.value(field) != value;
            page.after.as_ref().is_none_or(|after| id(found) > *after)
                && (filter.is_not.is_empty() || values.any(is_other))
        });
        Ok(Page::from_overfetch(found.collect(), page.limit, id))
    }
}
