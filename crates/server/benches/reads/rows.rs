//! The rows that are read: 1,000,000 of owners who have 200 each, and those of two more.

use std::sync::Arc;

use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Patch, Target, Timestamp, UserId, Write, WriteBatch,
};
use conversation_settings_store::ConversationStore;

/// How many owners have [`EACH`] conversations.
pub(crate) const OWNERS: usize = 5_000;
/// How many conversations each of [`OWNERS`] has.
pub(crate) const EACH: usize = 200;
/// How many conversations each of the other owners has.
pub(crate) const MORE_OWNERS: [usize; 2] = [10, 10_000];

/// One of [`OWNERS`].
pub(crate) fn owner(n: usize) -> String {
    format!("69659{n:05}")
}

/// The one of the others that has so many conversations.
pub(crate) fn owner_of(conversations: usize) -> String {
    format!("owner_of_{conversations}")
}

pub(crate) fn conversation_id(n: usize) -> String {
    format!("sg_35804{n:05}")
}

/// Writes them: each conversation by a batch of its own, so that an owner's log is as long as it has conversations.
pub(crate) async fn fill(store: &dyn ConversationStore) {
    let owners: Vec<_> = (0..OWNERS).map(owner).collect();
    for n in 0..EACH {
        write(store, &owners, n).await;
    }
    for conversations in MORE_OWNERS {
        let owner = [owner_of(conversations)];
        for n in 0..conversations {
            write(store, &owner, n).await;
        }
    }
}

async fn write(store: &dyn ConversationStore, owners: &[String], n: usize) {
    let id = ConversationId::new(conversation_id(n)).unwrap();
    let target = Target::Group(GroupId::new("3580441235").unwrap());
    let patch = Patch::KEEP.is_pinned(n.is_multiple_of(20)).ex(r#"{"colour":"teal"}"#);
    let change = Arc::new(Change::Set { patch, missing: Missing::Create(target) });
    let write = |owner: &String| {
        let key = Key::new(UserId::new(owner.as_str()).unwrap(), id.clone());
        Write { key, change: Arc::clone(&change) }
    };
    let batch = WriteBatch::new(owners.iter().map(write).collect()).unwrap();
    store.apply(&batch, Timestamp(0)).await.unwrap();
}
