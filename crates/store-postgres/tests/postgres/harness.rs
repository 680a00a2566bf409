//! A schema for each test, on one server.

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
use tokio::{runtime, sync::OnceCell};
use tokio_postgres::{Client, NoTls};

/// The server for tests unless `CONVERSATION_TEST_POSTGRES` names another.
const DEFAULT_SERVER: &str = "postgres://postgres@127.0.0.1:5432/postgres";

pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000);

fn server() -> String {
    env::var("CONVERSATION_TEST_POSTGRES").unwrap_or_else(|_| DEFAULT_SERVER.to_owned())
}

/// `url` with settings for the connection.
pub(crate) fn with_settings(url: &str, settings: &str) -> String {
    let settings = settings.replace(' ', "%20").replace('=', "%3D");
    format!("{url}{}options={settings}", if url.contains('?') { '&' } else { '?' })
}

pub(crate) async fn connect(url: &str) -> Result<Client, tokio_postgres::Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

/// A schema for one test, dropped at its end.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) url: String,
    pub(crate) schema: Schema,
}

impl Database {
    /// `None` if there is no server, which is a failure in CI.
    pub(crate) async fn new() -> Option<Self> {
        static IS_RUNNING: OnceCell<bool> = OnceCell::const_new();
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let url = server();
        if !*IS_RUNNING.get_or_init(|| is_running(&url)).await {
            return None;
        }
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        let schema = Schema::new(format!("conversation_test_{}_{number}", process::id())).unwrap();
        Some(Self { url, schema })
    }

    pub(crate) async fn store(&self) -> PostgresStore {
        PostgresStore::open(&self.url, &self.schema).await.unwrap()
    }

    /// The location that [`child`](crate::processes::CHILD) opens.
    pub(crate) fn location(&self) -> String {
        format!("{} {}", self.url, self.schema.as_str())
    }

    /// A connection with the schema as its search path.
    pub(crate) async fn client(&self) -> Client {
        let client = connect(&self.url).await.unwrap();
        client.batch_execute(&format!("SET search_path TO {}", self.schema)).await.unwrap();
        client
    }
}

async fn is_running(url: &str) -> bool {
    let connected = connect(url).await;
    let hosts = url.rsplit_once('@').map_or(url, |(_, hosts)| hosts);
    if let Err(error) = &connected {
        assert!(env::var_os("CI").is_none(), "no PostgreSQL at {hosts}: {error}");
        // Bypasses the capture of tests' output.
        let skipped = format!("skipped: no PostgreSQL at {hosts}\n");
        io::stderr().write_all(skipped.as_bytes()).unwrap();
    }
    connected.is_ok()
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
        // On its own thread: a runtime cannot block inside another.
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

/// Sets `patch` for each key; creates missing conversations.
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
