//! What becomes of the program under ten times the load that it can carry: what it takes and turns away, how long each
//! waits for that, and how much memory the process has.

#[path = "../../tests/server/harness.rs"]
#[expect(dead_code, reason = "the tests of the program need more of it")]
mod harness;
mod load;
mod tally;

use std::{fs, sync::Mutex, time::Duration};

use conversation_settings_testkit::bench;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{
    harness::{Server, program},
    load::Load,
};

/// Enough to keep the store busy, and no more than are taken.
const CALLERS: usize = 64;
/// Far more than are taken, so that it is the program that turns calls away.
const CALLERS_PAST_IT: usize = 800;
const TIME: Duration = Duration::from_secs(10);
const TIME_PAST_IT: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() {
    if !bench::is_wanted() {
        return;
    }
    // A folder on the disk that the build is on: a folder in memory would know no `fsync`.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let server = Server::start(&mut program(folder.path()));
    let load = Load::new(server.address(), &server.admin_token());
    say(&format!("idle: {} of memory", mebibytes(memory(&server))));

    let can = load.as_fast_as_answered(CALLERS, TIME).await;
    say(&format!("as fast as answered, {CALLERS} callers: {can}; {} of memory", mebibytes(memory(&server))));

    let (memories, slowest) = (Mutex::new(Vec::new()), Mutex::new(Duration::ZERO));
    let past_it = tokio::select! {
        past_it = load.at_a_rate(10.0 * can.taken_a_second(), CALLERS_PAST_IT, TIME_PAST_IT) => past_it,
        () = watch(&server, &memories, &slowest) => unreachable!("it watches for ever"),
    };
    say(&format!("at ten times that rate, {CALLERS_PAST_IT} callers: {past_it}"));
    let memories = memories.into_inner().unwrap();
    let over_time: Vec<_> =
        memories.chunks(memories.len().div_ceil(6)).map(|part| part.iter().max().unwrap()).collect();
    let over_time: Vec<_> = over_time.into_iter().map(|&most| mebibytes(most)).collect();
    say(&format!("most memory in each sixth of that time: {}", over_time.join(", ")));
    say(&format!(
        "slowest of {} answers to /healthz in that time: {:.1?}",
        memories.len(),
        slowest.into_inner().unwrap()
    ));
}

/// Looks at the process ten times a second.
async fn watch(server: &Server, memories: &Mutex<Vec<u64>>, slowest: &Mutex<Duration>) {
    let mut times = interval(Duration::from_millis(100));
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        memories.lock().unwrap().push(memory(server));
        let began = Instant::now();
        load::healthy(server.address()).await;
        let mut slowest = slowest.lock().unwrap();
        *slowest = began.elapsed().max(*slowest);
    }
}

/// The memory of the process, in KiB: its resident set.
fn memory(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let (_, rest) = status.split_once("VmRSS:").unwrap();
    rest.split_whitespace().next().unwrap().parse().unwrap()
}

fn mebibytes(kibibytes: u64) -> String {
    format!("{} MiB", kibibytes.div_ceil(1_024))
}

#[expect(clippy::print_stdout, reason = "a benchmark's result is what it prints")]
fn say(line: &str) {
    println!("# {line}");
}
