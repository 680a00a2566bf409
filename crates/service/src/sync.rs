//! Keeps a client's copy of its conversations up to date.
//!
//! A client without a copy takes a [snapshot](Service::snapshot), reads the conversations, and remembers the version.
//! From then on it asks for the [changes](Service::changes) since that version, applies them, and remembers the new one.
//! After [`Changes::Full`] it starts again with a snapshot.

use conversation_settings_core::{Conversation, ConversationId, UserId, Version};
use conversation_settings_store::{Changes, Filter, OwnerVersion, PageRequest};

use crate::{
    Action, Context, Service, ServiceError,
    conversation_pages::{FIRST_ROWS, text_bytes},
};

/// How often a snapshot lists conversations before it reads them at one moment.
const MAX_LISTS: u32 = 3;

/// The most bytes of texts in an increment.
const MAX_CHANGED_BYTES: usize = 4 * 1024 * 1024;

/// The IDs of all of a user's conversations at one version.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Snapshot {
    /// The user's version.
    pub version: OwnerVersion,
    /// The IDs of all conversations at that version, in byte order.
    pub conversation_ids: Vec<ConversationId>,
}

impl Service {
    /// The IDs of all of `user`'s conversations and the version at which they are complete.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller without [permission](crate::Authorize); a failing store.
    pub async fn snapshot(&self, context: &Context, user: &UserId) -> Result<Snapshot, ServiceError> {
        self.authorize(context, Action::Read(user)).await?;
        let store = &self.inner.store;
        let id = |conversation: Conversation| conversation.key.conversation_id;
        let mut lists = 0;
        loop {
            // The changes since the beginning are all there is, at one moment. Many of them take much memory, so they are
            // read only if the owner's writes do not let a list end.
            let limit = if lists < MAX_LISTS { FIRST_ROWS } else { usize::MAX };
            let reading = self.inner.reads.acquire(limit).await;
            let changes = store.changes(user, &OwnerVersion::default(), limit).await?;
            let version = changes.version();
            match changes {
                Changes::Increment { inserted, .. } if version.version != Version::ZERO => {
                    let mut conversation_ids: Vec<_> = inserted.into_iter().map(id).collect();
                    conversation_ids.sort_unstable();
                    return Ok(Snapshot { version, conversation_ids });
                }
                // Some conversations may be older than the log. A list takes several reads, so it counts only if the
                // version is still the same.
                _ => {
                    drop(reading);
                    lists += 1;
                    let mut conversation_ids = Vec::new();
                    let mut pages = self.list_pages(user, Filter::ALL, PageRequest::first(usize::MAX));
                    while let Some(page) = pages.next().await? {
                        conversation_ids.extend(page.into_iter().map(id));
                    }
                    if store.version(user).await? == version {
                        return Ok(Snapshot { version, conversation_ids });
                    }
                }
            }
        }
    }

    /// The [snapshot](Self::snapshot) of a user with few conversations, in one read; `None` if the user has more, or may
    /// have some that are older than the log.
    ///
    /// Of a user with many conversations a caller may read the [version](Self::version) first, and then the
    /// [pages](Self::pages). What changes meanwhile may be in the pages or not, and is in the next increment in any case.
    ///
    /// # Errors
    ///
    /// As [`snapshot`](Self::snapshot).
    pub async fn small_snapshot(&self, context: &Context, user: &UserId) -> Result<Option<Snapshot>, ServiceError> {
        self.authorize(context, Action::Read(user)).await?;
        let _reading = self.inner.reads.acquire(FIRST_ROWS).await;
        match self.inner.store.changes(user, &OwnerVersion::default(), FIRST_ROWS).await? {
            Changes::Increment { version, inserted, .. } if version.version != Version::ZERO => {
                let ids = inserted.into_iter().map(|conversation| conversation.key.conversation_id);
                let mut conversation_ids: Vec<_> = ids.collect();
                conversation_ids.sort_unstable();
                Ok(Some(Snapshot { version, conversation_ids }))
            }
            _ => Ok(None),
        }
    }

    /// What a client that holds `since` must apply to hold the present version; the lists are in the byte order of the
    /// IDs. [`Changes::Full`] if the version is unknown, if more conversations changed than
    /// [`max_changes`](crate::ServiceBuilder::max_changes), or if their texts together are larger than 4 MiB: a client
    /// reads those page by page.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller without [permission](crate::Authorize); a failing store.
    pub async fn changes(
        &self,
        context: &Context,
        user: &UserId,
        since: &OwnerVersion,
    ) -> Result<Changes, ServiceError> {
        self.authorize(context, Action::Read(user)).await?;
        let mut changes = self.read_changes(user, since).await?;
        if let Changes::Increment { inserted, updated, removed, .. } = &mut changes {
            if inserted.iter().chain(&*updated).map(text_bytes).sum::<usize>() > MAX_CHANGED_BYTES {
                return Ok(Changes::Full(changes.version()));
            }
            removed.sort_unstable();
            for list in [inserted, updated] {
                list.sort_unstable_by(|a, b| a.key.cmp(&b.key));
            }
        }
        Ok(changes)
    }

    /// Few changes, or else all. Most clients missed few, and these need not wait until others have read many.
    async fn read_changes(&self, user: &UserId, since: &OwnerVersion) -> Result<Changes, ServiceError> {
        let most = self.inner.max_changes;
        if most > FIRST_ROWS {
            let _reading = self.inner.reads.acquire(FIRST_ROWS).await;
            let changes = self.inner.store.changes(user, since, FIRST_ROWS).await?;
            if matches!(changes, Changes::Increment { .. }) {
                return Ok(changes);
            }
        }
        let _reading = self.inner.reads.acquire(most).await;
        Ok(self.inner.store.changes(user, since, most).await?)
    }

    /// The version of `user`'s conversations; [`Version::ZERO`] before their first change.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller without [permission](crate::Authorize); a failing store.
    pub async fn version(&self, context: &Context, user: &UserId) -> Result<OwnerVersion, ServiceError> {
        self.authorize(context, Action::Read(user)).await?;
        Ok(self.inner.store.version(user).await?)
    }
}
