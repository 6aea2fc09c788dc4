//! The bootstrap or entry point is missing or unusable.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::sign::{MatchWeight, said};
use super::verdict::{Confidence, Diagnosis};
use crate::line::ApplicationLine;

pub(super) const WORDS: &[&str] = &[
    "Runtime.InvalidEntrypoint",
    "Runtime.InvalidWorkingDir",
    "Runtime.InvalidTaskConfig",
    "find valid bootstrap",
    "fork/exec ",
    ".runtimeconfig.json",
    "entrypoint requires the handler name",
    "executable file not found",
    "bad interpreter",
    "Failed to find runtime configuration file",
    "Launch error",
    "bootstrap: not found",
    "bootstrap: line ",
    "no such file or directory: PathError",
    "starting container process caused",
    "You must install or update .NET",
    "libhostpolicy.so",
    "libhostfxr.so",
];

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let text = line.text.as_ref();
    let exec_of_its_own = text.contains("fork/exec ")
        && !["/var/", "/opt/", "bootstrap", "entrypoint"].iter().any(|place| text.contains(place));
    if exec_of_its_own { None } else { said(line) }
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    let found =
        case.by_sign(Cause::InvalidEntrypoint, "Lambda could not start the program of the package or image.")?;
    // The type alone does not say what is wrong with it: another cause that the lines name is the deeper one.
    let only_type = case.signs.iter().filter(|sign| sign.cause == Cause::InvalidEntrypoint).all(|sign| sign.of_type);
    Some(Diagnosis {
        general: only_type,
        confidence: if only_type { Confidence::Likely.max(found.confidence) } else { found.confidence },
        ..found
    })
}
