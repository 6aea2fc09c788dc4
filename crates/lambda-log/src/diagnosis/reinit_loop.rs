//! Every invocation repeats the init phase that the one before could not finish, and is ended by the timeout.

use model::span::spoken;

use super::case::{InvocationFacts, USED_UP};
use super::cause::Cause;
use super::recent::RecentInvocations;
use super::verdict::{Confidence, Diagnosis};

pub(super) use super::sign::no_sign as sign;

pub(super) const WORDS: &[&str] = &[];

/// So many in a row are a loop and not an accident.
const IN_A_ROW: usize = 3;

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    let limit = case.timed_out_after_ms?;
    let apart = |before: usize| {
        case.recent.median_gap(before).map(|gap| format!(", a median of {} apart", spoken(gap))).unwrap_or_default()
    };
    // A start-up that takes longer than the whole limit cannot be done again inside of it.
    let too_long = case.recent.longest_start_up_ms().filter(|init| *init >= limit);
    let limit = InvocationFacts::seconds(limit / 1000.0);
    if !case.instancing.is_empty() || case.inits.iter().any(|init| init.status.is_bad()) {
        let in_a_row = case.recent.start_ups_in_a_row() + 1;
        let apart = apart(in_a_row - 1);
        let finding = format!(
            "{} invocations in a row{apart} were ended at the {limit} limit while the application was still starting. Lambda discards the environment each time, so the next invocation starts again.",
            many(in_a_row)
        );
        return (in_a_row >= IN_A_ROW)
            .then(|| Diagnosis::new(Cause::ReinitLoop, Confidence::Proved, finding).general());
    }
    // A loop that only starts up needs little memory. Where it is used up the time went into freeing it.
    let is_used_up = case
        .report
        .is_some_and(|report| !report.of_emulator && report.memory_share().is_some_and(|share| share >= USED_UP));
    if is_used_up {
        return None;
    }
    let in_a_row = case.recent.silent_timeouts_in_a_row() + 1;
    let apart = apart(in_a_row - 1);
    if case.cold || case.lines > 0 || (in_a_row < IN_A_ROW && too_long.is_none()) {
        return None;
    }
    if let Some(init) = too_long {
        let finding = format!(
            "The init phase alone needs {} (as an earlier invocation shows), more than the limit of {limit}. After a reset it runs inside the invocation, which then logs nothing until the limit.",
            InvocationFacts::seconds(init / 1000.0)
        );
        return Some(Diagnosis::new(Cause::ReinitLoop, Confidence::Likely, finding).general());
    }
    let finding = format!(
        "{} invocations in a row{apart} reached the {limit} limit without a line from the handler and without an init phase of their own. This happens when each repeats the init phase that the one before could not finish.",
        many(in_a_row)
    );
    Some(Diagnosis::new(Cause::ReinitLoop, Confidence::Likely, finding).general())
}

/// How many; only so many are remembered.
fn many(in_a_row: usize) -> String {
    if in_a_row > RecentInvocations::MOST {
        format!("more than {}", RecentInvocations::MOST)
    } else {
        in_a_row.to_string()
    }
}
