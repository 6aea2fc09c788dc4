//! The files are there, but the sandbox user may not read or run them.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::evidence::is_write_outside_tmp;
use super::sign::{MatchWeight, said};
use super::verdict::Diagnosis;
use crate::line::ApplicationLine;

pub(super) const WORDS: &[&str] = &[
    "EACCES: permission denied",
    "EACCES, permission denied",
    "[Errno 13] Permission denied",
    "ermission denied: '/var/task",
    "permission denied: unknown",
    "bootstrap: permission denied",
    "bootstrap: Permission denied",
    ": permission denied",
    "Permission denied - /var/task",
    "UnauthorizedAccessException",
    "PermissionError",
];

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let text = line.text.as_ref();
    // A database denies with the same words, and what is denied outside of /tmp is often a write.
    if text.contains("permission denied for ") || is_write_outside_tmp(text) {
        return None;
    }
    said(line)
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::PackagePermissions, "The process has no permission to read, write or run a file that it needs.")
}
