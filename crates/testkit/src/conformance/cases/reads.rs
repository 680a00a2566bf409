//! Reads return what was written.

use conversation_settings_core::{Patch, Version};
use conversation_settings_store::{ConversationStore, ConversationStoreExt, Filter, PageRequest};

use crate::{
    conformance::{Fixture, Harness},
    fixtures::{conversation, key, remove, set, user},
};

pub(super) async fn returns_conversations_in_the_order_of_the_keys(fixture: Fixture<'_, impl Harness>) {
    let there = [key("b", "sg_2"), key("a", "sg_3"), key("b", "sg_1"), key("a", "sg_1")];
    fixture.apply(there.iter().map(|key| set(key.clone(), Patch::KEEP.ex(key.to_string())))).await;
    fixture.apply([set(key("a", "sg_gone"), Patch::KEEP.ex("x"))]).await;
    fixture.apply([remove(key("a", "sg_gone"))]).await;
    let [first, second, third, fourth] = there;
    // One key occurs twice, and some have no conversation.
    let asked = [second, key("c", "sg_1"), first.clone(), key("a", "sg_gone"), fourth, third, first, key("a", "sg_2")];
    let found = fixture.store().get(&asked).await.expect("can be read");
    let found: Vec<_> = found.iter().map(|found| found.as_ref().map(|found| &*found.settings.ex)).collect();
    let expected = asked.iter().map(ToString::to_string).collect::<Vec<_>>();
    let expected = expected.iter().enumerate().map(|(at, text)| (![1, 3, 7].contains(&at)).then_some(&**text));
    assert_eq!(found, expected.collect::<Vec<_>>());
    assert_eq!(fixture.store().get(&[]).await.expect("can be read"), []);
}

pub(super) async fn separates_owners(fixture: Fixture<'_, impl Harness>) {
    let owners = ["a", "ab", "b"];
    fixture.apply(owners.map(|owner| set(key(owner, "sg_1"), Patch::KEEP.ex(owner)))).await;
    fixture.apply([set(key("ab", "sg_2"), Patch::KEEP.ex("ab"))]).await;
    fixture.apply([remove(key("b", "sg_1"))]).await;
    for (owner, ids, version) in [("a", &["sg_1"][..], 1), ("ab", &["sg_1", "sg_2"], 2), ("b", &[], 2)] {
        let listed = fixture.store().list_all(&user(owner), &Filter::ALL).await.expect("can be read");
        assert_eq!(listed.iter().map(|found| found.key.conversation_id.as_str()).collect::<Vec<_>>(), ids, "{owner}");
        assert!(listed.iter().all(|found| &*found.settings.ex == owner), "{owner}");
        assert_eq!(fixture.version(&user(owner)).await.version, Version(version), "{owner}");
    }
}

pub(super) async fn reads_its_own_writes(fixture: Fixture<'_, impl Harness>) {
    let (owner, id) = (user("a"), conversation("sg_1"));
    let key = key(&owner, "sg_1");
    for n in 1..=30_u64 {
        let since = fixture.version(&owner).await;
        let is_there = n % 3 != 0;
        let text = n.to_string();
        let write = if is_there { set(key.clone(), Patch::KEEP.ex(&*text)) } else { remove(key.clone()) };
        let effects = fixture.apply([write]).await;
        assert_eq!(effects[0].version, Some(Version(n)));
        let expected = is_there.then_some(&*text);
        let ex =
            |found: Option<&conversation_settings_core::Conversation>| found.map(|found| found.settings.ex.to_string());
        assert_eq!(fixture.version(&owner).await.version, Version(n));
        assert_eq!(ex(fixture.get(&key).await.as_ref()).as_deref(), expected);
        let listed = fixture.store().list(&owner, &Filter::ALL, &PageRequest::first(10)).await.expect("can be read");
        assert_eq!(ex(listed.conversations.first()).as_deref(), expected, "in the owner's list");
        let of_all = fixture
            .store()
            .list_by_conversation(&id, &Filter::ALL, &PageRequest::first(10))
            .await
            .expect("can be read");
        assert_eq!(ex(of_all.conversations.first()).as_deref(), expected, "in the list of the conversation");
        let changes = fixture.changes_since(&owner, since).await;
        assert_eq!(changes.version().version, Version(n));
        let ids = super::changes::ids(changes);
        assert_eq!(ids.concat(), ["sg_1"], "the changes of the last batch");
    }
}
