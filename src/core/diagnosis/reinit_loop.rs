//! After a reset the environment starts up inside the invocation, needs longer than the function's timeout, and is reset again.

use super::{Case, Cause, Confidence, Diagnosis};

pub(super) use super::no_sign as sign;

pub(super) const MEANING: &str = "it restarts in a loop and never gets to work";
pub(super) const NEXT_STEP: &str =
    "Raise the function's timeout above start-up plus handler, shorten start-up, or stop the first crash; a new deployment also ends the loop for a while.";

/// So many silent timeouts in a row are a loop and not an accident.
const IN_A_ROW: u32 = 3;

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    let limit = case.timed_out_after?;
    let cold = case.report.is_some_and(|report| report.init_ms.is_some());
    let in_a_row = case.silent_timeouts_before + 1;
    if cold || case.lines > 0 || in_a_row < IN_A_ROW {
        return None;
    }
    let finding = format!(
        "{in_a_row} invocations in a row reached the {} limit without a word from the handler and without a start-up of their own: each begins by starting up again what the one before had to abandon.",
        Case::seconds(limit)
    );
    Some(Diagnosis { cause: Cause::ReinitLoop, confidence: Confidence::Likely, finding })
}
