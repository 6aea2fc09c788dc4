//! Every invocation begins by starting up what the one before had to abandon, and is ended for it.

use model::span::spoken;

use super::case::Case;
use super::cause::Cause;
use super::recent::Recent;
use super::verdict::{Confidence, Diagnosis};

pub(super) use super::sign::no_sign as sign;

pub(super) const WORDS: &[&str] = &[];

/// So many in a row are a loop and not an accident.
const IN_A_ROW: usize = 3;

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    let limit = case.timed_out_after_ms?;
    let apart = |before: usize| case.recent.median_gap(before).map(|gap| format!(", {} apart in the median", spoken(gap))).unwrap_or_default();
    // A start-up that takes longer than the whole limit cannot be done again inside of it.
    let too_long = case.recent.longest_start_up_ms().filter(|init| *init >= limit);
    let limit = Case::seconds(limit / 1000.0);
    if !case.instancing.is_empty() || case.inits.iter().any(|init| init.status.is_bad()) {
        let in_a_row = case.recent.start_ups_in_a_row() + 1;
        let apart = apart(in_a_row - 1);
        let finding = format!(
            "{} invocations in a row{apart} were ended at the {limit} limit while the application was still starting up; each throws its environment away, and the next one starts over.",
            many(in_a_row)
        );
        return (in_a_row >= IN_A_ROW).then(|| Diagnosis::new(Cause::ReinitLoop, Confidence::Proved, finding).general());
    }
    let in_a_row = case.recent.silent_timeouts_in_a_row() + 1;
    let apart = apart(in_a_row - 1);
    if case.cold || case.lines > 0 || (in_a_row < IN_A_ROW && too_long.is_none()) {
        return None;
    }
    if let Some(init) = too_long {
        let finding = format!(
            "Start-up needs {} by itself (an earlier invocation shows it), more than the limit of {limit}; after a reset it is run inside the invocation, which then says nothing until the limit.",
            Case::seconds(init / 1000.0)
        );
        return Some(Diagnosis::new(Cause::ReinitLoop, Confidence::Likely, finding).general());
    }
    let finding = format!(
        "{} invocations in a row{apart} reached the {limit} limit without a word from the handler and without a start-up of their own, as happens when each begins by starting up again what the one before had to abandon.",
        many(in_a_row)
    );
    Some(Diagnosis::new(Cause::ReinitLoop, Confidence::Likely, finding).general())
}

/// How many; only so many are remembered.
fn many(in_a_row: usize) -> String {
    if in_a_row > Recent::MOST { format!("more than {}", Recent::MOST) } else { in_a_row.to_string() }
}
