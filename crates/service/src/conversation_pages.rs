//! Reads many conversations in pages of bounded size, so that a large owner takes little memory.

use std::collections::HashSet;

use conversation_settings_core::{Conversation, ConversationId, Key, UserId};
use conversation_settings_store::{Filter, PageRequest};
use tokio::sync::{Semaphore, SemaphorePermit};

use crate::{Action, Context, Service, ServiceError};

/// The first page: nothing is known of the size of its conversations yet.
pub(crate) const FIRST_ROWS: usize = 32;
/// The largest page.
const MAX_ROWS: usize = 256;
/// The most bytes of texts in a page, unless it is one conversation.
const MAX_BYTES: usize = 256 * 1024;
/// The most conversations that all pages and increments together read at the same time.
const MAX_READING: u32 = 1_024;

/// Limits how many conversations are read from the store at the same time.
///
/// The store returns a page whole, and a conversation may be large. So large reads wait for one another.
#[derive(Debug)]
pub(crate) struct ReadLimit(Semaphore);

impl Default for ReadLimit {
    fn default() -> Self {
        Self(Semaphore::new(MAX_READING as usize))
    }
}

impl ReadLimit {
    /// Waits until `rows` conversations may be read. Dropping the permit ends the read.
    pub(crate) async fn acquire(&self, rows: usize) -> Option<SemaphorePermit<'_>> {
        let rows = u32::try_from(rows).unwrap_or(u32::MAX).min(MAX_READING);
        // The semaphore is never closed.
        self.0.acquire_many(rows).await.ok()
    }
}

/// Some or all conversations of an owner, page by page.
///
/// A page has at most 256 conversations, and at most 256 KiB of text unless it is a single conversation. A conversation
/// that is created or removed meanwhile may be in a page or not.
#[derive(Debug)]
#[must_use]
pub struct ConversationPages {
    service: Service,
    owner: UserId,
    source: Source,
    /// The number of conversations in the next page.
    rows: usize,
}

#[derive(Debug)]
enum Source {
    /// What passes the filter. `None`: nothing is left.
    List(Box<Filter>, Option<PageRequest<ConversationId>>),
    /// The conversations that are left, in this order.
    Ids(Vec<ConversationId>, usize),
}

impl Service {
    /// The conversations of `owner`'s that pass `filter`, in the byte order of their IDs: those after the key
    /// `range.after`, at most `range.limit`. They are read page by page, as the caller asks for them.
    ///
    /// ```
    /// # use conversation_settings_core::UserId;
    /// # use conversation_settings_service::{Context, Service};
    /// # use conversation_settings_store::{Filter, PageRequest};
    /// # use conversation_settings_store_memory::MemoryStore;
    /// # #[tokio::main(flavor = "current_thread")]
    /// # async fn main() -> Result<(), Box<dyn std::error::Error>> {
    /// # let service = Service::builder(MemoryStore::new()).build();
    /// let alice = UserId::new("alice")?;
    /// let context = Context::user(alice.clone());
    /// let mut pages = service.pages(&context, &alice, Filter::ALL, PageRequest::first(usize::MAX)).await?;
    /// while let Some(page) = pages.next().await? {
    ///     println!("{} conversations", page.len());
    /// }
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller without [permission](crate::Authorize).
    pub async fn pages(
        &self,
        context: &Context,
        owner: &UserId,
        filter: Filter,
        range: PageRequest<ConversationId>,
    ) -> Result<ConversationPages, ServiceError> {
        self.authorize(context, Action::Read(owner)).await?;
        Ok(self.list_pages(owner, filter, range))
    }

    /// Some conversations of `owner`'s, in the order of `conversation_ids`, each once. Missing ones are left out. They are
    /// read page by page, as the caller asks for them.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: more IDs than the service's limit on users; a caller without [permission](crate::Authorize).
    pub async fn pages_of(
        &self,
        context: &Context,
        owner: &UserId,
        conversation_ids: Vec<ConversationId>,
    ) -> Result<ConversationPages, ServiceError> {
        self.check_conversation_ids(&conversation_ids)?;
        self.authorize(context, Action::Read(owner)).await?;
        let mut seen = HashSet::with_capacity(conversation_ids.len());
        let mut ids = conversation_ids;
        ids.retain(|id| seen.insert(id.clone()));
        Ok(self.begin(owner, Source::Ids(ids, 0)))
    }

    pub(crate) fn list_pages(
        &self,
        owner: &UserId,
        filter: Filter,
        range: PageRequest<ConversationId>,
    ) -> ConversationPages {
        self.begin(owner, Source::List(Box::new(filter), Some(range)))
    }

    fn begin(&self, owner: &UserId, source: Source) -> ConversationPages {
        ConversationPages { service: self.clone(), owner: owner.clone(), source, rows: FIRST_ROWS }
    }
}

impl ConversationPages {
    /// The number of conversations in the first page: later pages fit the size of earlier ones.
    pub const FIRST_ROWS: usize = FIRST_ROWS;

    /// How many of the first of `conversations` fit into a page.
    #[must_use]
    pub fn fitting(conversations: &[Conversation]) -> usize {
        let mut bytes = 0;
        let fits = |conversation: &&Conversation| {
            bytes += text_bytes(conversation);
            bytes <= MAX_BYTES
        };
        conversations.iter().take_while(fits).count().max(conversations.len().min(1))
    }

    /// Whether no page is left.
    #[must_use]
    pub fn is_done(&self) -> bool {
        match &self.source {
            Source::List(_, range) => range.is_none(),
            Source::Ids(ids, read) => *read == ids.len(),
        }
    }

    /// The next page; `None` after the last. A page may be empty.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a failing store. The page may be asked for again.
    pub async fn next(&mut self) -> Result<Option<Vec<Conversation>>, ServiceError> {
        if self.is_done() {
            return Ok(None);
        }
        let inner = &self.service.inner;
        let rows = self.rows;
        let (mut page, bytes) = match &mut self.source {
            Source::List(filter, range) => {
                let Some(PageRequest { after, limit }) = range.clone() else { return Ok(None) };
                let rows = rows.min(limit);
                let _reading = inner.reads.acquire(rows).await;
                let read = inner.store.list(&self.owner, filter, &PageRequest { after, limit: rows }).await?;
                let (page, bytes, is_cut) = cut(read.conversations);
                let last = page.last().map(|conversation| conversation.key.conversation_id.clone());
                let after = if is_cut { last } else { read.next };
                let limit = limit - page.len().min(limit);
                *range = after.filter(|_| limit > 0).map(|after| PageRequest::after(after, limit));
                (page, bytes)
            }
            Source::Ids(ids, position) => {
                let asked = &ids[*position..ids.len().min(*position + rows)];
                let keys: Vec<_> = asked.iter().map(|id| Key::new(self.owner.clone(), id.clone())).collect();
                let _reading = inner.reads.acquire(keys.len()).await;
                let found = inner.store.get(&keys).await?.into_iter().flatten().collect();
                let (page, bytes, is_cut) = cut(found);
                let last = page.last().map(|conversation| &conversation.key.conversation_id);
                *position += match last.and_then(|last| asked.iter().position(|id| id == last)) {
                    Some(last) if is_cut => last + 1,
                    _ => asked.len(),
                };
                (page, bytes)
            }
        };
        if !page.is_empty() {
            self.rows = (MAX_BYTES * page.len() / bytes.max(1)).clamp(1, MAX_ROWS);
        }
        page.shrink_to_fit();
        Ok(Some(page))
    }
}

/// The first of `conversations` that fit into a page, their size, and whether others were left out.
fn cut(mut conversations: Vec<Conversation>) -> (Vec<Conversation>, usize, bool) {
    let fitting = ConversationPages::fitting(&conversations);
    let is_cut = fitting < conversations.len();
    conversations.truncate(fitting);
    let bytes = conversations.iter().map(text_bytes).sum();
    (conversations, bytes, is_cut)
}

/// About the memory that a conversation takes: its texts, and as much as one with short texts takes.
pub(crate) fn text_bytes(conversation: &Conversation) -> usize {
    const REST: usize = 512;
    const NAME: usize = 64;
    let settings = &conversation.settings;
    let custom = settings.custom.text_bytes() + settings.custom.len() * NAME;
    REST + custom + settings.ex.len() + settings.attached_info.len() + conversation.key.conversation_id.as_str().len()
}
