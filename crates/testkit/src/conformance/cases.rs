//! The single list of cases, which generates the tests, their dispatch and the table.

mod atomicity;
mod changes;
mod cost;
mod counts;
mod custom;
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
                        let _skipped = $crate::conformance::run(&$dollar harness, stringify!($name));
                    }
                )* )*
            };
        }
    };
}

/// What a case returns: nothing, or that it was skipped.
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
        decisions::stores_every_value_of_every_field_as_decided,
        decisions::keeps_every_field_when_another_is_set,
        decisions::creates_from_the_defaults_and_the_patch,
        decisions::treats_a_missing_conversation_as_the_write_says,
        decisions::follows_what_the_batch_changes_for_other_owners,
        decisions::keeps_target_and_creation_time,
        custom::merges_the_host_s_own_settings_by_name,
        custom::rejects_more_names_than_a_conversation_may_have,
        decisions::keeps_nothing_of_a_removed_conversation,
        histories::matches_the_model_in_random_histories,
    }
    "2: it is atomic" {
        atomicity::stores_nothing_of_a_rejected_batch,
        atomicity::stores_all_or_nothing_of_a_dropped_batch,
        atomicity::isolates_calls_from_a_dropped_one,
        atomicity::stores_all_or_nothing_when_the_caller_panics,
        atomicity::stores_nothing_of_a_batch_that_nobody_wants,
        atomicity::stores_all_or_nothing_in_a_fault,
    }
    "3: it serialises writers of the same owner" {
        serialization::loses_no_concurrent_update,
        custom::merges_each_name_of_concurrent_updates,
        serialization::gives_each_change_of_an_owner_its_own_version,
        serialization::creates_once_when_many_create_at_the_same_time,
        serialization::never_deadlocks_on_the_same_owners,
        histories::linearizes_concurrent_histories_per_owner,
    }
    "4: it stores versions as resolved" {
        versions::raises_the_version_of_each_changed_owner_by_one,
        versions::raises_no_version_and_reports_no_change_for_a_noop,
        versions::treats_a_repeated_batch_as_a_noop,
        versions::returns_effects_in_the_order_of_the_batch,
        versions::accepts_an_empty_batch,
        counts::counts_the_conversations_of_each_owner,
    }
    "5: it is durable on return" {
        durability::keeps_acknowledged_batches_when_reopened,
        durability::keeps_acknowledged_batches_through_a_kill,
    }
    "6: it costs a constant number of round trips, and pages by keys" {
        cost::needs_constant_round_trips_for_any_number_of_users,
        cost::applies_ten_thousand_writes_as_one_unit,
        pages::pages_through_a_list_in_byte_order_without_gaps_or_repeats,
        pages::pages_through_a_conversation_in_byte_order_without_gaps_or_repeats,
        pages::misses_no_entry_when_others_change_between_pages,
        pages::continues_a_page_after_a_missing_key,
        pages::accepts_page_limits_from_zero_to_the_maximum,
        pages::filters_as_the_core_does,
        custom::filters_by_name_and_absence,
    }
    "7: it keeps every value as it is" {
        values::keeps_texts_byte_for_byte,
        values::keeps_texts_of_every_size,
        custom::keeps_texts_of_the_host_s_own_settings,
        values::treats_ids_as_data,
        values::distinguishes_similar_ids,
        values::keeps_extreme_numbers,
        values::keeps_times_before_1970_and_extreme_times,
    }
    "8: it keeps tombstones until asked to prune" {
        changes::reports_inserted_updated_and_removed_conversations,
        changes::reports_nothing_of_a_conversation_created_and_removed_since,
        changes::reports_a_recreated_conversation_by_what_the_client_has,
        changes::reports_nothing_to_a_current_client,
        changes::reports_everything_to_a_new_client,
        changes::requires_a_full_sync_for_another_log_or_a_future_version,
        changes::requires_a_full_sync_for_more_changes_than_the_limit,
        pruning::prunes_tombstones_and_nothing_else,
        pruning::requires_a_full_sync_for_a_version_before_the_pruning,
        pruning::prunes_up_to_the_version_and_never_back,
        pruning::keeps_the_latest_of_concurrent_prunings,
        logs::keeps_the_log_identity,
        logs::reads_without_writing,
    }
    "9: it fails in kinds" {
        errors::names_the_rejected_conversation,
        errors::isolates_calls_from_a_rejected_one,
        errors::gives_each_concurrent_call_its_own_effects,
    }
    "every handle sees every batch that had returned" {
        reads::returns_conversations_in_the_order_of_the_keys,
        reads::separates_owners,
        reads::reads_its_own_writes,
        handles::reads_the_writes_of_another_handle,
        handles::serializes_changes_of_many_handles,
    }
}
