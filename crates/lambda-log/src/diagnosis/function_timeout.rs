//! The invocation reached the function's timeout, and the log shows no deeper cause.

use model::span::spoken;

use super::case::{InvocationFacts, milliseconds};
use super::cause::Cause;
use super::verdict::{Confidence, Diagnosis};

pub(super) use super::sign::no_sign as sign;

pub(super) const WORDS: &[&str] = &[];

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    let limit = case.timed_out_after_ms?;
    let said = match case.last_words {
        _ if case.lines == 0 && case.instancing.is_empty() => "; it logged nothing in that time".to_owned(),
        Some((after, limit)) if after >= 0.0 && after < limit => {
            format!("; its last line came {} after the start", spoken(milliseconds(after)))
        }
        _ => String::new(),
    };
    let finding = format!(
        "The invocation was ended at its limit of {}{said}. The lines do not show what it was doing.",
        spoken(milliseconds(limit))
    );
    Some(Diagnosis::new(Cause::FunctionTimeout, Confidence::Proved, finding).general())
}
