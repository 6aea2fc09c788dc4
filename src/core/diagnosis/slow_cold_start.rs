//! Application start-up, run inside the invocation, used up the function's timeout.

use super::{Case, Cause, Confidence, Diagnosis, spoken};

pub(super) use super::no_sign as sign;

pub(super) const MEANING: &str = "start-up does not finish before the timeout";
pub(super) const NEXT_STEP: &str = "Look for a call that blocks while the application is imported (a secret, a database or any address without a route from the function), then at package size and memory. Raising the timeout helps only if start-up ends at all.";

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    let limit = case.timed_out_after?;
    let first = case.instancing.first()?;
    // Lines after `Instancing..` may come from the import itself or from a handler that then hung: less than proof.
    let confidence = if case.lines_since_instancing == 0 { Confidence::Proved } else { Confidence::Likely };
    let again = case.instancing.last().filter(|last| *last > first).map(|last| format!(", began again {} later", spoken(*last - *first))).unwrap_or_default();
    let finding = format!(
        "Application start-up (`Instancing..`) began{again}, and had not ended when the {} limit was reached; the handler never ran. The environment was thrown away, so the next call starts over.",
        Case::seconds(limit)
    );
    Some(Diagnosis { cause: Cause::SlowColdStart, confidence, finding })
}
