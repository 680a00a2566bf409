//! Rule 3: writers of one owner take effect one after the other.

use std::{collections::BTreeSet, sync::Arc, time::Duration};

use conversation_settings_core::{Effect, Field, Outcome, Patch, Seq, Version, Write};
use conversation_settings_store::ConversationStore;
use tokio::{sync::Barrier, task::JoinSet, time::timeout};

use super::decisions::{values_of, with};
use crate::{
    conformance::{Fixture, Harness},
    fixtures::{AT, batch, key, set, set_single, user},
};

/// Longer than any store needs.
const LONGEST: Duration = Duration::from_mins(1);

/// Applies all batches at the same time, each on its own task. Returns their effects in the order of the batches.
pub(super) async fn apply_at_once<S: ConversationStore>(
    stores: &[Arc<S>],
    batches: impl IntoIterator<Item = Vec<Write>>,
) -> Vec<Vec<Effect>> {
    let batches: Vec<_> = batches.into_iter().map(batch).collect();
    let count = batches.len();
    let start = Arc::new(Barrier::new(count));
    let mut tasks = JoinSet::new();
    for (index, (writes, store)) in batches.into_iter().zip(stores.iter().cycle()).enumerate() {
        let (store, start) = (Arc::clone(store), Arc::clone(&start));
        tasks.spawn(async move {
            start.wait().await;
            let applied = timeout(LONGEST, store.apply(&writes, AT)).await.expect("no call blocks for a minute");
            (index, applied.expect("succeeds among concurrent calls").effects)
        });
    }
    let mut effects = vec![Vec::new(); count];
    for (index, of_one) in tasks.join_all().await {
        effects[index] = of_one;
    }
    effects
}

pub(super) fn seq(n: usize) -> Seq {
    Seq::try_from(i64::try_from(n).expect("is small")).expect("is not negative")
}

pub(super) async fn loses_no_concurrent_update(fixture: Fixture<'_, impl Harness>) {
    for round in 0..4 {
        let key = key("a", format!("si_{round}"));
        // The conversation is missing in the first round, and exists in the others.
        if round > 0 {
            fixture.apply([set_single(key.clone(), Patch::KEEP)]).await;
        }
        // Each writer sets its own field of the same conversation.
        let of_fields = Field::ALL.iter().map(|field| {
            let patch = with(Patch::KEEP, *field, values_of(*field)[1].clone());
            vec![set_single(key.clone(), patch)]
        });
        apply_at_once(std::slice::from_ref(fixture.store()), of_fields).await;
        let stored = fixture.get(&key).await.expect("is there");
        for &field in Field::ALL {
            assert_eq!(stored.settings.value(field), values_of(field)[1], "the update of {field} is lost");
        }
    }
}

pub(super) async fn gives_each_change_of_an_owner_its_own_version(fixture: Fixture<'_, impl Harness>) {
    const CHANGES: usize = 48;
    let batches = (1..=CHANGES).map(|n| vec![set(key("a", "sg_1"), Patch::KEEP.max_seq(seq(n)))]);
    let effects = apply_at_once(std::slice::from_ref(fixture.store()), batches).await;
    let versions: BTreeSet<_> = effects.iter().filter_map(|effects| effects[0].version).collect();
    let expected: BTreeSet<_> = (1..=CHANGES as u64).map(Version).collect();
    assert_eq!(versions, expected, "each version once: found on the left, expected on the right");
    assert_eq!(fixture.version(&user("a")).await.version, Version(CHANGES as u64));
    let last = effects.iter().position(|effects| effects[0].version == Some(Version(CHANGES as u64)));
    let stored = fixture.get(&key("a", "sg_1")).await.expect("is there");
    assert_eq!(stored.settings.max_seq, seq(last.expect("one of them") + 1), "the value of the last version");
}

pub(super) async fn creates_once_when_many_create_at_the_same_time(fixture: Fixture<'_, impl Harness>) {
    for round in 0..6 {
        let key = key(format!("owner{round}"), "sg_1");
        let batches = (0..12).map(|_| vec![set(key.clone(), Patch::KEEP.is_pinned(true))]);
        let effects = apply_at_once(std::slice::from_ref(fixture.store()), batches).await;
        let created = effects.iter().filter(|effects| effects[0].outcome == Outcome::Created).count();
        let unchanged = effects.iter().filter(|effects| effects[0].outcome == Outcome::Unchanged).count();
        assert_eq!((created, unchanged), (1, 11), "created and unchanged: found on the left, expected on the right");
        assert_eq!(fixture.version(&key.owner).await.version, Version(1));
    }
}

pub(super) async fn never_deadlocks_on_the_same_owners(fixture: Fixture<'_, impl Harness>) {
    const BATCHES: usize = 16;
    let owners: Vec<_> = (0..30).map(|n| format!("owner{n:02}")).collect();
    let batches = (0..BATCHES).map(|n| {
        let mut owners = owners.clone();
        owners.rotate_left(n);
        owners.truncate(20);
        owners.into_iter().map(|owner| set(key(owner, "sg_1"), Patch::KEEP.max_seq(seq(n + 1)))).collect()
    });
    let batches: Vec<Vec<Write>> = batches.collect();
    let effects = apply_at_once(std::slice::from_ref(fixture.store()), batches.clone()).await;
    for owner in &owners {
        let writers = batches.iter().filter(|writes| writes.iter().any(|write| write.key.owner.as_str() == owner));
        assert_eq!(fixture.version(&user(owner)).await.version, Version(writers.count() as u64), "{owner}");
    }
    assert!(
        effects.iter().flatten().all(|effect| effect.outcome.is_change()),
        "each batch changes all its conversations"
    );
}
