//! The core alone: no store, no runtime, no clock. A request is checked, and each row it touches is decided.
//!
//! The rules alone, for a program with tables of its own. Run it with
//! `cargo run -p conversation-settings-core --example merge`.

#![expect(clippy::print_stdout, reason = "an example shows what comes of it")]

use std::collections::BTreeMap;

use conversation_settings_core::{
    BurnDuration, Conversation, Decision, IfMissing, Key, Limits, Outcome, Patch, SetConversations,
    SetConversationsRequest, Settings, Timestamp, decide_follower,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    // A patch sets some fields and keeps the others. Applying it returns the fields that changed.
    let mut settings = Settings::default();
    let changed = Patch::KEEP.is_pinned(true).burn_duration(BurnDuration::try_from(30)?).apply(&mut settings);
    println!("changed: {changed}");
    println!("changed again: {:?}", Patch::KEEP.is_pinned(true).apply(&mut settings));

    // A request as a client sends it becomes a value that cannot be wrong, and that one the rows to touch.
    let request: SetConversationsRequest = serde_json::from_str(
        r#"{ "userIDs": ["alice"], "conversation": { "conversationID": "si_alice_bob", "conversationType": 1,
             "userID": "bob", "isPrivateChat": true, "ex": "alice's own" } }"#,
    )?;
    let batch = SetConversations::parse(request, &Limits::default())?.plan(IfMissing::Create);

    // Here a map is the table. Bob's row is touched too, in private chat alone.
    let mut table: BTreeMap<Key, Conversation> = BTreeMap::new();
    for _ in 0..2 {
        // Bob's row follows what changes for alice, so it is decided last.
        let (followers, users): (Vec<_>, Vec<_>) = batch.writes().iter().partition(|write| write.is_follower());
        let mut outcomes = BTreeMap::new();
        for write in users.into_iter().chain(followers) {
            let outcome_of = |key: &Key| outcomes.get(key).copied();
            let decision = decide_follower(table.get(&write.key), write, outcome_of, Timestamp(1_700_000_000_000))?;
            outcomes.insert(&write.key, decision.outcome());
            match decision {
                Decision::Put(conversation, outcome) => {
                    println!("{}: {outcome:?}, ex {:?}", write.key, &*conversation.settings.ex);
                    table.insert(write.key.clone(), conversation);
                }
                Decision::Delete => drop(table.remove(&write.key)),
                Decision::Keep(outcome) => {
                    assert_eq!(outcome, Outcome::Unchanged);
                    println!("{}: {outcome:?}", write.key);
                }
            }
        }
    }
    Ok(())
}
