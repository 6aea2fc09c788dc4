//! Nearly every invocation needs a new environment although nothing fails.

use model::span::spoken;

use super::case::Case;
use super::cause::Cause;
use super::outcome::Outcome;
use super::verdict::{Confidence, Diagnosis};

pub(super) use super::sign::no_sign as sign;

pub(super) const WORDS: &[&str] = &[];

/// So many invocations in a row, all cold, are no accident.
const IN_A_ROW: usize = 4;

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    if !case.cold || case.outcome != Outcome::Success {
        return None;
    }
    let before = case.recent.cold_in_a_row();
    if before + 1 < IN_A_ROW {
        return None;
    }
    let apart = case.recent.median_gap(before).map(|gap| format!(", {} apart in the median", spoken(gap))).unwrap_or_default();
    let finding = format!("{} invocations in a row each started a new environment{apart}, although none of them failed.", before + 1);
    Some(Diagnosis::new(Cause::ColdStartEveryInvocation, Confidence::Likely, finding).general())
}
