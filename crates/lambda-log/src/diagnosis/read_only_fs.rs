//! The code writes outside of /tmp.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::evidence::has_any;
use super::python_frames::frames;
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

/// System calls that change something, as Node names them behind its code for the error.
const CHANGES: &[&str] = &[
    "mkdir '",
    "mkdtemp '",
    "rmdir '",
    "unlink '",
    "rename '",
    "copyfile '",
    "symlink '",
    "link '",
    "chmod '",
    "utime '",
    "ftruncate '",
];

/// Functions of Python that change something, by the name of their frame, and modes in which a file is opened to be
/// written.
const FUNCTIONS: &[&str] = &["mkdir", "makedirs", "mkdtemp", "rename", "replace", "unlink", "remove", "copyfile"];
const MODES: &[&str] =
    &["'w'", "\"w\"", "'wb'", "\"wb\"", "'a'", "\"a\"", "'ab'", "\"ab\"", "'w+'", "\"w+\"", "'x'", "\"x\"", "mkdir("];

/// Whether a path is on the file system that is read-only in Lambda: all of it but /tmp, mounts and devices.
fn is_read_only(path: &str) -> bool {
    path.starts_with('/') && !["/tmp", "/mnt", "/dev/", "/proc/"].iter().any(|start| path.starts_with(start))
}

/// The path that a text quotes behind some words.
fn quoted<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    text.split_once(before).and_then(|(_, rest)| rest.split(['\'', '"']).next())
}

/// Whether a text says that a change to a path outside of /tmp failed. The system names the reason differently: a
/// missing folder, a missing permission, or the file system itself.
pub(super) fn is_write_outside_tmp(text: &str) -> bool {
    let by_node = CHANGES.iter().any(|call| {
        let at_call = text.find(call).filter(|at| text.get(..*at).is_some_and(|before| before.ends_with(", ")));
        at_call.and_then(|at| quoted(text.get(at..)?, call)).is_some_and(is_read_only)
    });
    // There are no homes; whatever happens there is meant to be a cache or a setting.
    let by_python = ["Permission denied: '", "No such file or directory: '"].iter().any(|words| {
        let path = quoted(text, words).unwrap_or_default();
        path.starts_with("/home/")
            || (is_read_only(path)
                && frames(text).last().is_some_and(|frame| {
                    FUNCTIONS.contains(&frame.function) || frame.source.is_some_and(|source| has_any(source, MODES))
                }))
    });
    by_node || by_python
}

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
