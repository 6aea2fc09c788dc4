//! Start-up reached its own limit.

use super::{Case, Cause, Confidence, Diagnosis, Status};

pub(super) use super::no_sign as sign;

pub(super) const MEANING: &str = "start-up hits its own time limit";
pub(super) const NEXT_STEP: &str = "Move work (models, migrations, network calls) out of module load, raise the memory (CPU grows with it), or raise the function's timeout so that the second try inside the invocation can finish.";

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    let init = case.init.filter(|init| init.status == Status::Timeout)?;
    let took = init.duration_ms.map_or_else(|| "its limit".to_owned(), |ms| Case::seconds(ms / 1000.0));
    let finding = if init.in_invocation {
        format!("Start-up was run again inside the invocation and was still not done after {took}.")
    } else {
        format!("Start-up was not done after {took}; Lambda runs it again inside the next invocation, where it counts against the function's timeout.")
    };
    Some(Diagnosis { cause: Cause::InitTimeout, confidence: Confidence::Proved, finding })
}
