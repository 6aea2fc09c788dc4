//! What was found where a condition holds.

use chrono::{DateTime, Utc};
use lambda_log::diagnosis::{Cause, Confidence};
use serde::{Deserialize, Serialize};

use super::measure::MeasuredValue;
use crate::endpoint_fault::EndpointFault;

/// The details of a condition that holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct IncidentDetails {
    /// One line that names the subject and what is wrong.
    pub headline: String,
    /// Sentences with what is known, and no more.
    pub said: Vec<String>,
    /// Figures as label and value.
    pub facts: Vec<(String, String)>,
    /// The cause, with how sure it is.
    pub cause: Option<(Cause, Confidence)>,
    /// What to do.
    pub next_step: String,
    /// Deciding log lines, redacted and shortened, still unescaped.
    pub evidence: Vec<String>,
    /// When its newest part was first seen, UTC, if it is about new things: if this becomes later,
    /// the receivers are notified again.
    #[serde(default)]
    pub latest: Option<DateTime<Utc>>,
    /// How far the limit was passed, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<MeasuredValue>,
    /// What is broken, of an endpoint.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fault: Option<EndpointFault>,
}

impl IncidentDetails {
    /// Whether it is a wait that is normal, and no fault.
    pub(crate) fn is_wait(&self) -> bool {
        self.fault.as_ref().is_some_and(|fault| fault.waits)
    }
}

/// Why pings are no remedy. Only used if the lines prove that the init phase takes too long.
pub const PINGING_CANNOT_HELP: &str = "Pings cannot help: while the init phase needs longer than the limit, every ping starts it again, fails the same way, and is billed.";
