//! What every store can do by means of its few methods.

use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Patch, Target, Timestamp, UserId, Write, WriteBatch,
};
use conversation_settings_store::{ConversationStore, ConversationStoreExt, Filter};
use conversation_settings_store_memory::MemoryStore;

fn key(owner: &str, n: usize) -> Key {
    Key::new(UserId::new(owner).unwrap(), ConversationId::new(format!("sg_{n:05}")).unwrap())
}

/// A store in which alice has so many conversations, every third one pinned, and bob one.
async fn store(conversations: usize) -> MemoryStore {
    let store = MemoryStore::new();
    let write = |key, is_pinned| {
        let missing = Missing::CreateEvenIfEmpty(Target::Group(GroupId::new("team").unwrap()));
        Write { key, change: Change::Set { patch: Patch::KEEP.is_pinned(is_pinned), missing }.into() }
    };
    let mut writes: Vec<_> = (0..conversations).map(|n| write(key("alice", n), n % 3 == 0)).collect();
    writes.push(write(key("bob", 0), false));
    store.apply(&WriteBatch::new(writes).unwrap(), Timestamp(0)).await.unwrap();
    store
}

#[tokio::test]
async fn gets_one_conversation_by_its_key() {
    let store = store(2).await;
    assert_eq!(store.get_one(key("alice", 1)).await.unwrap().map(|found| found.key), Some(key("alice", 1)));
    assert_eq!(store.get_one(key("alice", 2)).await.unwrap(), None);
}

#[tokio::test]
async fn lists_all_conversations_over_any_number_of_pages() {
    for conversations in [0, 1, 999, 1_000, 1_001, 2_500] {
        let store = store(conversations).await;
        let all = store.list_all(&UserId::new("alice").unwrap(), &Filter::ALL).await.unwrap();
        let expected: Vec<_> = (0..conversations).map(|n| key("alice", n)).collect();
        assert_eq!(all.into_iter().map(|found| found.key).collect::<Vec<_>>(), expected);
        let pinned = Filter::is(Patch::KEEP.is_pinned(true));
        let pinned = store.list_all(&UserId::new("alice").unwrap(), &pinned).await.unwrap();
        assert_eq!(pinned.len(), conversations.div_ceil(3));
    }
}
