//! Many keys as few conditions.

use std::collections::BTreeMap;

use conversation_settings_core::{ConversationId, Key, UserId};
use mongodb::bson::{Bson, Document, doc};

use crate::rows::{CONVERSATION, OWNER};

/// The most owners that one statement names, so that a statement stays well within a command.
pub(crate) const MAX_OWNERS: usize = 10_000;

/// The keys of all `owners` in all `conversations`.
pub(crate) struct KeyGroup<'a> {
    pub(crate) owners: Vec<&'a UserId>,
    pub(crate) conversations: Vec<&'a ConversationId>,
}

/// Groups sorted keys: owners with the same conversations form one group. A batch is nearly always one group, because it
/// is of one conversation or of one owner.
pub(crate) fn key_groups<'a>(keys: impl IntoIterator<Item = &'a Key>) -> Vec<KeyGroup<'a>> {
    let keys: Vec<_> = keys.into_iter().collect();
    let mut groups: BTreeMap<Vec<&ConversationId>, Vec<&UserId>> = BTreeMap::new();
    for of_owner in keys.chunk_by(|a, b| a.owner == b.owner) {
        let conversations = of_owner.iter().map(|key| &key.conversation_id).collect();
        groups.entry(conversations).or_default().push(&of_owner[0].owner);
    }
    groups.into_iter().map(|(conversations, owners)| KeyGroup { owners, conversations }).collect()
}

impl KeyGroup<'_> {
    pub(crate) fn condition(&self) -> Document {
        doc! {
            OWNER: { "$in": texts(self.owners.iter().map(|owner| owner.as_str())) },
            CONVERSATION: { "$in": texts(self.conversations.iter().map(|id| id.as_str())) },
        }
    }
}

/// The condition that a document belongs to one of `groups`, which are not empty.
pub(crate) fn condition(groups: &[KeyGroup<'_>]) -> Document {
    match groups {
        [group] => group.condition(),
        groups => doc! { "$or": groups.iter().map(KeyGroup::condition).collect::<Vec<_>>() },
    }
}

/// The index to use for `groups`: for one conversation of many owners, the one that has those owners side by side.
///
/// Without this hint the server may choose the index of the conversation ID alone, and read a whole group for a few
/// members.
pub(crate) fn index(groups: &[KeyGroup<'_>]) -> Document {
    match groups {
        [KeyGroup { owners, conversations }] if owners.len() > conversations.len() => {
            doc! { CONVERSATION: 1, OWNER: 1 }
        }
        _ => doc! { OWNER: 1, CONVERSATION: 1 },
    }
}

pub(crate) fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> Bson {
    Bson::Array(texts.map(Bson::from).collect())
}
