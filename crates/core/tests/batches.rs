//! The laws of whole requests: a missing conversation, and users in any order and number.

use conversation_settings_core::{
    Change, Decision, IfMissing, Limits, Missing, Outcome, SetConversations, SetConversationsRequest, Settings,
    Timestamp, Write, decide,
};
use conversation_settings_testkit::strategies::{key, patch, set_conversations_request, target};
use proptest::{prelude::*, sample::Index};

proptest! {
    #[test]
    fn treats_a_missing_conversation_as_the_defaults(key in key(), target in target(), mut patch in patch()) {
        if !matches!(target, conversation_settings_core::Target::Single(_)) {
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
