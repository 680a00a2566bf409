//! The decoder of requests, and everything that a request goes through without a store.

use std::collections::BTreeMap;

use conversation_settings_core::{
    IfMissing, Limits, Patch, Rejected, SetConversations, SetConversationsRequest, Timestamp, WriteBatch,
};
use conversation_settings_store::{Loaded, Resolved, resolve};

/// A request is rejected with a reason in plain text, or is planned, decided and reported, and a repetition is a no-op.
///
/// # Panics
///
/// When a promise is broken.
pub fn request(data: &[u8]) {
    patch(data);
    let Ok(request) = serde_json::from_slice::<SetConversationsRequest>(data) else { return };
    let limits = Limits::default().max_users(100).max_text_bytes(1_000);
    let set = match SetConversations::parse(request, &limits) {
        Ok(set) => set,
        Err(error) => {
            let message = error.to_string();
            assert!(message.len() < 1_000 && !message.chars().any(char::is_control), "{message:?}");
            return;
        }
    };
    assert_eq!(reread(set.patch()), *set.patch());
    let batch = set.plan(IfMissing::Create);
    assert!(set.users().iter().all(|user| set.has_user(user)));
    assert!(set.users().len() <= batch.len() && batch.len() <= set.users().len() + 1, "one peer at most");

    let resolved = match resolve(&batch, &Loaded::empty(&batch), Timestamp(0)) {
        Ok(resolved) => resolved,
        Err(Rejected::NotCreatable { error, .. }) => {
            let message = error.to_string();
            assert!(!message.chars().any(char::is_control), "{message:?}");
            return;
        }
        Err(error) => panic!("nothing is stored that could reject the batch: {error}"),
    };
    let report = set.report(&batch, &resolved.applied.effects);
    assert_eq!(report.entries.len(), batch.len());
    let created = report.changed().count();
    let expected = match (set.patch().is_empty(), set.patch().is_private_chat) {
        (true, _) => 0,
        (false, Some(true)) => batch.len(),
        (false, _) => set.users().len(),
    };
    assert_eq!(created, expected, "the peer's is created only when private chat is turned on");

    let again =
        resolve(&batch, &loaded_after(&batch, resolved), Timestamp(1)).expect("the same batch is possible again");
    assert!(again.is_noop(), "a retry changes nothing");
}

/// A patch is rejected with a reason in plain text, or reads back as written.
fn patch(data: &[u8]) {
    match serde_json::from_slice::<Patch>(data) {
        Ok(patch) => assert_eq!(reread(&patch), patch),
        Err(error) => {
            let message = error.to_string();
            assert!(!message.chars().any(char::is_control), "{message:?}");
        }
    }
}

fn reread(patch: &Patch) -> Patch {
    let json = serde_json::to_vec(patch).expect("a patch is an object of primitives");
    serde_json::from_slice(&json).expect("what was written can be read")
}

/// What an empty store loads of `batch` once it has stored `resolved`.
fn loaded_after(batch: &WriteBatch, resolved: Resolved) -> Loaded {
    let mut loaded = Loaded::empty(batch);
    for write in resolved.records {
        loaded.records[write.position] = Some(write.record);
    }
    let raised: BTreeMap<_, _> = resolved.owners.into_iter().map(|owner| (owner.owner, owner.version)).collect();
    loaded.versions = batch.owners().map(|owner| raised.get(owner).copied().unwrap_or_default()).collect();
    loaded
}
