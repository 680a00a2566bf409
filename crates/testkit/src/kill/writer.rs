//! Those who write until they are killed.

use std::{
    io::{self, Write as _},
    sync::Arc,
};

use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Patch, Seq, Target, Timestamp, UserId, Write, WriteBatch,
};
use conversation_settings_store::{ConversationStore, StoreError};

/// How many writers there are for one user each.
const SINGLES: usize = 12;
/// How many writers there are for the many users, who are the same for all of them.
const MANIES: usize = 4;
const MANY: usize = 200;
/// What a line of the standard output begins with that tells of an acknowledged batch.
pub(super) const ACKNOWLEDGED: &str = "acknowledged";

/// One of those who write.
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
            return vec![user(&format!("single{}", self.0))];
        }
        (0..MANY).map(|n| user(&format!("many{n:03}"))).collect()
    }

    /// The conversation in which it counts, and the one that comes and goes.
    fn conversations(self) -> [ConversationId; 2] {
        [format!("sg_{}", self.0), format!("sg_{}_odd", self.0)]
            .map(|id| ConversationId::new(id.as_str()).expect("is an ID"))
    }

    pub(super) fn batch(self, n: u64) -> WriteBatch {
        let seq = i64::try_from(n).ok().and_then(|n| Seq::try_from(n).ok()).expect("nobody counts as far");
        let create = || Missing::CreateEvenIfEmpty(Target::Group(GroupId::new("team").expect("is an ID")));
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
        WriteBatch::new(writes.collect()).expect("each key is named once")
    }

    /// How far it has come by what is stored; `None` if its users do not agree, or half of a batch is there.
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
        let held = self.count(&*store).await.expect("can be read").expect("is whole");
        for n in held + 1.. {
            store.apply(&self.batch(n), Timestamp(0)).await.expect("can be written");
            // In one piece, so that a line is there or not.
            let line = format!("\n{ACKNOWLEDGED} {} {n}\n", self.0);
            io::stdout().write_all(line.as_bytes()).expect("somebody listens");
        }
    }
}

fn user(id: &str) -> UserId {
    UserId::new(id).expect("is an ID")
}

/// Those who write: each to be run on a task of its own, in the process that is to be killed. They tell what was
/// acknowledged on the standard output, and never end.
pub fn writers(store: &Arc<dyn ConversationStore>) -> impl Iterator<Item = impl Future<Output = ()> + Send + 'static> {
    let store = store.clone();
    Writer::all().map(move |writer| writer.write(store.clone()))
}
