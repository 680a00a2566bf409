//! What a client needs that keeps a copy.

use conversation_settings_core::{Conversation, ConversationId, Version};
use conversation_settings_service::testing::MockStore;
use conversation_settings_service::{Service, Snapshot};
use conversation_settings_store::{
    Changes, ConversationStore, ConversationStoreExt, Filter, LogId, OwnerVersion, Page,
};

use crate::setup::{admin, create, id, ids, service, set_group, user};

async fn snapshot(service: &Service) -> Snapshot {
    service.snapshot(&admin(), &user("alice")).await.unwrap()
}

fn listed(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.conversation_ids.iter().map(ConversationId::as_str).collect()
}

async fn since(service: &Service, log: LogId, version: u64) -> Changes {
    let since = OwnerVersion { log, version: Version(version) };
    service.changes(&admin(), &user("alice"), &since).await.unwrap()
}

const NOTHING: [Vec<&str>; 3] = [const { Vec::new() }; 3];

/// The IDs that are inserted, updated and removed.
#[track_caller]
fn increment(changes: &Changes) -> [Vec<&str>; 3] {
    let Changes::Increment { inserted, updated, removed, .. } = changes else { panic!("{changes:?}") };
    [ids(inserted), ids(updated), removed.iter().map(AsRef::as_ref).collect()]
}

fn is_full(changes: &Changes) -> bool {
    matches!(changes, Changes::Full(_))
}

async fn remove(service: &Service, name: &str) {
    service.remove(&admin(), &user("alice"), &[id(name)]).await.unwrap();
}

#[tokio::test]
async fn takes_a_snapshot_of_ids_and_version() {
    let (_, service) = service();
    let service = service.build();
    let none = snapshot(&service).await;
    assert_eq!((none.version.version.0, none.conversation_ids.len()), (0, 0));
    create(&service, "alice", &["sg_g1"]).await;
    let single = r#""conversationID": "si_a_b", "conversationType": 1, "userID": "b""#;
    crate::setup::set(&service, &admin(), &["alice"], single, r#""ex": "x""#).await.unwrap();
    let all = snapshot(&service).await;
    assert_eq!((all.version.version.0, listed(&all)), (2, vec!["sg_g1", "si_a_b"]));
    assert_eq!(service.version(&admin(), &user("alice")).await.unwrap(), all.version);
}

#[tokio::test]
async fn reports_changes_by_what_the_client_has() {
    let (_, service) = service();
    let service = service.build();
    create(&service, "alice", &["sg_a", "sg_b"]).await;
    let OwnerVersion { log, version } = snapshot(&service).await.version;
    let version = version.0;
    assert_eq!(increment(&since(&service, log, version).await), NOTHING);

    set_group(&service, &admin(), &["alice"], r#""ex": "x""#).await.unwrap();
    set_group(&service, &admin(), &["alice"], r#""isPinned": true"#).await.unwrap();
    let changes = since(&service, log, version).await;
    assert_eq!(
        increment(&changes),
        [vec!["sg_team"], vec![], vec![]],
        "an insert changed before the sync is an insert"
    );
    let pinned = |changes: &Changes| match changes {
        Changes::Increment { inserted, .. } => {
            inserted.iter().all(|inserted: &Conversation| inserted.settings.is_pinned)
        }
        Changes::Full(_) => false,
    };
    assert!(pinned(&changes));
    assert_eq!(changes.version(), OwnerVersion { log, version: Version(4) });

    remove(&service, "sg_team").await;
    assert_eq!(increment(&since(&service, log, version).await), NOTHING, "created and removed in between");
    remove(&service, "sg_b").await;
    remove(&service, "sg_a").await;
    assert_eq!(increment(&since(&service, log, version).await), [vec![], vec![], vec!["sg_a", "sg_b"]]);
    create(&service, "alice", &["sg_b"]).await;
    let changes = since(&service, log, version).await;
    assert_eq!(increment(&changes), [vec![], vec!["sg_b"], vec!["sg_a"]], "the client has an older one");
    let changes = since(&service, log, 6).await;
    assert_eq!(increment(&changes), [vec!["sg_b"], vec![], vec!["sg_a"]], "it did not exist at version 6");
}

#[tokio::test]
async fn requires_a_full_sync_from_an_unknown_version() {
    let (_, service) = service();
    let service = service.build();
    create(&service, "alice", &["sg_a", "sg_b"]).await;
    let log = snapshot(&service).await.version.log;
    let other = LogId([0xff; 12]);
    for (log, version) in [(log, 3), (log, u64::MAX), (other, 1), (other, u64::MAX), (LogId::NONE, 2)] {
        let changes = since(&service, log, version).await;
        assert!(is_full(&changes), "{log} {version}");
        assert_eq!(changes.version().version.0, 2);
    }
    assert_eq!(increment(&since(&service, log, 1).await), [vec!["sg_b"], vec![], vec![]]);
    let begun = since(&service, log, 0).await;
    assert_eq!(increment(&begun), [vec!["sg_a", "sg_b"], vec![], vec![]], "a client at version 0 has nothing");
}

#[tokio::test]
async fn reports_as_many_changes_as_configured() {
    let (_, service) = service();
    let service = service.max_changes(2).build();
    create(&service, "alice", &["sg_a", "sg_b"]).await;
    let log = snapshot(&service).await.version.log;
    assert!(!is_full(&since(&service, log, 0).await));
    create(&service, "alice", &["sg_c"]).await;
    assert!(is_full(&since(&service, log, 0).await));
    assert!(!is_full(&since(&service, log, 1).await));
}

/// No change since the beginning, at this version.
fn unchanged(version: u64) -> Changes {
    let version = OwnerVersion { version: Version(version), ..OwnerVersion::default() };
    Changes::Increment { version, inserted: vec![], updated: vec![], removed: vec![] }
}

#[tokio::test]
async fn takes_a_snapshot_without_a_list_if_the_log_is_complete() {
    let mut store = MockStore::new();
    store.expect_changes().once().returning(|_, _, _| Ok(unchanged(7)));
    store.expect_list().never();
    let all = snapshot(&Service::builder(store).build()).await;
    assert_eq!((all.version.version.0, all.conversation_ids.len()), (7, 0), "all have been removed");
}

#[tokio::test]
async fn lists_ids_older_than_the_log_until_no_write_comes_between() {
    let (old, service) = service();
    create(&service.build(), "alice", &["sg_old"]).await;
    let conversations = old.list_all(&user("alice"), &Filter::ALL).await.unwrap();

    let mut store = MockStore::new();
    store.expect_changes().times(2).returning(|_, _, _| Ok(unchanged(0)));
    store
        .expect_list()
        .times(2)
        .returning(move |_, _, _| Ok(Page { conversations: conversations.clone(), next: None }));
    let mut versions = [1, 0].into_iter();
    store
        .expect_version()
        .times(2)
        .returning(move |_| Ok(OwnerVersion { version: Version(versions.next().unwrap()), ..OwnerVersion::default() }));
    let all = snapshot(&Service::builder(store).build()).await;
    assert_eq!((listed(&all), all.version.version), (vec!["sg_old"], Version::ZERO));
}

#[tokio::test]
async fn takes_a_snapshot_of_more_conversations_than_are_read_at_once() {
    let (_, service) = service();
    let service = service.build();
    let all: Vec<_> = (0..2_345).map(|n| format!("sg_{n:04}")).collect();
    create(&service, "alice", &all.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let snapshot = snapshot(&service).await;
    assert_eq!((listed(&snapshot), snapshot.version.version.0), (all.iter().map(String::as_str).collect(), 2_345));
}

#[tokio::test]
async fn takes_a_snapshot_even_if_a_write_always_comes_between() {
    let (busy, service) = service();
    create(&service.build(), "alice", &["sg_a"]).await;
    let everything = busy.changes(&user("alice"), &OwnerVersion::default(), 10).await.unwrap();
    let mut store = MockStore::new();
    let full = everything.version();
    store
        .expect_changes()
        .returning(move |_, _, limit| Ok(if limit == usize::MAX { everything.clone() } else { Changes::Full(full) }));
    store.expect_list().returning(|_, _, _| Ok(Page { conversations: Vec::new(), next: None }));
    let mut version = 1;
    store.expect_version().returning(move |_| {
        version += 1;
        Ok(OwnerVersion { version: Version(version), ..OwnerVersion::default() })
    });
    let snapshot = snapshot(&Service::builder(store).build()).await;
    assert_eq!((listed(&snapshot), snapshot.version), (vec!["sg_a"], full));
}
