//! Rule 9: errors have kinds, and affect no other call.

use std::sync::Arc;

use conversation_settings_core::{Change, Effect, Field, Missing, Outcome, Patch, Rejected, Version};
use conversation_settings_store::{ConversationStore, StoreError};
use tokio::task::JoinSet;

use super::serialization::seq;
use crate::{
    conformance::{Fixture, Harness},
    fixtures::{AT, batch, change, key, set, set_single, user},
};

pub(super) async fn names_the_rejected_conversation(fixture: Fixture<'_, impl Harness>) {
    fixture.apply([set(key("b", "sg_1"), Patch::KEEP.ex("x"))]).await;
    fixture.apply([set_single(key("b", "si_a_b"), Patch::KEEP.ex("x"))]).await;
    let reject = || Change::Set { patch: Patch::KEEP.ex("y"), missing: Missing::Reject };
    let private = || Change::Set { patch: Patch::KEEP.is_private_chat(true), missing: Missing::Skip };
    let others = || ["a", "c"].map(|owner| set(key(owner, "sg_1"), Patch::KEEP.ex("y")));
    let missing = [change(key("b", "sg_2"), reject()), change(key("b", "si_a_b"), reject())];
    let no_single = [change(key("b", "sg_1"), private()), change(key("b", "si_a_b"), private())];
    let cases =
        [(missing, Rejected::Missing(key("b", "sg_2"))), (no_single, Rejected::NotSingleChat(key("b", "sg_1")))];
    for (writes, expected) in cases {
        let error = fixture.refused(writes.into_iter().chain(others())).await;
        assert!(!error.is_retryable() && error.store().is_none(), "{error:?}: the store did not fail");
        let StoreError::Rejected(rejected) = error else { panic!("{error:?}") };
        assert_eq!(rejected, expected);
    }
}

pub(super) async fn isolates_calls_from_a_rejected_one(fixture: Fixture<'_, impl Harness>) {
    const CALLS: usize = 40;
    let mut calls = JoinSet::new();
    for n in 1..=CALLS {
        let is_wrong = n % 2 == 0;
        let reject = Change::Set { patch: Patch::KEEP.ex("x"), missing: Missing::Reject };
        let wrong = is_wrong.then(|| change(key("b", "sg_missing"), reject));
        let right = ["a", "b", "c"].map(|owner| set(key(owner, "sg_1"), Patch::KEEP.max_seq(seq(n))));
        let writes = batch(right.into_iter().chain(wrong));
        let store = Arc::clone(fixture.store());
        calls.spawn(async move { (is_wrong, store.apply(&writes, AT).await) });
    }
    for (is_wrong, result) in calls.join_all().await {
        match result {
            Err(StoreError::Rejected(Rejected::Missing(missing))) if is_wrong => {
                assert_eq!(missing, key("b", "sg_missing"));
            }
            Ok(_) if !is_wrong => {}
            result if is_wrong => panic!("expected a rejection, found {result:?}"),
            result => panic!("expected success, found {result:?}"),
        }
    }
    for owner in ["a", "b", "c"] {
        assert_eq!(fixture.version(&user(owner)).await.version, Version(CALLS as u64 / 2), "{owner}");
    }
}

/// Calls of different users, which a store may commit together.
pub(super) async fn gives_each_concurrent_call_its_own_effects(fixture: Fixture<'_, impl Harness>) {
    #[derive(Clone, Copy, Debug, PartialEq)]
    enum Kind {
        Create,
        Reject,
        Update,
        NoOp,
    }
    // In an order in which each kind follows on different ones.
    let kinds = [Kind::Create, Kind::Reject, Kind::Update, Kind::Create, Kind::Reject, Kind::NoOp].into_iter().cycle();
    let calls: Vec<_> =
        kinds.take(42).enumerate().map(|(n, kind)| (key(format!("user_{n:02}"), "sg_1"), kind)).collect();
    let pinned = Patch::KEEP.is_pinned(true);
    let existing = calls.iter().filter(|(_, kind)| matches!(kind, Kind::Update | Kind::NoOp));
    fixture.apply(existing.map(|(key, _)| set(key.clone(), pinned.clone()))).await;
    let mut running = JoinSet::new();
    for (key, kind) in calls {
        let patch = if kind == Kind::Update { Patch::KEEP.ex("x") } else { pinned.clone() };
        let write = match kind {
            Kind::Reject => change(key.clone(), Change::Set { patch, missing: Missing::Reject }),
            Kind::Create | Kind::Update | Kind::NoOp => set(key.clone(), patch),
        };
        let (store, writes) = (Arc::clone(fixture.store()), batch([write]));
        running.spawn(async move { (key, kind, store.apply(&writes, AT).await) });
    }
    for (key, kind, result) in running.join_all().await {
        let (outcome, version) = match (kind, &result) {
            (Kind::Reject, Err(StoreError::Rejected(Rejected::Missing(missing)))) if *missing == key => continue,
            (Kind::Reject, _) => panic!("{key}: expected a rejection, found {result:?}"),
            (Kind::Create, _) => (Outcome::Created, Some(Version(1))),
            (Kind::Update, _) => (Outcome::Updated(Field::Ex.into()), Some(Version(2))),
            (Kind::NoOp, _) => (Outcome::Unchanged, None),
        };
        assert_eq!(result.unwrap().effects, [Effect { outcome, version }], "{kind:?} of {key}");
    }
}
