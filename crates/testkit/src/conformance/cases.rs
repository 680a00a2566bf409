//! The list of cases, once, from which come the tests, their dispatch and the table.

mod atomicity;
mod changes;
mod cost;
mod decisions;
mod durability;
mod errors;
mod handles;
mod histories;
mod logs;
mod pages;
mod pruning;
mod reads;
mod serialization;
mod values;
mod versions;

use super::{Case, Fixture, Harness, Skipped};

macro_rules! cases {
    ($dollar:tt $( $rule:literal { $( $module:ident::$name:ident, )* } )*) => {
        /// All cases, in the order of the contract's rules.
        pub const CASES: &[Case] = &[$( $( Case { name: stringify!($name), rule: $rule }, )* )*];

        pub(super) async fn run<H: Harness>(harness: &H, name: &str) -> Result<(), Skipped> {
            let fixture = Fixture::fresh(harness).await?;
            match name {
                $( $( stringify!($name) => Verdict::from($module::$name(fixture).await).0, )* )*
                _ => panic!("there is no case {name}"),
            }
        }

        /// Makes a `#[test]` of each case of the [suite](mod@crate::conformance), for the store of a
        /// [`Harness`](crate::conformance::Harness).
        #[macro_export]
        macro_rules! conformance {
            ($dollar harness:expr) => {
                $( $(
                    #[test]
                    fn $name() {
                        let _told = $crate::conformance::run(&$dollar harness, stringify!($name));
                    }
                )* )*
            };
        }
    };
}

/// What a case answers: nothing, or that it was skipped.
struct Verdict(Result<(), Skipped>);

impl From<()> for Verdict {
    fn from((): ()) -> Self {
        Self(Ok(()))
    }
}

impl From<Result<(), Skipped>> for Verdict {
    fn from(result: Result<(), Skipped>) -> Self {
        Self(result)
    }
}

cases! { $
    "1: it decides nothing" {
        decisions::every_value_of_every_field_is_stored_as_decided,
        decisions::every_field_is_kept_when_another_is_set,
        decisions::a_missing_conversation_becomes_the_defaults_and_the_patch,
        decisions::a_missing_conversation_is_treated_as_the_write_says,
        decisions::the_target_and_the_creation_time_never_change,
        decisions::a_conversation_created_again_keeps_nothing_of_the_removed_one,
        histories::random_histories_come_to_what_the_model_says,
    }
    "2: it is atomic" {
        atomicity::a_rejected_write_leaves_nothing_of_its_batch,
        atomicity::a_batch_dropped_at_any_await_point_is_there_whole_or_not_at_all,
        atomicity::a_call_dropped_at_any_await_point_hurts_no_other,
        atomicity::a_panic_in_the_caller_leaves_a_batch_whole_or_not_at_all,
        atomicity::a_fault_leaves_a_batch_whole_or_not_at_all,
    }
    "3: it serialises writers of the same owner" {
        serialization::no_update_is_lost,
        serialization::each_change_of_one_owner_has_a_version_of_its_own,
        serialization::a_conversation_that_many_create_at_once_is_created_once,
        serialization::batches_of_the_same_owners_do_not_deadlock,
        histories::concurrent_histories_are_linearizable_per_owner,
    }
    "4: it stores versions as resolved" {
        versions::a_batch_raises_the_version_of_each_owner_it_changes_by_one,
        versions::silence_raises_no_version_and_tells_no_change,
        versions::a_repeated_batch_is_silent,
        versions::effects_come_in_the_order_of_the_batch,
        versions::an_empty_batch_changes_nothing,
    }
    "5: it is durable on return" {
        durability::what_was_acknowledged_is_there_when_opened_again,
        durability::what_was_acknowledged_survives_a_kill,
    }
    "6: it costs a constant number of round trips, and pages by keys" {
        cost::round_trips_do_not_grow_with_the_number_of_users,
        cost::a_batch_of_ten_thousand_is_one_unit,
        pages::pages_are_complete_in_byte_order_and_without_repeats,
        pages::pages_of_holders_are_complete_in_byte_order_and_without_repeats,
        pages::pages_are_complete_while_others_come_and_go,
        pages::a_page_goes_on_after_a_key_that_is_gone,
        pages::a_page_may_be_of_none_and_of_all,
        pages::a_filter_is_judged_as_the_core_judges_it,
    }
    "7: it keeps every value as it is" {
        values::texts_are_kept_byte_for_byte,
        values::texts_of_every_size_are_kept,
        values::ids_are_data,
        values::ids_that_look_alike_are_different,
        values::numbers_are_kept_at_their_extremes,
        values::times_are_kept_before_1970_and_at_their_extremes,
    }
    "8: it keeps tombstones until asked to prune" {
        changes::a_client_is_told_what_is_new_what_is_otherwise_and_what_is_gone,
        changes::what_came_and_went_in_between_is_not_told,
        changes::what_was_removed_and_created_again_is_told_by_what_the_client_held,
        changes::a_client_of_the_current_version_is_told_nothing,
        changes::a_client_that_holds_nothing_can_always_be_told,
        changes::a_client_of_another_log_or_from_the_future_is_told_to_sync_in_full,
        changes::more_changes_than_the_limit_are_a_full_sync,
        pruning::pruning_forgets_tombstones_and_nothing_else,
        pruning::a_client_older_than_the_pruning_is_told_to_sync_in_full,
        pruning::pruning_goes_no_further_than_the_version_and_never_back,
        logs::a_log_has_an_identity_that_stays,
        logs::reading_never_writes,
    }
    "9: it fails in kinds" {
        errors::a_rejection_names_the_conversation,
        errors::an_error_of_the_caller_hurts_no_other_call,
    }
    "every handle sees every batch that had returned" {
        reads::keys_are_answered_in_the_order_asked,
        reads::owners_are_apart,
        reads::what_was_answered_is_read,
        handles::a_second_handle_reads_what_the_first_has_written,
        handles::changes_through_many_handles_take_turns,
    }
}
