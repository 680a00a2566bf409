//! What the strategies draw is right, or wrong in exactly the way they say.

use conversation_settings_core::{
    ConversationId, GroupId, Limits, Mask, Patch, SetConversations, Target, UserId, WriteBatch,
};
use conversation_settings_testkit::{proptest::prelude::*, strategies::*};

fn limits() -> Limits {
    Limits::default()
}

proptest! {
    #[test]
    fn every_request_is_right(request in set_conversations_request()) {
        prop_assert!(SetConversations::parse(request, &limits()).is_ok());
    }

    #[test]
    fn a_wrong_request_is_wrong_in_the_way_it_says(wrong in wrong_set_conversations_request()) {
        prop_assert_eq!(SetConversations::parse(wrong.value, &limits()), Err(wrong.way));
    }

    #[test]
    fn a_wrong_id_is_wrong_in_the_way_it_says(
        user in wrong_user_id(), group in wrong_group_id(), id in wrong_conversation_id(),
    ) {
        prop_assert_eq!(UserId::new(user.value), Err(user.way));
        prop_assert_eq!(GroupId::new(group.value), Err(group.way));
        prop_assert_eq!(ConversationId::new(id.value), Err(id.way));
    }

    #[test]
    fn a_wrong_target_is_wrong_in_the_way_it_says(wrong in wrong_target()) {
        prop_assert_eq!(Target::from_parts(wrong.value.0, &wrong.value.1), Err(wrong.way));
    }

    #[test]
    fn every_field_takes_its_values(
        (field, value) in field().prop_flat_map(|field| (Just(field), field_value(field)))
    ) {
        prop_assert!(value.is_of(field), "{field}: {value:?}");
    }

    #[test]
    fn a_wrong_value_is_wrong_in_the_way_it_says(wrong in wrong_field_value()) {
        let (field, value) = wrong.value;
        prop_assert_eq!(Patch::KEEP.with(field, value.value()), Err(wrong.way));
    }

    #[test]
    fn a_wrong_mask_is_wrong_in_the_way_it_says(wrong in wrong_mask()) {
        prop_assert_eq!(wrong.value.parse::<Mask>(), Err(wrong.way));
    }

    #[test]
    fn writes_that_make_no_batch_name_a_conversation_twice(wrong in wrong_writes()) {
        prop_assert_eq!(WriteBatch::new(wrong.value), Err(wrong.way));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn sizes_are_kept(
        batch in Sizes { writes: (50..=60).into(), id: (9..=9).into(), ..Sizes::default() }.write_batch(),
        text in Sizes { text: (1000..=1000).into(), ..Sizes::default() }.text(),
    ) {
        prop_assert!((45..=60).contains(&batch.len()), "{}", batch.len());
        prop_assert!(text.is_empty() || text.chars().count() == 1000);
    }
}
