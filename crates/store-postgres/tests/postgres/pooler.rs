//! `PgBouncer` in transaction mode, in front of the server: each transaction may have another connection to it.

use std::{
    env, fs,
    io::{self, Write as _},
    net::TcpListener,
    os::unix::fs::{MetadataExt, PermissionsExt},
    process::{Child, Command, Stdio},
    sync::Arc,
    time::{Duration, Instant},
};

use conversation_settings_core::Patch;
use conversation_settings_store::ConversationStore;
use conversation_settings_store_postgres::{
    OpenError, PostgresStore,
    deadpool_postgres::{Manager, Pool},
};
use conversation_settings_testkit::{Proxy, conformance::Harness, multiprocess::child_process};
use tempfile::TempDir;
use tokio_postgres::NoTls;

use crate::{
    harness::{Database, NOW, connect, key, set, with_settings},
    opening::refusal,
    processes::CHILD,
};

/// Fewer connections to the server than a store has, so that they are shared.
const SERVER_CONNECTIONS: usize = 3;

/// A `PgBouncer`. Dropping it ends it.
#[derive(Debug)]
struct Pooler {
    process: Child,
    _folder: TempDir,
    url: String,
}

impl Pooler {
    /// Starts one before `url`, which accepts `options` and drops them if `ignores_options`. `None` if the program is not
    /// installed, which is a failure in CI.
    async fn before(url: &str, ignores_options: bool) -> Option<Self> {
        let (login, rest) = url.strip_prefix("postgres://").unwrap().split_once('@').unwrap();
        let (user, password) = login.split_once(':').unwrap();
        let (host, database) = rest.split_once('/').unwrap();
        let (host, port) = host.split_once(':').unwrap();
        let listen = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let folder = TempDir::new().unwrap();
        let (users, config) = (folder.path().join("users"), folder.path().join("config"));
        fs::write(&users, format!("\"{user}\" \"{password}\"\n")).unwrap();
        let ignored = if ignores_options { "ignore_startup_parameters = options\n" } else { "" };
        let text = format!(
            "[databases]\n* = host={host} port={port}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {listen}\n\
             unix_socket_dir =\nauth_type = scram-sha-256\nauth_file = {}\npool_mode = transaction\n\
             default_pool_size = {SERVER_CONNECTIONS}\nmax_client_conn = 200\n{ignored}",
            users.display()
        );
        fs::write(&config, text).unwrap();
        // The program does not run as root, and reads its files as another user.
        fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
        let mut command = Command::new("pgbouncer");
        if folder.path().metadata().unwrap().uid() == 0 {
            command.args(["-u", "postgres"]);
        }
        let path = format!("{}:/usr/sbin", env::var("PATH").unwrap_or_default());
        command.arg(config).env("PATH", path).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let process = match command.spawn() {
            Ok(process) => process,
            Err(error) => {
                assert!(env::var_os("CI").is_none(), "no pgbouncer: {error}");
                io::stderr().write_all(b"skipped: no pgbouncer\n").unwrap();
                return None;
            }
        };
        let url = format!("postgres://{login}@127.0.0.1:{listen}/{database}");
        let pooler = Self { process, _folder: folder, url };
        let start = Instant::now();
        while let Err(error) = connect(&pooler.url).await {
            assert!(start.elapsed() < Duration::from_secs(30), "pgbouncer does not listen: {error}");
        }
        Some(pooler)
    }
}

impl Drop for Pooler {
    fn drop(&mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }
}

/// The first handle connects through a proxy that counts, all of them through a pooler.
struct Pooled {
    database: Database,
    pooler: Pooler,
    proxy: Proxy,
}

impl Pooled {
    async fn open(&self) -> Arc<PostgresStore> {
        Arc::new(PostgresStore::open(&self.pooler.url, &self.database.schema).await.unwrap())
    }
}

struct BehindPooler;

impl Harness for BehindPooler {
    type Guard = Pooled;
    type Store = Arc<PostgresStore>;

    const HISTORIES: u32 = 8;

    async fn fresh(&self) -> Option<(Pooled, Self::Store)> {
        let database = Database::new().await?;
        let pooler = Pooler::before(&database.url, false).await?;
        let (proxy, url) = Proxy::before(&pooler.url).await.unwrap();
        let store = Arc::new(PostgresStore::open(&url, &database.schema).await.unwrap());
        Some((Pooled { database, pooler, proxy }, store))
    }

    async fn another_handle(&self, pooled: &Pooled, _: &Self::Store) -> Option<Self::Store> {
        Some(pooled.open().await)
    }

    async fn reopen(&self, pooled: &Pooled, store: Self::Store) -> Option<Self::Store> {
        drop(store);
        Some(pooled.open().await)
    }

    async fn round_trips(&self, pooled: &Pooled, _: &Self::Store) -> Option<u64> {
        Some(pooled.proxy.round_trips())
    }

    async fn inject_fault(&self, pooled: &Pooled, _: &Self::Store) -> Option<()> {
        pooled.proxy.cut();
        Some(())
    }

    fn writing_process(&self, pooled: &Pooled) -> Option<Command> {
        Some(child_process(CHILD, format!("{} {}", pooled.pooler.url, pooled.database.schema.as_str())))
    }
}

conversation_settings_testkit::conformance!(BehindPooler);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn works_behind_a_pooler_that_drops_options_and_refuses_ones_of_the_address() {
    let Some(database) = Database::new().await else { return };
    for ignores_options in [true, false] {
        let Some(pooler) = Pooler::before(&database.url, ignores_options).await else { return };
        let store = PostgresStore::open(&pooler.url, &database.schema).await.unwrap();
        let batch = set([key("a", "sg_1")], &Patch::KEEP.ex(format!("ignores: {ignores_options}")));
        assert!(store.apply(&batch, NOW).await.unwrap().effects[0].outcome.is_change());
        let (error, sentence) = refusal(&with_settings(&pooler.url, "-c lock_timeout=1s"), &database.schema).await;
        assert!(matches!(error, OpenError::AddressOption { .. }), "{error:?}");
        assert!(sentence.contains("options") && sentence.contains("PgBouncer"), "{sentence}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn ends_a_wait_for_a_lock_behind_a_pooler() {
    let Some(database) = Database::new().await else { return };
    let Some(pooler) = Pooler::before(&database.url, false).await else { return };
    let store = PostgresStore::open(&pooler.url, &database.schema).await.unwrap();
    let batch = |ex: &str| set([key("a", "sg_1")], &Patch::KEEP.ex(ex));
    store.apply(&batch("before"), NOW).await.unwrap();
    let other = database.client().await;
    other.batch_execute("BEGIN; SELECT FROM owners FOR UPDATE").await.unwrap();
    let start = Instant::now();
    let error = store.apply(&batch("after"), NOW).await.unwrap_err();
    assert!(error.is_retryable(), "{error:?}");
    assert!((5..20).contains(&start.elapsed().as_secs()), "{:?}", start.elapsed());
    other.batch_execute("ROLLBACK").await.unwrap();
    assert!(store.apply(&batch("after"), NOW).await.unwrap().effects[0].outcome.is_change());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn uses_a_pool_of_the_host_behind_a_pooler() {
    let Some(database) = Database::new().await else { return };
    let Some(pooler) = Pooler::before(&database.url, true).await else { return };
    let pool = Pool::builder(Manager::new(pooler.url.parse().unwrap(), NoTls)).max_size(8).build().unwrap();
    let store = Arc::new(PostgresStore::with_pool_behind_pooler(pool, &database.schema).await.unwrap());
    let mut tasks = tokio::task::JoinSet::new();
    for n in 0..100 {
        let store = store.clone();
        tasks.spawn(async move {
            let batch = set([key(format!("u{}", n % 10), "sg_1")], &Patch::KEEP.ex(format!("{n}")));
            store.apply(&batch, NOW).await.unwrap();
        });
    }
    tasks.join_all().await;
}
