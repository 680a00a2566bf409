//! Requests, their limits, and their reports.

use conversation_settings_core::{
    ConversationId, ConversationReq, IfMissing, Key, Limits, Patch, Report, ReportEntry, Role, SetConversations,
    SetConversationsRequest, Target, Text, UserId,
};
use proptest::{prelude::*, sample::select};

use super::{Sizes, effect, of_default_sizes};

/// Limits, small and large.
pub fn limits() -> BoxedStrategy<Limits> {
    (0..20_000_usize, 0..100_000_usize)
        .prop_map(|(max_users, max_text_bytes)| Limits::default().max_users(max_users).max_text_bytes(max_text_bytes))
        .boxed()
}

/// What happens to users without the conversation.
pub fn missing_policy() -> BoxedStrategy<IfMissing> {
    select(&[IfMissing::Create, IfMissing::Reject][..]).boxed()
}

of_default_sizes! {
    /// A request that [`Limits::default`] accepts: single chats of any two users, with IDs in the form of OpenIM or another,
    /// groups of both kinds, and notification accounts. Users may repeat, and may include the peer.
    set_conversations_request: SetConversationsRequest;
    /// The part of such a request about its conversation.
    conversation_req: ConversationReq;
    /// A checked request.
    set_conversations: SetConversations;
    /// A report of any outcomes.
    report: Report;
}

impl Sizes {
    /// As [`set_conversations_request()`].
    pub fn set_conversations_request(&self) -> BoxedStrategy<SetConversationsRequest> {
        prop_oneof![
            2 => self.named_single_chat(),
            1 => self.opaque_single_chat(),
            1 => self.strangers_single_chat(),
            3 => self.other_request(),
        ]
        .boxed()
    }

    /// As [`conversation_req()`].
    pub fn conversation_req(&self) -> BoxedStrategy<ConversationReq> {
        self.set_conversations_request().prop_map(|request| request.conversation.expect("is there")).boxed()
    }

    /// As [`set_conversations()`].
    pub fn set_conversations(&self) -> BoxedStrategy<SetConversations> {
        self.set_conversations_request()
            .prop_map(|request| SetConversations::parse(request, &Limits::default()).expect("is right"))
            .boxed()
    }

    /// As [`report()`].
    pub fn report(&self) -> BoxedStrategy<Report> {
        let entries = prop::collection::vec((self.user_id(), any::<bool>(), effect()), self.users.clone());
        (self.conversation_id(), entries)
            .prop_map(|(id, entries)| {
                let entry = |(user, is_peer, effect)| {
                    let role = if is_peer { Role::Peer } else { Role::User };
                    ReportEntry::new(Key::new(user, id.clone()), role, effect)
                };
                entries.into_iter().map(entry).collect()
            })
            .boxed()
    }

    /// A single chat whose ID names the two users. Any user may be among the users, also the peer.
    fn named_single_chat(&self) -> BoxedStrategy<SetConversationsRequest> {
        let users = prop::collection::vec((0..3_u8, self.user_id()), self.users.clone());
        (self.user_id(), self.user_id(), users, self.patch())
            .prop_filter("two different users", |(user, peer, ..)| user != peer)
            .prop_map(|(user, peer, users, patch)| {
                let one_of = |(which, other)| match which {
                    0 => user.clone(),
                    1 => peer.clone(),
                    _ => other,
                };
                let users = users.into_iter().map(one_of).collect();
                request(users, &ConversationId::single(&user, &peer), &Target::Single(peer), &patch)
            })
            .boxed()
    }

    /// A single chat with an ID in the host's own form. Its only other user is the counterpart.
    fn opaque_single_chat(&self) -> BoxedStrategy<SetConversationsRequest> {
        let which = prop::collection::vec(any::<bool>(), self.users.clone());
        (self.user_id(), self.user_id(), self.opaque_id(), which, self.patch())
            .prop_filter("two different users", |(user, peer, ..)| user != peer)
            .prop_map(|(user, peer, id, which, patch)| {
                let one_of = |is_peer| if is_peer { peer.clone() } else { user.clone() };
                let users = which.into_iter().map(one_of).chain([user.clone()]).collect();
                request(users, &id, &Target::Single(peer), &patch)
            })
            .boxed()
    }

    /// Nobody needs to know who the two are: the peer is not touched.
    fn strangers_single_chat(&self) -> BoxedStrategy<SetConversationsRequest> {
        (self.users(), self.user_id(), self.opaque_id(), self.patch())
            .prop_filter("the peer is not among the users", |(users, peer, ..)| !users.contains(peer))
            .prop_map(|(users, peer, id, mut patch)| {
                patch.is_private_chat = None;
                request(users, &id, &Target::Single(peer), &patch)
            })
            .boxed()
    }

    /// Groups and notification accounts, in which nothing is private.
    fn other_request(&self) -> BoxedStrategy<SetConversationsRequest> {
        let target = prop_oneof![
            self.group_id().prop_map(Target::Group),
            self.group_id().prop_map(Target::OldGroup),
            self.user_id().prop_map(Target::Notification),
        ];
        (self.users(), self.conversation_id(), target, self.patch())
            .prop_map(|(users, id, target, mut patch)| {
                patch.is_private_chat = patch.is_private_chat.and(Some(false));
                request(users, &id, &target, &patch)
            })
            .boxed()
    }

    fn users(&self) -> impl Strategy<Value = Vec<UserId>> + use<> {
        let users = prop::collection::vec(self.user_id(), self.users.clone());
        (users, any::<bool>()).prop_map(|(mut users, repeat)| {
            let first = users[0].clone();
            users.extend(repeat.then_some(first));
            users
        })
    }

    /// An ID that names no participant.
    fn opaque_id(&self) -> impl Strategy<Value = ConversationId> + use<> {
        self.conversation_id().prop_filter("does not name two users", |id| !id.as_str().starts_with("si_"))
    }
}

/// The request that sets the client's fields of `patch`.
fn request(users: Vec<UserId>, id: &ConversationId, target: &Target, patch: &Patch) -> SetConversationsRequest {
    let fields = patch.values().filter(|(field, _)| field.is_client());
    let fields: serde_json::Value =
        fields.map(|(field, value)| (field.wire_name(), serde_json::to_value(value).expect("a primitive"))).collect();
    let mut conversation: ConversationReq = serde_json::from_value(fields).expect("each is of its kind");
    conversation.conversation_id = Some(id.clone().into());
    conversation.conversation_type = Some(target.conversation_type());
    conversation.user_id = target.user_id().map(|user| user.clone().into());
    conversation.group_id = target.group_id().map(|group| group.clone().into());
    let mut request = SetConversationsRequest::default();
    request.user_ids = Some(users.into_iter().map(Text::from).collect());
    request.conversation = Some(conversation);
    request
}
