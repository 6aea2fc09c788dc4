//! A normal cold start. Nothing is wrong with it, so no invocation is ever judged to have it; a rule may still ask for it.

use super::{Case, Diagnosis};

pub(super) use super::no_sign as sign;

pub(super) const MEANING: &str = "a new environment was started";
pub(super) const NEXT_STEP: &str =
    "None, unless the wait matters: then have environments ready before the call comes (pings, provisioned concurrency, SnapStart), or make start-up shorter.";
pub(super) const WORDS: &[&str] = &[];

pub(super) fn judge(_: &Case<'_>) -> Option<Diagnosis> {
    None
}
