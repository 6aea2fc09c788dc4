//! Too many open files or sockets.

use super::{Case, Cause, Diagnosis};

pub(super) use super::said as sign;

pub(super) const MEANING: &str = "it runs out of file descriptors";
pub(super) const NEXT_STEP: &str =
    "Create clients once, outside the handler, limit how much runs in parallel, and close files and sockets; an environment has 1,024 descriptors.";
pub(super) const WORDS: &[&str] = &["EMFILE", "too many open files", "Too many open files", "[Errno 24]", "ENFILE"];

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(
        Cause::FdExhausted,
        "The process had no file descriptor left, so files and connections could not be opened; where a name look-up failed with it, DNS is not to blame.",
    )
}
