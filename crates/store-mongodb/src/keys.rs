//! Many keys as few conditions.

use std::collections::BTreeMap;

use conversation_settings_core::{ConversationId, Key, UserId};
use mongodb::bson::{Bson, Document, doc};

use crate::rows::{CONVERSATION, OWNER};

/// Owners, and the conversations of each of them.
pub(crate) struct Block<'a> {
    pub(crate) owners: Vec<&'a UserId>,
    pub(crate) conversations: Vec<&'a ConversationId>,
}

/// The blocks that sorted keys are made of: owners with the same conversations together. Nearly always it is one, since
/// a batch is of one conversation or of one owner.
pub(crate) fn blocks<'a>(keys: impl IntoIterator<Item = &'a Key>) -> Vec<Block<'a>> {
    let keys: Vec<_> = keys.into_iter().collect();
    let mut blocks: BTreeMap<Vec<&ConversationId>, Vec<&UserId>> = BTreeMap::new();
    for of_owner in keys.chunk_by(|a, b| a.owner == b.owner) {
        let conversations = of_owner.iter().map(|key| &key.conversation_id).collect();
        blocks.entry(conversations).or_default().push(&of_owner[0].owner);
    }
    blocks.into_iter().map(|(conversations, owners)| Block { owners, conversations }).collect()
}

impl Block<'_> {
    /// The condition that a document is of the block.
    pub(crate) fn condition(&self) -> Document {
        doc! {
            OWNER: { "$in": texts(self.owners.iter().map(|owner| owner.as_str())) },
            CONVERSATION: { "$in": texts(self.conversations.iter().map(|id| id.as_str())) },
        }
    }
}

/// The condition that a document is of one of the blocks, of which there is at least one.
pub(crate) fn condition(blocks: &[Block<'_>]) -> Document {
    match blocks {
        [block] => block.condition(),
        blocks => doc! { "$or": blocks.iter().map(Block::condition).collect::<Vec<_>>() },
    }
}

/// The index by which the documents of some blocks are found: where it is one conversation of many owners, the one in which
/// they stand side by side. Left to itself the server may try that of the conversation's ID alone, by which it would read
/// a whole group for a few members.
pub(crate) fn index(blocks: &[Block<'_>]) -> Document {
    match blocks {
        [Block { owners, conversations }] if owners.len() > conversations.len() => doc! { CONVERSATION: 1, OWNER: 1 },
        _ => doc! { OWNER: 1, CONVERSATION: 1 },
    }
}

/// Texts as an array.
pub(crate) fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Bson {
    Bson::Array(texts.map(Bson::from).collect())
}
