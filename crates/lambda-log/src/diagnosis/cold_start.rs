//! A normal cold start. Nothing is wrong with it, so no invocation is ever judged to have it; a rule may still ask for it.

use super::case::Case;
use super::verdict::Diagnosis;

pub(super) use super::sign::no_sign as sign;

pub(super) const WORDS: &[&str] = &[];

pub(super) fn judge(_: &Case<'_>) -> Option<Diagnosis> {
    None
}
