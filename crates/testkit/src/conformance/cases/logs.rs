//! Rule 8: the identity of the log, and reads without effect.

use conversation_settings_core::{Patch, Version};
use conversation_settings_store::{ConversationStore, Filter, LogId, OwnerVersion, PageRequest};

use crate::{
    conformance::{Fixture, Harness, Skipped},
    fixtures::{conversation, key, remove, set, user},
};

pub(super) async fn keeps_the_log_identity(fixture: Fixture<'_, impl Harness>) -> Result<(), Skipped> {
    let owner = user("a");
    fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("x"))]).await;
    let log = fixture.version(&owner).await.log;
    assert_ne!(log, LogId::NONE, "the first write begins a log");
    fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("y")), set(key("b", "sg_1"), Patch::KEEP.ex("y"))]).await;
    fixture.apply([remove(key("a", "sg_1"))]).await;
    fixture.store().prune(&owner, Version(3)).await.expect("can be pruned");
    fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("x"))]).await;
    assert_eq!(fixture.version(&owner).await, OwnerVersion { log, version: Version(4) });
    assert_eq!(fixture.changes(&owner, 4).await.version().log, log);

    // Other data of the same owner has another log: versions of one mean nothing in the other.
    let other = fixture.another_fresh().await?;
    other.apply([set(key("a", "sg_1"), Patch::KEEP.ex("x"))]).await;
    assert_ne!(other.version(&owner).await.log, log);
    Ok(())
}

pub(super) async fn reads_without_writing(fixture: Fixture<'_, impl Harness>) {
    fixture.apply([set(key("a", "sg_1"), Patch::KEEP.ex("x"))]).await;
    fixture.apply([remove(key("a", "sg_1"))]).await;
    let store = fixture.store();
    for owner in ["a", "nobody"] {
        let owner = user(owner);
        let before = fixture.version(&owner).await;
        for _ in 0..2 {
            let key = key(&owner, "sg_1");
            assert_eq!(store.get(&[key.clone(), key]).await.expect("can be read"), [None, None]);
            let listed = store.list(&owner, &Filter::ALL, &PageRequest::first(10)).await.expect("can be read");
            assert_eq!((listed.conversations.len(), listed.next), (0, None));
            let of_all = store.list_by_conversation(&conversation("sg_1"), &Filter::ALL, &PageRequest::first(10)).await;
            assert_eq!(of_all.expect("can be read").conversations, []);
            for since in [OwnerVersion::default(), OwnerVersion { version: Version(1), ..before }] {
                assert_eq!(fixture.changes_since(&owner, since).await.version(), before);
            }
            assert_eq!(fixture.version(&owner).await, before, "the version before the reads on the right");
        }
    }
    let first = fixture.apply([set(key("nobody", "sg_1"), Patch::KEEP.ex("x"))]).await;
    assert_eq!(first[0].version, Some(Version(1)), "the first write makes version 1");
}
