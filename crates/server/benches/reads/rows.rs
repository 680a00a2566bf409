//! The rows: 1,000,000 of owners with 200 each, and those of two more owners.

use std::sync::Arc;

use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Patch, Target, Timestamp, UserId, Write, WriteBatch,
};
use conversation_settings_store::ConversationStore;

/// Number of owners with [`EACH`] conversations.
pub(crate) const OWNERS: usize = 5_000;
/// Conversations of each of [`OWNERS`].
pub(crate) const EACH: usize = 200;
/// Conversations of each other owner.
pub(crate) const MORE_OWNERS: [usize; 2] = [10, 10_000];

/// One of [`OWNERS`].
pub(crate) fn owner(n: usize) -> String {
    format!("69659{n:05}")
}

/// The other owner with this many conversations.
pub(crate) fn owner_of(conversations: usize) -> String {
    format!("owner_of_{conversations}")
}

pub(crate) fn conversation_id(n: usize) -> String {
    format!("sg_35804{n:05}")
}

/// Writes each conversation in its own batch, so that an owner's version equals the number of conversations.
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
