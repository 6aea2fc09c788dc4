//! The process needed more memory than the function has.

use super::{Application, Case, Cause, Confidence, Diagnosis, Status, Weight};

pub(super) const MEANING: &str = "it ran out of memory";
pub(super) const NEXT_STEP: &str = "Raise the memory size, stream instead of buffering, or mend the leak.";

/// From this share of the configured memory on, a killed process was killed for its memory.
const FULL: f64 = 0.95;

pub(super) fn sign(line: &Application) -> Option<Weight> {
    let text = line.text.as_str();
    if text.contains("JavaScript heap out of memory") || text.contains("java.lang.OutOfMemoryError") {
        return Some(Weight::Failure);
    }
    let python = line.is_error && text.split(['[', ']', ' ', '\t', ':', '\n']).any(|word| word == "MemoryError");
    python.then_some(Weight::Failure)
}

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    let found = |confidence| {
        let used = case.report.and_then(|report| Some((report.max_memory_mb?, report.memory_mb?)));
        let finding = used.map_or_else(
            || "The process was ended for its memory.".to_owned(),
            |(used, size)| format!("The process was ended with {used:.0} MB of {size:.0} MB in use."),
        );
        Some(Diagnosis { cause: Cause::Oom, confidence, finding })
    };
    if case.error_type() == "Runtime.OutOfMemory" {
        return found(Confidence::Proved);
    }
    let full = case.report.and_then(|report| Some(report.max_memory_mb? >= report.memory_mb? * FULL)).unwrap_or(false);
    let timed_out = case.timed_out_after.is_some() || case.report.is_some_and(|report| report.status == Status::Timeout);
    let killed = case.exited.is_some_and(|how| how.contains("signal: killed"));
    if killed && full && !timed_out {
        return found(Confidence::Proved);
    }
    case.by_sign(Cause::Oom, "The runtime itself reported that memory had run out.")
}
