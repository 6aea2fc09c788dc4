//! Native code crashed the process.

use super::{Application, Case, Cause, Diagnosis, Weight};

pub(super) const MEANING: &str = "native code crashes the process";
pub(super) const NEXT_STEP: &str =
    "Update or rebuild the native module for exactly this runtime and architecture; to find the place, reproduce it in the base image with a core dump.";
pub(super) const WORDS: &[&str] = &[
    "signal: segmentation fault",
    "signal: aborted",
    "signal: abort",
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
    "*** stack smashing",
];

pub(super) fn sign(line: &Application<'_>) -> Option<Weight> {
    // Go names the signal when the application's own code goes through a nil pointer.
    if line.text.contains("[signal SIG") || line.text.contains("goroutine ") { None } else { super::said(line) }
}

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::NativeCrash, "The process was ended by a signal that only native code raises.")
}
