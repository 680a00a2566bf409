//! Random histories, on which this adapter must answer like the memory adapter.

use conversation_settings_core::{Patch, RecvMsgOpt, UserId, Version};
use conversation_settings_store::{Changes, ConversationStore, Filter, OwnerVersion, PageRequest};
use conversation_settings_store_memory::MemoryStore;

use crate::support::{Database, NOW, batch, conversation, key, remove, set, user};

/// Pseudo-random numbers, the same in every run.
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    fn of<'a, T>(&mut self, some: &'a [T]) -> &'a T {
        &some[usize::try_from(self.below(some.len() as u64)).unwrap()]
    }

    pub(crate) fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % end
    }
}

const OWNERS: [&str; 5] = ["a", "$b", "c.d", "ä", "e"];
const IDS: [&str; 4] = ["sg_1", "$literal", "sg.2", "$$this"];

async fn assert_alike(one: &impl ConversationStore, other: &impl ConversationStore, owner: &UserId, since: Version) {
    let (page, all) = (PageRequest::first(3), Filter::ALL);
    assert_eq!(one.list(owner, &all, &page).await.unwrap(), other.list(owner, &all, &page).await.unwrap());
    let muted = Filter::is_not(Patch::KEEP.recv_msg_opt(RecvMsgOpt::Receive));
    let page = PageRequest::after(conversation("$literal"), 10);
    assert_eq!(one.list(owner, &muted, &page).await.unwrap(), other.list(owner, &muted, &page).await.unwrap());
    let (a, b) = (one.version(owner).await.unwrap(), other.version(owner).await.unwrap());
    assert_eq!(a.version, b.version);
    let of = async |store: &dyn ConversationStore, current: OwnerVersion| {
        sorted(store.changes(owner, &OwnerVersion { version: since, ..current }, 100).await.unwrap())
    };
    assert_eq!(of(one, a).await, of(other, b).await, "{owner} since {since} of {}", a.version);
}

/// Changes without the log identity, in the order of IDs.
fn sorted(changes: Changes) -> String {
    match changes {
        Changes::Full(current) => format!("full, {}", current.version),
        Changes::Increment { version, mut inserted, mut updated, mut removed } => {
            inserted.sort_by(|a, b| a.key.cmp(&b.key));
            updated.sort_by(|a, b| a.key.cmp(&b.key));
            removed.sort();
            format!("{}: inserted {inserted:?} updated {updated:?} removed {removed:?}", version.version)
        }
    }
}

#[tokio::test]
async fn matches_memory_store_on_random_histories() {
    let Some(database) = Database::new().await else { return };
    let (memory, mongodb) = (MemoryStore::new(), database.store().await);
    let mut numbers = Numbers(1);
    for round in 0..400 {
        let mut writes = Vec::new();
        for owner in OWNERS {
            for id in IDS {
                let key = key(owner, id);
                match numbers.below(8) {
                    0 => writes.push(set(key, Patch::KEEP.is_pinned(numbers.below(2) == 0))),
                    1 => writes.push(set(key, Patch::KEEP.recv_msg_opt(*numbers.of(RecvMsgOpt::ALL)).ex("x"))),
                    2 if numbers.below(2) == 0 => writes.push(remove(key)),
                    _ => {}
                }
            }
        }
        let batch = batch(writes);
        assert_eq!(mongodb.apply(&batch, NOW).await.unwrap(), memory.apply(&batch, NOW).await.unwrap(), "{round}");
        let owner = user(numbers.of(&OWNERS));
        let version = memory.version(&owner).await.unwrap().version;
        assert_alike(&mongodb, &memory, &owner, Version(numbers.below(version.0 + 2))).await;
        if numbers.below(10) == 0 {
            let through = Version(numbers.below(version.0 + 2));
            assert_eq!(mongodb.prune(&owner, through).await.unwrap(), memory.prune(&owner, through).await.unwrap());
        }
        let (id, page) = (conversation(numbers.of(&IDS)), PageRequest::first(3));
        let owners = (
            mongodb.list_by_conversation(&id, &Filter::ALL, &page).await,
            memory.list_by_conversation(&id, &Filter::ALL, &page).await,
        );
        assert_eq!(owners.0.unwrap(), owners.1.unwrap());
    }
}
