//! Rule 2: a batch takes effect as a whole or not at all.

use std::{
    collections::BTreeSet,
    future::{Future, poll_fn},
    pin::{Pin, pin},
    sync::Arc,
    task::Poll,
    time::{Duration, Instant},
};

use conversation_settings_core::{Change, Missing, Patch, Version, Write};
use conversation_settings_store::{
    ConversationStore, ConversationStoreExt, Filter, OwnerVersion, PageRequest, StoreError, Waiter,
};
use tokio::time::{sleep, timeout};

use crate::{
    conformance::{Fixture, Harness, Skipped},
    fixtures::{AT, batch, change, conversation, key, remove, set, set_all, user},
};

const OWNERS: [&str; 3] = ["a", "b", "c"];
/// The most await points that a case tries.
const MAX_POLLS: usize = 500;
/// How long a dropped call may take to end.
const SETTLING: Duration = Duration::from_secs(20);
/// How long a call without concurrent calls may take.
const LONGEST: Duration = Duration::from_secs(20);

pub(super) async fn stores_nothing_of_a_rejected_batch(fixture: Fixture<'_, impl Harness>) {
    fixture.apply(OWNERS.map(|owner| set(key(owner, "sg_old"), Patch::KEEP.ex("old")))).await;
    let reject = Change::Set { patch: Patch::KEEP.ex("x"), missing: Missing::Reject };
    let private = Change::Set { patch: Patch::KEEP.is_private_chat(true), missing: Missing::Skip };
    let rejected = [("sg_missing", reject), ("sg_old", private)];
    for (id, rejected) in rejected {
        for (at, rejecter) in OWNERS.into_iter().enumerate() {
            let writes = OWNERS.iter().flat_map(|owner| {
                let old = if id == "sg_old" { Patch::KEEP.is_pinned(false) } else { Patch::KEEP.ex("new") };
                let id = if id == "sg_old" { "sg_else" } else { "sg_old" };
                let rejected = (*owner == rejecter).then(|| change(key(owner, "sg_0"), rejected.clone()));
                [Some(set(key(owner, "sg_new"), Patch::KEEP.ex("new"))), Some(set(key(owner, id), old)), rejected]
            });
            let writes: Vec<Write> = writes
                .flatten()
                .map(|mut write| {
                    if write.key.conversation_id.as_str() == "sg_0" {
                        write.key.conversation_id = conversation(id);
                    }
                    write
                })
                .collect();
            let error = fixture.refused(writes).await;
            assert!(matches!(error, StoreError::Rejected(_)), "{error:?}");
            for owner in OWNERS {
                assert_eq!(fixture.version(&user(owner)).await.version, Version(1), "rejected at {at}");
                assert_eq!(fixture.get(&key(owner, "sg_new")).await, None, "rejected at {at}");
                let old = fixture.get(&key(owner, "sg_old")).await.expect("is there");
                assert_eq!(&*old.settings.ex, "old", "rejected at {at}");
            }
        }
    }
}

pub(super) async fn stores_nothing_of_a_batch_that_nobody_wants(fixture: Fixture<'_, impl Harness>) {
    let batch = set_all(OWNERS.map(|owner| key(owner, "sg_1")), &Patch::KEEP.ex("x"));
    let (gone, waiting) = (Waiter::new(), Waiter::new());
    let unwanted = gone.wanted();
    drop(gone);
    let error = fixture.store().apply_while_wanted(&batch, AT, &unwanted).await.expect_err("nobody wants it");
    assert!(matches!(error, StoreError::Unavailable { .. }), "{error:?}");
    for owner in OWNERS {
        assert_eq!(fixture.get(&key(owner, "sg_1")).await, None);
        assert_eq!(fixture.version(&user(owner)).await.version, Version::ZERO);
    }
    // Of two callers one still waits.
    let wanted = unwanted.or(waiting.wanted());
    let applied = fixture.store().apply_while_wanted(&batch, AT, &wanted).await.expect("can be applied");
    assert!(applied.effects.iter().all(|effect| effect.version == Some(Version(1))), "{applied:?}");
}

/// Polls `future` at most `times` times, and returns its output if it has ended.
async fn poll_times<F: Future>(mut future: Pin<&mut F>, mut times: usize) -> Option<F::Output> {
    poll_fn(|context| {
        if times == 0 {
            return Poll::Ready(None);
        }
        times -= 1;
        match future.as_mut().poll(context) {
            Poll::Ready(output) => Poll::Ready(Some(output)),
            Poll::Pending if times == 0 => Poll::Ready(None),
            Poll::Pending => Poll::Pending,
        }
    })
    .await
}

/// Batch number `n`. For each owner it creates one conversation, changes another, and removes a third.
fn numbered(n: usize) -> Vec<Write> {
    let writes = OWNERS.iter().flat_map(|owner| {
        let number = Patch::KEEP.ex(n.to_string());
        let created = set(key(owner, format!("{NUMBERED}{n}")), number.clone());
        [created, set(key(owner, "sg_counted"), number), remove(key(owner, "sg_settled"))]
    });
    writes.collect()
}

const NUMBERED: &str = "sg_n";

/// The numbers of the batches that took effect as a whole; `None` if a batch is there by half. Whole means that all owners
/// have the same rows, and that each version is the number of these batches plus `settled` others.
async fn numbers(fixture: &Fixture<'_, impl Harness>, settled: usize) -> Option<BTreeSet<usize>> {
    let mut of_owners = Vec::new();
    for owner in OWNERS {
        let listed = fixture.store().list_all(&user(owner), &Filter::ALL).await.expect("can be read");
        let rows = listed.into_iter().map(|found| (found.key.conversation_id.to_string(), found.settings.ex));
        of_owners.push((rows.collect::<Vec<_>>(), fixture.version(&user(owner)).await.version));
    }
    let (rows, version) = &of_owners[0];
    let ids = rows.iter().filter_map(|(id, _)| id.strip_prefix(NUMBERED)?.parse().ok());
    let numbers: BTreeSet<_> = ids.collect();
    let is_whole = of_owners.windows(2).all(|pair| pair[0] == pair[1]);
    (is_whole && version.0 == (numbers.len() + settled) as u64).then_some(numbers)
}

/// As [`numbers`], but waits until dropped calls have ended.
async fn whole(fixture: &Fixture<'_, impl Harness>, settled: usize, context: &str) -> BTreeSet<usize> {
    let until = Instant::now() + SETTLING;
    loop {
        if let Some(numbers) = numbers(fixture, settled).await {
            return numbers;
        }
        assert!(Instant::now() < until, "{context}: half a batch is there, or half of its versions");
        sleep(Duration::from_millis(20)).await;
    }
}

/// Writes to all owners. That must succeed after any dropped call.
async fn settle(fixture: &Fixture<'_, impl Harness>, n: usize, context: &str) {
    let keys = OWNERS.map(|owner| key(owner, "sg_settled"));
    let settled = set_all(keys, &Patch::KEEP.ex(n.to_string()));
    let applied = timeout(LONGEST, fixture.store().apply(&settled, AT)).await;
    let applied = applied.unwrap_or_else(|_| panic!("{context}: a dropped call blocks the next one"));
    applied.unwrap_or_else(|error| panic!("{context}: {error:?}"));
}

pub(super) async fn stores_all_or_nothing_of_a_dropped_batch(fixture: Fixture<'_, impl Harness>) {
    for n in 1..=MAX_POLLS {
        let context = format!("dropped after {n} polls");
        let numbered = batch(numbered(n));
        let ended = {
            let call = pin!(fixture.store().apply(&numbered, AT));
            poll_times(call, n).await
        };
        settle(&fixture, n, &context).await;
        let there = whole(&fixture, n, &context).await;
        if let Some(applied) = ended {
            applied.unwrap_or_else(|error| panic!("{context}: {error:?}"));
            assert!(there.contains(&n), "{context}: the acknowledged batch is missing");
            return;
        }
    }
    panic!("a call has not ended after {MAX_POLLS} polls");
}

pub(super) async fn isolates_calls_from_a_dropped_one(fixture: Fixture<'_, impl Harness>) {
    fixture.apply(numbered(1)).await;
    fixture.apply(numbered(2)).await;
    let store = fixture.store();
    let (owner, id, all) = (user("a"), conversation("sg_counted"), Filter::ALL);
    let since = OwnerVersion { version: Version(1), ..fixture.version(&owner).await };
    let keys = [key("a", "sg_counted"), key("b", "sg_counted")];
    let mut left: Vec<usize> = (0..6).collect();
    for n in 1..=MAX_POLLS {
        let context = format!("reads dropped after {n} polls");
        let mut open = Vec::new();
        for call in left {
            let has_ended = match call {
                0 => has_ended(poll_times(pin!(store.get(&keys)), n).await),
                1 => has_ended(poll_times(pin!(store.list(&owner, &all, &PageRequest::first(10))), n).await),
                2 => {
                    has_ended(poll_times(pin!(store.list_by_conversation(&id, &all, &PageRequest::first(10))), n).await)
                }
                3 => has_ended(poll_times(pin!(store.version(&owner)), n).await),
                4 => has_ended(poll_times(pin!(store.changes(&owner, &since, 10)), n).await),
                _ => has_ended(poll_times(pin!(store.prune(&owner, Version(1))), n).await),
            };
            open.extend((!has_ended).then_some(call));
        }
        settle(&fixture, n, &context).await;
        assert_eq!(whole(&fixture, n, &context).await, BTreeSet::from([1, 2]));
        if open.is_empty() {
            return;
        }
        left = open;
    }
    panic!("a call has not ended after {MAX_POLLS} polls");
}

fn has_ended<T>(answer: Option<Result<T, StoreError>>) -> bool {
    answer.map(|answer| answer.expect("no dropped call disturbs this one")).is_some()
}

pub(super) async fn stores_all_or_nothing_when_the_caller_panics(fixture: Fixture<'_, impl Harness>) {
    for n in 1..=8 {
        let context = format!("a panic after {n} polls");
        let store = Arc::clone(fixture.store());
        let caller = tokio::spawn(async move {
            let numbered = batch(numbered(n));
            let call = pin!(store.apply(&numbered, AT));
            let _ended_or_not = poll_times(call, n).await;
            std::panic::resume_unwind(Box::new("the caller's own"));
        });
        let end = caller.await.expect_err("has panicked");
        assert!(end.is_panic());
        settle(&fixture, n, &context).await;
        whole(&fixture, n, &context).await;
    }
}

pub(super) async fn stores_all_or_nothing_in_a_fault(fixture: Fixture<'_, impl Harness>) -> Result<(), Skipped> {
    const ATTEMPTS: usize = 500;
    for n in 1..=10 {
        let context = format!("fault {n}");
        let numbered = batch(numbered(n));
        let call = {
            let (store, numbered) = (Arc::clone(fixture.store()), numbered.clone());
            tokio::spawn(async move { store.apply(&numbered, AT).await })
        };
        // The fault comes sooner in one round, later in another.
        for _ in 0..n {
            tokio::task::yield_now().await;
        }
        fixture.inject_fault().await?;
        let answer = call.await.expect("does not panic");
        let mut attempts = 0;
        // The fault has ended when a call succeeds.
        let other = set_all([key("d", "sg_1")], &Patch::KEEP.ex(&*context));
        while let Err(error) = fixture.store().apply(&other, AT).await {
            attempts += 1;
            assert!(error.is_retryable(), "{context}: {error:?}");
            assert!(attempts < ATTEMPTS, "{context}: the fault does not end: {error:?}");
            sleep(Duration::from_millis(10)).await;
        }
        let there = whole(&fixture, n - 1, &context).await;
        match answer {
            Ok(_) => assert!(there.contains(&n), "{context}: the acknowledged batch is missing"),
            Err(StoreError::Unavailable { .. }) => {}
            Err(error) => assert!(!there.contains(&n), "{context}: the batch took effect, and failed with {error:?}"),
        }
        fixture.store().apply(&numbered, AT).await.expect("can be retried, as a no-op if the batch is there");
        settle(&fixture, n, &context).await;
        assert!(whole(&fixture, n, &context).await.contains(&n));
    }
    Ok(())
}
