//! Builds the request `set_conversations` in Rust.

use alloc::vec::Vec;

use crate::{ArgsError, ConversationId, GroupId, Patch, SetConversations, Target, UserId};

/// Builds a [`SetConversations`] from values that are already checked.
///
/// ```
/// use conversation_settings_core::{ConversationId, GroupId, Patch, SetConversations, Target, UserId};
///
/// let (alice, bob, team) = (UserId::new("alice")?, UserId::new("bob")?, GroupId::new("team")?);
/// let pin = SetConversations::group(&team).users([&alice, &bob]).patch(Patch::KEEP.is_pinned(true)).build()?;
/// assert_eq!(*pin.conversation_id(), ConversationId::group(&team));
///
/// let private = SetConversations::single(&alice, &bob).users([&alice]).patch(Patch::KEEP.is_private_chat(true)).build()?;
/// assert_eq!(private.target_of(&alice), Target::Single(bob));
/// # Ok::<(), Box<dyn core::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
#[must_use = "a builder sets nothing until it is built and handed to the service"]
pub struct SetConversationsBuilder {
    users: Vec<UserId>,
    conversation_id: ConversationId,
    target: Target,
    patch: Patch,
}

impl SetConversations {
    /// Sets the conversation of `group`, named as OpenIM's clients name it: see [`ConversationId::group`].
    pub fn group(group: &GroupId) -> SetConversationsBuilder {
        Self::conversation(ConversationId::group(group), Target::Group(group.clone()))
    }

    /// Sets the single chat of two users, named as OpenIM's clients name it: see [`ConversationId::single`].
    pub fn single(one: &UserId, other: &UserId) -> SetConversationsBuilder {
        Self::conversation(ConversationId::single(one, other), Target::Single(other.clone()))
    }

    /// Sets any conversation. `target` is the target from every participant's view except its own.
    pub const fn conversation(conversation_id: ConversationId, target: Target) -> SetConversationsBuilder {
        SetConversationsBuilder { users: Vec::new(), conversation_id, target, patch: Patch::KEEP }
    }
}

impl SetConversationsBuilder {
    /// Adds users whose own view is set. Duplicates collapse to the first.
    pub fn users<'a>(mut self, users: impl IntoIterator<Item = &'a UserId>) -> Self {
        self.users.extend(users.into_iter().cloned());
        self
    }

    /// Sets these settings and keeps the others; what an earlier call set and this one keeps stays set.
    pub fn patch(mut self, patch: Patch) -> Self {
        self.patch = self.patch.then(patch);
        self
    }

    /// Checks the request. The service checks its [`Limits`](crate::Limits) when the request is set.
    ///
    /// # Errors
    ///
    /// [`ArgsError`] when there is no user, a setting belongs to the host alone, private chat is turned on outside a
    /// single chat, or a single chat's participants do not follow from the arguments. The error names the argument by
    /// its path in OpenIM's request.
    pub fn build(self) -> Result<SetConversations, ArgsError> {
        let Self { users, conversation_id, target, patch } = self;
        if let Some(field) = patch.mask().iter().find(|field| !field.is_client()) {
            return Err(ArgsError::in_conversation(field.wire_name(), "may be set by the host alone"));
        }
        SetConversations::new(users, conversation_id, target, patch)
    }
}
