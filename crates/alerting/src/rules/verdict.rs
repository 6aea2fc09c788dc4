//! What a condition says about a subject.

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use model::span::Span;
use model::subject::Subject;

use super::finding::IncidentDetails;

/// Why a sum is unknown.
pub(super) const TOO_LARGE: &str = "the amounts are too large to add up";

/// The judgement of one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What it is about.
    pub subject: Subject,
    /// The verdict.
    pub verdict: Verdict,
}

/// Holds, clear, or unknown; unknown is never taken for clear.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The condition holds.
    Holds(Box<IncidentDetails>),
    /// It does not hold; the text gives the current state.
    Clear(Cow<'static, str>),
    /// The data are not sufficient; the text says what is missing.
    Unknown(Cow<'static, str>),
}

impl Judgement {
    pub(super) fn holds(subject: Subject, finding: IncidentDetails) -> Self {
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
