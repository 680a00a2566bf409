//! Keeps a client's copy of its conversations up to date.
//!
//! A client without a copy takes a [snapshot](Service::snapshot), reads the conversations, and remembers the version.
//! From then on it asks for the [changes](Service::changes) since that version, applies them, and remembers the new one.
//! After [`Changes::Full`] it starts again with a snapshot.

use conversation_settings_core::{Conversation, ConversationId, UserId, Version};
use conversation_settings_store::{Changes, ConversationStoreExt, Filter, OwnerVersion};

use crate::{Context, Service, ServiceError};

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
    /// [`ServiceError`]: a caller who is neither the user nor an administrator; a failing store.
    pub async fn snapshot(&self, context: &Context, user: &UserId) -> Result<Snapshot, ServiceError> {
        context.caller.check_owner(user)?;
        let store = &self.inner.store;
        let id = |conversation: Conversation| conversation.key.conversation_id;
        loop {
            // The changes since the beginning are all there is, at one moment.
            let changes = store.changes(user, &OwnerVersion::default(), usize::MAX).await?;
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
                    let listed = store.list_all(user, &Filter::ALL).await?;
                    if store.version(user).await? == version {
                        return Ok(Snapshot { version, conversation_ids: listed.into_iter().map(id).collect() });
                    }
                }
            }
        }
    }

    /// What a client that holds `since` must apply to hold the present version; the lists are in the byte order of the
    /// IDs. [`Changes::Full`] if the version is unknown, or if more conversations changed than
    /// [`max_changes`](crate::ServiceBuilder::max_changes).
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller who is neither the user nor an administrator; a failing store.
    pub async fn changes(
        &self,
        context: &Context,
        user: &UserId,
        since: &OwnerVersion,
    ) -> Result<Changes, ServiceError> {
        context.caller.check_owner(user)?;
        let mut changes = self.inner.store.changes(user, since, self.inner.max_changes).await?;
        if let Changes::Increment { inserted, updated, removed, .. } = &mut changes {
            removed.sort_unstable();
            for list in [inserted, updated] {
                list.sort_unstable_by(|a, b| a.key.cmp(&b.key));
            }
        }
        Ok(changes)
    }

    /// The version of `user`'s conversations; [`Version::ZERO`] before their first change.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller who is neither the user nor an administrator; a failing store.
    pub async fn version(&self, context: &Context, user: &UserId) -> Result<OwnerVersion, ServiceError> {
        context.caller.check_owner(user)?;
        Ok(self.inner.store.version(user).await?)
    }
}
