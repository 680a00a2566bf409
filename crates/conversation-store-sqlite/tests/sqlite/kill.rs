//! A process that is killed in the middle of its writes has lost nothing that it had answered.

use std::{
    collections::BTreeMap,
    env,
    io::{self, BufRead, BufReader, Write},
    process::{Command, Stdio},
    sync::Arc,
};

use conversation_core::{Key, Patch, Seq};
use conversation_store::ConversationStore;
use conversation_store_sqlite::SqliteStore;
use tokio::task::JoinSet;

use crate::harness::{AT, Folder, key, set};

const DATABASE: &str = "KILLED_DATABASE";
const CALLERS: usize = 16;

/// The two conversations that a caller sets together, so that half a batch would show.
fn keys(caller: usize) -> [Key; 2] {
    ["sg_one", "sg_two"].map(|id| key(&format!("u{caller:02}"), id))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "the process that the test below starts and kills"]
async fn writes_until_killed() {
    let Ok(database) = env::var(DATABASE) else { return };
    let store = Arc::new(SqliteStore::open(database).unwrap());
    let mut callers = JoinSet::new();
    for caller in 0..CALLERS {
        let store = Arc::clone(&store);
        callers.spawn(async move {
            for n in 1.. {
                let patch = Patch::KEEP.max_seq(Seq::try_from(n).unwrap());
                store.apply(&set(keys(caller), &patch), AT).await.unwrap();
                // One write, so that a line is whole or not there.
                io::stdout().write_all(format!("\nanswered {caller} {n}\n").as_bytes()).unwrap();
            }
        });
    }
    callers.join_all().await;
}

#[tokio::test]
async fn nothing_answered_is_lost_when_the_process_is_killed() {
    let folder = Folder::new();
    for _ in 0..3 {
        let mut child = Command::new(env::current_exe().unwrap())
            .args(["--exact", "kill::writes_until_killed", "--ignored", "--nocapture"])
            .env(DATABASE, folder.database())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut answered = BTreeMap::new();
        let lines = BufReader::new(child.stdout.take().unwrap()).lines();
        for (count, line) in lines.map_while(Result::ok).filter(|line| line.starts_with("answered ")).enumerate() {
            let numbers: Vec<i64> = line.split(' ').skip(1).filter_map(|number| number.parse().ok()).collect();
            if let [caller, n] = numbers[..] {
                answered.insert(caller, n);
            }
            if count == 1_000 {
                child.kill().unwrap();
            }
        }
        child.wait().unwrap();
        assert_eq!(answered.len(), CALLERS);

        let store = folder.open();
        for (caller, n) in answered {
            let found = store.get(&keys(usize::try_from(caller).unwrap())).await.unwrap();
            let held: Vec<_> = found.into_iter().map(|found| found.unwrap().settings.max_seq.get()).collect();
            assert!(held[0] >= n, "caller {caller} was answered {n}, held is {held:?}");
            assert_eq!(held[0], held[1], "caller {caller} has half a batch");
        }
    }
}
