//! The program that a host begins with.

use conversation_settings_core::{ConversationId, GroupId, Patch, SetConversations, UserId};
use conversation_settings_service::{Context, Service, ServiceError};
use conversation_settings_store_memory::MemoryStore;

use crate::setup::{admin, of, user};

#[tokio::test]
async fn sets_reports_and_reads_typed_values() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Service::builder(MemoryStore::new()).build();
    let (alice, bob, team) = (UserId::new("alice")?, UserId::new("bob")?, GroupId::new("team")?);

    let pin = SetConversations::group(&team).users([&alice, &bob]).patch(Patch::KEEP.is_pinned(true)).build()?;
    let mut lines = Vec::new();
    for change in settings.set(&Context::admin(UserId::new("ops")?), pin).await?.changed() {
        lines.push(format!("{} {} at version {:?}", change.user, change.outcome, change.version));
    }
    assert_eq!(lines, ["alice created at version Some(Version(1))", "bob created at version Some(Version(1))"]);

    let seen = settings.get(&Context::user(alice.clone()), &alice, &ConversationId::group(&team)).await?;
    assert!(seen.is_some_and(|conversation| conversation.settings.is_pinned));
    Ok(())
}

#[tokio::test]
async fn checks_the_limits_of_a_built_request() {
    let limits = conversation_settings_core::Limits::default().max_users(1).max_text_bytes(2);
    let service = Service::builder(MemoryStore::new()).limits(limits).build();
    let team = crate::setup::team();
    let set = async |users: &[&str], patch: Patch| {
        let users = crate::setup::users(users);
        service.set(&admin(), SetConversations::group(&team).users(&users).patch(patch).build().unwrap()).await
    };
    let error = set(&["a", "b"], Patch::KEEP.is_pinned(true)).await.unwrap_err();
    assert!(matches!(error, ServiceError::Args(_)));
    assert_eq!(error.to_string(), "userIDs: must have at most 1 entries, got 2");
    let error = set(&["a"], Patch::KEEP.ex("123")).await.unwrap_err();
    assert_eq!(error.to_string(), "conversation.ex: must be at most 2 bytes, got 3");
    assert!(set(&["a"], Patch::KEEP.ex("12")).await.is_ok(), "as much as the limits");
}

#[tokio::test]
async fn checks_the_owner_of_each_read() {
    let service = Service::builder(MemoryStore::new()).build();
    let (alice, context) = (user("alice"), of("bob"));
    let id = crate::setup::id("sg_team");
    let filter = conversation_settings_store::Filter::ALL;
    let page = conversation_settings_store::PageRequest::first(1);
    let errors = [
        service.get(&context, &alice, &id).await.err(),
        service.get_many(&context, &alice, std::slice::from_ref(&id)).await.err(),
        service.list(&context, &alice, &filter, &page).await.err(),
        service.list_all(&context, &alice, &filter).await.err(),
        service.list_range(&context, &alice, 0..1).await.err(),
        service.sorted_list(&context, &alice, None, 0..1).await.err(),
        service.snapshot(&context, &alice).await.err(),
        service.changes(&context, &alice, &conversation_settings_store::OwnerVersion::default()).await.err(),
        service.version(&context, &alice).await.err(),
        service.remove(&context, &alice, std::slice::from_ref(&id)).await.err(),
        service.remove_older_than(&context, &alice, std::time::Duration::ZERO).await.err(),
        service.set_ex_for_peers(&context, &alice, "x".into()).await.err(),
    ];
    for error in errors {
        assert!(matches!(error, Some(ServiceError::NoPermission { .. })), "{error:?}");
    }
}
