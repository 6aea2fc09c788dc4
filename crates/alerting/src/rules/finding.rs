//! What was found where a condition holds.

use chrono::{DateTime, Utc};
use lambda_log::diagnosis::{Cause, Confidence};
use serde::{Deserialize, Serialize};

use super::measure::Measure;

/// What was found where a condition holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// One line that names the subject and what is wrong.
    pub headline: String,
    /// Sentences that say what is known, and no more.
    pub said: Vec<String>,
    /// Figures as label and value.
    pub facts: Vec<(String, String)>,
    /// The cause, with how sure it is.
    pub cause: Option<(Cause, Confidence)>,
    /// What to do.
    pub next_step: String,
    /// Deciding log lines, redacted and shortened, still unescaped.
    pub evidence: Vec<String>,
    /// When the newest of what it speaks of was first seen, UTC, where it speaks of things that are new: once there is something
    /// newer, whoever was told is told again.
    #[serde(default)]
    pub latest: Option<DateTime<Utc>>,
    /// How far the limit was passed, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<Measure>,
}

/// The words that say why warm-up pings are no remedy. Only used where the lines prove that start-up is what takes so long.
pub const PINGING_CANNOT_HELP: &str =
    "Pinging cannot help: while start-up needs longer than the limit, every ping starts it over, is thrown away with it, and is paid for.";
