//! A start that fails names the cause.

use std::{error::Error, iter};

use conversation_settings_core::{Outcome, Patch, Version};
use conversation_settings_store::ConversationStore;
use conversation_settings_store_mongodb::{Authorities, MongoStore, OpenError};
use mongodb::bson::{Bson, doc};

use crate::{
    secured::{Secured, Security},
    support::{NOW, batch, key, set},
};

/// The error of a start that fails, and what the program prints: the message with its causes.
async fn failure(address: &str) -> (OpenError, String) {
    let error = MongoStore::open(address).await.unwrap_err();
    let printed = {
        let causes = iter::successors(Some(&error as &dyn Error), |&error| error.source());
        causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
    };
    assert!(!printed.contains('\n') && !printed.contains("s3cret") && !printed.contains("labels"), "{printed}");
    (error, printed)
}

#[tokio::test]
async fn names_the_cause_at_each_host_if_no_primary_answers() {
    // A port on which nothing listens, and a name that does not exist.
    let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let address = format!("mongodb://user:s3cret@127.0.0.1:{port},host.invalid/db?replicaSet=rs0");
    let (error, printed) = failure(&address).await;
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    assert!(printed.contains(&format!("127.0.0.1:{port}: Connection refused")), "{printed}");
    assert!(printed.contains("host.invalid:27017: failed to lookup"), "{printed}");
}

#[tokio::test]
async fn names_the_state_of_the_replica_set() {
    let Some(server) = Secured::start(Security::NotInitiated).await else { return };
    let (error, printed) = failure(&server.address("", "db?replicaSet=secured")).await;
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    assert!(printed.contains("the replica set is not initiated: run rs.initiate()"), "{printed}");
    let Some(server) = Secured::start(Security::Standalone).await else { return };
    for options in ["", "?replicaSet=secured", "?directConnection=true"] {
        let (error, _) = failure(&server.address("", &format!("db{options}"))).await;
        assert!(matches!(error, OpenError::Standalone), "{options}: {error:?}");
    }
}

#[tokio::test]
async fn names_the_cause_of_a_sign_in_that_fails() {
    let Some(server) = Secured::start(Security::Users).await else { return };
    let setup = doc! { "createUser": "setup", "pwd": "s3cret", "roles": ["readWrite"] };
    server.admin("openim_v3", setup).await;

    let (error, printed) = failure(&server.address("setup:wrong@", "openim_v3?replicaSet=other")).await;
    assert!(
        matches!(&error, OpenError::ReplicaSet { expected, found } if expected == "other" && found == "secured"),
        "{error:?}"
    );
    assert_eq!(printed, "the replica set is named secured, and the address says replicaSet=other");

    for (user, rest, database) in [
        ("setup:wrong@", "openim_v3", "openim_v3"),
        // The user was created in `openim_v3`, where the driver does not look.
        ("setup:s3cret@", "", "admin"),
        ("admin:s3cret@", "openim_v3", "openim_v3"),
        ("admin:s3cret@", "openim_v3?authSource=other", "other"),
    ] {
        let (error, printed) = failure(&server.address(user, rest)).await;
        assert!(matches!(error, OpenError::Login { .. }), "{user}{rest}: {error:?}");
        let hint = format!("in the database {database}: if it was created in another one, append authSource=NAME");
        assert!(printed.contains(&hint) && printed.contains("Authentication failed"), "{printed}");
    }

    let (error, printed) = failure(&server.address("", "openim_v3")).await;
    assert!(matches!(error, OpenError::Rights { .. }), "{error:?}");
    assert!(printed.contains("authentication"), "{printed}");
    MongoStore::open(&server.address("setup:s3cret@", "?authSource=openim_v3")).await.unwrap();
}

#[tokio::test]
async fn names_missing_rights_and_missing_indexes() {
    let Some(server) = Secured::start(Security::Users).await else { return };
    let privileges = ["conversation", "conversation_version"].map(|collection| {
        let actions = ["find", "insert", "update", "remove", "listIndexes"].map(Bson::from);
        Bson::from(doc! { "resource": { "db": "openim_v3", "collection": collection }, "actions": actions.to_vec() })
    });
    let role = doc! { "createRole": "conversationServer", "roles": [], "privileges": privileges.to_vec() };
    server.admin("openim_v3", role).await;
    let other = doc! { "resource": { "db": "openim_v3", "collection": "user" }, "actions": ["find"] };
    server.admin("openim_v3", doc! { "createRole": "nothing", "roles": [], "privileges": [other] }).await;
    for (user, role) in
        [("setup", "readWrite"), ("server", "conversationServer"), ("reader", "read"), ("nothing", "nothing")]
    {
        server.admin("openim_v3", doc! { "createUser": user, "pwd": "s3cret", "roles": [role] }).await;
    }
    let address = |user: &str| server.address(&format!("{user}:s3cret@"), "openim_v3");

    let (error, printed) = failure(&address("server")).await;
    assert!(matches!(error, OpenError::MissingIndexes { .. }), "{error:?}");
    for command in [
        "db.getSiblingDB(\"openim_v3\").conversation.createIndex({ \"owner_user_id\": 1, \"conversation_id\": 1 }, { unique: true })",
        "db.getSiblingDB(\"openim_v3\").conversation.createIndex({ \"conversation_id\": 1, \"owner_user_id\": 1 });",
        "db.getSiblingDB(\"openim_v3\").conversation_version.createIndex({ \"d_id\": 1 }, { unique: true })",
    ] {
        assert!(printed.contains(command), "{command}: {printed}");
    }

    MongoStore::open(&address("setup")).await.unwrap();
    let (error, printed) = failure(&address("nothing")).await;
    assert!(matches!(error, OpenError::Rights { .. }), "{error:?}");
    assert!(printed.contains("find, listIndexes on conversation is missing"), "{printed}");
    // A server whose user may only read starts, for comparisons, and is not ready.
    let reader = MongoStore::open(&address("reader")).await.unwrap();
    assert_eq!(reader.version(&key("alice", "sg_1").owner).await.unwrap().version, Version::ZERO);
    let error = reader.ready().await.unwrap_err();
    let cause = error.source().unwrap().to_string();
    assert!(cause.contains("insert, update, remove on conversation is missing"), "{error:?}");

    // The rights of the server's user are enough to work, and to renew the logs after a restore.
    let store = MongoStore::open(&address("server")).await.unwrap();
    store.ready().await.unwrap();
    let write = batch([set(key("alice", "sg_1"), Patch::KEEP.is_pinned(true))]);
    assert_eq!(store.apply(&write, NOW).await.unwrap().effects[0].outcome, Outcome::Created);
    let before = store.version(&key("alice", "sg_1").owner).await.unwrap();
    store.renew_logs().await.unwrap();
    let after = store.version(&key("alice", "sg_1").owner).await.unwrap();
    assert_eq!(after.version, before.version);
    assert_ne!(after.log, before.log);
    let names = server.address("setup:s3cret@", "openim_v3");
    let indexes = mongodb::Client::with_uri_str(names).await.unwrap().database("openim_v3");
    let names = indexes.collection::<Bson>("conversation_version").list_index_names().await.unwrap();
    assert_eq!(names, ["_id_", "d_id_1"], "the index is kept");
}

#[tokio::test]
async fn names_the_cause_of_a_tls_failure() {
    let Some(server) = Secured::start(Security::Tls).await else { return };
    let file = server.authority();
    MongoStore::open(&server.address("", &format!("?tls=true&tlsCAFile={}", file.display()))).await.unwrap();

    // An added authority does as well, and the driver's own file is not needed after the start.
    let mut authorities = Authorities::default();
    authorities.add_file(&file).unwrap();
    let store = MongoStore::open_trusting(&server.address("", "?tls=true"), &authorities).await.unwrap();
    let calls = (0..20).map(|n| {
        let store = store.clone();
        // More calls than connections: new ones are made.
        tokio::spawn(async move { store.version(&key(format!("user{n}"), "sg_1").owner).await })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap().unwrap();
    }

    let (error, printed) = failure(&server.address("", "?tls=true")).await;
    assert!(matches!(error, OpenError::Tls { .. }), "{error:?}");
    assert!(printed.contains("invalid peer certificate"), "{printed}");
    let other_name = server.address("", &format!("?tls=true&tlsCAFile={}&directConnection=true", file.display()));
    let (error, printed) = failure(&other_name.replace("127.0.0.1", "localhost")).await;
    assert!(matches!(error, OpenError::Tls { .. }), "{error:?}");
    assert!(printed.contains("localhost") && printed.contains("not valid for name"), "{printed}");
    let (error, printed) = failure(&server.address("", "")).await;
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    assert!(printed.contains("a server that requires TLS does that: append tls=true"), "{printed}");
    let (error, printed) = failure(&server.address("", "?tls=true&tlsCAFile=/nowhere.pem")).await;
    assert!(matches!(error, OpenError::TlsFile { .. }), "{error:?}");
    assert!(printed.contains("/nowhere.pem"), "{printed}");

    let Some(plain) = Secured::start(Security::Standalone).await else { return };
    let (error, printed) = failure(&plain.address("", "?tls=true")).await;
    assert!(matches!(error, OpenError::Tls { .. } | OpenError::Unreachable { .. }), "{error:?}");
    assert!(printed.contains(&format!("127.0.0.1:{}: ", plain.port)), "{printed}");
}
