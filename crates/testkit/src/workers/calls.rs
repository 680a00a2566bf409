//! What a worker's process does.

use std::{
    collections::HashMap,
    env,
    io::{Read, Write, stdin, stdout},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use conversation_settings_core::{Patch, UserId, Version};
use conversation_settings_store::ConversationStore;
use tokio::task::{JoinSet, spawn_blocking};

use super::{OWNERS, TASK, TOLD, Told, What, Work};
use crate::{
    make::{AT, key, set_all, user},
    random::random,
};

/// How many calls a worker has under way at once.
const CALLS: usize = 2;

/// Applies batches as the [`Worker`](super::Worker) that started this process was told to, until it is to finish.
///
/// # Panics
///
/// Where this process was not started by a `Worker`.
pub async fn work(store: Arc<dyn ConversationStore>) {
    let task = env::var(TASK).expect("a worker has started this process");
    let (number, work) = task.split_once(' ').expect("a number and a work");
    let work = if work == "Create" { Work::Create } else { Work::Update };
    let is_over = Arc::new(AtomicBool::new(false));
    let mut calls = JoinSet::new();
    for call in 0..CALLS {
        let caller = Caller {
            store: store.clone(),
            is_over: is_over.clone(),
            work,
            name: format!("{number}_{call}"),
            seen: HashMap::new(),
        };
        calls.spawn(caller.call());
    }
    // The end of the input is the end of the work.
    spawn_blocking(|| stdin().read_to_end(&mut Vec::new())).await.expect("does not panic").expect("can be read");
    is_over.store(true, Ordering::Relaxed);
    calls.join_all().await;
}

/// One call after the other.
struct Caller {
    store: Arc<dyn ConversationStore>,
    is_over: Arc<AtomicBool>,
    work: Work,
    name: String,
    /// The last version of each owner that it was told.
    seen: HashMap<UserId, Version>,
}

impl Caller {
    async fn call(mut self) {
        let mut seed = self.name.bytes().fold(7, |sum: u64, byte| sum * 31 + u64::from(byte));
        for n in 0_u64.. {
            if self.is_over.load(Ordering::Relaxed) {
                return;
            }
            let value = format!("{}_{n}", self.name);
            let conversation = match self.work {
                Work::Create => format!("sg_{value}"),
                Work::Update => format!("sg_{}", random(&mut seed, 3)),
            };
            let mut owners: Vec<_> =
                (0..=random(&mut seed, 4)).map(|_| format!("owner{}", random(&mut seed, OWNERS))).collect();
            owners.sort();
            owners.dedup();
            let (what, owners) = self.apply(&owners, &conversation, &value).await;
            // In one piece, so that a line is there or not.
            let line = format!("\n{TOLD}{}\n", Told::line(&what, &value, &conversation, &owners));
            stdout().write_all(line.as_bytes()).expect("somebody listens");
        }
    }

    async fn apply(&mut self, owners: &[String], conversation: &str, value: &str) -> (What, Vec<(String, u64)>) {
        let batch = set_all(owners.iter().map(|owner| key(owner, conversation)), &Patch::KEEP.ex(value));
        let applied = self.store.apply(&batch, AT).await;
        let versions: Vec<_> = match &applied {
            Ok(applied) => applied.effects.iter().map(|effect| effect.version.unwrap_or_default()).collect(),
            Err(_) => vec![Version::ZERO; owners.len()],
        };
        let mut what = match &applied {
            Ok(applied) if applied.effects.iter().all(|effect| effect.outcome.is_change()) => What::Acknowledged,
            // Its own batch, stored by an attempt whose answer was lost and found by the next.
            Ok(_) => What::Unknown("silence".to_owned()),
            Err(error) if error.is_retryable() => What::Unknown(error.to_string()),
            Err(error) => What::Wrong(format!("{error:?}")),
        };
        let mut told: Vec<_> = owners.iter().map(user).zip(versions.iter().copied()).collect();
        if let Ok(read) = self.store.version(&user(&owners[0])).await {
            told.push((user(&owners[0]), read.version));
        }
        for (owner, version) in told {
            let last = self.seen.entry(owner.clone()).or_default();
            if version != Version::ZERO && version < *last {
                what = What::Wrong(format!("{owner} went back from {last} to {version}"));
            }
            *last = version.max(*last);
        }
        (what, owners.iter().cloned().zip(versions.iter().map(|version| version.0)).collect())
    }
}
