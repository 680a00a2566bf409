//! Proves the suite: adapters that are wrong on purpose, each in one way, and the cases that fail on them.

mod counts;
mod custom;
mod logs;
mod pages;
mod store;
mod syncs;
mod values;
mod writers;
mod writes;

use std::{collections::BTreeSet, panic::catch_unwind};

use conversation_settings_testkit::conformance::{CASES, run, run_all};

use crate::store::{Right, Wrongly};

/// Makes a test of each wrong adapter, which checks that the given cases fail on it.
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
    last_writer_wins: writes::LastWriterWins => loses_no_concurrent_update;
    replaces_whole: writes::ReplacesWhole => keeps_every_field_when_another_is_set;
    insert_or_ignore: writes::InsertOrIgnore => creates_once_when_many_create_at_the_same_time;
    version_read_before_the_write: writes::VersionReadBefore => gives_each_change_of_an_owner_its_own_version,
        serializes_changes_of_many_handles;
    owner_by_owner: writes::OwnerByOwner => stores_nothing_of_a_rejected_batch,
        stores_all_or_nothing_of_a_dropped_batch,
        stores_all_or_nothing_when_the_caller_panics;
    row_by_row: writes::RowByRow => raises_the_version_of_each_changed_owner_by_one;
    in_chunks: writes::InChunks => applies_ten_thousand_writes_as_one_unit;
    lock_kept_by_a_dropped_call: writes::LockKept => isolates_calls_from_a_dropped_one,
        stores_all_or_nothing_when_the_caller_panics;
    conflict_not_retried: writes::ConflictNotRetried => never_deadlocks_on_the_same_owners;
    conflict_after_the_commit: writes::ConflictAfterCommit => stores_all_or_nothing_in_a_fault;
    half_in_a_fault: writes::HalfInFault => stores_all_or_nothing_in_a_fault;
    a_write_for_a_noop: writes::WriteForNoop => raises_no_version_and_reports_no_change_for_a_noop,
        treats_a_repeated_batch_as_a_noop;
    effects_in_another_order: writes::EffectsAsRowsCame => returns_effects_in_the_order_of_the_batch;
    a_count_of_changes: counts::CountsChanges => counts_the_conversations_of_each_owner;
    written_for_nobody: writes::WrittenForNobody => stores_nothing_of_a_batch_that_nobody_wants;
    an_error_for_an_empty_batch: writes::NothingIsAnError => accepts_an_empty_batch;
    created_even_if_empty: writes::CreatedEvenIfEmpty => treats_a_missing_conversation_as_the_write_says;
    soft_delete: writes::SoftDelete => keeps_nothing_of_a_removed_conversation;
    a_follower_on_its_own: writes::FollowsNothing => follows_what_the_batch_changes_for_other_owners;
    target_of_the_last_write: writes::TargetOfLastWrite => keeps_target_and_creation_time;
    rejection_of_the_first: writes::RejectionOfFirst => names_the_rejected_conversation;
    rejected_together: writes::RejectedTogether => isolates_calls_from_a_rejected_one;
    effects_of_another_call: writers::EffectsSwapped => gives_each_concurrent_call_its_own_effects;
    applied_twice_after_a_rejection: writers::AppliedTwice => gives_each_concurrent_call_its_own_effects;
    rejected_with_another_call: writers::RejectedWithAnother => gives_each_concurrent_call_its_own_effects;
    a_query_for_each_user: writes::QueryForEach => needs_constant_round_trips_for_any_number_of_users;
    acknowledged_before_it_is_durable: writes::NotKept => keeps_acknowledged_batches_when_reopened;

    a_field_dropped: values::FieldDropped => stores_every_value_of_every_field_as_decided,
        creates_from_the_defaults_and_the_patch;
    text_trimmed: values::TextTrimmed => keeps_texts_byte_for_byte;
    text_ends_at_nul: values::TextEndsAtNul => keeps_texts_byte_for_byte, keeps_texts_of_every_size;
    text_of_16_bits: values::TextOf16Bits => keeps_texts_of_every_size;
    ids_without_case: values::IdsWithoutCase => distinguishes_similar_ids;
    ids_cut: values::IdsCut => distinguishes_similar_ids;
    dollars_are_syntax: values::DollarsAreSyntax => treats_ids_as_data;
    numbers_as_floats: values::NumbersAsFloats => keeps_extreme_numbers;
    times_unsigned: values::TimesUnsigned => keeps_times_before_1970_and_extreme_times;
    names_replaced: custom::Replaces => merges_the_host_s_own_settings_by_name;
    names_merged_before_the_transaction: custom::MergesBefore => merges_each_name_of_concurrent_updates;
    rejection_skipped: custom::SkipsRejected => rejects_more_names_than_a_conversation_may_have;
    text_of_a_name_trimmed: custom::Trims => keeps_texts_of_the_host_s_own_settings;
    numbers_for_booleans: custom::NumbersForBooleans => filters_by_name_and_absence;
    keys_in_their_order: values::KeysInTheirOrder => returns_conversations_in_the_order_of_the_keys;
    a_cache_that_lags: values::CacheThatLags => reads_its_own_writes, linearizes_concurrent_histories_per_owner;
    a_cache_a_handle: values::CacheAHandle => reads_the_writes_of_another_handle;
    reading_creates: values::ReadingCreates => reads_without_writing;

    a_page_that_skips: pages::Skips => pages_through_a_list_in_byte_order_without_gaps_or_repeats;
    a_page_that_repeats: pages::Repeats => pages_through_a_list_in_byte_order_without_gaps_or_repeats,
        pages_through_a_conversation_in_byte_order_without_gaps_or_repeats, misses_no_entry_when_others_change_between_pages;
    pages_as_a_dictionary_orders: pages::AsADictionary => pages_through_a_list_in_byte_order_without_gaps_or_repeats;
    pages_by_offset: pages::ByOffset => misses_no_entry_when_others_change_between_pages;
    the_end_after_a_missing_key: pages::GoneIsTheEnd => continues_a_page_after_a_missing_key;
    no_limit_for_a_limit_of_zero: pages::NoneIsNoLimit => accepts_page_limits_from_zero_to_the_maximum;
    a_filter_after_the_page: pages::FilterAfterPage => filters_as_the_core_does;
    not_this_or_not_that: pages::NotThisOrNotThat => filters_as_the_core_does;

    a_tombstone_forgotten: syncs::TombstoneForgotten =>
        reports_inserted_updated_and_removed_conversations,
        reports_a_recreated_conversation_by_what_the_client_has;
    new_as_updated: syncs::NewAsUpdated => reports_inserted_updated_and_removed_conversations,
        matches_the_model_in_random_histories;
    all_tombstones_reported: syncs::AllTombstonesReported => reports_nothing_of_a_conversation_created_and_removed_since;
    changes_of_the_version_itself: syncs::OfTheVersionItself => reports_nothing_to_a_current_client;
    changes_of_the_version_itself_counted: syncs::CountsTheVersionItself => requires_a_full_sync_for_more_changes_than_the_limit;
    full_for_the_first_time: syncs::FullAtFirst => reports_everything_to_a_new_client;
    any_log_will_do: syncs::AnyLog => requires_a_full_sync_for_another_log_or_a_future_version;
    the_future_is_now: syncs::FutureIsNow => requires_a_full_sync_for_another_log_or_a_future_version;
    no_limit: syncs::NoLimit => requires_a_full_sync_for_more_changes_than_the_limit;
    pruning_all: syncs::PrunesAll => prunes_tombstones_and_nothing_else;
    pruning_not_remembered: syncs::PruningNotRemembered =>
        requires_a_full_sync_for_a_version_before_the_pruning;
    pruning_of_the_future: syncs::PruningOfTheFuture => prunes_up_to_the_version_and_never_back;
    last_pruning_wins: syncs::LastPruningWins => keeps_the_latest_of_concurrent_prunings;
    one_version_for_all: syncs::OneVersionForAll => separates_owners;
    a_log_by_the_clock: syncs::LogByTheClock => keeps_the_log_identity;
    one_log_for_all_data: syncs::OneLogForAllData => keeps_the_log_identity;
}

/// Proved elsewhere, by the unit tests of the crash test.
const ELSEWHERE: &str = "keeps_acknowledged_batches_through_a_kill";

fn assert_fails<S: store::Sabotage + Default>(case: &'static str) {
    let wrongly = Wrongly::by::<S>();
    let ended = catch_unwind(|| run(&wrongly, case));
    assert!(ended.is_err(), "{case} must fail on {}", wrongly.name);
}

#[test]
fn passes_on_the_adapter_without_sabotage() {
    let skipped = run_all(&Wrongly::by::<Right>());
    assert_eq!(skipped.iter().map(|(case, _)| case.name).collect::<Vec<_>>(), [ELSEWHERE]);
}

#[test]
fn has_a_sabotage_for_each_case() {
    let failing: BTreeSet<_> = FAILING.iter().copied().chain([ELSEWHERE]).collect();
    assert_eq!(failing, CASES.iter().map(|case| case.name).collect());
}
