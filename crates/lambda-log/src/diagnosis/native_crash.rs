//! Native code crashed the process.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::evidence::has_any;
use super::sign::{MatchWeight, said};
use super::verdict::{Confidence, Diagnosis};
use crate::line::ApplicationLine;

pub(super) const WORDS: &[&str] = &[
    "signal: segmentation fault",
    "signal: illegal instruction",
    "signal: bus error",
    "signal: floating point",
    "SIGSEGV",
    "SIGABRT",
    "SIGBUS",
    "SIGILL",
    "Segmentation fault",
    "segmentation fault",
    "core dumped",
    "double free or corruption",
    "stack smashing detected",
    "buffer overflow detected",
    "corrupted size vs. prev_size",
    "corrupted double-linked list",
    "malloc(): ",
    "free(): invalid",
    "invalid pointer",
    "terminate called ",
    "fatal error has been detected by the Java Runtime Environment",
    "Fatal Python error: ",
    "Assertion `",
    "Assertion failed: ",
    // A process ends itself like this, for any reason.
    "signal: abort",
];

/// Endings of the files that an assertion of C or C++ names.
const SOURCES: &[&str] = &[".c:", ".cc:", ".cpp:", ".cxx:", ".h:", ".hpp:", ".c,", ".cc,", ".cpp,", ".h,"];

/// Ends of a process by a signal, as a shell reports them: illegal instruction, abort, bus error, floating point,
/// segmentation fault.
const STATUSES: &[&str] =
    &["exit status 132", "exit status 134", "exit status 135", "exit status 136", "exit status 139"];

const FINDING: &str = "A signal that only native code raises ended the process.";

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let text = line.text.as_ref();
    // Go names the signal when the application's own code goes through a nil pointer.
    if has_any(text, &["[signal SIG", "goroutine "]) {
        return None;
    }
    let is_assertion = text.contains("Assertion `") && text.contains("failed");
    let is_of_c = text.contains("Assertion failed: ") && has_any(text, SOURCES);
    let weak = ["Assertion `", "Assertion failed: ", "invalid pointer", "signal: abort"];
    let aborted = text.contains("signal: abort");
    let others =
        WORDS.iter().any(|word| !(weak.contains(word) || aborted && *word == "core dumped") && text.contains(word));
    if !(is_assertion || is_of_c || others || aborted) {
        return None;
    }
    // Runtimes end themselves by the same signal after an uncaught error.
    let only_aborted = aborted && !(is_assertion || is_of_c || others);
    said(line).map(|weight| if only_aborted { weight.min(MatchWeight::Hint) } else { weight })
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    let by_status = case.exited.is_some_and(|how| STATUSES.iter().any(|status| how.trim_ascii_end().ends_with(status)));
    let aborted = case.exited.is_some_and(|how| how.contains("signal: abort"));
    let told = case.signs.iter().any(|sign| sign.cause == Cause::AppException && sign.weight == MatchWeight::Failure);
    let strong = case.signs.iter().any(|sign| sign.cause == Cause::NativeCrash && sign.weight == MatchWeight::Failure);
    if aborted && told && !strong {
        return None;
    }
    // The signal itself is the platform's word, unless the last word before it names a reason for it.
    let last_word = case
        .signs
        .iter()
        .any(|sign| sign.is_last && !sign.of_type && !matches!(sign.cause, Cause::NativeCrash | Cause::AppException));
    let found = case.by_sign(Cause::NativeCrash, FINDING).map(|found| Diagnosis {
        confidence: if aborted && !last_word { Confidence::Proved } else { found.confidence },
        ..found
    });
    found.or_else(|| {
        by_status.then(|| {
            let finding = "The process ended with the status that a shell gives to a signal of native code.";
            Diagnosis::new(Cause::NativeCrash, Confidence::Likely, finding.to_owned())
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_one(text: &str) -> bool {
        let line = ApplicationLine { text: text.into(), unhandled: true, ..ApplicationLine::default() };
        WORDS.iter().any(|word| text.contains(word)) && sign(&line).is_some()
    }

    #[test]
    fn a_crash_is_told_by_the_signal_the_c_library_or_the_runtime() {
        for text in [
            "bootstrap: /src/feed.cc:311: void Feed::Next(): Assertion `state_ != nullptr' failed.",
            "Assertion failed: size > 0 (ring.c: push: 88)",
            "terminate called after throwing an instance of 'std::out_of_range'",
            "malloc(): invalid size (unsorted)",
            "*** buffer overflow detected ***: terminated",
            "# A fatal error has been detected by the Java Runtime Environment:",
            "Fatal Python error: Segmentation fault",
            "Runtime exited with error: signal: aborted",
        ] {
            assert!(is_one(text), "{text}");
        }
        for text in [
            "Assertion failed: the cache is warm",
            "AssertionError: 3 != 4",
            "Error: invalid pointer to a row",
            "panic: x\n[signal SIGSEGV: segmentation violation]",
        ] {
            assert!(!is_one(text), "{text}");
        }
    }
}
