//! The ports of a host: a sink that turns events into notices, and a directory of its groups.
//!
//! Run it with `cargo run -p conversation-settings-service --example ports`.

#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::{collections::HashSet, error::Error, sync::Arc};

use async_trait::async_trait;
use conversation_settings_core::{GroupId, Patch, SetConversations, UserId};
use conversation_settings_service::{
    Context, DirectoryError, Event, EventKind, EventSink, GroupDirectory, GroupStatus, Service,
};
use conversation_settings_store_memory::MemoryStore;
use tokio::sync::mpsc;

/// Passes events to a task, which may be slow.
#[derive(Debug)]
struct Notices(mpsc::Sender<Event>);

impl EventSink for Notices {
    fn emit(&self, event: Event) {
        // A call waits for this, so it must not block. What is dropped here shows as a gap in the owner's versions.
        if self.0.try_send(event).is_err() {
            tracing::warn!("an event was dropped");
        }
    }
}

/// The host's groups.
#[derive(Debug)]
struct Groups(HashSet<GroupId>);

#[async_trait]
impl GroupDirectory for Groups {
    async fn status(&self, _operation_id: &str, group: &GroupId) -> Result<GroupStatus, DirectoryError> {
        Ok(if self.0.contains(group) { GroupStatus::Active } else { GroupStatus::Unknown })
    }
}

/// The notice that a device receives.
fn notice(event: &Event) -> String {
    let (owner, conversation) = (&event.owner, &event.conversation_id);
    match &event.kind {
        EventKind::PrivateChat { with, is_on } => format!("{owner}: private chat with {with}: {is_on}"),
        kind => format!("{owner}: {conversation} was {}, version {}", kind.name(), event.version),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let (sender, mut events) = mpsc::channel(10_000);
    let service = Service::builder(MemoryStore::new())
        .events(Arc::new(Notices(sender)))
        .groups(Arc::new(Groups(HashSet::from([GroupId::new("team")?]))))
        .build();

    let context = Context::admin(UserId::new("imAdmin")?).with_operation_id("op-1");
    let (alice, bob) = (UserId::new("alice")?, UserId::new("bob")?);
    let pin = |group: &GroupId| {
        SetConversations::group(group).users([&alice, &bob]).patch(Patch::KEEP.is_pinned(true)).build()
    };
    service.set(&context, pin(&GroupId::new("team")?)?).await?;
    let unknown = service.set(&context, pin(&GroupId::new("nowhere")?)?).await;
    println!("{}", unknown.expect_err("there is no such group"));

    drop(service);
    let mut notices = 0;
    while let Some(event) = events.recv().await {
        println!("{}", notice(&event));
        notices += 1;
    }
    assert_eq!(notices, 2);
    Ok(())
}
