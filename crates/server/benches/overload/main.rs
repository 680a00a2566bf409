//! The program under ten times its capacity: accepted and rejected calls, their latency, and the memory of the process.

#[path = "../../tests/server/harness.rs"]
#[expect(dead_code, reason = "the tests use the rest")]
mod harness;
mod load;
mod tally;

use std::{fs, sync::Mutex, time::Duration};

use conversation_settings_bench as bench;
use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::{
    harness::{Server, program},
    load::Load,
};

/// Enough to keep the store busy, below the concurrency limit.
const CALLERS: usize = 64;
/// Far above the concurrency limit, so that the program rejects calls.
const OVERLOAD_CALLERS: usize = 800;
const TIME: Duration = Duration::from_secs(10);
const OVERLOAD_TIME: Duration = Duration::from_secs(30);

#[tokio::main]
async fn main() {
    if !bench::is_wanted() {
        return;
    }
    // On a real disk: a folder in memory has no `fsync`.
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let server = Server::start(&mut program(folder.path()));
    let load = Load::new(server.address(), &server.admin_token());
    say(&format!("idle: {} of memory", mebibytes(memory(&server))));

    let capacity = load.closed_loop(CALLERS, TIME).await;
    say(&format!("closed loop, {CALLERS} callers: {capacity}; {} of memory", mebibytes(memory(&server))));

    let (memories, slowest) = (Mutex::new(Vec::new()), Mutex::new(Duration::ZERO));
    let overload = tokio::select! {
        overload = load.at_a_rate(10.0 * capacity.accepted_per_second(), OVERLOAD_CALLERS, OVERLOAD_TIME) => overload,
        () = watch(&server, &memories, &slowest) => unreachable!("watches until the load ends"),
    };
    say(&format!("at ten times that rate, {OVERLOAD_CALLERS} callers: {overload}"));
    let memories = memories.into_inner().unwrap();
    let over_time: Vec<_> =
        memories.chunks(memories.len().div_ceil(6)).map(|part| part.iter().max().unwrap()).collect();
    let over_time: Vec<_> = over_time.into_iter().map(|&most| mebibytes(most)).collect();
    say(&format!("most memory in each sixth of that time: {}", over_time.join(", ")));
    say(&format!(
        "slowest of {} responses from /healthz in that time: {:.1?}",
        memories.len(),
        slowest.into_inner().unwrap()
    ));
}

/// Samples memory and latency ten times per second.
async fn watch(server: &Server, memories: &Mutex<Vec<u64>>, slowest: &Mutex<Duration>) {
    let mut times = interval(Duration::from_millis(100));
    times.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        times.tick().await;
        memories.lock().unwrap().push(memory(server));
        let began = Instant::now();
        load::assert_healthy(server.address()).await;
        let mut slowest = slowest.lock().unwrap();
        *slowest = began.elapsed().max(*slowest);
    }
}

/// The resident set of the process, in KiB.
fn memory(server: &Server) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let (_, rest) = status.split_once("VmRSS:").unwrap();
    rest.split_whitespace().next().unwrap().parse().unwrap()
}

fn mebibytes(kibibytes: u64) -> String {
    format!("{} MiB", kibibytes.div_ceil(1_024))
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its result")]
fn say(line: &str) {
    println!("# {line}");
}
