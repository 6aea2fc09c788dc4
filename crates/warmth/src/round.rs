//! Pings that are sent together.

/// Pings that begin at the same moment, so that each needs an environment of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PingRound {
    /// When they begin.
    pub at_ms: i64,
    /// How many they are.
    pub count: u32,
    /// Whether the one that began last also ends last, so that its environment gets the next invocation.
    pub last_ends_last: bool,
}
