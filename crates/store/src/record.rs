//! What a store keeps of one conversation.

use conversation_settings_core::{Conversation, Key, Version};

use crate::Lifespan;

/// What a store keeps of one key: a conversation or its tombstone, and the owner's versions that it was touched at.
#[derive(Clone, Debug, PartialEq)]
pub struct Record {
    /// The conversation, or its tombstone.
    pub state: State,
    /// The versions at which it came and went.
    pub lifespan: Lifespan,
    /// The version at which it was last changed.
    pub last_changed: Version,
}

/// Alive, or a tombstone so that a client can be told what went.
#[derive(Clone, Debug, PartialEq)]
pub enum State {
    /// The conversation.
    Live(Conversation),
    /// What was removed.
    Removed(Key),
}

impl Record {
    /// Whose view of which conversation.
    #[must_use]
    pub const fn key(&self) -> &Key {
        match &self.state {
            State::Live(conversation) => &conversation.key,
            State::Removed(key) => key,
        }
    }

    /// The conversation, unless this is a tombstone.
    #[must_use]
    pub const fn live(&self) -> Option<&Conversation> {
        match &self.state {
            State::Live(conversation) => Some(conversation),
            State::Removed(_) => None,
        }
    }

    /// The conversation, unless this is a tombstone.
    #[must_use]
    pub fn into_live(self) -> Option<Conversation> {
        match self.state {
            State::Live(conversation) => Some(conversation),
            State::Removed(_) => None,
        }
    }
}
