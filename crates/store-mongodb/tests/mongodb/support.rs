//! A database for each test.

use std::{
    env, process,
    sync::atomic::{AtomicU32, Ordering},
    thread,
};

use conversation_settings_core::{
    Change, ConversationId, GroupId, Key, Missing, Patch, Target, Timestamp, UserId, Write, WriteBatch,
};
use conversation_settings_store_mongodb::MongoStore;
use mongodb::{
    Client, Collection,
    bson::{Document, doc},
};
use tokio::{runtime, sync::OnceCell};

/// The replica set for tests unless the environment names another.
const DEFAULT_SERVER: &str = "mongodb://127.0.0.1:27017/?replicaSet=rs0";

fn server() -> String {
    env::var("CONVERSATION_TEST_MONGODB").unwrap_or_else(|_| DEFAULT_SERVER.to_owned())
}

/// `address` with the database `database` and with `options` added.
pub(crate) fn address_of(address: &str, database: &str, options: &str) -> String {
    let (hosts, rest) = address.strip_prefix("mongodb://").unwrap().split_once('/').unwrap_or((address, ""));
    let given = rest.split_once('?').map_or("", |(_, options)| options);
    let options: Vec<_> = [given, options].into_iter().filter(|options| !options.is_empty()).collect();
    format!("mongodb://{hosts}/{database}?{}", options.join("&"))
}

/// A database of the test's own, dropped at the end.
#[derive(Debug)]
pub(crate) struct Database {
    pub(crate) name: String,
    pub(crate) address: String,
    pub(crate) client: Client,
}

impl Database {
    /// `None` if there is no server, which fails the test in CI.
    pub(crate) async fn new() -> Option<Self> {
        static IS_THERE: OnceCell<bool> = OnceCell::const_new();
        static NUMBER: AtomicU32 = AtomicU32::new(0);
        let server = server();
        if !*IS_THERE.get_or_init(|| is_there(&server)).await {
            return None;
        }
        let name = format!("conversation_test_{}_{}", process::id(), NUMBER.fetch_add(1, Ordering::Relaxed));
        let address = address_of(&server, &name, "");
        let client = Client::with_uri_str(&address).await.unwrap();
        Some(Self { name, address, client })
    }

    pub(crate) async fn store(&self) -> MongoStore {
        MongoStore::open(&self.address).await.unwrap()
    }

    /// A collection, read without the adapter.
    pub(crate) fn collection(&self, name: &str) -> Collection<Document> {
        self.client.database(&self.name).collection(name)
    }
}

async fn is_there(server: &str) -> bool {
    let client = Client::with_uri_str(address_of(server, "", "serverSelectionTimeoutMS=2000")).await.unwrap();
    let answer = client.database("admin").run_command(doc! { "ping": 1 }).await;
    if let Err(error) = &answer {
        assert!(env::var_os("CI").is_none(), "no MongoDB at {server}: {error}");
        // `eprintln` would be captured by the test harness.
        std::io::Write::write_fmt(&mut std::io::stderr(), format_args!("skipped: no MongoDB at {server}\n")).unwrap();
    }
    answer.is_ok()
}

impl Drop for Database {
    fn drop(&mut self) {
        let (address, name) = (self.address.clone(), self.name.clone());
        let drop = move || {
            let runtime = runtime::Builder::new_current_thread().enable_all().build().unwrap();
            runtime.block_on(async { Client::with_uri_str(address).await?.database(&name).drop().await })
        };
        // A runtime cannot block inside another one, so it gets its own thread.
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

pub(crate) fn group() -> Target {
    Target::Group(GroupId::new("team").unwrap())
}

/// Sets the fields of `patch`, and creates the conversation if it is missing.
pub(crate) fn set(key: Key, patch: Patch) -> Write {
    Write { key, change: Change::Set { patch, missing: Missing::CreateEvenIfEmpty(group()) }.into() }
}

pub(crate) fn remove(key: Key) -> Write {
    Write { key, change: Change::Remove.into() }
}

pub(crate) fn batch(writes: impl IntoIterator<Item = Write>) -> WriteBatch {
    WriteBatch::new(writes.into_iter().collect()).unwrap()
}

pub(crate) const NOW: Timestamp = Timestamp(1_700_000_000_000);
