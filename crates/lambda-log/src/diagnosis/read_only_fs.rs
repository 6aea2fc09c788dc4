//! The code writes outside /tmp.

use super::{Case, Cause, Diagnosis};

pub(super) use super::said as sign;

pub(super) const MEANING: &str = "it writes to a read-only place";
pub(super) const NEXT_STEP: &str =
    "Point caches and outputs at /tmp (HOME, XDG_CACHE_HOME, TRANSFORMERS_CACHE or the library's own setting); everything else in the sandbox is read-only.";
pub(super) const WORDS: &[&str] = &["Read-only file system", "read-only file system", "EROFS", "/home/sbx_user", "ReadOnlyFileSystemException"];

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::ReadOnlyFs, "The code tried to write to a part of the file system that is read-only in Lambda; only /tmp can be written to.")
}
