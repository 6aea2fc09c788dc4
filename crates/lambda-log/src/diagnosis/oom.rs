//! The process needed more memory than the function has.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::evidence::{has_any, is_whole_name};
use super::outcome::InvocationOutcome;
use super::sign::{MatchWeight, said};
use super::verdict::{Confidence, Diagnosis};
use crate::line::{ApplicationLine, LogLevel, PlatformStatus, ReportLine};

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
    "fatal error: out of memory",
    "std::bad_alloc",
    "Allowed memory size of",
    "Array buffer allocation failed",
    "Reached heap limit",
    "JS heap out of memory",
    "not enough memory: you tried to allocate",
    "DefaultCPUAllocator: can't allocate memory",
    "failed to allocate memory",
    "Unable to allocate",
    "Out of memory.",
    "Metaspace",
    "Compressed class space",
    "Java heap space",
    "GC overhead limit exceeded",
];

/// Areas of Java's memory, which its error names; also in lines that report figures.
const AREAS: [&str; 4] = ["Metaspace", "Compressed class space", "Java heap space", "GC overhead limit exceeded"];
/// Words of the system. It has memory for a runtime as long as the function has.
const OF_SYSTEM: [&str; 4] = ["signal: killed", "ENOMEM", "Cannot allocate memory", "cannot allocate memory"];

/// From this share of the configured memory on, a killed process was killed for its memory.
const FULL: f64 = 0.95;
/// From this share on a process that ended without a word did so for its memory.
const ALL_BUT_NONE: f64 = 0.99;

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let text = line.text.as_ref();
    // A kill, or a call that got no memory, says nothing by itself; the summary beside it does.
    if has_any(text, &OF_SYSTEM) && !WORDS.iter().any(|word| !OF_SYSTEM.contains(word) && text.contains(word)) {
        return Some(if line.unhandled && !text.contains("signal: killed") {
            MatchWeight::Failure
        } else {
            MatchWeight::Guess
        });
    }
    // The end of another name, such as `InMemoryError`, is none of these.
    let others = || {
        WORDS.iter().any(|word| {
            *word != "MemoryError" && !AREAS.contains(word) && *word != "Unable to allocate" && text.contains(word)
        })
    };
    let is_area = || AREAS.iter().any(|area| text.contains(area)) && is_failure_of_area(line);
    let is_array = || text.contains("Unable to allocate") && has_any(text, &["iB", "shape"]);
    if !is_whole_name(text, "MemoryError") && !others() && !is_area() && !is_array() {
        return None;
    }
    // An option of the JVM has the name of the error in it.
    let spoken_of = has_any(text, &["OnOutOfMemoryError", "JAVA_TOOL_OPTIONS"]);
    let fatal = !spoken_of
        && has_any(
            text,
            &[
                "JavaScript heap out of memory",
                "runtime: out of memory",
                "Runtime.OutOfMemory",
                "std::bad_alloc",
                "Terminating due to java.lang.OutOfMemoryError",
            ],
        );
    if spoken_of {
        return None;
    }
    said(line).map(|weight| if fatal { MatchWeight::Failure } else { weight })
}

/// Whether an area of Java's memory is the whole message of an error, and not a figure among others.
fn is_failure_of_area(line: &ApplicationLine<'_>) -> bool {
    let is_bad = line.unhandled || line.level >= LogLevel::Error || has_any(&line.text, &["rror", "xception"]);
    let has_figures = AREAS.iter().any(|area| {
        line.text
            .split_once(area)
            .is_some_and(|(_, rest)| rest.trim_start_matches([' ', ':', '=']).starts_with(|c: char| c.is_ascii_digit()))
    });
    is_bad && !has_figures
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
    // Of a process that is killed the older lines say only that it ended.
    let ended = case.exited.is_some_and(|how| !how.contains("signal:") && !how.contains("exit status"));
    let died =
        (case.error_type == Some("Runtime.ExitError") || ended) && share.is_some_and(|share| share >= ALL_BUT_NONE);
    let is_unnamed = all_used && case.outcome == InvocationOutcome::Error && case.error_type.is_none() && !named(case);
    if (all_used && timed_out) || died || is_unnamed {
        return found(Confidence::Likely);
    }
    let is_real = case.report.is_some_and(|report| !report.of_emulator);
    if is_real && all_used && case.outcome == InvocationOutcome::Success && (case.retried || case.without_end) {
        let how = if case.retried {
            "Lambda ran the same request again, as it does after a failure, and no line names another reason"
        } else {
            "its log stops without an end"
        };
        return found(Confidence::Likely)
            .map(|found| Diagnosis { finding: format!("The invocation used all of its memory, and {how}."), ..found });
    }
    let by_words = case.by_sign(Cause::Oom, "The runtime reported that it ran out of memory.")?;
    // A kill says nothing with memory to spare. A runtime's own limit is lower than the function's.
    let only_killed = killed
        || case.signs.iter().filter(|sign| sign.cause == Cause::Oom).all(|sign| sign.weight == MatchWeight::Guess);
    if only_killed && share.is_some_and(|share| share < FULL) { None } else { Some(by_words) }
}

/// Whether a line names an error of another kind.
fn named(case: &InvocationFacts<'_>) -> bool {
    case.signs.iter().any(|sign| sign.weight == MatchWeight::Failure && sign.cause != Cause::Oom)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_one(text: &str) -> bool {
        let line = ApplicationLine { text: text.into(), unhandled: true, ..ApplicationLine::default() };
        WORDS.iter().any(|word| text.contains(word)) && sign(&line).is_some()
    }

    #[test]
    fn memory_is_out_where_a_runtime_says_so_and_not_where_it_gives_figures() {
        for text in [
            "Metaspace: java.lang.OutOfMemoryError",
            "Error: Metaspace",
            "Terminating due to java.lang.OutOfMemoryError: Metaspace",
            "_ArrayMemoryError: Unable to allocate 1.91 GiB for an array with shape (16000, 16000)",
            "PHP Fatal error:  Allowed memory size of 134217728 bytes exhausted",
            "terminate called after throwing an instance of 'std::bad_alloc'",
            "RangeError: Array buffer allocation failed",
        ] {
            assert!(is_one(text), "{text}");
        }
        for text in [
            "Error: [gc] Metaspace: 44120K(45000K)->44120K(45000K)",
            "Picked up JAVA_TOOL_OPTIONS: -XX:+ExitOnOutOfMemoryError -XX:MaxMetaspaceSize=128m",
            "InMemoryError: no such key",
            "Unable to allocate a seat",
        ] {
            assert!(!is_one(text), "{text}");
        }
    }
}
