//! A start that cannot work fails immediately, with one plain sentence that contains no secret.

use std::time::{Duration, Instant};

use conversation_settings_store_mongodb::{MongoStore, OpenError};
use mongodb::{IndexModel, bson::doc, options::IndexOptions};

use crate::support::Database;

async fn open_error(address: &str) -> (OpenError, String) {
    let error = MongoStore::open(address).await.unwrap_err();
    let message = error.to_string();
    assert!(!message.contains('\n') && !message.contains("s3cret"), "{message}");
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    (error, message)
}

#[tokio::test]
async fn rejects_malformed_address_without_repeating_it() {
    for address in [
        "mongodb://",
        "mongodb:nowhere",
        "mongodb://user:s3cret@",
        "mongodb://user:s3cret@@host/db",
        "mongodb://h:s3cret/db",
        "s3cret",
    ] {
        let (error, message) = open_error(address).await;
        assert!(matches!(error, OpenError::Address), "{address}: {error:?}");
        assert!(message.starts_with("not a MongoDB address: write mongodb://USER:PASSWORD@HOST"), "{message}");
    }
}

#[tokio::test]
async fn names_the_option_that_is_not_supported() {
    for (options, expected) in [
        ("sslmode=require", "the option sslmode in the MongoDB address is not supported"),
        ("replicaSet=rs0&tlsCAfiles=a", "the option tlsCAfiles in the MongoDB address is not supported; did you mean"),
        ("tls=yes", "the option tls in the MongoDB address has an invalid value"),
        ("maxPoolSize=s3cret", "the option maxPoolSize in the MongoDB address has an invalid value"),
        ("retryWrites=true&w=-1", "the option w in the MongoDB address has an invalid value"),
        ("tlsCertificateKeyFilePassword=s3cret", "the option tlsCertificateKeyFilePassword in the MongoDB address"),
    ] {
        let (error, message) = open_error(&format!("mongodb://user:s3cret@127.0.0.1:1/db?{options}")).await;
        assert!(matches!(error, OpenError::AddressOption { .. }), "{options}: {error:?}");
        assert!(message.starts_with(expected), "{options}: {message}");
    }
    // The question mark belongs to the password, so no part of it is an option's name.
    let (error, message) = open_error("mongodb://user:?s3cret=s3cret@127.0.0.1:1/db").await;
    assert!(matches!(error, OpenError::Address), "{message}");
}

#[tokio::test]
async fn names_the_right_form_for_srv_addresses() {
    for address in ["mongodb+srv://user:s3cret@cluster0.example.net/db", "MongoDB+SRV://cluster0.example.net"] {
        let (error, message) = open_error(address).await;
        assert!(matches!(error, OpenError::Srv), "{error:?}");
        assert!(message.contains("name the hosts"), "{message}");
    }
}

#[tokio::test]
async fn rejects_invalid_database_name() {
    for name in ["a%20b", "a%24b", "a.b", "a%2Fb", &"x".repeat(64)] {
        let (error, message) = open_error(&format!("mongodb://127.0.0.1:1/{name}")).await;
        assert!(matches!(error, OpenError::Database), "{name}: {message}");
    }
}

#[tokio::test]
async fn reports_unreachable_host_within_seconds() {
    let start = Instant::now();
    let (error, message) = open_error("mongodb://user:s3cret@127.0.0.1:1/openim_v3").await;
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    assert_eq!(message, "no MongoDB primary at 127.0.0.1:1 answered within 5 seconds");
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn reports_wrong_password() {
    let Some(database) = Database::new().await else { return };
    let address = database.address.replacen("mongodb://", "mongodb://user:s3cret@", 1);
    let (error, message) = open_error(&address).await;
    assert!(matches!(error, OpenError::Login { .. }), "{error:?}");
    assert!(message.starts_with("MongoDB refused the user or the password in the address"), "{message}");
}

#[tokio::test]
async fn makes_missing_indexes_once_and_keeps_existing_ones() {
    let Some(database) = Database::new().await else { return };
    let keys = doc! { "user_id": 1 };
    let options = IndexOptions::builder().name("by_somebody_else".to_owned()).build();
    let there = IndexModel::builder().keys(keys).options(options).build();
    database.collection("conversation").create_index(there).await.unwrap();
    database.store().await;
    database.store().await;
    let mut names = database.collection("conversation").list_index_names().await.unwrap();
    names.sort();
    let expected = [
        "_id_",
        "by_somebody_else",
        "conversation_id_1",
        "conversation_id_1_owner_user_id_1",
        "owner_user_id_1_conversation_id_1",
    ];
    assert_eq!(names, expected);
    let names = database.collection("conversation_version").list_index_names().await.unwrap();
    assert_eq!(names, ["_id_", "d_id_1"]);
}

#[tokio::test]
async fn reports_index_with_other_options_and_keeps_it() {
    let Some(database) = Database::new().await else { return };
    let there = IndexModel::builder().keys(doc! { "d_id": 1 }).build();
    database.collection("conversation_version").create_index(there).await.unwrap();
    let (error, message) = open_error(&database.address).await;
    assert!(matches!(error, OpenError::Index { .. }), "{error:?}");
    assert_eq!(
        message,
        "conversation_version has an index { \"d_id\": 1 } with other options than needed, which are unique: true and \
         no others"
    );
    let names = database.collection("conversation_version").list_index_names().await.unwrap();
    assert_eq!(names, ["_id_", "d_id_1"]);
}
