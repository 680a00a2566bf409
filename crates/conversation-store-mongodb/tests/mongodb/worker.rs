//! A process that applies batches for as long as its input is open, and tells of each what came of it.

use std::{
    collections::HashMap,
    env,
    io::{BufRead, BufReader, Read, Write, stdin, stdout},
    process::{Child, ChildStdin, Command, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
        mpsc::Sender,
    },
    thread,
    time::Instant,
};

use conversation_core::{Patch, UserId, Version};
use conversation_store::ConversationStore;
use conversation_store_mongodb::MongoStore;

use crate::{
    like_memory::Numbers,
    support::{NOW, batch, key, set, user},
};

/// How many owners all workers share.
pub(crate) const OWNERS: u64 = 50;
/// How many calls a worker has under way at once.
const CALLS: usize = 2;

/// What a worker does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Work {
    /// Each batch creates a conversation of its own.
    Create,
    /// Each batch sets one of three conversations to a value of its own.
    Update,
}

impl Work {
    fn conversation(self, name: &str, numbers: &mut Numbers) -> String {
        match self {
            Self::Create => format!("sg_{name}"),
            Self::Update => format!("sg_{}", numbers.below(3)),
        }
    }
}

/// A batch as a worker tells of it: its own value, the conversation, and its owners with the versions that it made.
#[derive(Clone, Debug)]
pub(crate) struct Told {
    pub(crate) at: Instant,
    pub(crate) worker: usize,
    pub(crate) what: What,
    pub(crate) value: String,
    pub(crate) conversation: String,
    pub(crate) owners: Vec<(String, u64)>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum What {
    Acknowledged,
    /// An error that says to try again; it may have taken place or not.
    Unknown(String),
    /// What must not happen.
    Wrong(String),
}

/// A worker's process; it ends when this is dropped.
pub(crate) struct Worker {
    child: Child,
    input: Option<ChildStdin>,
    reader: Option<thread::JoinHandle<()>>,
}

impl Worker {
    /// Starts a worker whose tales go to `told`.
    pub(crate) fn start(number: usize, work: Work, address: &str, told: Sender<Told>) -> Self {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "worker::worker", "--ignored", "--nocapture"])
            .env("CONVERSATION_TEST_WORKER", format!("{number} {work:?} {address}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        let reader = thread::spawn(move || {
            for line in output.lines() {
                let line = line.unwrap();
                if let Some(line) = line.strip_prefix("told ") {
                    told.send(parse(number, line)).unwrap();
                }
            }
        });
        Self { input: child.stdin.take(), child, reader: Some(reader) }
    }

    /// Lets the worker finish what it is at, and waits for all that it has to tell.
    pub(crate) fn finish(mut self) {
        drop(self.input.take());
        assert!(self.child.wait().unwrap().success());
        self.reader.take().unwrap().join().unwrap();
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        if self.reader.is_some() {
            self.child.kill().unwrap();
            self.child.wait().unwrap();
        }
    }
}

fn parse(worker: usize, line: &str) -> Told {
    let [what, value, conversation, owners, error] = line.splitn(5, ' ').collect::<Vec<_>>().try_into().unwrap();
    let owner =
        |owner: &str| owner.split_once('=').map(|(owner, version)| (owner.to_owned(), version.parse().unwrap()));
    Told {
        at: Instant::now(),
        worker,
        what: match what {
            "acknowledged" => What::Acknowledged,
            "unknown" => What::Unknown(error.to_owned()),
            _ => What::Wrong(error.to_owned()),
        },
        value: value.to_owned(),
        conversation: conversation.to_owned(),
        owners: owners.split(',').filter_map(owner).collect(),
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "this is what other tests start as a process"]
async fn worker() {
    let task = env::var("CONVERSATION_TEST_WORKER").unwrap();
    let [number, work, address] = task.split(' ').collect::<Vec<_>>().try_into().unwrap();
    let work = if work == "Create" { Work::Create } else { Work::Update };
    // Long logs, so that every batch can be found in them at the end.
    let store = Arc::new(MongoStore::open(address).await.unwrap().with_log_entries(1_000_000));
    let is_over = Arc::new(AtomicBool::new(false));
    let calls: Vec<_> = (0..CALLS)
        .map(|call| tokio::spawn(caller(store.clone(), is_over.clone(), work, format!("{number}_{call}"))))
        .collect();
    // The end of the input is the end of the work.
    tokio::task::spawn_blocking(|| stdin().read_to_end(&mut Vec::new())).await.unwrap().unwrap();
    is_over.store(true, Ordering::Relaxed);
    for call in calls {
        call.await.unwrap();
    }
}

async fn caller(store: Arc<MongoStore>, is_over: Arc<AtomicBool>, work: Work, name: String) {
    let mut numbers = Numbers(name.bytes().fold(7, |sum, byte| sum * 31 + u64::from(byte)));
    let mut seen: HashMap<UserId, Version> = HashMap::new();
    for n in 0_u64.. {
        if is_over.load(Ordering::Relaxed) {
            return;
        }
        let value = format!("{name}_{n}");
        let conversation = work.conversation(&value, &mut numbers);
        let mut owners: Vec<_> = (0..=numbers.below(4)).map(|_| format!("owner{}", numbers.below(OWNERS))).collect();
        owners.sort();
        owners.dedup();
        let patch = Patch::KEEP.ex(value.as_str());
        let writes = owners.iter().map(|owner| set(key(owner, &conversation), patch.clone()));
        let applied = store.apply(&batch(writes), NOW).await;
        let versions: Vec<_> = match &applied {
            Ok(applied) => applied.effects.iter().map(|effect| effect.version.unwrap_or_default()).collect(),
            Err(_) => vec![Version::ZERO; owners.len()],
        };
        let (mut what, mut error) = match &applied {
            Ok(applied) if applied.effects.iter().all(|effect| effect.outcome.is_change()) => {
                ("acknowledged", String::new())
            }
            // Its own batch, stored by an attempt whose answer was lost and found by the next.
            Ok(_) => ("unknown", "silence".to_owned()),
            Err(error) if error.is_retryable() => ("unknown", error.to_string()),
            Err(error) => ("wrong", format!("{error:?}").replace('\n', " ")),
        };
        for (owner, version) in owners.iter().zip(&versions) {
            let last = seen.entry(user(owner)).or_default();
            if *version != Version::ZERO && *version < *last {
                (what, error) = ("wrong", format!("{owner} went back from {last} to {version}"));
            }
            *last = (*version).max(*last);
        }
        let reader = user(&owners[0]);
        if let Ok(read) = store.version(&reader).await {
            let last = seen.entry(reader).or_default();
            if read.version < *last {
                (what, error) = ("wrong", format!("{} was read going back from {last} to {}", owners[0], read.version));
            }
            *last = read.version.max(*last);
        }
        let owners: Vec<_> =
            owners.iter().zip(&versions).map(|(owner, version)| format!("{owner}={version}")).collect();
        let line = format!("told {what} {value} {conversation} {} {error}\n", owners.join(","));
        stdout().lock().write_all(line.as_bytes()).unwrap();
    }
}
