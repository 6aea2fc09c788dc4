//! An acknowledgement: an operator takes an incident on.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// That somebody takes care of an incident: no reminder and no escalation, unless it gets worse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Ack {
    /// Who.
    pub author: String,
    /// When, UTC.
    pub at: DateTime<Utc>,
    /// What else was said.
    pub note: String,
}

impl Ack {
    /// Whether it was said after the incident last got worse, at `worsened` (UTC).
    pub fn counts_after(&self, worsened: Option<DateTime<Utc>>) -> bool {
        worsened.is_none_or(|worsened| self.at > worsened)
    }
}
