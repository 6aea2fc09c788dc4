//! A normal cold start. It is not an error, so no invocation is diagnosed with it, but a rule may count it.

use super::case::InvocationFacts;
use super::verdict::Diagnosis;

pub(super) use super::sign::no_sign as sign;

pub(super) const WORDS: &[&str] = &[];

pub(super) fn judge(_: &InvocationFacts<'_>) -> Option<Diagnosis> {
    None
}
