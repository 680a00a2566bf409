//! Pins a conversation for two users and reads it back: `cargo run -p conversation-settings --example quickstart`.
//!
//! The store is the file `settings.db` in the current folder.

#![expect(clippy::print_stdout, reason = "an example prints its result")]

use conversation_settings::{Context, ConversationId, GroupId, Patch, Service, SetConversations, SqliteStore, UserId};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let settings = Service::builder(SqliteStore::open("settings.db")?).build();
    let (alice, bob, team) = (UserId::new("alice")?, UserId::new("bob")?, GroupId::new("team")?);

    let pin = SetConversations::group(&team).users([&alice, &bob]).patch(Patch::KEEP.is_pinned(true)).build()?;
    for change in settings.set(&Context::admin(UserId::new("ops")?), pin).await?.changed() {
        println!("{} {} at version {:?}", change.user, change.outcome, change.version);
    }

    let seen = settings.get(&Context::user(alice.clone()), &alice, &ConversationId::group(&team)).await?;
    assert!(seen.is_some_and(|conversation| conversation.settings.is_pinned));
    Ok(())
}
