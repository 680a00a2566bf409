//! Several handles on the same data.

use std::{collections::BTreeSet, sync::Arc};

use conversation_settings_core::{Patch, Version};
use conversation_settings_store::{ConversationStore, ConversationStoreExt, Filter, PageRequest};

use super::serialization::{apply_at_once, seq};
use crate::{
    conformance::{Fixture, Harness, Skipped},
    fixtures::{AT, batch, conversation, key, remove, set, user},
};

pub(super) async fn reads_the_writes_of_another_handle(fixture: Fixture<'_, impl Harness>) -> Result<(), Skipped> {
    let handles = [Arc::clone(fixture.store()), fixture.another_handle().await?];
    let (owner, id, all) = (user("a"), conversation("sg_1"), Filter::ALL);
    for n in 1..=20_u64 {
        let [writer, reader] = if n % 4 < 2 { [&handles[0], &handles[1]] } else { [&handles[1], &handles[0]] };
        let is_there = n % 2 == 1;
        let key = key("a", "sg_1");
        let write = if is_there { set(key.clone(), Patch::KEEP.ex(n.to_string())) } else { remove(key.clone()) };
        writer.apply(&batch([write]), AT).await.expect("can be applied");
        assert_eq!(reader.get_one(key).await.expect("can be read").is_some(), is_there, "{n}");
        let (listed, of_all) = (
            reader.list_all(&owner, &all).await,
            reader.list_by_conversation(&id, &all, &PageRequest::first(10)).await,
        );
        assert_eq!(listed.expect("can be read").len(), usize::from(is_there), "{n}");
        assert_eq!(of_all.expect("can be read").conversations.len(), usize::from(is_there), "{n}");
        let (read, written) = (reader.version(&owner).await, writer.version(&owner).await);
        let read = read.expect("can be read");
        assert_eq!(read, written.expect("can be read"), "the version through both handles");
        assert_eq!(read.version, Version(n));
    }
    Ok(())
}

pub(super) async fn serializes_changes_of_many_handles(fixture: Fixture<'_, impl Harness>) -> Result<(), Skipped> {
    const CHANGES: usize = 60;
    let mut handles = vec![Arc::clone(fixture.store())];
    for _ in 0..3 {
        handles.push(fixture.another_handle().await?);
    }
    let batches = (1..=CHANGES).map(|n| {
        let owners = if n % 2 == 0 { ["a", "b"] } else { ["b", "c"] };
        owners.map(|owner| set(key(owner, "sg_1"), Patch::KEEP.max_seq(seq(n)))).into()
    });
    let effects = apply_at_once(&handles, batches).await;
    // `b` is the second owner of one half of the batches, and the first of the other half.
    let of_b = effects.iter().enumerate().map(|(n, effects)| effects[n % 2].version);
    let expected: BTreeSet<_> = (1..=CHANGES as u64).map(|version| Some(Version(version))).collect();
    assert_eq!(of_b.collect::<BTreeSet<_>>(), expected, "each version once: found on the left, expected on the right");
    for handle in &handles {
        for (owner, version) in [("a", CHANGES / 2), ("b", CHANGES), ("c", CHANGES / 2)] {
            let read = handle.version(&user(owner)).await.expect("can be read").version;
            assert_eq!(read, Version(version as u64), "{owner}");
        }
    }
    Ok(())
}
