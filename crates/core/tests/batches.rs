//! The laws of whole requests: a missing conversation, and users in any order and number.

use std::collections::BTreeMap;

use conversation_settings_core::{
    Change, Conversation, Decision, Field, IfMissing, Key, Limits, Mask, Missing, Outcome, SetConversations,
    SetConversationsRequest, Settings, Target, Timestamp, UserId, Write, WriteBatch, decide, decide_follower,
};
use conversation_settings_testkit::strategies::{
    key, mask, patch, set_conversations_request, settings, target, user_id,
};
use proptest::{prelude::*, sample::Index};

/// The outcomes of `batch` on `rows`.
fn outcomes(batch: &WriteBatch, rows: &BTreeMap<Key, Conversation>) -> Vec<Outcome> {
    let (followers, users): (Vec<_>, Vec<_>) = batch.writes().iter().partition(|write| write.is_follower());
    let mut outcomes = BTreeMap::new();
    for write in users.into_iter().chain(followers) {
        let outcome_of = |key: &Key| outcomes.get(key).copied();
        let decision = decide_follower(rows.get(&write.key), write, outcome_of, Timestamp(3)).unwrap();
        outcomes.insert(write.key.clone(), decision.outcome());
    }
    outcomes.into_values().collect()
}

proptest! {
    /// Law 6 for the whole call: the peer may have the conversation, with any settings, or not.
    #[test]
    fn getting_and_setting_changes_nobodys_conversation(
        key in key(),
        peer in user_id(),
        own in settings(),
        peers in proptest::option::of(settings()),
        mask in mask(),
    ) {
        prop_assume!(key.owner != peer);
        let row = |owner: &UserId, other: &UserId, settings: &Settings| {
            let (key, target) = (Key::new(owner.clone(), key.conversation_id.clone()), Target::Single(other.clone()));
            (key.clone(), Conversation { key, target, settings: settings.clone(), created_at: Timestamp(0) })
        };
        let mut rows = BTreeMap::from([row(&key.owner, &peer, &own)]);
        rows.extend(peers.map(|settings| row(&peer, &key.owner, &settings)));
        let client = Field::ALL.iter().copied().filter(|field| field.is_client()).collect::<Mask>();
        let set = SetConversations::conversation(key.conversation_id, Target::Single(peer)).users([&key.owner]);
        let Ok(set) = set.patch(own.get(mask & client)).build() else {
            return Err(TestCaseError::reject("the ID names the peer alone"));
        };
        let outcomes = outcomes(&set.plan(IfMissing::Create), &rows);
        prop_assert!(!outcomes.into_iter().any(Outcome::is_change), "{rows:?}");
    }

    #[test]
    fn treats_a_missing_conversation_as_the_defaults(key in key(), target in target(), mut patch in patch()) {
        if !matches!(target, Target::Single(_)) {
            patch.is_private_chat = None;
        }
        let change = Change::Set { patch: patch.clone(), missing: Missing::Create(target.clone()) };
        let decision = decide(None, &Write { key: key.clone(), change: change.into() }, Timestamp(3)).unwrap();
        if patch.is_empty() {
            prop_assert_eq!(decision, Decision::Keep(Outcome::Absent));
        } else {
            let Decision::Put(created, Outcome::Created) = decision else { panic!("must be created: {decision:?}") };
            let mut expected = Settings::default();
            patch.apply(&mut expected);
            prop_assert_eq!((created.key, created.target), (key, target));
            prop_assert_eq!((created.settings, created.created_at), (expected, Timestamp(3)));
        }
    }

    #[test]
    fn plans_the_same_for_users_in_any_order_and_number(
        request in set_conversations_request(),
        repeated in prop::collection::vec(any::<Index>(), 0..5),
        shuffled in any::<Index>(),
    ) {
        let plan = |request| {
            let set = SetConversations::parse(request, &Limits::default()).unwrap();
            set.plan(IfMissing::Create)
        };
        let mut other: SetConversationsRequest = request.clone();
        let users = other.user_ids.as_mut().unwrap();
        for index in repeated {
            users.push(index.get(users).clone());
        }
        let turn = shuffled.index(users.len());
        users.rotate_left(turn);
        users.reverse();
        prop_assert_eq!(plan(request), plan(other));
    }
}
