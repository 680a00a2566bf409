//! What cannot work is told on start, in one plain sentence without a secret.

use std::time::{Duration, Instant};

use conversation_settings_store_mongodb::{MongoStore, OpenError};
use mongodb::{IndexModel, bson::doc, options::IndexOptions};

use crate::support::Database;

async fn refused(address: &str) -> (OpenError, String) {
    let error = MongoStore::open(address).await.unwrap_err();
    let told = error.to_string();
    assert!(!told.contains('\n') && !told.contains("s3cret"), "{told}");
    assert!(!format!("{error:?}").contains("s3cret"), "{error:?}");
    (error, told)
}

#[tokio::test]
async fn an_address_that_is_none_is_told_without_what_it_holds() {
    for address in [
        "mongodb://",
        "mongodb:nowhere",
        "mongodb://user:s3cret@",
        "mongodb://user:s3cret@@host/db",
        "mongodb://h:s3cret/db",
        "s3cret",
    ] {
        let (error, told) = refused(address).await;
        assert!(matches!(error, OpenError::Address), "{address}: {error:?}");
        assert!(told.starts_with("the address is none of MongoDB's, mongodb://USER:PASSWORD@HOST"), "{told}");
    }
}

#[tokio::test]
async fn a_database_name_that_is_none_is_told() {
    for name in ["a%20b", "a%24b", "a.b", "a%2Fb", &"x".repeat(64)] {
        let (error, told) = refused(&format!("mongodb://127.0.0.1:1/{name}")).await;
        assert!(matches!(error, OpenError::Database), "{name}: {told}");
    }
}

#[tokio::test]
async fn a_host_that_nobody_answers_at_is_told_within_seconds() {
    let start = Instant::now();
    let (error, told) = refused("mongodb://user:s3cret@127.0.0.1:1/openim_v3").await;
    assert!(matches!(error, OpenError::Unreachable { .. }), "{error:?}");
    assert_eq!(told, "no MongoDB primary at 127.0.0.1:1 answered within 5 seconds");
    assert!(start.elapsed() < Duration::from_secs(10));
}

#[tokio::test]
async fn a_wrong_password_is_told() {
    let Some(database) = Database::new().await else { return };
    let address = database.address.replacen("mongodb://", "mongodb://user:s3cret@", 1);
    let (error, told) = refused(&address).await;
    assert!(matches!(error, OpenError::Login { .. }), "{error:?}");
    assert_eq!(told, "MongoDB refused the user or the password in the address");
}

#[tokio::test]
async fn indexes_are_made_once_and_those_that_are_there_are_left_alone() {
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
async fn an_index_with_other_options_is_told_and_left_alone() {
    let Some(database) = Database::new().await else { return };
    let there = IndexModel::builder().keys(doc! { "d_id": 1 }).build();
    database.collection("conversation_version").create_index(there).await.unwrap();
    let (error, told) = refused(&database.address).await;
    assert!(matches!(error, OpenError::Index { .. }), "{error:?}");
    assert_eq!(
        told,
        "conversation_version has an index { \"d_id\": 1 } with other options than needed, which are unique: true and \
         no others"
    );
    let names = database.collection("conversation_version").list_index_names().await.unwrap();
    assert_eq!(names, ["_id_", "d_id_1"]);
}
