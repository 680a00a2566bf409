//! The use case `get_sorted_conversation_list`.

use std::cmp::Reverse;

use std::collections::HashMap;

use conversation_settings_core::{Conversation, ConversationId, RecvMsgOpt, Setting, Text, UserId};
use conversation_settings_store::{ConversationStoreExt, Filter};

use crate::{
    Context, Latest, MsgInfo, Pagination, Service, ServiceError,
    arguments::{keys, required},
};

/// A page of a user's conversations as a client lists them.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct SortedConversations {
    /// How many conversations there are on all pages.
    pub conversation_total: usize,
    /// How many messages are unread in all of them.
    pub unread_total: i64,
    /// Those on the page, in order.
    pub conversation_elems: Vec<ConversationElem>,
}

/// A conversation as a client lists it.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
#[serde(rename_all = "camelCase")]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct ConversationElem {
    /// The conversation.
    #[serde(rename = "conversationID")]
    pub conversation_id: ConversationId,
    /// What happens when a message arrives.
    #[serde(serialize_with = "as_number")]
    #[cfg_attr(feature = "openapi", schema(value_type = i32, minimum = 0, maximum = 2))]
    pub recv_msg_opt: RecvMsgOpt,
    /// How many messages are unread.
    pub unread_count: i64,
    /// Whether it stays at the top.
    #[serde(rename = "IsPinned")]
    pub is_pinned: bool,
    /// The last message, where there is one.
    pub msg_info: Option<MsgInfo>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "as serde calls it")]
fn as_number<S: serde::Serializer>(option: &RecvMsgOpt, serializer: S) -> Result<S::Ok, S::Error> {
    serde::Serialize::serialize(&option.value(), serializer)
}

impl Service {
    /// One page of the user's conversations, or of those asked for, as a client lists them: pinned ones first, then by
    /// the time of the last message, the latest first, by creation where there is none or the host does not tell.
    /// Those of the same time come in the byte order of their IDs.
    ///
    /// # Errors
    ///
    /// [`ServiceError`]: a wrong argument, a caller who is neither the user nor an admin, or what the store or the
    /// host's messages fail with.
    pub async fn get_sorted_conversation_list(
        &self,
        context: &Context,
        user: Option<Text>,
        conversation_ids: Option<Vec<Text>>,
        pagination: Option<Pagination>,
    ) -> Result<SortedConversations, ServiceError> {
        let user = required("userID", user, UserId::new)?;
        let wanted = Pagination::range(pagination)?;
        let asked = conversation_ids.filter(|ids| !ids.is_empty());
        let asked = asked.map(|ids| keys(&user, Some(ids), self.inner.limits.max_users)).transpose()?;
        context.caller.check_owner(&user)?;
        let found = match asked {
            Some(keys) => self.inner.store.get(&keys).await?.into_iter().flatten().collect(),
            None => self.inner.store.list_all(&user, &Filter::ALL).await?,
        };
        let mut listed = self.with_latest(&user, found).await?;
        let order = |(conversation, latest): &(Conversation, Latest)| {
            let created = conversation.created_at.0;
            let at = latest.message.as_ref().map_or(created, |message| message.latest_msg_recv_time);
            (Reverse(conversation.settings.is_pinned), Reverse(at), conversation.key.conversation_id.clone())
        };
        listed.sort_by_cached_key(order);
        let unread = listed.iter().map(|(_, latest)| latest.unread_count);
        Ok(SortedConversations {
            conversation_total: listed.len(),
            unread_total: unread.fold(0, i64::saturating_add),
            conversation_elems: listed.into_iter().skip(wanted.start).take(wanted.len()).map(elem).collect(),
        })
    }

    async fn with_latest(
        &self,
        user: &UserId,
        found: Vec<Conversation>,
    ) -> Result<Vec<(Conversation, Latest)>, ServiceError> {
        let ids: Vec<_> = found.iter().map(|conversation| conversation.key.conversation_id.clone()).collect();
        let mut latest = match &self.inner.messages {
            Some(messages) if !ids.is_empty() => messages.latest(user, &ids).await?,
            _ => HashMap::new(),
        };
        let latest = ids.iter().map(|id| latest.remove(id).unwrap_or_default());
        Ok(found.into_iter().zip(latest).collect())
    }
}

fn elem((conversation, latest): (Conversation, Latest)) -> ConversationElem {
    ConversationElem {
        conversation_id: conversation.key.conversation_id,
        recv_msg_opt: conversation.settings.recv_msg_opt,
        unread_count: latest.unread_count,
        is_pinned: conversation.settings.is_pinned,
        msg_info: latest.message,
    }
}
