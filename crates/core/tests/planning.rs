//! Rules 4 to 9 of `set_conversations`, on a map instead of a store.

use std::collections::BTreeMap;

use conversation_settings_core::{
    Conversation, ConversationId, Decision, Effect, Field, GroupId, IfMissing, Key, Limits, Outcome, Rejected, Report,
    Role, SetConversations, Settings, Target, Timestamp, UserId, Version, WriteBatch, decide_follower,
};
use serde_json::{Value, json};

fn parse(request: Value) -> SetConversations {
    SetConversations::parse(serde_json::from_value(request).unwrap(), &Limits::default()).unwrap()
}

fn refusal(result: Result<Report, Rejected>) -> String {
    match result {
        Err(Rejected::NotCreatable { error, .. }) => error.to_string(),
        other => panic!("must not be created: {other:?}"),
    }
}

#[derive(Default)]
struct Rows(BTreeMap<Key, Conversation>);

impl Rows {
    fn run(&mut self, request: Value, policy: IfMissing) -> Result<Report, Rejected> {
        let set = parse(request);
        self.write(&set, &set.plan(policy))
    }

    /// Runs the request of a user who is no administrator.
    fn run_own(&mut self, request: Value) -> Result<Report, Rejected> {
        let set = parse(request);
        self.write(&set, &set.plan_of_owner(IfMissing::Create))
    }

    fn write(&mut self, set: &SetConversations, batch: &WriteBatch) -> Result<Report, Rejected> {
        let effects: Vec<Effect> = self.decide(batch)?.into_values().map(|decision| self.store(decision)).collect();
        Ok(set.report(batch, &effects))
    }

    /// The decisions by key. Writes that follow others come last.
    fn decide(&self, batch: &WriteBatch) -> Result<BTreeMap<Key, Decision>, Rejected> {
        let (followers, users): (Vec<_>, Vec<_>) = batch.writes().iter().partition(|write| write.is_follower());
        let mut decisions: BTreeMap<Key, Decision> = BTreeMap::new();
        for write in users.into_iter().chain(followers) {
            let outcome_of = |key: &Key| decisions.get(key).map(Decision::outcome);
            let decision = decide_follower(self.0.get(&write.key), write, outcome_of, Timestamp(7))?;
            decisions.insert(write.key.clone(), decision);
        }
        Ok(decisions)
    }

    /// Stores a conversation that no request creates, as OpenIM or an earlier version may have.
    fn insert(&mut self, owner: &str, id: &str, target: Target) {
        let key = Key::new(UserId::new(owner).unwrap(), ConversationId::new(id).unwrap());
        let settings = Settings::default();
        self.0.insert(key.clone(), Conversation { key, target, settings, created_at: Timestamp(0) });
    }

    fn refusal(&mut self, request: Value) -> String {
        refusal(self.run(request, IfMissing::Create))
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
    assert_eq!(outcome, [("a".into(), Role::User, Outcome::Updated(Field::Ex.into()))]);
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
    rows.insert("a", "si_a_p", Target::Group(GroupId::new("g").unwrap()));
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

fn request(users: &[&str], id: &str, kind: i32, target: &str) -> Value {
    let name = if matches!(kind, 2 | 3) { "groupID" } else { "userID" };
    let conversation = json!({ "conversationID": id, "conversationType": kind, name: target, "isPinned": true });
    json!({ "userIDs": users, "conversation": conversation })
}

#[test]
fn creates_the_peers_conversation_only_when_private_chat_is_turned_on() {
    let mut rows = Rows::default();
    let user = |outcome| ("a".to_owned(), Role::User, outcome);
    let peer = |outcome| ("p".to_owned(), Role::Peer, outcome);
    let private = |is_on: bool| single(&["a"], "p", json!({ "isPrivateChat": is_on }));
    assert_eq!(rows.set(private(false)), [user(Outcome::Created), peer(Outcome::Absent)]);
    assert_eq!(rows.set(private(false)), [user(Outcome::Unchanged), peer(Outcome::Absent)]);
    let updated = || Outcome::Updated(Field::IsPrivateChat.into());
    assert_eq!(rows.set(private(true)), [user(updated()), peer(Outcome::Created)]);
    assert_eq!(rows.set(private(false)), [user(updated()), peer(updated())]);
    rows.set(private(true));
    rows.0.retain(|key, _| key.owner.as_str() == "a");
    assert_eq!(rows.set(private(true)), [user(Outcome::Unchanged), peer(Outcome::Absent)], "it was on already");
}

#[test]
fn leaves_the_peer_alone_if_no_users_private_chat_changes() {
    let mut rows = Rows::default();
    rows.set(single(&["a", "p"], "p", json!({ "isPinned": true })));
    rows.set(single(&["p"], "p", json!({ "isPrivateChat": true })));
    rows.0.retain(|key, _| key.owner.as_str() == "a");
    rows.set(single(&["p"], "p", json!({ "ex": "new" })));
    assert_eq!([rows.of("a"), rows.of("p")].map(|row| row.settings.is_private_chat), [true, false]);
    // What a client sends that reads, changes the pin, and writes everything back.
    let outcomes = rows.set(single(&["a"], "p", json!({ "isPrivateChat": true, "isPinned": false })));
    assert_eq!(outcomes[1].2, Outcome::Unchanged);
    let outcomes = rows.set(single(&["a"], "p", json!({ "isPrivateChat": false })));
    assert_eq!(outcomes[1].2, Outcome::Unchanged, "it is off already");
}

#[test]
fn creates_no_single_chat_that_names_its_users_in_the_wrong_order() {
    let wrong = "conversation.conversationID: must be si_alice_bob: the users of a single chat are in byte order";
    for users in [&["alice"][..], &["alice", "bob"], &["alice", "carol"]] {
        assert_eq!(Rows::default().refusal(request(users, "si_bob_alice", 1, "bob")), wrong);
    }
    assert_eq!(Rows::default().refusal(request(&["bob"], "si_bob_alice", 1, "alice")), wrong);
    let mut private = request(&["carol"], "si_bob_alice", 1, "bob");
    private["conversation"]["isPrivateChat"] = json!(true);
    private["userIDs"] = json!(["alice"]);
    assert_eq!(Rows::default().refusal(private), wrong);
    for (users, id, peer) in [
        (&["carol"][..], "si_bob_alice", "bob"),
        (&["carol"], "si_alice_bob", "bob"),
        (&["alice"], "si_alice_bob", "bob"),
        (&["alice"], "si_bob_carol", "bob"),
        (&["alice"], "room-7", "bob"),
        (&["alice"], "bob_alice", "bob"),
    ] {
        assert!(Rows::default().run(request(users, id, 1, peer), IfMissing::Create).is_ok(), "{users:?} {id}");
    }
}

#[test]
fn creates_no_conversation_whose_id_names_another_kind() {
    for kind in 1..=4 {
        for (id, is_right) in [
            ("si_alice_bob", !matches!(kind, 2 | 3)),
            ("sg_team", matches!(kind, 2 | 3)),
            ("sg_another", matches!(kind, 2 | 3)),
            ("sn_alice_bob", true),
            ("team", true),
            ("SG_team", true),
        ] {
            let request = request(&["alice"], id, kind, if matches!(kind, 2 | 3) { "team" } else { "bob" });
            if is_right {
                assert!(Rows::default().run(request, IfMissing::Create).is_ok(), "{id} {kind}");
            } else {
                let refusal = Rows::default().refusal(request);
                assert!(refusal.starts_with("conversation.conversationID: must not begin with s"), "{kind}: {refusal}");
            }
        }
    }
}

#[test]
fn creates_no_conversation_of_an_owner_whose_id_names_another_chat() {
    for (id, kind, target, right) in [
        ("si_alice_bob", 1, "carl", "must be si_alice_carl if userID is carl"),
        ("si_alice_bob", 1, "c d", "must be \"si_alice_c d\" if userID is \"c d\""),
        ("si_alice_bob_", 1, "bob", "must be si_alice_bob if userID is bob"),
        ("si_adam_alice", 1, "bob", "must be si_alice_bob if userID is bob"),
    ] {
        let request = request(&["alice"], id, kind, target);
        let expected = format!("conversation.conversationID: {right}");
        assert_eq!(refusal(Rows::default().run_own(request.clone())), expected, "{id}");
        assert!(Rows::default().run(request.clone(), IfMissing::Create).is_ok(), "an administrator may create {id}");

        let mut rows = Rows::default();
        rows.insert("alice", id, Target::Single(UserId::new(target).unwrap()));
        assert_eq!(rows.run_own(request.clone()).unwrap().changed().count(), 1, "{id} is set where it exists");
        let mut nothing = request;
        nothing["conversation"].as_object_mut().unwrap().remove("isPinned");
        assert_eq!(Rows::default().run_own(nothing).unwrap().changed().count(), 0, "nothing is created");
    }
    for (id, kind, target) in [
        ("sg_g2", 3, "g2"),
        ("sg_g2", 2, "g2"),
        ("sg_g1", 3, "g2"),
        ("g_g1", 2, "g2"),
        ("si_alice_bob", 1, "bob"),
        ("si_bob_carl", 1, "bob"),
        ("si_bob", 1, "bob"),
        ("room-7", 1, "bob"),
        ("room-7", 3, "g2"),
        ("sn_alice_bob", 4, "carl"),
        ("si_alice_bob", 4, "carl"),
    ] {
        let created = Rows::default().run_own(request(&["alice"], id, kind, target)).unwrap();
        assert_eq!(created.changed().count(), 1, "{id}");
    }
}

#[test]
fn creates_no_conversation_with_white_space_around_an_id() {
    let rule = "must not begin or end with white space, got";
    for blank in [" ", "\u{a0}", "\u{3000}", "\u{2003}", "\u{200b}", "\u{feff}"] {
        let [before, after] = [format!("{blank}x"), format!("x{blank}")];
        for id in [&before, &after] {
            let mut private = request(&["alice"], "room", 1, id);
            private["conversation"]["isPrivateChat"] = json!(true);
            for (request, path) in [
                (request(&["alice", id], "sg_team", 3, "team"), "userIDs"),
                (request(&["alice"], id, 3, "team"), "conversation.conversationID"),
                (request(&["alice"], "room", 3, id), "conversation.groupID"),
                (request(&["alice"], "room", 2, id), "conversation.groupID"),
                (request(&["alice"], "room", 1, id), "conversation.userID"),
                (request(&["alice"], "room", 4, id), "conversation.userID"),
                (private, "conversation.userID"),
                (request(&["alice", id], "room", 1, id), "userIDs"),
            ] {
                let mut rows = Rows::default();
                assert_eq!(rows.refusal(request), format!("{path}: {rule} {id:?}"));
                assert!(rows.0.is_empty());
            }
        }
    }
    let inside = request(&["a b"], "c d", 3, "e f");
    assert!(Rows::default().run(inside, IfMissing::Create).is_ok());
}

#[test]
fn names_the_argument_of_a_peer_with_white_space() {
    let mut rows = Rows::default();
    // Alice has the conversation, so that only the peer's would be created.
    rows.insert("alice", "si_ bob_alice", Target::Single(UserId::new(" bob").unwrap()));
    let mut private = request(&["alice"], "si_ bob_alice", 1, " bob");
    private["conversation"]["isPrivateChat"] = json!(true);
    let expected = "conversation.userID: must not begin or end with white space, got \" bob\"";
    assert_eq!(rows.refusal(private), expected);
}

#[test]
fn sets_existing_conversations_that_no_request_creates() {
    let (group, user) = (|id| Target::Group(GroupId::new(id).unwrap()), |id| Target::Single(UserId::new(id).unwrap()));
    for (owner, id, kind, target) in [
        ("alice", "si_bob_alice", 1, user("bob")),
        ("alice", "sg_team", 1, user("bob")),
        ("alice", "si_alice_bob", 3, group("team")),
        ("alice ", "sg_team", 3, group("team")),
        ("alice", "sg_team ", 3, group("team ")),
    ] {
        let mut rows = Rows::default();
        rows.insert(owner, id, target.clone());
        let outcomes = rows.set(request(&[owner], id, kind, target.id()));
        assert_eq!(outcomes, [(owner.into(), Role::User, Outcome::Updated(Field::IsPinned.into()))], "{id}");
        let mut nothing = request(&["zoe", owner], id, kind, target.id());
        nothing["conversation"].as_object_mut().unwrap().remove("isPinned");
        let outcomes: Vec<_> = rows.set(nothing).into_iter().map(|entry| entry.2).collect();
        assert_eq!(outcomes, [Outcome::Absent, Outcome::Unchanged], "a request that sets nothing creates nothing");
    }
}
