//! Writers that count, and what their counts say about the data.

use std::sync::Arc;

use conversation_settings_core::{
    Change, ConversationId, Key, Missing, Patch, Seq, Timestamp, UserId, Write, WriteBatch,
};
use conversation_settings_store::{ConversationStore, StoreError};
use tokio::task::JoinSet;

use crate::{
    fixtures::{conversation, group, user},
    multiprocess::say,
};

/// How many writers write for one user each.
const SINGLES: usize = 12;
/// How many writers write for [`MANY`] users, the same for each of these writers.
const MANIES: usize = 4;
const MANY: usize = 200;
/// The first word of a message that acknowledges a batch.
pub(super) const ACKNOWLEDGED: &str = "acknowledged";

/// One writer, by its number.
#[derive(Clone, Copy, Debug)]
pub(super) struct Writer(pub(super) usize);

impl Writer {
    pub(super) fn all() -> impl Iterator<Item = Self> {
        (0..SINGLES + MANIES).map(Self)
    }

    const fn is_single(self) -> bool {
        self.0 < SINGLES
    }

    pub(super) fn users(self) -> Vec<UserId> {
        if self.is_single() {
            return vec![user(format!("single{}", self.0))];
        }
        (0..MANY).map(|n| user(format!("many{n:03}"))).collect()
    }

    /// The conversation in which the writer counts, and the one that it creates and removes.
    fn conversations(self) -> [ConversationId; 2] {
        [format!("sg_{}", self.0), format!("sg_{}_odd", self.0)].map(conversation)
    }

    pub(super) fn batch(self, n: u64) -> WriteBatch {
        let seq = i64::try_from(n).ok().and_then(|n| Seq::try_from(n).ok()).expect("a writer counts less far");
        let create = || Missing::CreateEvenIfEmpty(group());
        let count = Arc::new(Change::Set { patch: Patch::KEEP.max_seq(seq), missing: create() });
        let odd =
            Arc::new(if n % 2 == 1 { Change::Set { patch: Patch::KEEP, missing: create() } } else { Change::Remove });
        let [counted, odd_one] = self.conversations();
        let users = self.users().into_iter();
        let writes = users.flat_map(|user| {
            let write = |id: &ConversationId, change: &Arc<Change>| Write {
                key: Key::new(user.clone(), id.clone()),
                change: change.clone(),
            };
            [write(&counted, &count), write(&odd_one, &odd)]
        });
        WriteBatch::new(writes.collect()).expect("each key once")
    }

    /// How many batches of the writer took effect; `None` if its users disagree, or half a batch is there.
    pub(super) async fn count(self, store: &dyn ConversationStore) -> Result<Option<u64>, StoreError> {
        let [counted, odd] = self.conversations();
        let users = self.users();
        let keys =
            |id: &ConversationId| users.iter().map(|user| Key::new(user.clone(), id.clone())).collect::<Vec<_>>();
        let counts: Vec<u64> = store
            .get(&keys(&counted))
            .await?
            .into_iter()
            .map(|found| found.map_or(0, |found| found.settings.max_seq.get().unsigned_abs()))
            .collect();
        let is_odd = |found: Option<_>| found.is_some() == (counts[0] % 2 == 1);
        let is_whole =
            counts.iter().all(|count| *count == counts[0]) && store.get(&keys(&odd)).await?.into_iter().all(is_odd);
        Ok(is_whole.then_some(counts[0]))
    }

    async fn write(self, store: Arc<dyn ConversationStore>) {
        let count = self.count(&*store).await.expect("can be read").expect("no batch is there by half");
        for n in count + 1.. {
            store.apply(&self.batch(n), Timestamp(0)).await.expect("can be written");
            say(&format!("{ACKNOWLEDGED} {} {n}", self.0));
        }
    }
}

/// Starts all writers, each on a task of its own. They report each acknowledged batch to the parent, and never end.
pub(crate) fn writers(store: &Arc<dyn ConversationStore>) -> JoinSet<()> {
    Writer::all().map(|writer| writer.write(store.clone())).collect()
}
