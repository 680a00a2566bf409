//! Rules 4 to 9 of `set_conversations`, on a map instead of a store.

use std::collections::BTreeMap;

use conversation_settings_core::{
    Conversation, Decision, Effect, Field, IfMissing, Key, Limits, Mask, Outcome, Rejected, Report, Role,
    SetConversations, Settings, Timestamp, UserId, Version, Write, decide,
};
use serde_json::{Value, json};

#[derive(Default)]
struct Rows(BTreeMap<Key, Conversation>);

impl Rows {
    fn run(&mut self, request: Value, policy: IfMissing) -> Result<Report, Rejected> {
        let request = serde_json::from_value(request).unwrap();
        let set = SetConversations::parse(request, &Limits::default()).unwrap();
        let batch = set.plan(policy);
        let decide = |write: &Write| decide(self.0.get(&write.key), write, Timestamp(7));
        let decisions: Vec<Decision> = batch.writes().iter().map(decide).collect::<Result<_, _>>()?;
        let effects: Vec<Effect> = decisions.into_iter().map(|decision| self.store(decision)).collect();
        Ok(set.report(&batch, &effects))
    }

    fn store(&mut self, decision: Decision) -> Effect {
        let outcome = match decision {
            Decision::Keep(outcome) => outcome,
            Decision::Put(conversation, outcome) => {
                self.0.insert(conversation.key.clone(), conversation);
                outcome
            }
            Decision::Delete => unreachable!("nothing is removed here"),
        };
        Effect { outcome, version: outcome.is_change().then_some(Version(1)) }
    }

    fn set(&mut self, request: Value) -> Vec<(String, Role, Outcome)> {
        let report = self.run(request, IfMissing::Create).unwrap();
        report.entries.into_iter().map(|entry| (entry.user.to_string(), entry.role, entry.outcome)).collect()
    }

    #[track_caller]
    fn of(&self, owner: &str) -> &Conversation {
        self.0.values().find(|row| row.key.owner.as_str() == owner).expect("has the conversation")
    }

    /// The counterpart that `owner` sees.
    fn seen_by(&self, owner: &str) -> &str {
        self.of(owner).target.user_id().unwrap().as_str()
    }
}

fn single(users: &[&str], peer: &str, mut settings: Value) -> Value {
    let ids = json!({ "conversationID": "si_a_p", "conversationType": 1, "userID": peer });
    settings.as_object_mut().unwrap().extend(ids.as_object().unwrap().clone());
    json!({ "userIDs": users, "conversation": settings })
}

fn created(user: &str) -> (String, Role, Outcome) {
    (user.into(), Role::User, Outcome::Created)
}

#[test]
fn creates_a_missing_conversation_from_defaults_and_patch() {
    let mut rows = Rows::default();
    assert_eq!(rows.set(single(&["a"], "p", json!({ "isPinned": true }))), [created("a")]);
    let mut expected = Settings::default();
    expected.is_pinned = true;
    assert_eq!(rows.of("a").settings, expected);
    assert_eq!(rows.of("a").created_at, Timestamp(7));
    assert_eq!(rows.0.len(), 1, "a pin does not touch the peer");
}

#[test]
fn applies_the_patch_and_keeps_the_target() {
    let mut rows = Rows::default();
    rows.set(single(&["a"], "p", json!({ "isPinned": true, "ex": "x" })));
    let outcome = rows.set(single(&["a"], "another", json!({ "ex": "" })));
    assert_eq!(outcome, [("a".into(), Role::User, Outcome::Updated(Mask::from(Field::Ex)))]);
    assert_eq!(rows.seen_by("a"), "p", "the target never changes");
    assert!(rows.of("a").settings.is_pinned);
    assert_eq!(&*rows.of("a").settings.ex, "");
}

#[test]
fn creates_nothing_for_an_empty_patch() {
    let mut rows = Rows::default();
    assert_eq!(rows.set(single(&["a"], "p", json!({}))), [("a".into(), Role::User, Outcome::Absent)]);
    assert!(rows.0.is_empty());
}

#[test]
fn rejects_missing_conversations_if_configured() {
    let mut rows = Rows::default();
    rows.set(single(&["a"], "p", json!({ "isPinned": true })));
    let both = single(&["a", "b"], "p", json!({ "isPinned": false }));
    let rejected = rows.run(both, IfMissing::Reject).unwrap_err();
    assert_eq!(rejected.key().owner.as_str(), "b");
    assert!(rows.of("a").settings.is_pinned, "nothing is written for any user");
}

#[test]
fn sets_private_chat_and_nothing_else_for_the_peer() {
    let mut rows = Rows::default();
    let outcome = rows.set(single(
        &["a"],
        "p",
        json!({ "isPrivateChat": true, "isPinned": true, "recvMsgOpt": 2, "ex": "mine", "burnDuration": 30 }),
    ));
    assert_eq!(outcome, [created("a"), ("p".into(), Role::Peer, Outcome::Created)]);
    let mut expected = Settings::default();
    expected.is_private_chat = true;
    assert_eq!(rows.of("p").settings, expected, "the other settings are private to each owner");
    assert_eq!((rows.seen_by("a"), rows.seen_by("p")), ("p", "a"));
}

#[test]
fn shows_a_peer_among_the_users_the_other_participant() {
    let mut rows = Rows::default();
    let outcome = rows.set(single(&["p", "a"], "p", json!({ "isPinned": true, "isPrivateChat": true })));
    assert_eq!(outcome, [created("p"), created("a")]);
    assert_eq!((rows.seen_by("a"), rows.seen_by("p")), ("p", "a"));
    assert!(rows.of("p").settings.is_pinned, "a peer among the users is set in full");
}

#[test]
fn shares_private_chat_if_the_peer_is_the_only_user() {
    let mut rows = Rows::default();
    let outcome = rows.set(single(&["p"], "p", json!({ "isPrivateChat": true })));
    assert_eq!(outcome, [created("p"), ("a".into(), Role::Peer, Outcome::Created)]);
    assert_eq!((rows.seen_by("p"), rows.seen_by("a")), ("a", "p"));
}

#[test]
fn changes_nothing_if_a_request_is_repeated() {
    let mut rows = Rows::default();
    let request = single(&["a"], "p", json!({ "isPrivateChat": true, "ex": "x" }));
    rows.set(request.clone());
    let unchanged = |user: &str, role| (user.to_owned(), role, Outcome::Unchanged);
    assert_eq!(rows.set(request), [unchanged("a", Role::User), unchanged("p", Role::Peer)]);
}

#[test]
fn never_turns_private_chat_on_in_a_stored_group() {
    let mut rows = Rows::default();
    let group = json!({ "userIDs": ["a"], "conversation":
        { "conversationID": "si_a_p", "conversationType": 3, "groupID": "g", "isPinned": true } });
    rows.set(group);
    let rejected = rows.run(single(&["a"], "p", json!({ "isPrivateChat": true })), IfMissing::Create).unwrap_err();
    assert!(matches!(rejected, Rejected::NotSingleChat(_)));
}

#[test]
fn reports_in_the_order_of_the_request() {
    let mut rows = Rows::default();
    let order: Vec<String> =
        rows.set(single(&["c", "a", "b", "a"], "p", json!({ "ex": "x" }))).into_iter().map(|entry| entry.0).collect();
    assert_eq!(order, ["c", "a", "b"]);
}

#[test]
fn plans_each_conversation_once_in_order() {
    let request = serde_json::from_value(single(&["z", "a", "z", "p"], "p", json!({ "isPrivateChat": true }))).unwrap();
    let batch = SetConversations::parse(request, &Limits::default()).unwrap().plan(IfMissing::Create);
    assert_eq!(batch.owners().map(UserId::as_str).collect::<Vec<_>>(), ["a", "p", "z"]);
}
