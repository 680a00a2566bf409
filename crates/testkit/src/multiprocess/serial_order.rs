//! An order in which batches may have taken effect, one after the other.

use std::collections::{BTreeMap, HashMap};

use conversation_settings_store::{ConversationStore, ConversationStoreExt, Filter};

use super::{Batch, BatchOutcome};
use crate::fixtures::user;

/// Finds an order of all batches in which each owner's versions rise by one from 1, and checks that `store` has exactly
/// what the batches leave in that order. Nobody else may have written to the store.
///
/// # Panics
///
/// If there is no such order, the store has something else or cannot be read, or a batch was not acknowledged.
pub async fn check_serial_order(store: &dyn ConversationStore, batches: &[Batch]) {
    let mut expected = BTreeMap::<&str, BTreeMap<&str, &str>>::new();
    let mut versions = BTreeMap::<&str, u64>::new();
    for batch in in_order(batches) {
        for (owner, version) in &batch.owners {
            expected.entry(owner).or_default().insert(&batch.conversation, &batch.value);
            versions.insert(owner, *version);
        }
    }
    for (owner, conversations) in expected {
        let owner_id = user(owner);
        let version = store.version(&owner_id).await.expect("can be read").version.0;
        assert_eq!(version, versions[owner], "the version of {owner}: found on the left, expected on the right");
        let listed = store.list_all(&owner_id, &Filter::ALL).await.expect("can be read");
        let found = listed.iter().map(|found| (found.key.conversation_id.as_str(), &*found.settings.ex));
        let (found, expected): (Vec<_>, Vec<_>) = (found.collect(), conversations.into_iter().collect());
        assert_eq!(found, expected, "conversations of {owner}: found on the left, expected on the right");
    }
}

/// Takes each batch that is the next one of all its owners, until none is left.
fn in_order(batches: &[Batch]) -> Vec<&Batch> {
    let mut of_owners = HashMap::<&str, BTreeMap<u64, usize>>::new();
    for (n, batch) in batches.iter().enumerate() {
        assert_eq!(batch.outcome, BatchOutcome::Acknowledged, "{batch:?}");
        for (owner, version) in &batch.owners {
            let other = of_owners.entry(owner).or_default().insert(*version, n);
            assert_eq!(other, None, "version {version} of {owner} was given twice");
        }
    }
    for (owner, batches) in &of_owners {
        assert!(batches.keys().copied().eq(1..=batches.len() as u64), "{owner} lacks a version: {batches:?}");
    }
    let mut before: Vec<_> = batches.iter().map(|batch| batch.owners.len()).collect();
    let mut next: HashMap<_, _> = of_owners.iter().map(|(owner, batches)| (*owner, batches.values())).collect();
    // A batch waits for each of its owners. The owner's next batch waits for one owner less, and is taken after the last.
    let mut free: Vec<&str> = of_owners.keys().copied().collect();
    let mut order = Vec::with_capacity(batches.len());
    while let Some(owner) = free.pop() {
        let Some(n) = next.get_mut(owner).and_then(Iterator::next) else { continue };
        before[*n] -= 1;
        if before[*n] == 0 {
            order.push(&batches[*n]);
            free.extend(batches[*n].owners.iter().map(|(owner, _)| &**owner));
        }
    }
    assert_eq!(order.len(), batches.len(), "some batches were each before the other");
    order
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn batch(value: &str, owners: &[(&str, u64)]) -> Batch {
        let owners = owners.iter().map(|(owner, version)| ((*owner).to_owned(), *version)).collect();
        let (value, conversation) = (value.to_owned(), "sg_1".to_owned());
        Batch { at: Instant::now(), worker: 0, outcome: BatchOutcome::Acknowledged, value, conversation, owners }
    }

    #[test]
    fn orders_batches_by_their_versions() {
        let batches = [batch("3", &[("b", 2)]), batch("2", &[("a", 2), ("b", 1)]), batch("1", &[("a", 1)])];
        let order: Vec<_> = in_order(&batches).iter().map(|batch| &*batch.value).collect();
        assert_eq!(order, ["1", "2", "3"]);
    }

    #[test]
    #[should_panic(expected = "each before the other")]
    fn rejects_batches_that_precede_each_other() {
        in_order(&[batch("1", &[("a", 1), ("b", 2)]), batch("2", &[("a", 2), ("b", 1)])]);
    }

    #[test]
    #[should_panic(expected = "given twice")]
    fn rejects_a_version_of_two_batches() {
        in_order(&[batch("1", &[("a", 1)]), batch("2", &[("a", 1)])]);
    }

    #[test]
    #[should_panic(expected = "lacks a version")]
    fn rejects_a_version_of_no_batch() {
        in_order(&[batch("1", &[("a", 1)]), batch("2", &[("a", 3)])]);
    }
}
