//! Almost every invocation needs a new environment although none fails.

use model::span::spoken;

use super::case::InvocationFacts;
use super::cause::Cause;
use super::outcome::InvocationOutcome;
use super::verdict::{Confidence, Diagnosis};

pub(super) use super::sign::no_sign as sign;

pub(super) const WORDS: &[&str] = &[];

/// So many invocations in a row, all cold, are no accident.
const IN_A_ROW: usize = 4;

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    if !case.cold || case.outcome != InvocationOutcome::Success {
        return None;
    }
    let before = case.recent.cold_in_a_row();
    if before + 1 < IN_A_ROW {
        return None;
    }
    let apart =
        case.recent.median_gap(before).map(|gap| format!(", a median of {} apart", spoken(gap))).unwrap_or_default();
    let finding = format!(
        "{} invocations in a row each started a new environment{apart}, although none of them failed.",
        before + 1
    );
    Some(Diagnosis::new(Cause::ColdStartEveryInvocation, Confidence::Likely, finding).general())
}
