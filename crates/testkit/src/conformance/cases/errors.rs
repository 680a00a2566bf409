//! Rule 9: errors have kinds, and affect no other call.

use std::sync::Arc;

use conversation_settings_core::{Change, Missing, Patch, Rejected, Version};
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
