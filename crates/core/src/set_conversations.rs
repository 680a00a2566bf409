//! The checked request `set_conversations`.

use alloc::vec::Vec;

use crate::{ArgsError, ConversationId, Field, Mask, Patch, Target, UserId, Violation};

mod builder;
mod parse;
mod reader;
mod request;

pub use builder::SetConversationsBuilder;
pub use request::SetConversationsRequest;

/// A checked request: the users, the conversation and the settings.
///
/// Built from a client's JSON by [`parse`](Self::parse), and from Rust by [`group`](Self::group),
/// [`single`](Self::single) or [`conversation`](Self::conversation). Both apply the same rules.
#[derive(Clone, Debug, PartialEq)]
pub struct SetConversations {
    /// Each user once, in the order of the request.
    users: Vec<UserId>,
    /// The same users in byte order.
    pub(crate) sorted: Vec<UserId>,
    pub(crate) conversation_id: ConversationId,
    /// The target from every participant's view except the peer's; the peer sees `counterpart`.
    pub(crate) target: Target,
    /// The counterpart of a single chat's peer; `Some` whenever the peer's row is written.
    pub(crate) counterpart: Option<UserId>,
    pub(crate) patch: Patch,
}

impl SetConversations {
    /// Checks the rules that span several arguments.
    fn new(
        users: Vec<UserId>,
        conversation_id: ConversationId,
        target: Target,
        patch: Patch,
    ) -> Result<Self, ArgsError> {
        if users.is_empty() {
            return Err(ArgsError::new("userIDs", Violation::Empty));
        }
        let (users, sorted) = distinct(users);
        let counterpart = match &target {
            Target::Single(peer) => counterpart(&conversation_id, peer, &sorted, &patch)?,
            _ if patch.is_private_chat == Some(true) => {
                let rule = "may be true only in a single chat (conversationType 1)";
                return Err(ArgsError::in_conversation(Field::IsPrivateChat.wire_name(), rule));
            }
            _ => None,
        };
        Ok(Self { users, sorted, conversation_id, target, counterpart, patch })
    }

    /// Each user once, in the order of the request.
    #[must_use]
    pub fn users(&self) -> &[UserId] {
        &self.users
    }

    /// The conversation that is set.
    #[must_use]
    pub const fn conversation_id(&self) -> &ConversationId {
        &self.conversation_id
    }

    /// The target that the request names.
    #[must_use]
    pub const fn target(&self) -> &Target {
        &self.target
    }

    /// The target from `user`'s view: the peer of a single chat sees the other participant.
    #[must_use]
    pub fn target_of(&self, user: &UserId) -> Target {
        match (&self.target, &self.counterpart) {
            (Target::Single(peer), Some(counterpart)) if peer == user => Target::Single(counterpart.clone()),
            (target, _) => target.clone(),
        }
    }

    /// The settings to set.
    #[must_use]
    pub const fn patch(&self) -> &Patch {
        &self.patch
    }

    /// The fields to set.
    #[must_use]
    pub fn mask(&self) -> Mask {
        self.patch.mask()
    }

    /// Whether `user` is one of the users; a peer alone is not.
    #[must_use]
    pub fn has_user(&self, user: &UserId) -> bool {
        self.sorted.binary_search(user).is_ok()
    }
}

/// `users` with only the first of each, and the same in byte order.
fn distinct(mut users: Vec<UserId>) -> (Vec<UserId>, Vec<UserId>) {
    let mut sorted = users.clone();
    sorted.sort_unstable();
    sorted.dedup();
    if sorted.len() < users.len() {
        let mut seen = alloc::vec![false; sorted.len()];
        users.retain(|user| {
            let rank = sorted.binary_search(user);
            rank.is_ok_and(|rank| !core::mem::replace(&mut seen[rank], true))
        });
    }
    (users, sorted)
}

/// The participant that `peer` sees. It follows from the conversation's ID or, if the host names its conversations
/// differently, is the only other user. Needed if the peer's row is written: as a user's, or for private chat.
fn counterpart(
    conversation_id: &ConversationId,
    peer: &UserId,
    users: &[UserId],
    patch: &Patch,
) -> Result<Option<UserId>, ArgsError> {
    let mut others = users.iter().filter(|user| *user != peer);
    let only_other = others.next().filter(|_| others.next().is_none());
    let counterpart = conversation_id.other_party(peer).or_else(|| only_other.cloned());
    let is_needed = patch.is_private_chat.is_some() || users.binary_search(peer).is_ok();
    match counterpart {
        _ if !is_needed => Ok(None),
        Some(counterpart) if counterpart != *peer => Ok(Some(counterpart)),
        _ => {
            let rule = "must be the other party: conversationID and userIDs do not show who this user chats with";
            Err(ArgsError::in_conversation("userID", rule))
        }
    }
}
