//! What the rest of a chat server needs from this part: calls for the host itself, open to administrators alone.
//!
//! Each is one atomic batch for all users, as `set_conversations` is, and tells of what changed in the same way.

use std::sync::Arc;

use conversation_settings_core::{
    ArgsError, Change, ConversationId, Field, GroupId, Key, Mask, Missing, Patch, RecvMsgOpt, Seq, Target, UserId,
    Write,
};
use conversation_settings_store::{Filter, PageRequest};

use crate::{Affected, Context, Service, ServiceError, arguments::check_length};

/// Some of those who mute a conversation.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MutingUsers {
    /// They, in byte order.
    pub users: Vec<UserId>,
    /// Whom to go on after; `None` where there are no more.
    pub next: Option<UserId>,
}

impl Service {
    /// Creates the single chat of two users for both. A view that is there already stays as it is.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller who is no admin, one user twice, or what the store fails with.
    pub async fn create_single_chat(
        &self,
        context: &Context,
        one: &UserId,
        other: &UserId,
    ) -> Result<Vec<Affected>, ServiceError> {
        context.caller.check_admin()?;
        if one == other {
            return Err(ArgsError::new("userID", "must be the other party").into());
        }
        let id = ConversationId::single(one, other);
        let write = |owner: &UserId, peer: &UserId| Write {
            key: Key::new(owner.clone(), id.clone()),
            change: Arc::new(create(Target::Single(peer.clone()), Patch::KEEP)),
        };
        self.write_all(context, vec![write(one, other), write(other, one)]).await
    }

    /// Creates a group's conversation for those of its members who have not got it, and opens it again for those who
    /// have: `maxSeq`, which ends what somebody who left may see, is 0.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller who is no admin, no members or too many, a group that is not there, or what the store
    /// fails with.
    pub async fn open_group_conversation(
        &self,
        context: &Context,
        group: &GroupId,
        members: &[UserId],
    ) -> Result<Vec<Affected>, ServiceError> {
        context.caller.check_admin()?;
        self.check_users(members)?;
        self.check_group(context, group).await?;
        let id = ConversationId::group(group);
        let change = create(Target::Group(group.clone()), Patch::KEEP.max_seq(Seq::ZERO));
        self.write_for(context, &id, members, change).await
    }

    /// Sets the first message that some owners may see. Who has not got the conversation is left out.
    ///
    /// # Errors
    ///
    /// As [`set_fields`](Self::set_fields).
    pub async fn set_min_seq(
        &self,
        context: &Context,
        conversation_id: &ConversationId,
        owners: &[UserId],
        min_seq: Seq,
    ) -> Result<Vec<Affected>, ServiceError> {
        self.set_fields(context, conversation_id, owners, Patch::KEEP.min_seq(min_seq)).await
    }

    /// Sets the last message that some owners may see. Who has not got the conversation is left out.
    ///
    /// # Errors
    ///
    /// As [`set_fields`](Self::set_fields).
    pub async fn set_max_seq(
        &self,
        context: &Context,
        conversation_id: &ConversationId,
        owners: &[UserId],
        max_seq: Seq,
    ) -> Result<Vec<Affected>, ServiceError> {
        self.set_fields(context, conversation_id, owners, Patch::KEEP.max_seq(max_seq)).await
    }

    /// Sets any fields, those that only a host sets too, for those of `owners` who have the conversation. The patch of
    /// some fields of settings at hand is [`Settings::get`](conversation_settings_core::Settings::get).
    ///
    /// Private chat is not among them: both parties share it, and
    /// [`set_conversations`](Self::set_conversations) sets it for both.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller who is no admin, no owners or too many, a text that is too long, private chat, or what
    /// the store fails with.
    pub async fn set_fields(
        &self,
        context: &Context,
        conversation_id: &ConversationId,
        owners: &[UserId],
        patch: Patch,
    ) -> Result<Vec<Affected>, ServiceError> {
        context.caller.check_admin()?;
        self.check_users(owners)?;
        self.inner.limits.check(&patch)?;
        if patch.mask().contains(Field::IsPrivateChat) {
            let rule = "is shared by both parties, and set for both by set_conversations";
            return Err(ArgsError::in_conversation(Field::IsPrivateChat.wire_name(), rule).into());
        }
        self.write_for(context, conversation_id, owners, Change::Set { patch, missing: Missing::Skip }).await
    }

    /// The fields of `mask` as each of `owners` has set them, in their order; `None` for whoever has not got the
    /// conversation.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller who is no admin, no owners or too many, or what the store fails with.
    pub async fn get_fields(
        &self,
        context: &Context,
        conversation_id: &ConversationId,
        owners: &[UserId],
        mask: Mask,
    ) -> Result<Vec<Option<Patch>>, ServiceError> {
        context.caller.check_admin()?;
        self.check_users(owners)?;
        let keys: Vec<_> = owners.iter().map(|owner| Key::new(owner.clone(), conversation_id.clone())).collect();
        let found = self.inner.store.get(&keys).await?;
        Ok(found.into_iter().map(|found| found.map(|conversation| conversation.settings.get(mask))).collect())
    }

    /// Removes a conversation for some owners.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller who is no admin, no owners or too many, or what the store fails with.
    pub async fn remove_conversation(
        &self,
        context: &Context,
        conversation_id: &ConversationId,
        owners: &[UserId],
    ) -> Result<Vec<Affected>, ServiceError> {
        context.caller.check_admin()?;
        self.check_users(owners)?;
        self.write_for(context, conversation_id, owners, Change::Remove).await
    }

    /// A page of those who mute a conversation: who does not receive its messages, or not with a notice.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a caller who is no admin, or what the store fails with.
    pub async fn list_muting_users(
        &self,
        context: &Context,
        conversation_id: &ConversationId,
        page: &PageRequest<UserId>,
    ) -> Result<MutingUsers, ServiceError> {
        context.caller.check_admin()?;
        let muted = Filter::is_not(Patch::KEEP.recv_msg_opt(RecvMsgOpt::Receive));
        let paged = self.inner.store.list_by_conversation(conversation_id, &muted, page).await?;
        let users = paged.conversations.into_iter().map(|conversation| conversation.key.owner).collect();
        Ok(MutingUsers { users, next: paged.next })
    }

    fn check_users(&self, users: &[UserId]) -> Result<(), ArgsError> {
        check_length("userIDs", users.len(), self.inner.limits.max_users)
    }

    /// The same change of one conversation for each of `owners`.
    async fn write_for(
        &self,
        context: &Context,
        conversation_id: &ConversationId,
        owners: &[UserId],
        change: Change,
    ) -> Result<Vec<Affected>, ServiceError> {
        let change = Arc::new(change);
        let key = |owner: &UserId| Key::new(owner.clone(), conversation_id.clone());
        let writes = owners.iter().map(|owner| Write { key: key(owner), change: Arc::clone(&change) });
        self.write_all(context, writes.collect()).await
    }
}

fn create(target: Target, patch: Patch) -> Change {
    Change::Set { patch, missing: Missing::CreateEvenIfEmpty(target) }
}
