//! The ready sinks: a log, and a channel inside the process.

use std::{sync::Arc, time::Duration};

use conversation_settings_core::{Field, Patch, Version};
use conversation_settings_service::{Event, EventChannel, EventKind, EventLog, EventSink};
use serde_json::json;
use tokio::sync::broadcast::error::{RecvError, TryRecvError};

use crate::{
    log::begin_log,
    setup::{Events, admin, key, of, service, set_group, set_single},
};

#[tokio::test]
async fn logs_structured_fields_without_values() {
    let (_, service) = service();
    let service = service.events(Arc::new(EventLog)).build();
    let (written, log) = begin_log("info,conversation_events=debug");
    assert!(EventLog::is_enabled());
    set_group(&service, &of("alice"), &["alice"], r#""isPinned": true, "ex": "secret""#).await.unwrap();
    set_single(&service, &of("alice"), &["alice"], r#""isPrivateChat": true"#).await.unwrap();
    assert_eq!(service.close(Duration::from_secs(10)).await, 0);
    drop(log);
    let lines = written.lines();
    let line = |owner: &str, conversation: &str, kind: &str, fields: &str, version: u64| {
        json!({ "message": "a conversation changed", "owner": owner, "conversation": conversation, "kind": kind,
            "fields": fields, "version": version, "operation_id": "op-alice", "caller": "alice" })
    };
    assert_eq!(lines[0]["fields"], line("alice", "sg_team", "created", "isPinned,ex", 1));
    assert_eq!((&lines[0]["level"], &lines[0]["target"]), (&json!("DEBUG"), &json!(EventLog::TARGET)));
    let mut private = line("bob", "si_alice_bob", "privateChat", "isPrivateChat", 1);
    private.as_object_mut().unwrap().extend([("with".into(), json!("alice")), ("is_on".into(), json!(true))]);
    assert!(lines.iter().any(|line| line["fields"] == private), "{lines:?}");
    assert_eq!(lines.len(), 5, "two events for each participant of the single chat");
}

#[tokio::test]
async fn logs_nothing_if_the_filter_excludes_events() {
    let (written, _log) = begin_log("info");
    assert!(!EventLog::is_enabled());
    EventLog.emit(&[event()]).await;
    assert_eq!(written.lines(), [json!(null); 0]);
}

/// An event that a host constructs in its tests.
fn event() -> Event {
    let kind = EventKind::Created(Field::Ex.into());
    Event::new(&admin(), key("alice", "sg_team"), kind, Patch::KEEP.ex("x"), Version(1))
}

#[tokio::test]
async fn reports_missed_events_to_a_slow_listener() {
    let channel = EventChannel::new(4);
    let (mut slow, mut fast) = (channel.subscribe(), channel.subscribe());
    let (_, service) = service();
    let service = service.events(Arc::new(channel)).build();
    for version in 1..=10 {
        set_group(&service, &admin(), &["alice"], &format!(r#""minSeq": {version}"#)).await.unwrap();
        assert_eq!(fast.recv().await.unwrap().version, Version(version));
    }
    assert!(matches!(slow.recv().await, Err(RecvError::Lagged(6))));
    for version in 7..=10 {
        assert_eq!(slow.recv().await.unwrap().version, Version(version));
    }
    assert!(matches!(slow.try_recv(), Err(TryRecvError::Empty)));
    drop(service);
    assert!(matches!(slow.recv().await, Err(RecvError::Closed)));
}

#[tokio::test]
async fn holds_the_events_of_the_largest_call() {
    let channel = EventChannel::default();
    let mut listener = channel.subscribe();
    let (_, service) = service();
    let service = service.events(Arc::new(channel)).build();
    // Private chat doubles the events, and adds the peer.
    let users: Vec<_> = (0..9_999).map(|n| format!("u{n}")).chain(["bob".into()]).collect();
    let users: Vec<_> = users.iter().map(String::as_str).collect();
    set_single(&service, &admin(), &users, r#""isPrivateChat": true"#).await.unwrap();
    assert_eq!(service.close(Duration::from_secs(10)).await, 0);
    let heard = std::iter::from_fn(|| match listener.try_recv() {
        Ok(event) => Some(event),
        Err(error) => {
            assert_eq!(error, TryRecvError::Empty);
            None
        }
    });
    assert!(heard.count() >= 20_000);
}

#[tokio::test]
async fn needs_no_listener() {
    let (_, service) = service();
    let service = service.events(Arc::new(EventChannel::default())).build();
    assert!(set_group(&service, &admin(), &["alice"], r#""ex": "x""#).await.is_ok());
}

#[tokio::test]
async fn passes_the_same_events_to_all_sinks() {
    let (one, other) = (Arc::new(Events::default()), Arc::new(Events::default()));
    let (_, service) = service();
    let service = service.events(one.clone()).events(other.clone()).build();
    set_group(&service, &admin(), &["alice", "bob"], r#""ex": "x""#).await.unwrap();
    let emitted = one.take().await;
    assert_eq!((emitted.len(), &emitted), (2, &other.take().await));
    assert_eq!(emitted[0], event(), "an event carries the new values");
}
