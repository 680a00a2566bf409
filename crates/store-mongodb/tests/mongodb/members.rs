//! A replica set of the test's own, whose members the test may kill, pause and step down.

use std::{
    env,
    net::TcpListener,
    path::PathBuf,
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use mongodb::{
    Client,
    bson::{Document, doc},
    options::{Acknowledgment, WriteConcern},
};
use tempfile::TempDir;
use tokio::time::{sleep, timeout};

/// Three members on this machine. Dropping this ends their processes.
pub(crate) struct Members {
    mongod: PathBuf,
    members: Vec<Member>,
}

struct Member {
    port: u16,
    folder: TempDir,
    process: Option<Child>,
}

impl Members {
    /// `None` if there is no server program, which fails the test in CI.
    pub(crate) async fn start() -> Option<Self> {
        let Some(mongod) = env::var_os("CONVERSATION_TEST_MONGOD") else {
            assert!(env::var_os("CI").is_none(), "no CONVERSATION_TEST_MONGOD");
            std::io::Write::write_all(&mut std::io::stderr(), b"skipped: no CONVERSATION_TEST_MONGOD\n").unwrap();
            return None;
        };
        // All three listen at the same time, so that the ports differ.
        let listeners: Vec<_> = (0..3).map(|_| TcpListener::bind("127.0.0.1:0").unwrap()).collect();
        let ports: Vec<_> = listeners.iter().map(|listener| listener.local_addr().unwrap().port()).collect();
        drop(listeners);
        let member = |port| Member { port, folder: TempDir::new().unwrap(), process: None };
        let mut members = Self { mongod: mongod.into(), members: ports.into_iter().map(member).collect() };
        for number in 0..3 {
            members.run(number);
        }
        let hosts = members.members.iter().enumerate();
        let hosts: Vec<_> = hosts
            .map(|(n, member)| doc! { "_id": i32::try_from(n).unwrap(), "host": format!("127.0.0.1:{}", member.port) })
            .collect();
        // A fifth of the default times.
        let settings =
            doc! { "electionTimeoutMillis": 2_000, "heartbeatIntervalMillis": 500, "heartbeatTimeoutSecs": 2 };
        let config = doc! { "_id": "failover", "members": hosts, "settings": settings };
        let first = members.client(0).await;
        wait("the first member", async || {
            first.database("admin").run_command(doc! { "replSetInitiate": config.clone() }).await.is_ok()
        })
        .await;
        members.all_well().await;
        Some(members)
    }

    pub(crate) fn address(&self) -> String {
        let hosts: Vec<_> = self.members.iter().map(|member| format!("127.0.0.1:{}", member.port)).collect();
        format!("mongodb://{}/failover?replicaSet=failover", hosts.join(","))
    }

    /// Starts or restarts a member.
    pub(crate) fn run(&mut self, number: usize) {
        let member = &mut self.members[number];
        let process = Command::new(&self.mongod)
            .args([
                "--replSet",
                "failover",
                "--bind_ip",
                "127.0.0.1",
                "--nounixsocket",
                "--wiredTigerCacheSizeGB",
                "0.25",
            ])
            .args(["--setParameter", "diagnosticDataCollectionEnabled=false"])
            // Also a fifth: how long a secondary waits for a sync source that does not respond.
            .args(["--setParameter", "oplogNetworkTimeoutBufferSeconds=1"])
            // For `replicate`.
            .args(["--setParameter", "enableTestCommands=1"])
            .arg("--port")
            .arg(member.port.to_string())
            .arg("--dbpath")
            .arg(member.folder.path())
            .stdout(Stdio::null())
            .spawn()
            .unwrap();
        member.process = Some(process);
    }

    pub(crate) fn kill(&mut self, number: usize) {
        let mut process = self.members[number].process.take().unwrap();
        process.kill().unwrap();
        process.wait().unwrap();
    }

    /// Sends a signal to a member: `-STOP` pauses it, `-CONT` resumes it.
    pub(crate) fn signal(&self, number: usize, signal: &str) {
        let id = self.members[number].process.as_ref().unwrap().id().to_string();
        assert!(Command::new("kill").args([signal, &id]).status().unwrap().success());
    }

    pub(crate) async fn step_down(&self, number: usize) {
        let command = doc! { "replSetStepDown": 5, "secondaryCatchUpPeriodSecs": 2 };
        self.client(number).await.database("admin").run_command(command).await.unwrap();
    }

    /// Resumes or stops replication to the secondaries.
    pub(crate) async fn replicate(&self, is_on: bool) {
        let primary = self.primary().await;
        let mode = if is_on { "off" } else { "alwaysOn" };
        for number in (0..3).filter(|number| *number != primary) {
            let command = doc! { "configureFailPoint": "stopReplProducer", "mode": mode };
            let database = self.client(number).await.database("admin");
            database.run_command(command).await.unwrap();
            if !is_on {
                let stopped = doc! { "waitForFailPoint": "stopReplProducer", "timesEntered": 1, "maxTimeMS": 30_000 };
                database.run_command(stopped).await.unwrap();
            }
        }
    }

    /// The number of the primary.
    pub(crate) async fn primary(&self) -> usize {
        let mut found = None;
        wait("a primary", async || {
            for number in 0..3 {
                let hello = self.ask(number, doc! { "hello": 1 }).await;
                if hello.is_some_and(|hello| hello.get_bool("isWritablePrimary").unwrap_or_default()) {
                    found = Some(number);
                }
            }
            found.is_some()
        })
        .await;
        found.unwrap()
    }

    /// The time from `start` until a majority without `lost` has a plain write: the outage without this adapter.
    pub(crate) fn take_writes(&self, lost: usize, start: Instant) -> impl Future<Output = Duration> + Send + use<> {
        let others: Vec<_> = (0..3).filter(|number| *number != lost).map(|number| self.direct(number)).collect();
        async move {
            loop {
                for other in &others {
                    let other = Client::with_uri_str(other).await.unwrap();
                    if is_written(&other, WriteConcern::majority()).await {
                        return start.elapsed();
                    }
                }
                sleep(Duration::from_millis(20)).await;
            }
        }
    }

    /// Waits until there are a primary and two secondaries, and all of them have a new write. A secondary that still looks
    /// for a sync source would wait 30 seconds for a member that is paused then.
    pub(crate) async fn all_well(&self) {
        wait("a primary and two secondaries", async || {
            let mut states = Vec::new();
            for number in 0..3 {
                let answer = self.ask(number, doc! { "replSetGetStatus": 1 }).await;
                states.push(answer.and_then(|answer| answer.get_i32("myState").ok()).unwrap_or_default());
            }
            states.sort_unstable();
            states == [1, 2, 2]
        })
        .await;
        let primary = self.client(self.primary().await).await;
        let all = WriteConcern::builder().w(Acknowledgment::Nodes(3)).build();
        wait("a write on all members", async || is_written(&primary, all.clone()).await).await;
    }

    async fn ask(&self, number: usize, command: Document) -> Option<Document> {
        let client = self.client(number).await;
        timeout(Duration::from_secs(1), async { client.database("admin").run_command(command).await.ok() })
            .await
            .ok()?
    }

    async fn client(&self, number: usize) -> Client {
        Client::with_uri_str(self.direct(number)).await.unwrap()
    }

    fn direct(&self, number: usize) -> String {
        let port = self.members[number].port;
        format!("mongodb://127.0.0.1:{port}/?directConnection=true&serverSelectionTimeoutMS=1000")
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        for process in self.members.iter_mut().filter_map(|member| member.process.as_mut()) {
            // It may have ended already.
            drop(process.kill());
            drop(process.wait());
        }
    }
}

/// Whether a plain write succeeds.
async fn is_written(client: &Client, concern: WriteConcern) -> bool {
    let probes = client.database("probe").collection::<Document>("probes");
    probes.insert_one(doc! {}).write_concern(concern).await.is_ok()
}

async fn wait(what: &str, mut is_there: impl AsyncFnMut() -> bool) {
    let waiting = async {
        while !is_there().await {
            sleep(Duration::from_millis(100)).await;
        }
    };
    timeout(Duration::from_secs(60), waiting).await.unwrap_or_else(|_| panic!("no {what} within a minute"));
}
