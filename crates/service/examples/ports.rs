//! What a host implements: a sink that turns events into notices, and a directory of its groups.
//!
//! Run it with `cargo run -p conversation-settings-service --example ports`.

#![expect(clippy::print_stdout, reason = "an example prints its result")]

use std::{collections::HashSet, error::Error, sync::Arc, time::Duration};

use async_trait::async_trait;
use conversation_settings_core::{GroupId, Patch, SetConversations, UserId};
use conversation_settings_service::{
    Context, DirectoryError, Event, EventKind, EventSink, GroupDirectory, GroupStatus, Service,
};
use conversation_settings_store_memory::MemoryStore;

/// Sends a notice to the owner's devices.
#[derive(Debug)]
struct Notices;

#[async_trait]
impl EventSink for Notices {
    fn name(&self) -> &'static str {
        "notices"
    }

    async fn emit(&self, events: &[Event]) {
        // No call waits for a sink, so this may take its time.
        for event in events {
            println!("{}", notice(event));
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

/// The text for a device.
fn notice(event: &Event) -> String {
    let (owner, conversation) = (&event.owner, &event.conversation_id);
    match &event.kind {
        EventKind::PrivateChat { with, is_on } => format!("{owner}: private chat with {with}: {is_on}"),
        kind => format!("{owner}: {conversation} was {}, version {}", kind.name(), event.version),
    }
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let service = Service::builder(MemoryStore::new())
        .events(Arc::new(Notices))
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

    let dropped = service.close(Duration::from_secs(5)).await;
    assert_eq!(dropped, 0, "every notice was sent");
    Ok(())
}
