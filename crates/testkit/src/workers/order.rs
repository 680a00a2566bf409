//! An order in which batches may have been applied, one after the other.

use std::collections::{BTreeMap, HashMap};

use conversation_settings_store::{ConversationStore, ConversationStoreExt, Filter};

use super::{Told, What};
use crate::make::user;

/// Finds an order of all batches that were acknowledged in which each owner's versions go up by one from 1, and holds
/// `store`, which nobody else has written to, to what they come to in that order.
///
/// # Panics
///
/// Where there is no such order, the store holds something else or cannot be read, or a batch was not acknowledged.
pub async fn one_after_the_other(store: &dyn ConversationStore, told: &[Told]) {
    let mut expected = BTreeMap::<&str, BTreeMap<&str, &str>>::new();
    let mut versions = BTreeMap::<&str, u64>::new();
    for batch in in_order(told) {
        for (owner, version) in &batch.owners {
            expected.entry(owner).or_default().insert(&batch.conversation, &batch.value);
            versions.insert(owner, *version);
        }
    }
    for (owner, conversations) in expected {
        let owner_id = user(owner);
        let version = store.version(&owner_id).await.expect("can be read").version.0;
        assert_eq!(version, versions[owner], "the version of {owner}");
        let listed = store.list_all(&owner_id, &Filter::ALL).await.expect("can be read");
        let found = listed.iter().map(|found| (found.key.conversation_id.as_str(), &*found.settings.ex));
        assert!(found.eq(conversations), "{owner}: {listed:?}");
    }
}

/// Takes each batch that is the next one of all its owners, until there are no more.
fn in_order(told: &[Told]) -> Vec<&Told> {
    let mut of_owners = HashMap::<&str, BTreeMap<u64, usize>>::new();
    for (n, batch) in told.iter().enumerate() {
        assert_eq!(batch.what, What::Acknowledged, "{batch:?}");
        for (owner, version) in &batch.owners {
            let doubled = of_owners.entry(owner).or_default().insert(*version, n);
            assert_eq!(doubled, None, "version {version} of {owner} was given twice");
        }
    }
    for (owner, batches) in &of_owners {
        assert!(batches.keys().copied().eq(1..=batches.len() as u64), "{owner} lacks a version: {batches:?}");
    }
    let mut before: Vec<_> = told.iter().map(|batch| batch.owners.len()).collect();
    let mut next: HashMap<_, _> = of_owners.iter().map(|(owner, batches)| (*owner, batches.values())).collect();
    // An owner's next batch has one owner less to wait for; where that was the last, it is applied.
    let mut free: Vec<&str> = of_owners.keys().copied().collect();
    let mut order = Vec::with_capacity(told.len());
    while let Some(owner) = free.pop() {
        let Some(n) = next.get_mut(owner).and_then(Iterator::next) else { continue };
        before[*n] -= 1;
        if before[*n] == 0 {
            order.push(&told[*n]);
            free.extend(told[*n].owners.iter().map(|(owner, _)| &**owner));
        }
    }
    assert_eq!(order.len(), told.len(), "some batches were each before the other");
    order
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn told(value: &str, owners: &[(&str, u64)]) -> Told {
        let owners = owners.iter().map(|(owner, version)| ((*owner).to_owned(), *version)).collect();
        let (value, conversation) = (value.to_owned(), "sg_1".to_owned());
        Told { at: Instant::now(), worker: 0, what: What::Acknowledged, value, conversation, owners }
    }

    #[test]
    fn batches_are_put_in_the_order_of_their_versions() {
        let told = [told("3", &[("b", 2)]), told("2", &[("a", 2), ("b", 1)]), told("1", &[("a", 1)])];
        let order: Vec<_> = in_order(&told).iter().map(|batch| &*batch.value).collect();
        assert_eq!(order, ["1", "2", "3"]);
    }

    #[test]
    #[should_panic(expected = "each before the other")]
    fn batches_of_which_each_was_before_the_other_are_found() {
        in_order(&[told("1", &[("a", 1), ("b", 2)]), told("2", &[("a", 2), ("b", 1)])]);
    }

    #[test]
    #[should_panic(expected = "given twice")]
    fn a_version_that_two_batches_have_made_is_found() {
        in_order(&[told("1", &[("a", 1)]), told("2", &[("a", 1)])]);
    }

    #[test]
    #[should_panic(expected = "lacks a version")]
    fn a_version_that_no_batch_has_made_is_found() {
        in_order(&[told("1", &[("a", 1)]), told("2", &[("a", 3)])]);
    }
}
