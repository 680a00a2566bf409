//! A constant number of round trips, and batches as large as they come.

use conversation_settings_core::{Change, Key, Missing, Patch, Version};
use conversation_settings_store::{Changes, ConversationStore, Filter, OwnerVersion, PageRequest, StoreError};

use crate::{
    conformance::{Fixture, Harness, Skipped},
    fixtures::{AT, batch, change, conversation, key, remove, set, set_all, user},
};

fn keys(name: &str, count: usize) -> Vec<Key> {
    (0..count).map(|n| key(format!("{name}{n:05}"), "sg_1")).collect()
}

/// What each call costs on so many users, or so many conversations of one.
async fn costs(
    fixture: &Fixture<'_, impl Harness>,
    name: &str,
    count: usize,
) -> Result<Vec<(&'static str, u64)>, Skipped> {
    let (store, keys, owner) = (fixture.store(), keys(name, count), user(name));
    let of_one: Vec<_> = (0..count).map(|n| key(&owner, format!("sg_{n:05}"))).collect();
    let since = OwnerVersion::default();
    let mut costs = Vec::new();
    macro_rules! costs {
        ($( $what:literal: $call:expr, )*) => {$({
            let before = fixture.round_trips().await?;
            $call.await.expect("succeeds");
            costs.push(($what, fixture.round_trips().await? - before));
        })*};
    }
    costs! {
        "create": store.apply(&set_all(keys.clone(), &Patch::KEEP.ex("x")), AT),
        "update": store.apply(&set_all(keys.clone(), &Patch::KEEP.ex("y")), AT),
        "silence": store.apply(&set_all(keys.clone(), &Patch::KEEP.ex("y")), AT),
        "create of one": store.apply(&set_all(of_one.clone(), &Patch::KEEP.ex("x")), AT),
        "get": store.get(&keys),
        "list": store.list(&owner, &Filter::ALL, &PageRequest::first(count)),
        "list_by_conversation": store.list_by_conversation(&conversation("sg_1"), &Filter::ALL, &PageRequest::first(count)),
        "changes": store.changes(&owner, &since, count),
        "remove": store.apply(&batch(of_one.iter().cloned().map(remove)), AT),
        "prune": store.prune(&owner, Version(2)),
        "version": store.version(&owner),
    }
    Ok(costs)
}

pub(super) async fn round_trips_do_not_grow_with_the_number_of_users(
    fixture: Fixture<'_, impl Harness>,
) -> Result<(), Skipped> {
    // What is prepared or opened once is not counted.
    costs(&fixture, "once", 2).await?;
    let few = costs(&fixture, "few", 2).await?;
    let many = costs(&fixture, "many", 300).await?;
    assert_eq!(few, many, "on the left of 2, on the right of 300");
    Ok(())
}

pub(super) async fn a_batch_of_ten_thousand_is_one_unit(fixture: Fixture<'_, impl Harness>) {
    const MANY: usize = 10_000;
    let (store, keys, id) = (fixture.store(), keys("user", MANY), conversation("sg_1"));
    let first = set_all(keys.clone(), &Patch::KEEP.ex("first"));
    let applied = store.apply(&first, AT).await.expect("can be applied");
    assert_eq!(applied.effects.len(), MANY);
    assert!(applied.effects.iter().all(|effect| effect.version == Some(Version(1))));

    // The last of them fails, and so all of them.
    let reject = Change::Set { patch: Patch::KEEP.ex("x"), missing: Missing::Reject };
    let rejected = change(key("user99999", "sg_missing"), reject);
    let writes = keys.iter().map(|key| set(key.clone(), Patch::KEEP.ex("second"))).chain([rejected]);
    let error = fixture.refused(writes).await;
    assert!(matches!(error, StoreError::Rejected(_)), "{error:?}");
    let of_first = Filter::is(Patch::KEEP.ex("first"));
    let held = store.list_by_conversation(&id, &of_first, &PageRequest::first(MANY)).await.expect("can be read");
    assert_eq!((held.conversations.len(), held.next), (MANY, None));

    let again = store.apply(&first, AT).await.expect("can be applied");
    assert!(again.effects.iter().all(|effect| effect.version.is_none()), "silence");
    let one = user("user04711");
    let told = fixture.changes(&one, 0).await;
    assert!(matches!(told, Changes::Increment { inserted, .. } if inserted.len() == 1));
}
