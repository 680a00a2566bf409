//! The adapter's cost relative to handwritten rusqlite code, and its growth with users and rows.

mod by_hand;

use std::{hint::black_box, sync::Arc, time::Duration};

use conversation_settings_bench::{self as bench, Callers};
use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Patch, RecvMsgOpt, Target, Timestamp, UserId, Write, WriteBatch,
};
use conversation_settings_store::ConversationStore;
use conversation_settings_store_sqlite::SqliteStore;
use tempfile::TempDir;
use tokio::{runtime::Runtime, task::JoinSet};

use crate::by_hand::{ByHand, Settings};

const GROUP: &str = "3580441235";
/// Values that alternate between rounds, so that each call changes something.
const VALUES: [&str; 2] = [r#"{"colour":"teal"}"#, r#"{"colour":"blue"}"#];

fn main() {
    if !bench::is_wanted() {
        return;
    }
    let bench = Bench { runtime: Runtime::new().unwrap() };
    bench.single();
    bench.batch_insert();
    bench.batch_update();
    bench.batch_noop();
    bench.group_commit();
    bench.callers();
    bench.users();
    bench.rows();
}

/// A folder on the build's disk: `fsync` costs nothing on a file system in memory.
fn folder() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap()
}

fn open(folder: &TempDir) -> SqliteStore {
    SqliteStore::open(folder.path().join("conversations.db")).unwrap()
}

fn open_by_hand(folder: &TempDir) -> ByHand {
    drop(open(folder));
    ByHand::open(&folder.path().join("conversations.db"))
}

/// IDs in byte order, the order of a batch.
fn owners(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("69659{n:07}")).collect()
}

fn batch(owners: &[String], id: &str, value: usize) -> WriteBatch {
    let id = ConversationId::new(id).unwrap();
    let target = Target::Group(GroupId::new(GROUP).unwrap());
    let option = RecvMsgOpt::ALL[1 + value % 2];
    let patch = Patch::KEEP.recv_msg_opt(option).is_pinned(value.is_multiple_of(2)).ex(VALUES[value % 2]);
    let change = Arc::new(Change::Set { patch, missing: Missing::Create(target) });
    let write = |owner: &String| {
        let key = Key::new(UserId::new(owner.as_str()).unwrap(), id.clone());
        Write { key, change: Arc::clone(&change) }
    };
    WriteBatch::new(owners.iter().map(write).collect()).unwrap()
}

fn settings(value: usize) -> Settings<'static> {
    let recv_msg_opt = RecvMsgOpt::ALL[1 + value % 2].number();
    Settings { recv_msg_opt, is_pinned: value.is_multiple_of(2), ex: VALUES[value % 2] }
}

struct Bench {
    runtime: Runtime,
}

impl Bench {
    /// Applies a batch and returns how many conversations changed.
    fn apply(&self, store: &SqliteStore, batch: &WriteBatch) -> usize {
        let applied = self.runtime.block_on(store.apply(batch, Timestamp(0))).unwrap();
        applied.effects.iter().filter(|effect| effect.outcome.is_change()).count()
    }

    /// One user in each durable call.
    fn single(&self) {
        const CALLS: usize = 50;
        let (our_folder, limit_folder) = (folder(), folder());
        let (store, mut by_hand) = (open(&our_folder), open_by_hand(&limit_folder));
        let owner = owners(1);
        let batches = [0, 1].map(|value| batch(&owner, "sg_1", value));
        let ours =
            || bench::timed(|| (0..CALLS).for_each(|call| assert_eq!(self.apply(&store, &batches[call % 2]), 1)));
        let limit = || {
            bench::timed(|| {
                (0..CALLS).for_each(|call| assert!(by_hand.set(&owner, "sg_1", GROUP, settings(call))[0].0));
            })
        };
        bench::ratio("sqlite_single", 41, ours, limit);
    }

    /// A call that creates a conversation for each of 1,000 users.
    fn batch_insert(&self) {
        let mut ids = (0..).map(|n| format!("new_{n}"));
        let mut more_ids = ids.clone();
        self.batch(
            "sqlite_batch_insert",
            1_000,
            move |_| (ids.next().unwrap(), 0),
            move |_| (more_ids.next().unwrap(), 0),
        );
    }

    /// A call that changes a conversation of each of 1,000 users.
    fn batch_update(&self) {
        let next = |round| ("sg_1".to_owned(), round);
        self.batch("sqlite_batch_update", 1_000, next, next);
    }

    /// A call for 1,000 users that is a no-op.
    fn batch_noop(&self) {
        let next = |_| ("sg_1".to_owned(), 0);
        self.batch("sqlite_batch_noop", 0, next, next);
    }

    /// Calls for 1,000 users, of which `changes` change; `next` returns a round's conversation and value.
    fn batch(
        &self,
        name: &str,
        changes: usize,
        mut next: impl FnMut(usize) -> (String, usize),
        mut next_by_hand: impl FnMut(usize) -> (String, usize),
    ) {
        let (our_folder, limit_folder) = (folder(), folder());
        let (store, mut by_hand) = (open(&our_folder), open_by_hand(&limit_folder));
        let owners = owners(1_000);
        self.apply(&store, &batch(&owners, "sg_1", 0));
        by_hand.set(&owners, "sg_1", GROUP, settings(0));
        let (mut round, mut round_by_hand) = (0, 0);
        let ours = || {
            round += 1;
            let (id, value) = next(round);
            let batch = batch(&owners, &id, value);
            bench::timed(|| assert_eq!(self.apply(&store, &batch), changes))
        };
        let limit = || {
            round_by_hand += 1;
            let (id, value) = next_by_hand(round_by_hand);
            bench::timed(|| {
                let results = by_hand.set(&owners, &id, GROUP, settings(value));
                assert_eq!(results.iter().filter(|(is_changed, _)| *is_changed).count(), changes);
            })
        };
        bench::ratio(name, 101, ours, limit);
    }

    /// 10,000 calls of 64 concurrent callers, one user each, relative to one transaction per call.
    fn group_commit(&self) {
        const CALLERS: usize = 64;
        const CALLS: usize = 10_000;
        let (our_folder, limit_folder) = (folder(), folder());
        let (store, mut by_hand) = (Arc::new(open(&our_folder)), open_by_hand(&limit_folder));
        let owners = owners(CALLERS);
        let call = |caller: usize| Arc::new([0, 1].map(|value| batch(&owners[caller..=caller], "sg_1", value)));
        let batches: Vec<_> = (0..CALLERS).map(call).collect();
        let ours = || {
            bench::timed(|| {
                self.runtime.block_on(async {
                    let mut callers = JoinSet::new();
                    for (caller, batches) in batches.iter().enumerate() {
                        let (store, batches) = (Arc::clone(&store), Arc::clone(batches));
                        // An even number of calls ends a round on the value before its first, so each call changes.
                        let calls = (CALLS / CALLERS / 2 * 2) + if caller < 8 { 2 } else { 0 };
                        callers.spawn(async move {
                            for call in 0..calls {
                                let applied = store.apply(&batches[call % 2], Timestamp(0)).await.unwrap();
                                assert!(applied.effects[0].outcome.is_change());
                            }
                            calls
                        });
                    }
                    assert_eq!(callers.join_all().await.iter().sum::<usize>(), CALLS);
                });
            })
        };
        let limit = || {
            bench::timed(|| {
                for call in 0..CALLS {
                    let owner = call % CALLERS;
                    by_hand.set(&owners[owner..=owner], "sg_1", GROUP, settings(call / CALLERS));
                }
            })
        };
        bench::ratio("sqlite_group_commit", 5, ours, limit);
    }

    /// Concurrent callers of the service, beside callers of the store alone.
    fn callers(&self) {
        let (our_folder, limit_folder) = (folder(), folder());
        let alone: Arc<dyn ConversationStore> = Arc::new(open(&limit_folder));
        let callers = Callers::new("sqlite", &self.runtime, open(&our_folder), Arc::new(alone), 200);
        callers.one(51);
        callers.concurrent(64, 51);
        callers.on_few_owners(21);
    }

    /// The cost per user in calls of 1 to 10,000 users.
    #[expect(clippy::print_stdout, reason = "a benchmark prints its result")]
    fn users(&self) {
        let folder = folder();
        let store = open(&folder);
        let owners = owners(10_000);
        println!("# users in a call | created, per user | changed, per user | unchanged, per user");
        for count in [1, 10, 100, 1_000, 10_000] {
            let owners = &owners[..count];
            let id = |round: usize| format!("sg_{count}_{round}");
            let created = self.median(&store, |round| batch(owners, &id(round), 0));
            let changed = self.median(&store, |round| batch(owners, &id(0), round + 1));
            let unchanged = self.median(&store, |_| batch(owners, &id(1), 0));
            let per_user = |median: Duration| median / u32::try_from(count).unwrap();
            let (created, changed, unchanged) = (per_user(created), per_user(changed), per_user(unchanged));
            println!("# {count:>6} | {created:.1?} | {changed:.1?} | {unchanged:.1?}");
        }
    }

    /// The cost of a call in a store of 1,000,000 rows relative to one of 1,000, for the adapter and by hand.
    fn rows(&self) {
        grown("sqlite_rows", |folder| {
            let store = open(folder);
            move |owners, value| {
                let batch = batch(owners, "sg_1", value);
                timed(|| self.apply(&store, &batch))
            }
        });
        grown("by_hand_rows", |folder| {
            let mut by_hand = open_by_hand(folder);
            move |owners, value| timed(|| by_hand.set(owners, "sg_1", GROUP, settings(value)))
        });
    }

    fn median(&self, store: &SqliteStore, mut batch: impl FnMut(usize) -> WriteBatch) -> Duration {
        let rounds = (0..ROUNDS).map(|round| {
            let batch = batch(round);
            timed(|| self.apply(store, &batch))
        });
        bench::median(rounds.collect())
    }
}

fn timed<T>(work: impl FnOnce() -> T) -> Duration {
    bench::timed(|| {
        black_box(work());
    })
}

/// Compares stores of 1,000,000 and 1,000 rows; `open` returns a function that sets a value for some users. The users
/// are spread over the store, as a group's members are: in the large one each is on pages of its own.
fn grown<Set>(name: &str, open: impl Fn(&TempDir) -> Set)
where
    Set: FnMut(&[String], usize) -> Duration,
{
    let [(_large, mut set_large, of_large), (_small, mut set_small, of_small)] = [1_000_000, 1_000].map(|rows| {
        let folder = folder();
        let (mut set, owners) = (open(&folder), owners(rows));
        for owners in owners.chunks(10_000) {
            set(owners, 0);
        }
        (folder, set, owners.into_iter().step_by(rows / 1_000).collect::<Vec<_>>())
    });
    for (users, range) in [("1_user", 500..501), ("1000_users", 0..1_000)] {
        for (change, step) in [("changed", 1), ("unchanged", 0)] {
            let (mut large_value, mut small_value) = (0, 0);
            let large = || {
                large_value += step;
                set_large(&of_large[range.clone()], large_value)
            };
            let small = || {
                small_value += step;
                set_small(&of_small[range.clone()], small_value)
            };
            bench::ratio(&format!("{name}_{users}_{change}"), ROUNDS, large, small);
        }
    }
}

const ROUNDS: usize = 21;
