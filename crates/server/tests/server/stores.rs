//! The same behaviour on every store.

mod renew_log;

use std::{
    collections::BTreeMap,
    env,
    io::Write,
    process,
    sync::atomic::{AtomicU32, Ordering},
};

use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::runtime::Runtime;

use crate::harness::{Server, program};

/// A server on its own database, dropped at the end.
struct OnStore {
    server: Server,
    token: String,
    database: Database,
    location: String,
    folder: TempDir,
}

enum Database {
    /// In the folder or in memory.
    None,
    Mongodb {
        address: String,
        name: String,
    },
    Postgres {
        address: String,
        name: String,
    },
}

fn name() -> String {
    static NUMBER: AtomicU32 = AtomicU32::new(0);
    format!("conversation_server_{}_{}", process::id(), NUMBER.fetch_add(1, Ordering::Relaxed))
}

/// Replaces the database in `address`.
fn with_database(address: &str, name: &str) -> String {
    let (base, options) = address.split_once('?').map_or((address, ""), |(base, options)| (base, options));
    let hosts = base.rsplit_once('/').map_or(base, |(hosts, _)| hosts);
    if options.is_empty() { format!("{hosts}/{name}") } else { format!("{hosts}/{name}?{options}") }
}

/// The address in `variable`; required in CI.
fn address_in(variable: &str) -> Option<String> {
    let address = env::var(variable).ok();
    if address.is_none() {
        assert!(env::var_os("CI").is_none(), "no {variable}");
        // Written directly, because the test harness captures `eprintln!`.
        std::io::stderr().write_all(format!("skipped: no {variable}\n").as_bytes()).unwrap();
    }
    address
}

async fn postgres(address: &str, sql: &str) {
    let (client, connection) = tokio_postgres::connect(address, tokio_postgres::NoTls).await.unwrap();
    tokio::spawn(connection);
    client.batch_execute(sql).await.unwrap();
}

impl OnStore {
    fn start(store: &str) -> Option<Self> {
        let folder = tempfile::tempdir().unwrap();
        let (location, database) = match store {
            "mongodb" => {
                let (address, name) = (address_in("CONVERSATION_TEST_MONGODB")?, name());
                (with_database(&address, &name), Database::Mongodb { address, name })
            }
            "postgres" => {
                let (address, name) = (address_in("CONVERSATION_TEST_POSTGRES")?, name());
                Runtime::new().unwrap().block_on(postgres(&address, &format!("CREATE DATABASE {name}")));
                (with_database(&address, &name), Database::Postgres { address, name })
            }
            own => (own.to_owned(), Database::None),
        };
        let server = Server::start(program(folder.path()).args(["--store", &location]));
        Some(Self { token: server.admin_token(), server, database, location, folder })
    }

    /// Starts the server again after it was killed.
    fn restart(&mut self) {
        self.server = Server::start(program(self.folder.path()).args(["--store", &self.location]));
    }

    /// Calls `/conversation/NAME`, expects success, and returns the data.
    fn call(&self, name: &str, body: &Value) -> Value {
        let mut envelope = self.server.post(&format!("/conversation/{name}"), &self.token, body);
        assert_eq!(envelope["errCode"], 0, "{name}: {envelope}");
        envelope["data"].take()
    }

    fn set(&self, users: &[&str], conversation: &Value) -> Value {
        let body = json!({ "userIDs": users, "conversation": conversation, "report": true });
        self.call("set_conversations", &body)["users"].take()
    }

    fn all(&self, owner: &str) -> BTreeMap<String, Value> {
        by_id(&self.call("get_all_conversations", &json!({ "ownerUserID": owner }))["conversations"])
    }
}

impl Drop for OnStore {
    fn drop(&mut self) {
        self.server.kill();
        let runtime = Runtime::new().unwrap();
        match &self.database {
            Database::None => {}
            Database::Mongodb { address, name } => runtime.block_on(async {
                mongodb::Client::with_uri_str(address).await.unwrap().database(name).drop().await.unwrap();
            }),
            Database::Postgres { address, name } => {
                runtime.block_on(postgres(address, &format!("DROP DATABASE {name} WITH (FORCE)")));
            }
        }
    }
}

fn by_id(conversations: &Value) -> BTreeMap<String, Value> {
    let conversations = conversations.as_array().unwrap().iter();
    conversations.map(|one| (one["conversationID"].as_str().unwrap().to_owned(), one.clone())).collect()
}

fn outcomes(report: &Value) -> Vec<String> {
    let entries = report.as_array().unwrap().iter();
    entries
        .map(|entry| format!("{} {}", entry["userID"].as_str().unwrap(), entry["outcome"].as_str().unwrap()))
        .collect()
}

/// Sets, repeats, reads and removes conversations of users and peers.
fn sets_reads_and_removes_conversations(store: &str) {
    let Some(on) = OnStore::start(store) else { return };
    let team = |settings: Value| {
        let mut conversation = json!({ "conversationID": "sg_team", "conversationType": 3, "groupID": "team" });
        conversation.as_object_mut().unwrap().extend(settings.as_object().unwrap().clone());
        conversation
    };
    let many: Vec<_> = (0..500).map(|n| format!("user{n}")).collect();
    let many: Vec<_> = many.iter().map(String::as_str).collect();
    let report = on.set(&many, &team(json!({ "ex": "$x.y\u{0}🦀", "burnDuration": i32::MAX, "minSeq": i64::MAX })));
    assert!(outcomes(&report).iter().zip(&many).all(|(outcome, user)| *outcome == format!("{user} created")));
    let read = &on.all("user7")["sg_team"];
    assert_eq!((&read["ex"], &read["burnDuration"]), (&json!("$x.y\u{0}🦀"), &json!(i32::MAX)));
    assert_eq!(read["minSeq"], i64::MAX);

    let again = on.set(&["user7", "new"], &team(json!({ "burnDuration": i32::MAX })));
    assert_eq!(outcomes(&again), ["user7 unchanged", "new created"]);
    let single = json!({ "conversationID": "si_a_b", "conversationType": 1, "userID": "b", "isPrivateChat": true, "isPinned": true });
    assert_eq!(outcomes(&on.set(&["a"], &single)), ["a created", "b created"]);
    let (a, b) = (&on.all("a")["si_a_b"], &on.all("b")["si_a_b"]);
    assert_eq!((&a["userID"], &a["isPinned"], &a["isPrivateChat"]), (&json!("b"), &json!(true), &json!(true)));
    assert_eq!((&b["userID"], &b["isPinned"], &b["isPrivateChat"]), (&json!("a"), &json!(false), &json!(true)));

    on.call("delete_conversations", &json!({ "ownerUserID": "a", "conversationIDs": ["si_a_b"] }));
    assert!(on.all("a").is_empty() && on.all("b").len() == 1);
}

/// A client written from the protocol's description only.
#[derive(Default)]
struct Client {
    version: Value,
    version_id: Value,
    conversations: BTreeMap<String, Value>,
    fulls: usize,
}

impl Client {
    fn sync(&mut self, on: &OnStore, user: &str) {
        let since = json!({ "userID": user, "version": self.version, "versionID": self.version_id });
        let mut changes = on.call("get_incremental_conversations", &since);
        if changes["full"] == true {
            self.fulls += 1;
            changes = on.call("get_full_conversation_ids", &json!({ "userID": user, "idHash": 0 }));
            let ids = changes["conversationIDs"].clone();
            self.conversations = if ids.as_array().unwrap().is_empty() {
                BTreeMap::new()
            } else {
                let body = json!({ "ownerUserID": user, "conversationIDs": ids });
                by_id(&on.call("get_conversations", &body)["conversations"])
            };
        } else {
            for (id, conversation) in by_id(&changes["insert"]) {
                assert!(
                    self.conversations.insert(id, conversation).is_none(),
                    "an insert of a known conversation: {changes}"
                );
            }
            for (id, conversation) in by_id(&changes["update"]) {
                assert!(
                    self.conversations.insert(id, conversation).is_some(),
                    "an update of an unknown conversation: {changes}"
                );
            }
            for id in changes["delete"].as_array().unwrap() {
                assert!(
                    self.conversations.remove(id.as_str().unwrap()).is_some(),
                    "a deletion of an unknown conversation: {changes}"
                );
            }
        }
        (self.version, self.version_id) = (changes["version"].clone(), changes["versionID"].clone());
    }
}

/// A client that follows the protocol has what the server has after any history.
fn syncs_a_client_to_the_stored_state(store: &str) {
    const USERS: [&str; 3] = ["a", "b", "c"];
    let Some(on) = OnStore::start(store) else { return };
    let mut clients = USERS.map(|user| (user, Client::default()));
    // A fixed pseudorandom sequence.
    let mut state = 7_u64;
    let mut below = |end: u64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) % end
    };
    for _ in 0..150 {
        let id = format!("sg_{}", below(4));
        let user = USERS[usize::try_from(below(3)).unwrap()];
        if below(4) == 0 {
            on.call("delete_conversations", &json!({ "ownerUserID": user, "conversationIDs": [id] }));
        } else {
            let users = if below(2) == 0 { &USERS[..] } else { &[user] };
            on.set(
                users,
                &json!({ "conversationID": id, "conversationType": 3, "groupID": "g", "ex": below(3).to_string() }),
            );
        }
        if below(3) == 0 {
            let (user, client) = &mut clients[usize::try_from(below(3)).unwrap()];
            client.sync(&on, user);
            assert_eq!(client.conversations, on.all(user), "{user}");
        }
    }
    for (user, client) in &mut clients {
        client.sync(&on, user);
        assert_eq!(client.conversations, on.all(user), "{user}");
        assert!(client.fulls <= 1, "more than the first sync was full: {}", client.fulls);
    }
}

macro_rules! on_each_store {
    ($($name:ident)*) => {
        mod on_memory { $( #[test] fn $name() { super::$name("memory:"); } )* }
        mod on_sqlite { $( #[test] fn $name() { super::$name("sqlite:data/conversations.db"); } )* }
        mod on_mongodb { $( #[test] fn $name() { super::$name("mongodb"); } )* }
        mod on_postgres { $( #[test] fn $name() { super::$name("postgres"); } )* }
    };
}

on_each_store! { sets_reads_and_removes_conversations syncs_a_client_to_the_stored_state }

macro_rules! on_each_lasting_store {
    ($($module:ident $store:literal)*) => {
        mod after_a_restore {
            $( #[test] fn $module() { super::renew_log::clients_end_right_after_a_restore($store); } )*
        }
    };
}

on_each_lasting_store! { on_sqlite "sqlite:data/conversations.db" on_mongodb "mongodb" on_postgres "postgres" }
