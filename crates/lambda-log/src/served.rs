//! Which environment served an invocation, and when: what is learned from to keep environments warm.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

/// One invocation that has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct ServedInvocation {
    /// When it arrived, UTC: where its caller waited for the start of the environment, before that.
    pub arrived: DateTime<Utc>,
    /// When it ended, UTC; not before it arrived.
    pub ended: DateTime<Utc>,
    /// A hash of its log stream, that is, of its environment.
    pub environment: u64,
    /// A hash of its request id, where a line has it.
    pub request: Option<u64>,
    /// Whether its caller waited for the start of the environment.
    pub cold: bool,
    /// Whether it was a warm-up ping, as far as its lines show.
    pub is_ping: bool,
    /// Whether it came to a good end.
    pub succeeded: bool,
}
