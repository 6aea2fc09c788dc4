//! /tmp is full.

use super::{Case, Cause, Diagnosis};

pub(super) use super::said as sign;

pub(super) const MEANING: &str = "/tmp is full";
pub(super) const NEXT_STEP: &str =
    "Delete what is no longer needed (an environment that is used again keeps /tmp, even after a crash), or raise the ephemeral storage.";
pub(super) const WORDS: &[&str] = &["No space left on device", "no space left on device", "ENOSPC", "[Errno 28]", "not enough space on the disk"];

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::TmpFull, "There was no space left to write to. In Lambda that is /tmp, which an environment keeps from one invocation to the next.")
}
