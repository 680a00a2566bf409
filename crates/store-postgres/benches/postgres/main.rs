//! The adapter's cost relative to handwritten tokio-postgres code, and its growth with users and rows.

mod by_hand;

use std::{env, iter, process, sync::Arc};

use conversation_settings_bench::{self as bench, Callers};
use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Patch, RecvMsgOpt, Target, Timestamp, UserId, Write, WriteBatch,
};
use conversation_settings_store::ConversationStore;
use conversation_settings_store_postgres::{PostgresStore, Schema};
use deadpool_postgres::{Manager, Pool};
use tokio::runtime::Runtime;
use tokio_postgres::NoTls;

use crate::by_hand::{ByHand, Settings};

const GROUP: &str = "3580441235";
/// Values that alternate between rounds, so that each call changes something.
const VALUES: [&str; 2] = [r#"{"colour":"teal"}"#, r#"{"colour":"blue"}"#];
/// Connections per side.
const CONNECTIONS: usize = 10;

#[expect(clippy::print_stdout, reason = "a skipped benchmark says so")]
fn main() {
    if !bench::is_wanted() {
        return;
    }
    let Ok(url) = env::var("CONVERSATION_TEST_POSTGRES") else {
        println!("skipped: CONVERSATION_TEST_POSTGRES names no PostgreSQL");
        return;
    };
    let bench = Bench { runtime: Runtime::new().unwrap(), url };
    for (users, rounds) in [(1, 201), (100, 101), (1_000, 61), (10_000, 15)] {
        bench.users(users, rounds);
    }
    bench.rows();
    bench.callers();
}

/// IDs in byte order, the order of a batch.
fn owners(count: usize) -> Vec<String> {
    (0..count).map(|n| format!("69659{n:07}")).collect()
}

fn settings(value: usize) -> Settings {
    Settings { recv_msg_opt: RecvMsgOpt::ALL[1 + value % 2], is_pinned: value.is_multiple_of(2), ex: VALUES[value % 2] }
}

fn batch(owners: &[String], id: &str, value: usize) -> WriteBatch {
    let id = ConversationId::new(id).unwrap();
    let target = Target::Group(GroupId::new(GROUP).unwrap());
    let Settings { recv_msg_opt, is_pinned, ex } = settings(value);
    let patch = Patch::KEEP.recv_msg_opt(recv_msg_opt).is_pinned(is_pinned).ex(ex);
    let change = Arc::new(Change::Set { patch, missing: Missing::Create(target) });
    let write = |owner: &String| {
        let key = Key::new(UserId::new(owner.as_str()).unwrap(), id.clone());
        Write { key, change: Arc::clone(&change) }
    };
    WriteBatch::new(owners.iter().map(write).collect()).unwrap()
}

/// Applies a batch and returns how many conversations changed.
async fn apply(store: &PostgresStore, batch: &WriteBatch) -> usize {
    let applied = store.apply(batch, Timestamp(0)).await.unwrap();
    applied.effects.iter().filter(|effect| effect.outcome.is_change()).count()
}

/// A schema, and both ways to write to it.
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

    /// Does what autovacuum would do later.
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

    /// Calls for `users` that create, change, and are no-ops.
    fn users(&self, users: usize, rounds: usize) {
        let next = |value: usize| (format!("new_{value}"), 0);
        self.ratio(&format!("postgres_insert_{users}"), users, users, rounds, next);
        let next = |value: usize| ("sg_1".to_owned(), value + 1);
        self.ratio(&format!("postgres_update_{users}"), users, users, rounds, next);
        let next = |_: usize| ("sg_1".to_owned(), 0);
        self.ratio(&format!("postgres_noop_{users}"), users, 0, rounds, next);
    }

    /// Calls for `users`, of which `changes` change; `next` returns a round's conversation and value.
    fn ratio(&self, name: &str, users: usize, changes: usize, rounds: usize, next: impl Fn(usize) -> (String, usize)) {
        let (our_side, limit_side) = (self.side("ours"), self.side("hand"));
        let owners = owners(users);
        for side in [&our_side, &limit_side] {
            self.runtime.block_on(apply(&side.store, &batch(&owners, "sg_1", 0)));
            self.vacuum(side);
        }
        let (mut round, mut round_by_hand) = (0, 0);
        let ours = || {
            let (id, value) = next(round);
            round += 1;
            let batch = batch(&owners, &id, value);
            bench::timed(|| assert_eq!(self.runtime.block_on(apply(&our_side.store, &batch)), changes))
        };
        let limit = || {
            let (id, value) = next(round_by_hand);
            round_by_hand += 1;
            bench::timed(|| {
                let set = limit_side.by_hand.set(&owners, &id, GROUP, settings(value));
                assert_eq!(self.runtime.block_on(set), changes);
            })
        };
        bench::ratio(name, rounds, ours, limit);
        self.drop(&our_side);
        self.drop(&limit_side);
    }

    /// The same calls in stores of 1,000,000 and 1,000 rows.
    fn rows(&self) {
        let (large, small) = (self.side("large"), self.side("small"));
        let all = owners(1_000_000);
        for some in all.chunks(10_000) {
            self.runtime.block_on(apply(&large.store, &batch(some, "sg_1", 0)));
        }
        // Spread over all owners, as a group's members are.
        let spread: Vec<_> = all.iter().step_by(1_000).cloned().collect();
        self.runtime.block_on(apply(&small.store, &batch(&spread, "sg_1", 0)));
        for side in [&large, &small] {
            self.vacuum(side);
        }
        let updates = |side: &Side, owners: &[String]| {
            let (store, owners) = (Arc::clone(&side.store), owners.to_vec());
            let mut values = iter::successors(Some(1_usize), |value| Some(value + 1));
            move || {
                let batch = batch(&owners, "sg_1", values.next().unwrap());
                bench::timed(|| assert_eq!(self.runtime.block_on(apply(&store, &batch)), owners.len()))
            }
        };
        bench::ratio(
            "postgres_rows_update_1",
            201,
            updates(&large, &spread[500..=500]),
            updates(&small, &spread[500..=500]),
        );
        // Reset both stores, so that the next call changes all rows.
        for side in [&large, &small] {
            self.runtime.block_on(apply(&side.store, &batch(&spread, "sg_1", 0)));
        }
        bench::ratio("postgres_rows_update_1000", 61, updates(&large, &spread), updates(&small, &spread));
        let noop = |side: &Side| {
            let store = Arc::clone(&side.store);
            let batch = batch(&spread, "sg_1", 62);
            self.runtime.block_on(apply(&store, &batch));
            move || bench::timed(|| assert_eq!(self.runtime.block_on(apply(&store, &batch)), 0))
        };
        bench::ratio("postgres_rows_noop_1000", 61, noop(&large), noop(&small));
        // The handwritten code shows the server's own growth.
        let by_hand = |side: &Side, step: usize| {
            let (by_hand, owners) = (Arc::clone(&side.by_hand), spread.clone());
            let mut values = iter::successors(Some(62), move |value| Some(value + step));
            move || {
                let set = by_hand.set(&owners, "sg_1", GROUP, settings(values.next().unwrap()));
                bench::timed(|| _ = self.runtime.block_on(set))
            }
        };
        bench::ratio("postgres_rows_noop_1000_by_hand", 61, by_hand(&large, 0), by_hand(&small, 0));
        bench::ratio("postgres_rows_update_1000_by_hand", 61, by_hand(&large, 1), by_hand(&small, 1));
        self.drop(&large);
        self.drop(&small);
    }

    /// Concurrent callers of the service.
    fn callers(&self) {
        let (our_side, limit_side) = (self.side("ours"), self.side("hand"));
        let callers =
            Callers::new("postgres", &self.runtime, Arc::clone(&our_side.store), Arc::clone(&limit_side.by_hand), 40);
        callers.one(51);
        callers.concurrent(16, 21);
        callers.concurrent(64, 11);
        callers.of_the_store(64, 11);
        callers.on_few_owners(11);
        callers.beside_large(7);
        self.drop(&our_side);
        self.drop(&limit_side);
    }
}

/// By hand, a call is a transaction of its own.
impl bench::Side for ByHand {
    type Call = (Vec<String>, String, usize);

    fn call(&self, owners: &[UserId], id: &ConversationId, is_pinned: bool) -> Self::Call {
        let owners = owners.iter().map(|owner| owner.as_str().to_owned()).collect();
        (owners, id.as_str().to_owned(), usize::from(is_pinned))
    }

    async fn make(&self, (owners, id, value): &Self::Call) {
        assert_eq!(self.set(owners, id, GROUP, settings(*value)).await, owners.len());
    }
}
