//! The adapter beside minimal correct code on the driver, on the replica set that `CONVERSATION_TEST_MONGODB` names.

use std::{
    env,
    sync::Arc,
    time::{Duration, Instant},
};

use conversation_settings_bench::{Callers, Side, is_asked_for, is_wanted, ratio};
use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Patch, Target, Timestamp, UserId, Write, WriteBatch,
};
use conversation_settings_store::ConversationStore;
use conversation_settings_store_mongodb::MongoStore;
use tokio::runtime::Runtime;

use crate::by_hand::ByHand;

mod by_hand;
mod bytes;

/// The ratio that needs a million conversations.
const MILLION: &str = "mongodb-update-100-of-1000000-rows-to-1000";

const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// Numbers of users, and of rounds.
const SIZES: [(usize, usize); 5] = [(1, 150), (10, 100), (100, 50), (1_000, 20), (10_000, 7)];

/// The adapter and the code by hand, each with its own database.
struct Bench {
    runtime: Runtime,
    store: Arc<MongoStore>,
    by_hand: Arc<ByHand>,
    databases: [mongodb::Database; 2],
}

fn main() {
    let Ok(server) = env::var("CONVERSATION_TEST_MONGODB") else { return };
    if !is_wanted() {
        return;
    }
    let bench = Bench::new(&server);
    // Only on request, because it takes ten minutes and compares nothing.
    if env::args().any(|arg| arg == "bytes") {
        bench.runtime.block_on(bytes::measure(&bench.store, &bench.databases[0]));
    }
    for history in [0, 100] {
        for (users, rounds) in SIZES {
            let name = if history == 0 { format!("{users}") } else { format!("{users}-with-history") };
            let is_asked =
                ["insert", "update", "noop"].iter().any(|what| is_asked_for(&format!("mongodb-{what}-{name}")));
            if is_asked && (history == 0 || users >= 100) {
                bench.sizes(&name, users, rounds, history);
            }
        }
    }
    bench.concurrent();
    if is_asked_for(MILLION) {
        bench.rows();
    }
    bench.finish();
}

impl Bench {
    fn new(server: &str) -> Self {
        let runtime = Runtime::new().unwrap();
        let id = std::process::id();
        let address = |side| server.replacen("/?", &format!("/conversation_bench_{side}_{id}?"), 1);
        let (store, by_hand) = runtime.block_on(async {
            // Makes the same indexes for the code by hand.
            MongoStore::open(&address("by_hand")).await.unwrap();
            (MongoStore::open(&address("ours")).await.unwrap(), ByHand::open(&address("by_hand")).await)
        });
        let client = by_hand.client().clone();
        let databases = ["ours", "by_hand"].map(|side| client.database(&format!("conversation_bench_{side}_{id}")));
        Self { runtime, store: store.into(), by_hand: by_hand.into(), databases }
    }

    fn finish(self) {
        for database in &self.databases {
            self.runtime.block_on(async { database.drop().await }).unwrap();
        }
    }

    fn timed(&self, work: impl Future<Output = ()>) -> Duration {
        let start = Instant::now();
        self.runtime.block_on(work);
        start.elapsed()
    }

    async fn ours(&self, users: &[UserId], id: &ConversationId, patch: Patch) {
        self.store.apply(&batch(users, id, patch), NOW).await.unwrap();
    }

    /// Insert, update and no-op of one conversation for many users, whose logs have `history` entries.
    fn sizes(&self, name: &str, users: usize, rounds: usize, history: usize) {
        let users = owners(name, users);
        self.runtime.block_on(async {
            for database in &self.databases {
                by_hand::fill_logs(database, &users, history).await;
            }
        });
        let (mut ours, mut theirs) = (0.., 0..);
        let id = |n: Option<i32>| ConversationId::new(format!("sg_{}", n.unwrap_or_default()).as_str()).unwrap();
        let pinned = |pinned: bool| Patch::KEEP.is_pinned(pinned);
        ratio(
            &format!("mongodb-insert-{name}"),
            rounds,
            || self.timed(self.ours(&users, &id(ours.next()), pinned(true))),
            || self.timed(self.by_hand.set_pinned(&users, &id(theirs.next()), true)),
        );
        let first = id(Some(0));
        let (mut ours, mut theirs) = (true, true);
        let flipped = |flag: &mut bool| {
            *flag = !*flag;
            *flag
        };
        ratio(
            &format!("mongodb-update-{name}"),
            rounds,
            || self.timed(self.ours(&users, &first, pinned(flipped(&mut ours)))),
            || self.timed(self.by_hand.set_pinned(&users, &first, flipped(&mut theirs))),
        );
        // Both need the rows, even if insert and update were not requested.
        self.runtime.block_on(async {
            self.ours(&users, &first, pinned(true)).await;
            self.by_hand.set_pinned(&users, &first, true).await;
        });
        ratio(
            &format!("mongodb-noop-{name}"),
            rounds * 2,
            || self.timed(self.ours(&users, &first, pinned(true))),
            || {
                self.timed(async {
                    self.by_hand.find(&users, &first).await;
                })
            },
        );
    }

    /// Concurrent callers of the service.
    fn concurrent(&self) {
        let callers = Callers::new("mongodb", &self.runtime, Arc::clone(&self.store), Arc::clone(&self.by_hand), 10);
        callers.one(51);
        callers.concurrent(16, 11);
        callers.concurrent(64, 7);
        callers.of_the_store(64, 7);
        callers.on_few_owners(7);
        callers.beside_large(5);
    }

    /// The same call among 1,000 rows and among a million.
    fn rows(&self) {
        const ROWS: usize = 1_000_000;
        let users = owners("rows", 100);
        let [many, _] = &self.databases;
        self.runtime.block_on(by_hand::fill_rows(many, ROWS));
        let few = self.databases[1].clone();
        self.runtime.block_on(by_hand::fill_rows(&few, 1_000));
        let address = env::var("CONVERSATION_TEST_MONGODB").unwrap().replacen("/?", &format!("/{}?", few.name()), 1);
        let other = self.runtime.block_on(MongoStore::open(&address)).unwrap();
        let id = ConversationId::new("sg_team").unwrap();
        let (mut n, mut m) = (0, 0);
        ratio(
            MILLION,
            50,
            || {
                n += 1;
                self.timed(self.ours(&users, &id, Patch::KEEP.is_pinned(n % 2 == 0)))
            },
            || {
                m += 1;
                self.timed(async {
                    other.apply(&batch(&users, &id, Patch::KEEP.is_pinned(m % 2 == 0)), NOW).await.unwrap();
                })
            },
        );
    }
}

/// By hand, a call is a transaction of its own.
impl Side for ByHand {
    type Call = (Vec<UserId>, ConversationId, bool);

    fn call(&self, owners: &[UserId], id: &ConversationId, is_pinned: bool) -> Self::Call {
        (owners.to_vec(), id.clone(), is_pinned)
    }

    async fn make(&self, (owners, id, is_pinned): &Self::Call) {
        self.set_pinned(owners, id, *is_pinned).await;
    }
}

fn owners(name: &str, number: usize) -> Vec<UserId> {
    (0..number).map(|n| UserId::new(format!("{name}_user_{n:07}").as_str()).unwrap()).collect()
}

fn batch(users: &[UserId], id: &ConversationId, patch: Patch) -> WriteBatch {
    let missing = Missing::Create(Target::Group(GroupId::new("team").unwrap()));
    let change = Arc::new(Change::Set { patch, missing });
    let write = |user: &UserId| Write { key: Key::new(user.clone(), id.clone()), change: change.clone() };
    WriteBatch::new(users.iter().map(write).collect()).unwrap()
}
