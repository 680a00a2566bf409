//! `conversation-server renew-log`, after a restore by the database's own tools.

use std::fs;

use mongodb::bson::{Document, doc};
use serde_json::json;
use tokio::runtime::Runtime;

use super::{Client, Database, OnStore, postgres, with_database};
use crate::harness::{program, run};

/// What the database's own tools have saved.
enum Saved {
    Files,
    Documents(Vec<(&'static str, Vec<Document>)>),
    Tables,
}

const COLLECTIONS: [&str; 2] = ["conversation", "conversation_version"];
const TABLES: [&str; 3] = ["store", "owners", "conversations"];

impl OnStore {
    /// Saves the data, as a backup does. The server does not run.
    fn save(&self) -> Saved {
        match &self.database {
            Database::None => {
                for end in ["", "-wal"] {
                    let name = format!("conversations.db{end}");
                    fs::copy(self.folder.path().join("data").join(&name), self.folder.path().join(name)).unwrap();
                }
                Saved::Files
            }
            Database::Mongodb { address, name } => Runtime::new().unwrap().block_on(async {
                let database = mongodb::Client::with_uri_str(address).await.unwrap().database(name);
                let mut saved = Vec::new();
                for name in COLLECTIONS {
                    let mut cursor = database.collection(name).find(doc! {}).await.unwrap();
                    let mut documents = Vec::new();
                    while cursor.advance().await.unwrap() {
                        documents.push(cursor.deserialize_current().unwrap());
                    }
                    saved.push((name, documents));
                }
                Saved::Documents(saved)
            }),
            Database::Postgres { address, name } => {
                let sql =
                    TABLES.map(|table| format!("CREATE TABLE saved_{table} AS TABLE conversation_settings.{table};"));
                Runtime::new().unwrap().block_on(postgres(&with_database(address, name), &sql.concat()));
                Saved::Tables
            }
        }
    }

    /// Puts saved data back.
    fn put_back(&self, saved: Saved) {
        match (&self.database, saved) {
            (Database::Mongodb { address, name }, Saved::Documents(saved)) => Runtime::new().unwrap().block_on(async {
                let database = mongodb::Client::with_uri_str(address).await.unwrap().database(name);
                for (name, documents) in saved {
                    database.collection::<Document>(name).delete_many(doc! {}).await.unwrap();
                    database.collection(name).insert_many(documents).await.unwrap();
                }
            }),
            (Database::Postgres { address, name }, Saved::Tables) => {
                let sql = TABLES.map(|table| {
                    let whole = format!("conversation_settings.{table}");
                    format!("TRUNCATE {whole}; INSERT INTO {whole} SELECT * FROM saved_{table};")
                });
                Runtime::new().unwrap().block_on(postgres(&with_database(address, name), &sql.concat()));
            }
            (_, _) => {
                for end in ["", "-wal"] {
                    let name = format!("conversations.db{end}");
                    fs::copy(self.folder.path().join(&name), self.folder.path().join("data").join(name)).unwrap();
                }
                fs::remove_file(self.folder.path().join("data/conversations.db-shm")).unwrap();
            }
        }
    }
}

/// A write of a group's conversation.
fn group(id: &str, ex: &str) -> serde_json::Value {
    json!({ "conversationID": id, "conversationType": 3, "groupID": "g", "ex": ex })
}

/// Every client has what the server has, although the versions after the restore count up to those from before it.
pub(super) fn clients_end_right_after_a_restore(store: &str) {
    let Some(mut on) = OnStore::start(store) else { return };
    let users = ["a", "b"];
    on.set(&users, &group("sg_1", "saved"));
    on.set(&users, &group("sg_2", "saved"));
    let mut early = users.map(|user| (user, Client::default()));
    for (user, client) in &mut early {
        client.sync(&on, user);
    }
    on.server.kill();
    let saved = on.save();

    on.restart();
    on.set(&["a"], &group("sg_3", "lost"));
    on.call("delete_conversations", &json!({ "ownerUserID": "a", "conversationIDs": ["sg_1"] }));
    on.set(&users, &group("sg_2", "lost"));
    // This user's history begins after the backup.
    on.set(&["c"], &group("sg_1", "lost"));
    let mut late = ["a", "b", "c"].map(|user| (user, Client::default()));
    for (user, client) in &mut late {
        client.sync(&on, user);
    }
    on.server.kill();
    on.put_back(saved);
    let renewed = run(program(on.folder.path()).args(["renew-log", "--store", &on.location]));
    let (stdout, stderr) = (String::from_utf8(renewed.stdout).unwrap(), String::from_utf8(renewed.stderr).unwrap());
    assert!(renewed.status.success() && stderr.is_empty(), "{stderr}");
    assert!(stdout.starts_with("Renewed the log of ") && stdout.lines().count() == 1, "{stdout}");

    on.restart();
    for _ in 0..2 {
        // The versions count on from the backup's: beyond those that the late clients have.
        for n in 0..3 {
            on.set(&["a", "b", "c"], &group("sg_2", &n.to_string()));
        }
        for (user, client) in early.iter_mut().chain(&mut late) {
            client.sync(&on, user);
            assert_eq!(client.conversations, on.all(user), "{user}");
            assert!(client.fulls <= 2, "{user}: full again");
        }
    }
}

#[test]
fn names_what_the_command_cannot_do() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("text"), "x".repeat(5_000)).unwrap();
    fs::write(folder.path().join("empty.db"), "").unwrap();
    for (store, reason) in [
        ("memory:", "a store in memory has a new log at each start"),
        ("sqlite:none.db", "cannot renew the log: "),
        ("sqlite:text", "is damaged or not an SQLite database"),
        ("sqlite:empty.db", "empty.db is empty"),
        ("postgres://u:hunter2@127.0.0.1:1/db", "accepts a connection"),
    ] {
        let output = run(program(folder.path()).args(["renew-log", "--store", store]));
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(!output.status.success() && output.stdout.is_empty(), "{store}: {text}");
        assert!(text.contains(reason) && text.lines().count() == 1, "{store}: {text}");
        assert!(!text.contains("hunter2") && !text.contains("os error"), "{text}");
    }
    assert!(!folder.path().join("none.db").exists(), "a wrong path creates no database");
}

#[test]
fn refuses_a_file_that_a_server_has_open() {
    let on = OnStore::start("sqlite:data/conversations.db").unwrap();
    let output = run(program(on.folder.path()).arg("renew-log"));
    let text = String::from_utf8(output.stderr).unwrap();
    assert!(!output.status.success() && text.contains("is in use: stop the server"), "{text}");
}
