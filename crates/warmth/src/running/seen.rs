//! What the log and the answers to pings show. Times are milliseconds since 1970, UTC.

use serde::{Deserialize, Serialize};

/// An invocation, as the log shows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct LoggedInvocation {
    /// When it arrived: before the environment was started for it.
    pub start_ms: i64,
    /// When it ended.
    pub end_ms: i64,
    /// A hash of the log stream, that is, of the environment.
    pub environment: u64,
    /// A hash of its request id, where a line has one.
    pub request: Option<u64>,
    /// Whether the environment was started for it.
    pub cold: bool,
    /// Whether it is known to be a ping, also of somebody else.
    pub is_ping: bool,
    /// Whether it came to its end.
    pub succeeded: bool,
}

/// How a ping went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PingEnd {
    /// An environment that was there answered.
    Warm,
    /// A new one answered.
    Cold,
    /// It is not known which.
    Unknown,
    /// Time ran out while start-up was still running.
    InStartUp,
    /// The function answered with an error.
    Failed,
}

/// A ping that was answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AnsweredPing {
    /// When it was sent.
    pub start_ms: i64,
    /// When the answer came.
    pub end_ms: i64,
    /// A hash of the environment's log stream, if the answer names it.
    pub environment: Option<u64>,
    /// A hash of its request id, if the answer has it.
    pub request: Option<u64>,
    /// How it went.
    pub end: PingEnd,
}
