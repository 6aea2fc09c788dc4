//! What a condition says about a subject.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use model::span::Span;
use model::subject::Subject;

use super::finding::Finding;

/// What a rule says about one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What it is about.
    pub subject: Subject,
    /// What is said.
    pub verdict: Verdict,
}

/// Holds, clear, or unknown; unknown is never taken for clear.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The condition holds.
    Holds(Box<Finding>),
    /// It does not; the text says what is so instead.
    Clear(Cow<'static, str>),
    /// The data do not say; the text says what is missing.
    Unknown(Cow<'static, str>),
}

impl Judgement {
    pub(super) fn holds(subject: Subject, finding: Finding) -> Self {
        Self { subject, verdict: Verdict::Holds(Box::new(finding)) }
    }

    pub(super) fn clear(subject: Subject, why: impl Into<Cow<'static, str>>) -> Self {
        Self { subject, verdict: Verdict::Clear(why.into()) }
    }

    pub(super) fn unknown(subject: Subject, why: impl Into<Cow<'static, str>>) -> Self {
        Self { subject, verdict: Verdict::Unknown(why.into()) }
    }
}

/// Functions whose log has been read recently enough to say that nothing happened; for others silence means nothing.
pub(super) fn is_fresh(read_up_to: DateTime<Utc>, now: DateTime<Utc>, window: Span) -> bool {
    now - read_up_to <= window.delta().max(TimeDelta::minutes(15))
}
