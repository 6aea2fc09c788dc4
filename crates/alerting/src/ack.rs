//! An acknowledgement: an operator takes an incident on.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// An acknowledgement: no reminders and no escalation, unless the incident gets worse.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Acknowledgement {
    /// Who.
    pub author: String,
    /// When, UTC.
    pub at: DateTime<Utc>,
    /// A note.
    pub note: String,
}

impl Acknowledgement {
    /// Whether it was said after the incident last got worse, at `worsened` (UTC).
    pub fn counts_after(&self, worsened: Option<DateTime<Utc>>) -> bool {
        worsened.is_none_or(|worsened| self.at > worsened)
    }
}
