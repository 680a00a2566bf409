//! The port that decides who may do what.

use std::{
    fs, mem,
    sync::{Arc, Mutex},
    time::Duration,
};

use async_trait::async_trait;
use conversation_settings_core::{Mask, Patch, Text};
use conversation_settings_service::{
    Action, Authorize, AuthorizeError, Context, OwnerOrAdmin, Service, ServiceError, testing::MockStore,
};
use conversation_settings_store::{Filter, OwnerVersion, PageRequest};

use crate::setup::{admin, checked, conversation_ids, id, of, service, set_group, team, user, users};

/// Records what it is asked, and refuses it, even to administrators.
#[derive(Debug, Default)]
struct Nothing(Mutex<Vec<String>>);

#[async_trait]
impl Authorize for Nothing {
    async fn authorize(&self, context: &Context, action: Action<'_>) -> Result<(), ServiceError> {
        let asked = match action {
            Action::Read(owner) => format!("read {owner}"),
            Action::Set(set) => format!("set {} of {:?}", set.mask(), set.users()),
            Action::Remove(owner) => format!("remove {owner}"),
            Action::SetExForPeers(user) => format!("set ex for peers of {user}"),
            Action::Administer => "administer".to_owned(),
            other => panic!("{other:?}"),
        };
        self.0.lock().unwrap().push(asked);
        Err(ServiceError::NoPermission { caller: context.caller.user_id().clone(), rule: "may do nothing" })
    }
}

#[tokio::test]
async fn asks_before_every_call_and_touches_nothing_after_a_refusal() {
    let nothing = Arc::new(Nothing::default());
    // The mock panics on every call.
    let service = Service::builder(Arc::new(MockStore::new())).authorize(nothing.clone()).build();
    let (bob, team_id, members) = (user("bob"), id("sg_team"), users(&["bob"]));
    let (ids, all, first) = (conversation_ids(&["sg_team"]), Filter::ALL, PageRequest::first(1));
    let conversation = r#""conversationID": "sg_team", "conversationType": 3, "groupID": "team""#;
    let pin = checked(&["bob"], conversation, r#""isPinned": true"#);
    let context = &admin();
    // Checks that the call is refused after one question, `$asked`.
    macro_rules! refuses {
        ($asked:literal: $($call:expr),* $(,)?) => {$(
            let result = $call.await;
            assert!(matches!(result, Err(ServiceError::NoPermission { .. })), "{}", stringify!($call));
            assert_eq!(mem::take(&mut *nothing.0.lock().unwrap()), [$asked], "{}", stringify!($call));
        )*};
    }
    refuses!("read bob":
        service.get(context, &bob, &team_id),
        service.get_many(context, &bob, &ids),
        service.list(context, &bob, &all, &first),
        service.list_all(context, &bob, &all),
        service.list_range(context, &bob, 0..1),
        service.pages(context, &bob, Filter::ALL, first.clone()),
        service.pages_of(context, &bob, ids.clone()),
        service.sorted_list(context, &bob, None, 0..1),
        service.sorted_list(context, &bob, Some(&ids), 0..1),
        service.snapshot(context, &bob),
        service.small_snapshot(context, &bob),
        service.changes(context, &bob, &OwnerVersion::default()),
        service.version(context, &bob),
    );
    refuses!("set isPinned of [\"bob\"]":
        service.set(context, pin.clone()),
        service.preview(context, &pin),
        service.plan_set(context, &pin),
    );
    refuses!("remove bob":
        service.remove(context, &bob, &ids),
        service.remove_older_than(context, &bob, Duration::ZERO),
        service.plan_remove(context, &bob, &ids),
    );
    refuses!("set ex for peers of bob": service.set_ex_for_peers(context, &bob, Text::default()));
    refuses!("administer":
        service.create_single_chat(context, &bob, &user("carol")),
        service.open_group_conversation(context, &team(), &members),
        service.set_fields(context, &team_id, &members, Patch::KEEP),
        service.plan_set_fields(context, &team_id, &members, Patch::KEEP),
        service.get_fields(context, &team_id, &members, Mask::EMPTY),
        service.remove_conversation(context, &team_id, &members),
        service.list_muting_users(context, &team_id, &PageRequest::first(1)),
    );
}

#[test]
fn every_call_of_the_service_is_asked_for() {
    let tested = include_str!("authorize.rs");
    let mut calls = 0;
    for file in fs::read_dir(concat!(env!("CARGO_MANIFEST_DIR"), "/src")).unwrap() {
        let path = file.unwrap().path();
        let Ok(source) = fs::read_to_string(&path) else { continue };
        for function in source.split("    pub async fn ").skip(1) {
            let (name, rest) = function.split_once('(').unwrap();
            let (arguments, _) = rest.split_once(')').unwrap();
            if arguments.contains("context: &Context") {
                calls += 1;
                assert!(tested.contains(&format!("service.{name}(")), "{name} in {}", path.display());
            }
        }
    }
    assert!(calls > 20, "found {calls} calls");
}

/// Cannot reach the host's roles.
#[derive(Debug)]
struct Broken;

#[async_trait]
impl Authorize for Broken {
    async fn authorize(&self, _: &Context, _: Action<'_>) -> Result<(), ServiceError> {
        Err(AuthorizeError("the roles are out for lunch".into()).into())
    }
}

#[tokio::test]
async fn fails_retryably_if_the_port_cannot_decide() {
    let (store, builder) = service();
    let broken = builder.authorize(Arc::new(Broken)).build();
    let error = set_group(&broken, &admin(), &["alice"], r#""isPinned": true"#).await.unwrap_err();
    assert!(matches!(error, ServiceError::Authorize(_)) && error.is_retryable(), "{error}");
    let service = Service::builder(store).build();
    assert_eq!(service.list_all(&of("alice"), &user("alice"), &Filter::ALL).await.unwrap(), []);
}

#[tokio::test]
async fn checks_an_action_for_a_hosts_own_handler() {
    let (_, service) = service();
    let service = service.build();
    let bob = user("bob");
    for (context, may) in [(admin(), true), (of("bob"), true), (of("alice"), false)] {
        assert_eq!(service.authorize(&context, Action::Read(&bob)).await.is_ok(), may);
        assert_eq!(OwnerOrAdmin.authorize(&context, Action::Read(&bob)).await.is_ok(), may);
    }
}
