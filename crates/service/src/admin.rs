//! Calls for the host itself, which only administrators may make. Each write is one atomic batch.

use std::sync::Arc;

use conversation_settings_core::{
    ArgsError, Change, ConversationId, Field, GroupId, Key, Mask, Missing, Patch, RecvMsgOpt, Report, Role, Seq,
    Target, UserId, Violation, Write, WriteBatch,
};
use conversation_settings_store::{Filter, PageRequest};

use crate::{Action, Context, Service, ServiceError};

/// A page of the users who mute a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct MutingUsers {
    /// The users, in byte order.
    pub users: Vec<UserId>,
    /// The key after which the next page begins; `None` on the last page.
    pub next: Option<UserId>,
}

impl Service {
    /// Creates the single chat of two users for both. A view that exists stays as it is.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller without [permission](crate::Authorize); the same user twice, or an ID with white
    /// space around it; a failing store.
    pub async fn create_single_chat(
        &self,
        context: &Context,
        one: &UserId,
        other: &UserId,
    ) -> Result<Report, ServiceError> {
        self.authorize(context, Action::Administer).await?;
        if one == other {
            return Err(ArgsError::new("userID", "must be the other party").into());
        }
        let id = ConversationId::single(one, other);
        let write = |owner: &UserId, peer: &UserId| {
            let key = Key::new(owner.clone(), id.clone());
            let change = Arc::new(create(&key, &Target::Single(peer.clone()), Patch::KEEP));
            Write { key, change }
        };
        self.write_batch(context, vec![write(one, other), write(other, one)]).await
    }

    /// Creates a group's conversation for the members who do not have it, and reopens it for those who do: `max_seq`,
    /// the last message that a former member may see, becomes 0.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller without [permission](crate::Authorize); no members, or more than the service's limit
    /// on users; an ID with white space around it of a member without the conversation; an unknown or dismissed group;
    /// a failing directory or store.
    pub async fn open_group_conversation(
        &self,
        context: &Context,
        group: &GroupId,
        members: &[UserId],
    ) -> Result<Report, ServiceError> {
        self.authorize(context, Action::Administer).await?;
        self.check_users(members)?;
        self.check_group(context, group).await?;
        let id = ConversationId::group(group);
        let target = Target::Group(group.clone());
        let patch = Patch::KEEP.max_seq(Seq::ZERO);
        let missing = Missing::CreateEvenIfEmpty(target.clone());
        let shared = Arc::new(Change::Set { patch: patch.clone(), missing });
        let change = |key: &Key| match key.check_new(&target) {
            Ok(()) => Arc::clone(&shared),
            Err(_) => Arc::new(create(key, &target, patch.clone())),
        };
        self.write_for(context, &id, members, change).await
    }

    /// Sets any fields, those of the host alone too, for those of `owners` who have the conversation. To write back
    /// fields of given settings, use [`Settings::get`](conversation_settings_core::Settings::get).
    ///
    /// Private chat is excluded, because both participants share it: [`set`](Self::set) sets it for both.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller without [permission](crate::Authorize); no owners, or more than the service's limit
    /// on users; a text past its limit, or past that of all owners together; a setting of the host's own that is not
    /// declared so; private chat; a failing store.
    pub async fn set_fields(
        &self,
        context: &Context,
        conversation_id: &ConversationId,
        owners: &[UserId],
        patch: Patch,
    ) -> Result<Report, ServiceError> {
        let change = Arc::new(self.check_set_fields(context, owners, patch).await?);
        self.write_for(context, conversation_id, owners, |_| Arc::clone(&change)).await
    }

    pub(crate) async fn check_set_fields(
        &self,
        context: &Context,
        owners: &[UserId],
        patch: Patch,
    ) -> Result<Change, ServiceError> {
        self.authorize(context, Action::Administer).await?;
        self.check_users(owners)?;
        self.inner.limits.check_patch(&patch)?;
        self.inner.limits.check_batch("userIDs", owners.len(), &patch)?;
        self.inner.custom.check(&context.caller, patch.custom.as_ref())?;
        if patch.mask().contains(Field::IsPrivateChat) {
            let rule = "is shared by both parties, and set for both by set_conversations";
            return Err(ArgsError::in_conversation(Field::IsPrivateChat.wire_name(), rule).into());
        }
        Ok(Change::Set { patch, missing: Missing::Skip })
    }

    /// The fields of `mask` as each of `owners` has set them, in the order of `owners`; `None` for an owner who does
    /// not have the conversation.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller without [permission](crate::Authorize); no owners, or more than the service's limit
    /// on users; a failing store.
    pub async fn get_fields(
        &self,
        context: &Context,
        conversation_id: &ConversationId,
        owners: &[UserId],
        mask: Mask,
    ) -> Result<Vec<Option<Patch>>, ServiceError> {
        self.authorize(context, Action::Administer).await?;
        self.check_users(owners)?;
        let keys: Vec<_> = owners.iter().map(|owner| Key::new(owner.clone(), conversation_id.clone())).collect();
        let found = self.inner.store.get(&keys).await?;
        Ok(found.into_iter().map(|found| found.map(|conversation| conversation.settings.get(mask))).collect())
    }

    /// Removes a conversation for some owners. An owner who does not have it is reported as absent.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller without [permission](crate::Authorize); no owners, or more than the service's limit
    /// on users; a failing store.
    pub async fn remove_conversation(
        &self,
        context: &Context,
        conversation_id: &ConversationId,
        owners: &[UserId],
    ) -> Result<Report, ServiceError> {
        self.authorize(context, Action::Administer).await?;
        self.check_users(owners)?;
        let change = Arc::new(Change::Remove);
        self.write_for(context, conversation_id, owners, |_| Arc::clone(&change)).await
    }

    /// A page of the users who mute a conversation: they do not receive its messages, or receive them without a
    /// notification.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller without [permission](crate::Authorize); a failing store.
    pub async fn list_muting_users(
        &self,
        context: &Context,
        conversation_id: &ConversationId,
        page: &PageRequest<UserId>,
    ) -> Result<MutingUsers, ServiceError> {
        self.authorize(context, Action::Administer).await?;
        let muted = Filter::is_not(Patch::KEEP.recv_msg_opt(RecvMsgOpt::Receive));
        let page = self.inner.store.list_by_conversation(conversation_id, &muted, page).await?;
        let users = page.conversations.into_iter().map(|conversation| conversation.key.owner).collect();
        Ok(MutingUsers { users, next: page.next })
    }

    fn check_users(&self, users: &[UserId]) -> Result<(), ArgsError> {
        if users.is_empty() {
            return Err(ArgsError::new("userIDs", Violation::Empty));
        }
        self.inner.limits.check_count("userIDs", users.len())
    }

    /// A change of one conversation for each of `owners`.
    async fn write_for(
        &self,
        context: &Context,
        conversation_id: &ConversationId,
        owners: &[UserId],
        change: impl Fn(&Key) -> Arc<Change>,
    ) -> Result<Report, ServiceError> {
        let write = |owner: &UserId| {
            let key = Key::new(owner.clone(), conversation_id.clone());
            Write { change: change(&key), key }
        };
        let mut writes: Vec<_> = owners.iter().map(write).collect();
        writes.sort_by(|a, b| a.key.cmp(&b.key));
        writes.dedup_by(|a, b| a.key == b.key);
        self.write_batch(context, writes).await
    }

    /// Writes distinct keys as one batch, however many they are.
    async fn write_batch(&self, context: &Context, writes: Vec<Write>) -> Result<Report, ServiceError> {
        let batch = WriteBatch::new(writes).expect("each key is written once");
        self.write(context, batch, |batch, effects| Report::of_batch(batch, effects, Role::User)).await
    }
}

/// Creates the conversation, without a setting too, if clients find it.
fn create(key: &Key, target: &Target, patch: Patch) -> Change {
    let missing = match key.check_new(target) {
        Ok(()) => Missing::CreateEvenIfEmpty(target.clone()),
        Err(error) => Missing::Invalid(error),
    };
    Change::Set { patch, missing }
}
