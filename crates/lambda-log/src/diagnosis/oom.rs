//! The process needed more memory than the function has.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::evidence::is_whole_name;
use super::sign::{MatchWeight, said};
use super::verdict::{Confidence, Diagnosis};
use crate::line::{ApplicationLine, PlatformStatus, ReportLine};

pub(super) const WORDS: &[&str] = &[
    "Runtime.OutOfMemory",
    "JavaScript heap out of memory",
    "java.lang.OutOfMemoryError",
    "OutOfMemoryError",
    "OutOfMemoryException",
    "MemoryError",
    "signal: killed",
    "Cannot allocate memory",
    "cannot allocate memory",
    "ENOMEM",
    "NoMemoryError",
    "fatal error: runtime: out of memory",
    "runtime: out of memory",
    "memory allocation of",
];

/// From this share of the configured memory on, a killed process was killed for its memory.
const FULL: f64 = 0.95;

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let text = line.text.as_ref();
    // A kill says nothing by itself; the summary beside it does.
    if text.contains("signal: killed") && !WORDS.iter().any(|word| *word != "signal: killed" && text.contains(word)) {
        return Some(MatchWeight::Hint);
    }
    // The end of another name, such as `InMemoryError`, is none of these.
    let others = || WORDS.iter().any(|word| *word != "MemoryError" && text.contains(word));
    if !is_whole_name(text, "MemoryError") && !others() {
        return None;
    }
    let fatal = ["JavaScript heap out of memory", "runtime: out of memory", "Runtime.OutOfMemory"]
        .iter()
        .any(|word| text.contains(word));
    said(line).map(|weight| if fatal { MatchWeight::Failure } else { weight })
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    let share = case.report.and_then(ReportLine::memory_share);
    let killed = case.exited.is_some_and(|how| how.contains("signal: killed"));
    let found = |confidence| {
        let used = case.report.and_then(|report| Some((report.max_memory_mb?, report.memory_mb?)));
        let finding = used.map_or_else(
            || {
                "The process was killed, as Lambda does when memory runs out. No REPORT line shows how much it used."
                    .to_owned()
            },
            |(used, size)| format!("The process was killed with {used:.0} MB of {size:.0} MB in use."),
        );
        let next = used.map(|(_, size)| {
            format!("Raise the memory from {size:.0} MB, stream instead of buffering, or fix the leak.")
        });
        Some(Diagnosis::new(Cause::Oom, confidence, finding).with_next_step(next))
    };
    if case.error_type == Some("Runtime.OutOfMemory") {
        return found(Confidence::Proved);
    }
    let timed_out = case.timed_out_after_ms.is_some();
    if killed && !timed_out {
        return match share {
            Some(share) if share >= FULL => found(Confidence::Proved),
            // With memory to spare something else sent the signal.
            Some(_) => None,
            // The platform kills a process for nothing else but the end of its time or memory.
            None => found(Confidence::Likely),
        };
    }
    // A machine without memory can be so slow that the limit of time comes first; the emulator always shows all of it
    // in use.
    let all_used = share.is_some_and(|share| share >= 1.0);
    let timed_out = timed_out || case.report.is_some_and(|report| report.status == PlatformStatus::Timeout);
    let died = case.error_type == Some("Runtime.ExitError") && share.is_some_and(|share| share >= 0.99);
    if (all_used && timed_out) || died {
        return found(Confidence::Likely);
    }
    let by_words = case.by_sign(Cause::Oom, "The runtime reported that it ran out of memory.")?;
    let only_killed = killed
        || case.signs.iter().filter(|sign| sign.cause == Cause::Oom).all(|sign| sign.weight == MatchWeight::Hint);
    if only_killed && share.is_some_and(|share| share < FULL) { None } else { Some(by_words) }
}
