//! What every store must do, whatever it is made of: small checks that know nothing but [`Store`].

use std::future::Future;
use std::sync::Arc;

use futures::future::BoxFuture;
use onestep_api::store::Store;

mod accounts;
mod archives;
mod parallel;
mod rows;
pub(crate) mod samples;

/// One new, empty place: as many handles on it as processes may share it, at least one. Checks of what happens at the
/// same time go through all of them.
pub(crate) type Place = Vec<Arc<dyn Store>>;

/// Makes empty places, one after the other.
type Maker = Arc<dyn Fn() -> BoxFuture<'static, Place> + Send + Sync>;

type Check = fn(Maker) -> BoxFuture<'static, ()>;

macro_rules! checks {
    ($($module:ident: $($check:ident),+;)+) => {
        [$($((concat!(stringify!($module), "::", stringify!($check)), (|make| Box::pin($module::$check(make))) as Check),)+)+]
    };
}

/// Runs every check on an empty place of its own.
///
/// # Panics
/// At the end, with the names of all checks that failed.
pub(crate) async fn conforms<Made>(make: impl Fn() -> Made + Send + Sync + 'static)
where
    Made: Future<Output = Place> + Send + 'static,
{
    let make: Maker = Arc::new(move || Box::pin(make()));
    let checks = checks![
        accounts: a_new_store_is_ready_and_empty, nobody_is_not_there, a_new_account_is_read_as_it_was_given, a_name_is_given_once,
            a_refused_account_leaves_nothing, eight_first_logins_make_one_account, names_are_told_apart_to_the_letter,
            the_account_is_rewritten_without_its_devices, a_changed_name_sets_the_old_one_free, a_name_of_another_refuses_the_whole_update,
            a_deleted_account_is_read_as_deleted_and_comes_back, devices_come_and_go, a_device_moves_when_its_owner_drops_it,
            one_device_cannot_be_claimed_twice_at_once, users_come_in_pages;
        rows: only_what_is_wanted_is_read, rows_stand_by_rank_then_by_id, a_deleted_row_is_only_in_the_archive, text_and_time_survive,
            the_last_change_of_a_row_counts, nothing_decided_is_nothing_written, an_update_of_a_missing_user_does_not_call_the_decision, ids_are_given_once,
            users_do_not_see_each_other, three_hundred_rows_or_none, feedback_is_kept;
        parallel: twenty_four_creates_get_twenty_four_ranks, no_update_is_lost, two_fields_keep_both_writers, what_counts_is_the_last_decision,
            no_reader_sees_half_a_rebalancing, small_changes_between_big_ones_are_kept;
        archives: an_archive_moves_to_another_place, restoring_again_changes_nothing, restoring_replaces_what_is_there,
            a_taken_name_refuses_the_archive, a_long_archive_survives;
    ];
    let mut failed = Vec::new();
    for (name, check) in checks {
        if tokio::spawn(check(Arc::clone(&make))).await.is_err() {
            failed.push(name);
        }
    }
    assert!(failed.is_empty(), "does not conform: {failed:#?}");
}
