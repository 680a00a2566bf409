//! The suite is proved: adapters that are wrong on purpose, each in one way in which real ones are, and the case that
//! says so.

mod logs;
mod pages;
mod store;
mod syncs;
mod values;
mod writes;

use std::{collections::BTreeSet, panic::catch_unwind};

use conversation_settings_testkit::conformance::{CASES, run, run_all};

use crate::store::{Right, Wrongly};

/// Makes a test of each wrong adapter: that these cases fail on it.
macro_rules! fails {
    ($( $test:ident: $sabotage:path => $( $case:ident ),+; )*) => {
        $(
            #[test]
            fn $test() {
                $( assert_fails::<$sabotage>(stringify!($case)); )+
            }
        )*

        /// The cases that fail on some adapter.
        const FAILING: &[&str] = &[$( $( stringify!($case), )+ )*];
    };
}

fails! {
    last_writer_wins: writes::LastWriterWins => no_update_is_lost;
    replaces_whole: writes::ReplacesWhole => every_field_is_kept_when_another_is_set;
    insert_or_ignore: writes::InsertOrIgnore => a_conversation_that_many_create_at_once_is_created_once;
    version_read_before_the_write: writes::VersionReadBefore => each_change_of_one_owner_has_a_version_of_its_own,
        changes_through_many_handles_take_turns;
    owner_by_owner: writes::OwnerByOwner => a_rejected_write_leaves_nothing_of_its_batch,
        a_batch_dropped_at_any_await_point_is_there_whole_or_not_at_all,
        a_panic_in_the_caller_leaves_a_batch_whole_or_not_at_all;
    row_by_row: writes::RowByRow => a_batch_raises_the_version_of_each_owner_it_changes_by_one;
    in_chunks: writes::InChunks => a_batch_of_ten_thousand_is_one_unit;
    lock_kept_by_who_gave_up: writes::LockKept => a_call_dropped_at_any_await_point_hurts_no_other,
        a_panic_in_the_caller_leaves_a_batch_whole_or_not_at_all;
    conflict_not_retried: writes::ConflictNotRetried => batches_of_the_same_owners_do_not_deadlock;
    conflict_after_the_commit: writes::ConflictAfterCommit => a_fault_leaves_a_batch_whole_or_not_at_all;
    half_in_a_fault: writes::HalfInFault => a_fault_leaves_a_batch_whole_or_not_at_all;
    a_write_for_silence: writes::WriteForSilence => silence_raises_no_version_and_tells_no_change,
        a_repeated_batch_is_silent;
    effects_as_the_rows_came: writes::EffectsAsRowsCame => effects_come_in_the_order_of_the_batch;
    nothing_to_do_is_an_error: writes::NothingIsAnError => an_empty_batch_changes_nothing;
    created_even_if_empty: writes::CreatedEvenIfEmpty => a_missing_conversation_is_treated_as_the_write_says;
    soft_delete: writes::SoftDelete => a_conversation_created_again_keeps_nothing_of_the_removed_one;
    target_of_the_last_write: writes::TargetOfLastWrite => the_target_and_the_creation_time_never_change;
    rejection_of_the_first: writes::RejectionOfFirst => a_rejection_names_the_conversation;
    rejected_together: writes::RejectedTogether => an_error_of_the_caller_hurts_no_other_call;
    a_query_for_each: writes::QueryForEach => round_trips_do_not_grow_with_the_number_of_users;
    acknowledged_before_it_is_kept: writes::NotKept => what_was_acknowledged_is_there_when_opened_again;

    a_field_dropped: values::FieldDropped => every_value_of_every_field_is_stored_as_decided,
        a_missing_conversation_becomes_the_defaults_and_the_patch;
    text_trimmed: values::TextTrimmed => texts_are_kept_byte_for_byte;
    text_ends_at_nul: values::TextEndsAtNul => texts_are_kept_byte_for_byte, texts_of_every_size_are_kept;
    text_of_16_bits: values::TextOf16Bits => texts_of_every_size_are_kept;
    ids_without_case: values::IdsWithoutCase => ids_that_look_alike_are_different;
    ids_cut: values::IdsCut => ids_that_look_alike_are_different;
    dollars_are_syntax: values::DollarsAreSyntax => ids_are_data;
    numbers_as_floats: values::NumbersAsFloats => numbers_are_kept_at_their_extremes;
    times_unsigned: values::TimesUnsigned => times_are_kept_before_1970_and_at_their_extremes;
    keys_in_their_order: values::KeysInTheirOrder => keys_are_answered_in_the_order_asked;
    a_cache_that_lags: values::CacheThatLags => what_was_answered_is_read, concurrent_histories_are_linearizable_per_owner;
    a_cache_a_handle: values::CacheAHandle => a_second_handle_reads_what_the_first_has_written;
    reading_creates: values::ReadingCreates => reading_never_writes;

    a_page_that_skips: pages::Skips => pages_are_complete_in_byte_order_and_without_repeats;
    a_page_that_repeats: pages::Repeats => pages_are_complete_in_byte_order_and_without_repeats,
        pages_of_holders_are_complete_in_byte_order_and_without_repeats, pages_are_complete_while_others_come_and_go;
    pages_as_a_dictionary_orders: pages::AsADictionary => pages_are_complete_in_byte_order_and_without_repeats;
    pages_by_offset: pages::ByOffset => pages_are_complete_while_others_come_and_go;
    a_key_that_is_gone_is_the_end: pages::GoneIsTheEnd => a_page_goes_on_after_a_key_that_is_gone;
    a_limit_of_none_is_no_limit: pages::NoneIsNoLimit => a_page_may_be_of_none_and_of_all;
    a_filter_after_the_page: pages::FilterAfterPage => a_filter_is_judged_as_the_core_judges_it;
    not_this_or_not_that: pages::NotThisOrNotThat => a_filter_is_judged_as_the_core_judges_it;

    a_tombstone_forgotten: syncs::TombstoneForgotten =>
        a_client_is_told_what_is_new_what_is_otherwise_and_what_is_gone,
        what_was_removed_and_created_again_is_told_by_what_the_client_held;
    new_as_otherwise: syncs::NewAsOtherwise => a_client_is_told_what_is_new_what_is_otherwise_and_what_is_gone,
        random_histories_come_to_what_the_model_says;
    all_tombstones_told: syncs::AllTombstonesTold => what_came_and_went_in_between_is_not_told;
    changes_of_the_version_itself: syncs::OfTheVersionItself => a_client_of_the_current_version_is_told_nothing;
    changes_of_the_version_itself_counted: syncs::CountsTheVersionItself => more_changes_than_the_limit_are_a_full_sync;
    full_for_the_first_time: syncs::FullAtFirst => a_client_that_holds_nothing_can_always_be_told;
    any_log_will_do: syncs::AnyLog => a_client_of_another_log_or_from_the_future_is_told_to_sync_in_full;
    the_future_is_now: syncs::FutureIsNow => a_client_of_another_log_or_from_the_future_is_told_to_sync_in_full;
    no_limit: syncs::NoLimit => more_changes_than_the_limit_are_a_full_sync;
    pruning_all: syncs::PrunesAll => pruning_forgets_tombstones_and_nothing_else;
    pruning_not_remembered: syncs::PruningNotRemembered =>
        a_client_older_than_the_pruning_is_told_to_sync_in_full;
    pruning_of_the_future: syncs::PruningOfTheFuture => pruning_goes_no_further_than_the_version_and_never_back;
    one_version_for_all: syncs::OneVersionForAll => owners_are_apart;
    a_log_by_the_clock: syncs::LogByTheClock => a_log_has_an_identity_that_stays;
    one_log_for_all_data: syncs::OneLogForAllData => a_log_has_an_identity_that_stays;
}

/// Proved elsewhere: by a process and the checker's own tests.
const ELSEWHERE: &str = "what_was_acknowledged_survives_a_kill";

fn assert_fails<S: store::Sabotage + Default>(case: &'static str) {
    let wrongly = Wrongly::by::<S>();
    let ended = catch_unwind(|| run(&wrongly, case));
    assert!(ended.is_err(), "{case} must fail on {}", wrongly.name);
}

#[test]
fn the_adapter_that_they_are_made_of_passes() {
    let skipped = run_all(&Wrongly::by::<Right>());
    assert_eq!(skipped.iter().map(|(case, _)| case.name).collect::<Vec<_>>(), [ELSEWHERE]);
}

#[test]
fn each_case_fails_on_some_adapter() {
    let failing: BTreeSet<_> = FAILING.iter().copied().chain([ELSEWHERE]).collect();
    assert_eq!(failing, CASES.iter().map(|case| case.name).collect());
}
