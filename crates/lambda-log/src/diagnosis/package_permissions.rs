//! The files are there, but the sandbox user may not read or run them.

use super::{Case, Cause, Diagnosis};

pub(super) use super::said as sign;

pub(super) const MEANING: &str = "files are not readable";
pub(super) const NEXT_STEP: &str =
    "Set 644 on files and 755 on folders and executables before the archive is made (in an image: `chmod -R a+rX`), and deploy again.";
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

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::PackagePermissions, "The process may not read, write or run a file that it needs.")
}
