//! Identifiers, keys and targets.

use conversation_settings_core::{ConversationId, GroupId, IdError, Key, Target, Text, UserId};
use proptest::prelude::*;

use super::{Sizes, of_default_sizes, texts::plain};

of_default_sizes! {
    /// A user.
    user_id: UserId;
    /// A group.
    group_id: GroupId;
    /// A conversation ID, in the form of OpenIM or another.
    conversation_id: ConversationId;
    /// One user's view of a conversation.
    key: Key;
    /// A target of any of the four kinds.
    target: Target;
}

impl Sizes {
    /// As [`user_id()`].
    pub fn user_id(&self) -> BoxedStrategy<UserId> {
        self.id(UserId::MAX_BYTES, UserId::new)
    }

    /// As [`group_id()`].
    pub fn group_id(&self) -> BoxedStrategy<GroupId> {
        self.id(GroupId::MAX_BYTES, GroupId::new)
    }

    /// As [`conversation_id()`].
    pub fn conversation_id(&self) -> BoxedStrategy<ConversationId> {
        let single = (self.user_id(), self.user_id()).prop_map(|(one, other)| ConversationId::single(&one, &other));
        let group = self.group_id().prop_map(|group| ConversationId::group(&group));
        prop_oneof![self.id(ConversationId::MAX_BYTES, ConversationId::new), group, single].boxed()
    }

    /// As [`key()`].
    pub fn key(&self) -> BoxedStrategy<Key> {
        (self.user_id(), self.conversation_id()).prop_map(|(owner, id)| Key::new(owner, id)).boxed()
    }

    /// As [`target()`].
    pub fn target(&self) -> BoxedStrategy<Target> {
        prop_oneof![
            self.user_id().prop_map(Target::Single),
            self.group_id().prop_map(Target::Group),
            self.group_id().prop_map(Target::OldGroup),
            self.user_id().prop_map(Target::Notification),
        ]
        .boxed()
    }

    /// An ID of `self.id` characters, or sometimes of the maximum length.
    fn id<T: std::fmt::Debug + Clone + 'static>(
        &self,
        max_bytes: usize,
        new: fn(Text) -> Result<T, IdError>,
    ) -> BoxedStrategy<T> {
        let of_size = plain(self.id.clone()).prop_map(move |mut text| {
            text.truncate(text.floor_char_boundary(max_bytes));
            if text.is_empty() { "a".to_owned() } else { text }
        });
        let longest = Just("x".repeat(max_bytes));
        prop_oneof![40 => of_size, 1 => longest]
            .prop_map(move |text| new(text.into()).expect("neither empty, too long nor with a control character"))
            .boxed()
    }
}
