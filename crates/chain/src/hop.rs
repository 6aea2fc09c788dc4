//! What is known of one link.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::link::Link;

/// The state of a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum HopState {
    /// It was seen to work.
    Ok,
    /// It was seen not to work.
    Broken,
    /// It does not work yet, and will without anyone doing more: propagation, validation.
    Waiting,
    /// It was not asked, or may not be read.
    Unknown,
    /// This chain does not have it.
    NotApplicable,
}

/// What is known of one link, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Hop {
    /// The link.
    pub link: Link,
    /// Its state.
    pub state: HopState,
    /// One sentence for people: what is wrong, or why it is unknown. Empty where there is nothing to say.
    pub summary: String,
    /// How it was seen, a line each. Text of others is made printable and cut when it enters.
    pub evidence: Vec<String>,
    /// What to do: the exact record, command or console step. Empty unless broken or waiting.
    pub next_step: String,
    /// When a wait ends, UTC, where that is known.
    pub until: Option<DateTime<Utc>>,
    /// How long the probe of this link took.
    pub took: Option<Duration>,
}

impl Hop {
    fn new(link: Link, state: HopState, summary: impl Into<String>) -> Self {
        Self {
            link,
            state,
            summary: summary.into(),
            evidence: vec![],
            next_step: String::new(),
            until: None,
            took: None,
        }
    }

    /// A link that works.
    pub fn ok(link: Link) -> Self {
        Self::new(link, HopState::Ok, "")
    }

    /// A link that is broken: what is wrong, and what to do.
    pub fn broken(link: Link, summary: impl Into<String>, next_step: impl Into<String>) -> Self {
        Self { next_step: next_step.into(), ..Self::new(link, HopState::Broken, summary) }
    }

    /// A link that will work by itself: what it waits for, until when, and what to do meanwhile.
    pub fn waiting(link: Link, summary: impl Into<String>, until: Option<DateTime<Utc>>) -> Self {
        Self { until, ..Self::new(link, HopState::Waiting, summary) }
    }

    /// A link of which nothing is known, and why.
    pub fn unknown(link: Link, why: impl Into<String>) -> Self {
        Self::new(link, HopState::Unknown, why)
    }

    /// A link that this chain does not have.
    pub fn not_applicable(link: Link) -> Self {
        Self::new(link, HopState::NotApplicable, "")
    }

    /// With a line of evidence.
    #[must_use]
    pub fn seen(mut self, evidence: impl Into<String>) -> Self {
        self.evidence.push(evidence.into());
        self
    }

    /// With what to do.
    #[must_use]
    pub fn next(mut self, step: impl Into<String>) -> Self {
        self.next_step = step.into();
        self
    }

    /// With how long the probe took.
    #[must_use]
    pub fn took(mut self, took: Option<Duration>) -> Self {
        self.took = took;
        self
    }
}
