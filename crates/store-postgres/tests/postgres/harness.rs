//! A schema for each test, in one server.

use std::{
    env,
    io::{self, Write as _},
    process,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Patch, Target, Timestamp, UserId, Write, WriteBatch,
};
use conversation_settings_store_postgres::{PostgresStore, Schema};
use conversation_settings_testkit::Proxy;
use tokio::{runtime, sync::OnceCell};
use tokio_postgres::{Client, NoTls};

/// The server that tests use unless the environment names another.
const USUAL: &str = "postgres://postgres@127.0.0.1:5432/postgres";

/// The moment at which tests create.
pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000);

/// The address of the server for tests.
fn server() -> String {
    env::var("CONVERSATION_TEST_POSTGRES").unwrap_or_else(|_| USUAL.to_owned())
}

/// `url` with settings of the connection.
pub(crate) fn with_settings(url: &str, settings: &str) -> String {
    let settings = settings.replace(' ', "%20").replace('=', "%3D");
    format!("{url}{}options={settings}", if url.contains('?') { '&' } else { '?' })
}

/// A connection of the test's own.
pub(crate) async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// A proxy before the server of `url`, and the address that goes through it.
pub(crate) async fn proxied(url: &str) -> (Proxy, String) {
    let (user, place) = url.rsplit_once('@').unwrap();
    let (server, name) = place.split_once('/').unwrap();
    let proxy = Proxy::start(server).await.unwrap();
    let url = format!("{user}@{}/{name}", proxy.address());
    (proxy, url)
}

/// A schema of its own, dropped at the end.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) url: String,
    pub(crate) schema: Schema,
}

impl Database {
    /// `None` where there is no server; in CI that is a failure.
    pub(crate) async fn new() -> Option<Self> {
        static IS_THERE: OnceCell<bool> = OnceCell::const_new();
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let url = server();
        if !*IS_THERE.get_or_init(|| is_there(&url)).await {
            return None;
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let schema = Schema::new(format!("conversation_test_{}_{number}", process::id())).unwrap();
        Some(Self { url, schema })
    }

    pub(crate) async fn store(&self) -> PostgresStore {
        PostgresStore::open(&self.url, &self.schema).await.unwrap()
    }

    /// A connection of the test's own, in the schema.
    pub(crate) async fn client(&self) -> Client {
        let client = connect(&self.url).await.unwrap();
        client.batch_execute(&format!("SET search_path TO {}", self.schema)).await.unwrap();
        client
    }
}

async fn is_there(url: &str) -> bool {
    let answer = connect(url).await;
    let hosts = url.rsplit_once('@').map_or(url, |(_, hosts)| hosts);
    if let Err(error) = &answer {
        assert!(env::var_os("CI").is_none(), "no PostgreSQL at {hosts}: {error}");
        // Standard error, past the capture of tests, so that it is seen.
        let skipped = format!("skipped: no PostgreSQL at {hosts}\n");
        io::stderr().write_all(skipped.as_bytes()).unwrap();
    }
    answer.is_ok()
}

impl Drop for Database {
    fn drop(&mut self) {
        let (url, schema) = (self.url.clone(), self.schema.clone());
        let drop = move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async {
                let client = connect(&url).await?;
                client.batch_execute(&format!("DROP SCHEMA IF EXISTS {schema} CASCADE")).await
            })
        };
        // In a thread of its own, since a runtime cannot wait inside of another.
        let dropped = thread::spawn(drop).join();
        if !thread::panicking() {
            dropped.unwrap().unwrap();
        }
    }
}

pub(crate) fn user(id: impl AsRef<str>) -> UserId {
    UserId::new(id.as_ref()).unwrap()
}

pub(crate) fn conversation(id: impl AsRef<str>) -> ConversationId {
    ConversationId::new(id.as_ref()).unwrap()
}

pub(crate) fn key(owner: impl AsRef<str>, id: impl AsRef<str>) -> Key {
    Key::new(user(owner), conversation(id))
}

/// Sets the same for all keys, creating what is missing.
pub(crate) fn set(keys: impl IntoIterator<Item = Key>, patch: &Patch) -> WriteBatch {
    let missing = Missing::Create(Target::Group(GroupId::new("team").unwrap()));
    write(keys, Change::Set { patch: patch.clone(), missing })
}

pub(crate) fn remove(keys: impl IntoIterator<Item = Key>) -> WriteBatch {
    write(keys, Change::Remove)
}

fn write(keys: impl IntoIterator<Item = Key>, change: Change) -> WriteBatch {
    let change = std::sync::Arc::new(change);
    WriteBatch::new(keys.into_iter().map(|key| Write { key, change: change.clone() }).collect()).unwrap()
}
