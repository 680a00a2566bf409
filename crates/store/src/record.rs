//! Records: conversations and tombstones as a store keeps them.

use conversation_settings_core::{Conversation, Key, Version};

use crate::Lifespan;

/// What a store keeps under one key: a conversation or its tombstone, with the owner's versions.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_structs, reason = "an adapter builds it, and must not miss a field")]
pub struct Record {
    /// The conversation, or its tombstone.
    pub state: State,
    /// The versions at which the conversation was created and removed.
    pub lifespan: Lifespan,
    /// The version of the last change.
    pub last_changed: Version,
}

/// A conversation, or a tombstone that reports the removal to clients.
#[derive(Clone, Debug, PartialEq)]
#[expect(clippy::exhaustive_enums, reason = "an adapter must store each")]
pub enum State {
    /// The conversation.
    Live(Conversation),
    /// The tombstone of a removed conversation.
    Removed(Key),
}

impl Record {
    /// The key of the conversation or tombstone.
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
