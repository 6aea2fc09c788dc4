//! The code writes outside of /tmp.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::evidence::{has_any, is_write_outside_tmp};
use super::sign::{MatchWeight, said};
use super::verdict::Diagnosis;
use crate::line::ApplicationLine;

pub(super) const WORDS: &[&str] = &[
    "Read-only file system",
    "read-only file system",
    "EROFS",
    "/home/sbx_user",
    "ReadOnlyFileSystemException",
    "write a readonly database",
    "SQLITE_READONLY",
    "writable",
    "no such file or directory, ",
    "permission denied, ",
    "operation not permitted, ",
    "Permission denied: '/",
    "No such file or directory: '/",
];

/// How many of the words say it by themselves.
const BY_THEMSELVES: usize = 7;

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let text = line.text.as_ref();
    let by_itself = WORDS.iter().take(BY_THEMSELVES).any(|word| text.contains(word));
    let not_writable = text.contains("writable") && has_any(text, &["/var/task", "/opt/", "/var/runtime"]);
    (by_itself || not_writable || is_write_outside_tmp(text)).then(|| said(line)).flatten()
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    case.by_sign(
        Cause::ReadOnlyFs,
        "The code tried to write to a path that is read-only in Lambda. Only /tmp is writable.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_one(text: &str) -> bool {
        let line = ApplicationLine { text: text.into(), unhandled: true, ..ApplicationLine::default() };
        WORDS.iter().any(|word| text.contains(word)) && sign(&line).is_some()
    }

    #[test]
    fn a_change_outside_of_tmp_is_one_whatever_reason_the_system_gives() {
        for text in [
            "EROFS: read-only file system, open 'shot.png'",
            "ENOENT: no such file or directory, mkdir '/var/task/public/uploads'",
            "EACCES: permission denied, mkdir '/var/task/logs'",
            "EPERM: operation not permitted, unlink '/opt/cache/a'",
            "PermissionError: [Errno 13] Permission denied: '/home/sbx_user1051'",
            "PermissionError: [Errno 13] Permission denied: '/var/task/out.csv'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n    with open(path, 'w') as out:",
            "FileNotFoundError: [Errno 2] No such file or directory: '/var/task/cache'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n    os.mkdir(path)",
            "Exception: The /var/task/storage/logs directory must be present and writable.",
            "sqlite3.OperationalError: attempt to write a readonly database",
        ] {
            assert!(is_one(text), "{text}");
        }
        for text in [
            "ENOENT: no such file or directory, open '/var/task/zones.json'",
            "EACCES: permission denied, open '/var/task/zones.json'",
            "ENOENT: no such file or directory, mkdir '/tmp/work/1'",
            "EACCES: permission denied, mkdir '/mnt/shared/a'",
            "PermissionError: [Errno 13] Permission denied: '/var/task/zones.json'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 4, in handler\n    with open(path) as zones:",
            "FileNotFoundError: [Errno 2] No such file or directory: '/var/task/zones.json'",
            "the folder /tmp/out must be writable",
        ] {
            assert!(!is_one(text), "{text}");
        }
    }
}
