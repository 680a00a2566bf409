//! The use cases that read conversations as they are.

use conversation_settings_core::{Conversation, ConversationId, Key, Patch, RecvMsgOpt, Text, UserId};
use conversation_settings_store::{ConversationStoreExt, Filter, PageRequest};

use crate::{
    Context, Pagination, Service, ServiceError,
    arguments::{keys, required},
};

/// A page of an owner's conversations.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct OwnerConversations {
    /// How many the owner has.
    pub total: usize,
    /// Those on the page, in the byte order of their IDs.
    pub conversations: Vec<Conversation>,
}

impl Service {
    /// One conversation of `owner`'s.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a wrong argument, a caller who is neither the owner nor an admin, a conversation that does not
    /// exist, or what the store fails with.
    pub async fn get_conversation(
        &self,
        context: &Context,
        owner: Option<Text>,
        conversation_id: Option<Text>,
    ) -> Result<Conversation, ServiceError> {
        let owner = required("ownerUserID", owner, UserId::new)?;
        let conversation_id = required("conversationID", conversation_id, ConversationId::new)?;
        context.caller.check_owner(&owner)?;
        let key = Key::new(owner, conversation_id);
        self.inner.store.get_one(key.clone()).await?.ok_or(ServiceError::NotFound(key))
    }

    /// Some conversations of `owner`'s, in the order asked, each once; those that do not exist are left out.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a wrong argument, more conversations than the limit on users, a caller who is neither the owner
    /// nor an admin, or what the store fails with.
    pub async fn get_conversations(
        &self,
        context: &Context,
        owner: Option<Text>,
        conversation_ids: Option<Vec<Text>>,
    ) -> Result<Vec<Conversation>, ServiceError> {
        let owner = required("ownerUserID", owner, UserId::new)?;
        let keys = keys(&owner, conversation_ids, self.inner.limits.max_users)?;
        context.caller.check_owner(&owner)?;
        Ok(self.inner.store.get(&keys).await?.into_iter().flatten().collect())
    }

    /// All conversations of `owner`'s, in the byte order of their IDs.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a wrong argument, a caller who is neither the owner nor an admin, or what the store fails with.
    pub async fn get_all_conversations(
        &self,
        context: &Context,
        owner: Option<Text>,
    ) -> Result<Vec<Conversation>, ServiceError> {
        let owner = required("ownerUserID", owner, UserId::new)?;
        context.caller.check_owner(&owner)?;
        Ok(self.inner.store.list_all(&owner, &Filter::ALL).await?)
    }

    /// One page of the user's conversations, in the byte order of their IDs, and how many there are: whoever reads one
    /// page after the other meets each conversation that is there throughout, as long as none comes or goes.
    ///
    /// To learn the total, all are read: a client that wants all of them asks for
    /// [all](Self::get_all_conversations) at once, or syncs.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a wrong argument, a caller who is neither the user nor an admin, or what the store fails with.
    pub async fn get_owner_conversation(
        &self,
        context: &Context,
        user: Option<Text>,
        pagination: Option<Pagination>,
    ) -> Result<OwnerConversations, ServiceError> {
        const READ: usize = 1_000;
        let user = required("userID", user, UserId::new)?;
        let wanted = Pagination::range(pagination)?;
        context.caller.check_owner(&user)?;
        let mut answer = OwnerConversations::default();
        let mut page = PageRequest::first(READ);
        loop {
            let read = self.inner.store.list(&user, &Filter::ALL, &page).await?;
            for conversation in read.conversations {
                if wanted.contains(&answer.total) {
                    answer.conversations.push(conversation);
                }
                answer.total += 1;
            }
            match read.next {
                Some(next) => page = PageRequest::after(next, READ),
                None => return Ok(answer),
            }
        }
    }

    /// The user's conversations of which messages are received without notifying, in the byte order of their IDs.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a wrong argument, a caller who is neither the user nor an admin, or what the store fails with.
    pub async fn get_not_notify_conversation_ids(
        &self,
        context: &Context,
        user: Option<Text>,
    ) -> Result<Vec<ConversationId>, ServiceError> {
        let silent = Patch::KEEP.recv_msg_opt(RecvMsgOpt::ReceiveWithoutNotifying);
        self.ids(context, user, &Filter::is(silent)).await
    }

    /// The user's pinned conversations, in the byte order of their IDs.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a wrong argument, a caller who is neither the user nor an admin, or what the store fails with.
    pub async fn get_pinned_conversation_ids(
        &self,
        context: &Context,
        user: Option<Text>,
    ) -> Result<Vec<ConversationId>, ServiceError> {
        self.ids(context, user, &Filter::is(Patch::KEEP.is_pinned(true))).await
    }

    async fn ids(
        &self,
        context: &Context,
        user: Option<Text>,
        filter: &Filter,
    ) -> Result<Vec<ConversationId>, ServiceError> {
        let user = required("userID", user, UserId::new)?;
        context.caller.check_owner(&user)?;
        let found = self.inner.store.list_all(&user, filter).await?;
        Ok(found.into_iter().map(|conversation| conversation.key.conversation_id).collect())
    }
}
