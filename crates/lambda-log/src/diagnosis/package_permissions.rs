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
    // These are looked at more closely.
    " EACCES",
    ": Permission denied",
];

/// How many of the words say it by themselves.
const BY_THEMSELVES: usize = 11;

/// Whether a program could not be started: Node says `spawn <path> EACCES`, a shell `<script>: line 3: <path>:
/// Permission denied`.
fn is_not_started(text: &str) -> bool {
    let by_node = text.split_once("spawn ").and_then(|(_, rest)| rest.split_once(" EACCES"));
    let by_shell =
        text.lines().filter_map(|line| line.trim_ascii_end().strip_suffix(": Permission denied")).any(|line| {
            let number = line.split_once(": line ").map_or_else(|| line.split_once("sh: "), Some).map(|(_, rest)| rest);
            number.and_then(|rest| rest.split_once(": ")).is_some_and(|(number, path)| {
                number.bytes().all(|byte| byte.is_ascii_digit()) && !number.is_empty() && path.contains('/')
            })
        });
    by_node.is_some_and(|(path, _)| !path.is_empty() && !path.contains(['\n', '"'])) || by_shell
}

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let text = line.text.as_ref();
    // A database denies with the same words, and what is denied outside of /tmp is often a write.
    if text.contains("permission denied for ") || is_write_outside_tmp(text) {
        return None;
    }
    let by_itself = WORDS.iter().take(BY_THEMSELVES).any(|word| text.contains(word));
    (by_itself || is_not_started(text)).then(|| said(line)).flatten()
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::PackagePermissions, "The process has no permission to read, write or run a file that it needs.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_may_not_run_is_told_from_other_refusals() {
        for (text, one) in [
            ("Error: spawn /opt/bin/ffmpeg EACCES", true),
            ("/var/task/bootstrap: line 3: ./server: Permission denied", true),
            ("sh: 1: /opt/bin/convert: Permission denied", true),
            ("EACCES: permission denied, open '/var/task/rates.json'", true),
            ("Error: listen EACCES: 0.0.0.0:80", false),
            ("sftp upload failed: Permission denied", false),
            ("line 3: the reader has no right: Permission denied", false),
        ] {
            let line = ApplicationLine { text: text.into(), unhandled: true, ..ApplicationLine::default() };
            let asked = WORDS.iter().any(|word| text.contains(word));
            assert_eq!(asked && sign(&line).is_some(), one, "{text}");
        }
        assert_eq!(WORDS.get(BY_THEMSELVES), Some(&" EACCES"));
    }
}
