//! What the adapter costs beside tokio-postgres code written by hand, and how that grows with users and rows.

mod by_hand;

use std::{env, iter, process, sync::Arc, time::Duration};

use conversation_settings_bench as bench;
use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Patch, RecvMsgOpt, Target, Timestamp, UserId, Write, WriteBatch,
};
use conversation_settings_store::ConversationStore;
use conversation_settings_store_postgres::{PostgresStore, Schema};
use deadpool_postgres::{Manager, Pool};
use tokio::{runtime::Runtime, task::JoinSet};
use tokio_postgres::NoTls;

use crate::by_hand::{ByHand, Settings};

const GROUP: &str = "3580441235";
/// What the users' settings are set to in turn, so that each call changes something.
const TURNS: [&str; 2] = [r#"{"colour":"teal"}"#, r#"{"colour":"blue"}"#];
/// Connections of each side.
const CONNECTIONS: usize = 10;

#[expect(clippy::print_stdout, reason = "a benchmark that is not run says so")]
fn main() {
    if !bench::is_wanted() {
        return;
    }
    let Ok(url) = env::var("CONVERSATION_TEST_POSTGRES") else {
        println!("skipped: no PostgreSQL, CONVERSATION_TEST_POSTGRES names none");
        return;
    };
    let bench = Bench { runtime: Runtime::new().unwrap(), url };
    for (users, rounds) in [(1, 201), (100, 101), (1_000, 61), (10_000, 15)] {
        bench.users(users, rounds);
    }
    bench.rows();
    bench.callers();
}

/// IDs in the order in which they are set, which is that of their bytes.
fn owners(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("69659{n:07}")).collect()
}

fn settings(turn: usize) -> Settings {
    Settings { recv_msg_opt: RecvMsgOpt::ALL[1 + turn % 2], is_pinned: turn.is_multiple_of(2), ex: TURNS[turn % 2] }
}

fn batch(owners: &[String], id: &str, turn: usize) -> WriteBatch {
    let id = ConversationId::new(id).unwrap();
    let target = Target::Group(GroupId::new(GROUP).unwrap());
    let Settings { recv_msg_opt, is_pinned, ex } = settings(turn);
    let patch = Patch::KEEP.recv_msg_opt(recv_msg_opt).is_pinned(is_pinned).ex(ex);
    let change = Arc::new(Change::Set { patch, missing: Missing::Create(target) });
    let write = |owner: &String| {
        let key = Key::new(UserId::new(owner.as_str()).unwrap(), id.clone());
        Write { key, change: Arc::clone(&change) }
    };
    WriteBatch::new(owners.iter().map(write).collect()).unwrap()
}

/// How many conversations the batch has changed.
async fn apply(store: &PostgresStore, batch: &WriteBatch) -> usize {
    let applied = store.apply(batch, Timestamp(0)).await.unwrap();
    applied.effects.iter().filter(|effect| effect.outcome.is_change()).count()
}

/// Tables of one's own, and the two ways to write to them.
struct Side {
    schema: Schema,
    pool: Pool,
    store: Arc<PostgresStore>,
    by_hand: Arc<ByHand>,
}

struct Bench {
    runtime: Runtime,
    url: String,
}

impl Bench {
    fn side(&self, name: &str) -> Side {
        let schema = Schema::new(format!("conversation_bench_{}_{name}", process::id())).unwrap();
        let pool = Pool::builder(Manager::new(self.url.parse().unwrap(), NoTls)).max_size(CONNECTIONS).build().unwrap();
        let store = self.runtime.block_on(PostgresStore::with_pool(pool.clone(), &schema)).unwrap();
        let by_hand = ByHand::new(pool.clone(), &schema);
        Side { schema, pool, store: store.into(), by_hand: by_hand.into() }
    }

    /// As the server would by itself, a little later.
    fn vacuum(&self, side: &Side) {
        let tables = ["owners", "conversations"];
        self.runtime.block_on(async {
            for table in tables {
                let sql = format!("VACUUM ANALYZE {}.{table}", side.schema);
                side.pool.get().await.unwrap().batch_execute(&sql).await.unwrap();
            }
        });
    }

    fn drop(&self, side: &Side) {
        self.runtime.block_on(async {
            let sql = format!("DROP SCHEMA {} CASCADE", side.schema);
            side.pool.get().await.unwrap().batch_execute(&sql).await.unwrap();
        });
    }

    /// Both sides in one call for `users`: creating, changing, and finding all as it is to be.
    fn users(&self, users: usize, rounds: usize) {
        let next = |turn: usize| (format!("new_{turn}"), 0);
        self.ratio(&format!("postgres_insert_{users}"), users, users, rounds, next);
        let next = |turn: usize| ("sg_1".to_owned(), turn + 1);
        self.ratio(&format!("postgres_update_{users}"), users, users, rounds, next);
        let next = |_: usize| ("sg_1".to_owned(), 0);
        self.ratio(&format!("postgres_noop_{users}"), users, 0, rounds, next);
    }

    /// Calls for `users`, of which `changes` change, each of a conversation and a turn that `next` tells.
    fn ratio(&self, name: &str, users: usize, changes: usize, rounds: usize, next: impl Fn(usize) -> (String, usize)) {
        let (of_ours, of_hand) = (self.side("ours"), self.side("hand"));
        let owners = owners(users);
        for side in [&of_ours, &of_hand] {
            self.runtime.block_on(apply(&side.store, &batch(&owners, "sg_1", 0)));
            self.vacuum(side);
        }
        let (mut round, mut round_by_hand) = (0, 0);
        let ours = || {
            let (id, turn) = next(round);
            round += 1;
            let batch = batch(&owners, &id, turn);
            bench::timed(|| assert_eq!(self.runtime.block_on(apply(&of_ours.store, &batch)), changes))
        };
        let limit = || {
            let (id, turn) = next(round_by_hand);
            round_by_hand += 1;
            bench::timed(|| {
                let set = of_hand.by_hand.set(&owners, &id, GROUP, settings(turn));
                assert_eq!(self.runtime.block_on(set), changes);
            })
        };
        bench::ratio(name, rounds, ours, limit);
        self.drop(&of_ours);
        self.drop(&of_hand);
    }

    /// The same calls in a store of 1,000,000 rows and in one of 1,000.
    fn rows(&self) {
        let (large, small) = (self.side("large"), self.side("small"));
        let all = owners(1_000_000);
        for some in all.chunks(10_000) {
            self.runtime.block_on(apply(&large.store, &batch(some, "sg_1", 0)));
        }
        // Spread over all owners, as the members of a group are.
        let spread: Vec<_> = all.iter().step_by(1_000).cloned().collect();
        self.runtime.block_on(apply(&small.store, &batch(&spread, "sg_1", 0)));
        for side in [&large, &small] {
            self.vacuum(side);
        }
        let turns = |side: &Side, owners: &[String]| {
            let (store, owners) = (Arc::clone(&side.store), owners.to_vec());
            let mut turns = iter::successors(Some(1_usize), |turn| Some(turn + 1));
            move || {
                let batch = batch(&owners, "sg_1", turns.next().unwrap());
                bench::timed(|| assert_eq!(self.runtime.block_on(apply(&store, &batch)), owners.len()))
            }
        };
        bench::ratio(
            "postgres_rows_update_1",
            201,
            turns(&large, &spread[500..=500]),
            turns(&small, &spread[500..=500]),
        );
        // Both begin anew with what changes all.
        for side in [&large, &small] {
            self.runtime.block_on(apply(&side.store, &batch(&spread, "sg_1", 0)));
        }
        bench::ratio("postgres_rows_update_1000", 61, turns(&large, &spread), turns(&small, &spread));
        let noop = |side: &Side| {
            let store = Arc::clone(&side.store);
            let batch = batch(&spread, "sg_1", 62);
            self.runtime.block_on(apply(&store, &batch));
            move || bench::timed(|| assert_eq!(self.runtime.block_on(apply(&store, &batch)), 0))
        };
        bench::ratio("postgres_rows_noop_1000", 61, noop(&large), noop(&small));
        // What becomes of it by hand, which is what the server needs for more rows.
        let by_hand = |side: &Side, step: usize| {
            let (by_hand, owners) = (Arc::clone(&side.by_hand), spread.clone());
            let mut turns = iter::successors(Some(62), move |turn| Some(turn + step));
            move || {
                let set = by_hand.set(&owners, "sg_1", GROUP, settings(turns.next().unwrap()));
                bench::timed(|| _ = self.runtime.block_on(set))
            }
        };
        bench::ratio("postgres_rows_noop_1000_by_hand", 61, by_hand(&large, 0), by_hand(&small, 0));
        bench::ratio("postgres_rows_update_1000_by_hand", 61, by_hand(&large, 1), by_hand(&small, 1));
        self.drop(&large);
        self.drop(&small);
    }

    /// 64 callers at once, one user each.
    fn callers(&self) {
        const CALLERS: usize = 64;
        const CALLS: usize = 40;
        let (of_ours, of_hand) = (self.side("ours"), self.side("hand"));
        let owners = owners(CALLERS);
        for side in [&of_ours, &of_hand] {
            self.runtime.block_on(apply(&side.store, &batch(&owners, "sg_1", 1)));
            self.vacuum(side);
        }
        let batches = |owner: &String| [0, 1].map(|turn| batch(std::slice::from_ref(owner), "sg_1", turn));
        let batches: Vec<_> = owners.iter().map(batches).map(Arc::new).collect();
        let ours = || {
            self.together(batches.iter().map(|batches| {
                let (store, batches) = (Arc::clone(&of_ours.store), Arc::clone(batches));
                async move {
                    for call in 0..CALLS {
                        assert_eq!(apply(&store, &batches[call % 2]).await, 1);
                    }
                }
            }))
        };
        let limit = || {
            self.together(owners.iter().map(|owner| {
                let (by_hand, owner) = (Arc::clone(&of_hand.by_hand), [owner.clone()]);
                async move {
                    for call in 0..CALLS {
                        assert_eq!(by_hand.set(&owner, "sg_1", GROUP, settings(call)).await, 1);
                    }
                }
            }))
        };
        bench::ratio("postgres_callers_64", 21, ours, limit);
        self.drop(&of_ours);
        self.drop(&of_hand);
    }

    fn together(&self, callers: impl Iterator<Item = impl Future<Output = ()> + Send + 'static>) -> Duration {
        bench::timed(|| self.runtime.block_on(async { drop(callers.collect::<JoinSet<_>>().join_all().await) }))
    }
}
