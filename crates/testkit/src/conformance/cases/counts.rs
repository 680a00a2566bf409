//! The number of an owner's conversations.

use conversation_settings_core::{Change, Missing, Patch, Version};
use conversation_settings_store::ConversationStore;

use crate::{
    conformance::{Fixture, Harness},
    fixtures::{change, key, remove, set, user},
};

pub(super) async fn counts_the_conversations_of_each_owner(fixture: Fixture<'_, impl Harness>) {
    let count = async |owner: &str| fixture.store().count(&user(owner)).await.expect("can be read");
    let create = |owner: &str, id: &str| set(key(owner, id), Patch::KEEP.ex("x"));
    assert_eq!(count("a").await, 0, "nothing was ever written");

    fixture.apply([create("a", "sg_1"), create("a", "sg_2"), create("b", "sg_1")]).await;
    assert_eq!((count("a").await, count("b").await, count("nobody").await), (2, 1, 0));
    fixture.apply([create("a", "sg_1"), create("a", "sg_3"), set(key("b", "sg_1"), Patch::KEEP.ex("y"))]).await;
    assert_eq!((count("a").await, count("b").await), (3, 1), "one created, one updated");

    // One is removed and one created: the owner changes, the number does not.
    fixture.apply([remove(key("a", "sg_1")), create("a", "sg_4"), remove(key("a", "sg_9"))]).await;
    assert_eq!(count("a").await, 3);
    fixture.apply([remove(key("a", "sg_2")), remove(key("b", "sg_1"))]).await;
    assert_eq!((count("a").await, count("b").await), (2, 0), "tombstones do not count");
    fixture.apply([create("a", "sg_1"), create("b", "sg_1")]).await;
    assert_eq!((count("a").await, count("b").await), (3, 1), "created again");

    let reject = Change::Set { patch: Patch::KEEP.ex("x"), missing: Missing::Reject };
    fixture.refused([create("a", "sg_5"), change(key("a", "sg_6"), reject)]).await;
    assert_eq!(count("a").await, 3, "a rejected batch counts for nothing");

    let pruned = fixture.store().prune(&user("a"), Version(u64::MAX)).await.expect("can be pruned");
    assert_eq!((pruned, count("a").await), (1, 3), "pruning removes no conversation");
    fixture.apply([remove(key("a", "sg_1")), remove(key("a", "sg_3")), remove(key("a", "sg_4"))]).await;
    assert_eq!(count("a").await, 0);

    // More than any page.
    fixture.apply((0..2_345).map(|n| create("many", &format!("sg_{n}")))).await;
    assert_eq!(count("many").await, 2_345);
    fixture.apply((0..1_000).map(|n| remove(key("many", format!("sg_{n}"))))).await;
    assert_eq!(count("many").await, 1_345);
}
