//! Drawn values are valid, or invalid in exactly the way that the strategy says.

use conversation_settings_core::{
    ConversationId, GroupId, Limits, Mask, Patch, SetConversations, Target, UserId, WriteBatch,
};
use conversation_settings_testkit::{proptest::prelude::*, strategies::*};

fn limits() -> Limits {
    Limits::default()
}

proptest! {
    #[test]
    fn draws_valid_requests(request in set_conversations_request()) {
        prop_assert!(SetConversations::parse(request, &limits()).is_ok());
    }

    #[test]
    fn draws_invalid_requests_with_their_error(invalid in invalid_set_conversations_request()) {
        prop_assert_eq!(SetConversations::parse(invalid.value, &limits()), Err(invalid.error));
    }

    #[test]
    fn draws_invalid_ids_with_their_error(
        user in invalid_user_id(), group in invalid_group_id(), id in invalid_conversation_id(),
    ) {
        prop_assert_eq!(UserId::new(user.value), Err(user.error));
        prop_assert_eq!(GroupId::new(group.value), Err(group.error));
        prop_assert_eq!(ConversationId::new(id.value), Err(id.error));
    }

    #[test]
    fn draws_invalid_targets_with_their_error(invalid in invalid_target()) {
        prop_assert_eq!(Target::from_parts(invalid.value.0, &invalid.value.1), Err(invalid.error));
    }

    #[test]
    fn draws_values_that_their_field_accepts(
        (field, value) in field().prop_flat_map(|field| (Just(field), field_value(field)))
    ) {
        prop_assert!(value.is_of(field), "{field}: {value:?}");
    }

    #[test]
    fn draws_invalid_values_with_their_error(invalid in invalid_field_value()) {
        let (field, value) = invalid.value;
        prop_assert_eq!(Patch::KEEP.with(field, value.value()), Err(invalid.error));
    }

    #[test]
    fn draws_invalid_masks_with_their_error(invalid in invalid_mask()) {
        prop_assert_eq!(invalid.value.parse::<Mask>(), Err(invalid.error));
    }

    #[test]
    fn draws_invalid_writes_with_their_error(invalid in invalid_writes()) {
        prop_assert_eq!(WriteBatch::new(invalid.value), Err(invalid.error));
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn keeps_sizes(
        batch in Sizes { writes: (50..=60).into(), id: (9..=9).into(), ..Sizes::default() }.write_batch(),
        text in Sizes { text: (1000..=1000).into(), ..Sizes::default() }.text(),
    ) {
        prop_assert!((45..=60).contains(&batch.len()), "{}", batch.len());
        prop_assert!(text.is_empty() || text.chars().count() == 1000);
    }
}
