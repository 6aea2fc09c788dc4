//! The verdict on an invocation.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::cause::Cause;

/// How sure the lines make a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The lines allow another cause, but this one fits best.
    Likely,
    /// The lines allow no other.
    Proved,
}

impl Confidence {
    /// Its name in output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Likely => "likely",
            Self::Proved => "proved",
        }
    }
}

/// The verdict on a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The cause.
    pub cause: Cause,
    /// The meaning of the cause in a few words, for headlines.
    pub meaning: Cow<'static, str>,
    /// How sure the lines make it.
    pub confidence: Confidence,
    /// What the lines show, in one sentence with the function's own numbers, and no more than they prove.
    pub finding: String,
    /// What to do, with the function's own numbers where they help.
    pub next_step: Cow<'static, str>,
    /// It only names a limit or an end, so that more specific causes take precedence.
    pub general: bool,
}

impl Diagnosis {
    pub(super) fn new(cause: Cause, confidence: Confidence, finding: String) -> Self {
        let (meaning, next_step) = (Cow::Borrowed(cause.meaning()), Cow::Borrowed(cause.next_step()));
        Self { cause, meaning, confidence, finding, next_step, general: false }
    }

    pub(super) fn with_next_step(self, next_step: Option<String>) -> Self {
        Self { next_step: next_step.map_or(self.next_step, Cow::Owned), ..self }
    }

    pub(super) fn general(self) -> Self {
        Self { general: true, ..self }
    }

    /// What is wrong and what to do, as one text.
    pub fn remedy(&self) -> String {
        format!("{} {}", self.finding, self.next_step)
    }
}
