//! Rule 6: constant round trips, and large batches.

use conversation_settings_core::{Change, Key, Missing, Patch, Version};
use conversation_settings_store::{Changes, ConversationStore, Filter, OwnerVersion, PageRequest, StoreError};

use crate::{
    conformance::{Fixture, Harness, Skipped},
    fixtures::{AT, batch, change, conversation, key, remove, set, set_all, user},
};

fn keys(name: &str, count: usize) -> Vec<Key> {
    (0..count).map(|n| key(format!("{name}{n:05}"), "sg_1")).collect()
}

/// The round trips of each call, on `count` users or `count` conversations of one user.
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
        "no-op": store.apply(&set_all(keys.clone(), &Patch::KEEP.ex("y")), AT),
        "create of one": store.apply(&set_all(of_one.clone(), &Patch::KEEP.ex("x")), AT),
        "get": store.get(&keys),
        "list": store.list(&owner, &Filter::ALL, &PageRequest::first(count)),
        "count": store.count(&owner),
        "list_by_conversation": store.list_by_conversation(&conversation("sg_1"), &Filter::ALL, &PageRequest::first(count)),
        "changes": store.changes(&owner, &since, count),
        "remove": store.apply(&batch(of_one.iter().cloned().map(remove)), AT),
        "prune": store.prune(&owner, Version(2)),
        "version": store.version(&owner),
    }
    Ok(costs)
}

/// Keeps the least round trips of each call. The first calls prepare statements and open connections, and two tasks on two
/// cores may split a pipelined request: neither counts.
fn keep_least(least: &mut [(&'static str, u64)], costs: Vec<(&'static str, u64)>) {
    for ((_, least), (_, cost)) in least.iter_mut().zip(costs) {
        *least = cost.min(*least);
    }
}

/// After so many rounds the least is the true one, even if nine of ten requests are split: a nearby pooler answers `BEGIN`
/// while a long statement is still being written.
const MAX_ROUNDS: usize = 100;

pub(super) async fn needs_constant_round_trips_for_any_number_of_users(
    fixture: Fixture<'_, impl Harness>,
) -> Result<(), Skipped> {
    let mut few = costs(&fixture, "few0", 2).await?;
    let mut many = costs(&fixture, "many0", 300).await?;
    for round in 1..MAX_ROUNDS {
        keep_least(&mut few, costs(&fixture, &format!("few{round}"), 2).await?);
        keep_least(&mut many, costs(&fixture, &format!("many{round}"), 300).await?);
        if round > 2 && few == many {
            break;
        }
    }
    assert_eq!(few, many, "round trips for 2 on the left, for 300 on the right");
    Ok(())
}

pub(super) async fn applies_ten_thousand_writes_as_one_unit(fixture: Fixture<'_, impl Harness>) {
    const MANY: usize = 10_000;
    let (store, keys, id) = (fixture.store(), keys("user", MANY), conversation("sg_1"));
    let first = set_all(keys.clone(), &Patch::KEEP.ex("first"));
    let applied = store.apply(&first, AT).await.expect("can be applied");
    assert_eq!(applied.effects.len(), MANY);
    assert!(applied.effects.iter().all(|effect| effect.version == Some(Version(1))));

    // The last write is rejected, and so is the whole batch.
    let reject = Change::Set { patch: Patch::KEEP.ex("x"), missing: Missing::Reject };
    let rejected = change(key("user99999", "sg_missing"), reject);
    let writes = keys.iter().map(|key| set(key.clone(), Patch::KEEP.ex("second"))).chain([rejected]);
    let error = fixture.refused(writes).await;
    assert!(matches!(error, StoreError::Rejected(_)), "{error:?}");
    let of_first = Filter::is(Patch::KEEP.ex("first"));
    let listed = store.list_by_conversation(&id, &of_first, &PageRequest::first(MANY)).await.expect("can be read");
    assert_eq!((listed.conversations.len(), listed.next), (MANY, None));

    let again = store.apply(&first, AT).await.expect("can be applied");
    assert!(again.effects.iter().all(|effect| effect.version.is_none()), "the repeated batch is a no-op");
    let one = user("user04711");
    let changes = fixture.changes(&one, 0).await;
    assert!(matches!(changes, Changes::Increment { inserted, .. } if inserted.len() == 1));
}
