//! When a function is called.

use crate::chance::Chance;
use crate::regime::MINUTE;

/// One call of a user. Times are milliseconds since the beginning of the trace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Call {
    /// When it arrives.
    pub at_ms: i64,
    /// How long the handler takes.
    pub busy_ms: u32,
}

/// How a trace tells when a function was called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arrivals {
    /// Each call, in order.
    Calls(Vec<Call>),
    /// How many calls each minute has. Within the minute they come by chance.
    Minutes {
        /// The minute since the beginning, and its number of calls, in order.
        counts: Vec<(u32, u32)>,
        /// How long the handler takes.
        busy_ms: u32,
    },
}

/// The calls of one function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FunctionTrace {
    /// What the trace calls it.
    pub id: String,
    /// Its calls.
    pub arrivals: Arrivals,
    /// How long the trace is.
    pub length_ms: i64,
    /// Whether an environment was there before the first call.
    pub begins_warm: bool,
    /// How many cold starts were measured.
    pub measured_cold: Option<u32>,
}

impl FunctionTrace {
    /// Its calls in order; where only minutes are known, by chance.
    pub fn calls(&self, seed: u64) -> Vec<Call> {
        match &self.arrivals {
            Arrivals::Calls(calls) => calls.clone(),
            Arrivals::Minutes { counts, busy_ms } => {
                let mut chance = Chance::new(seed ^ 0xCA11, &self.id);
                let mut calls = Vec::with_capacity(counts.iter().map(|(_, count)| *count as usize).sum());
                for (minute, count) in counts {
                    let from = calls.len();
                    let begin = i64::from(*minute) * MINUTE;
                    calls.extend((0..*count).map(|_| Call { at_ms: begin + chance.below(MINUTE), busy_ms: *busy_ms }));
                    if let Some(minute) = calls.get_mut(from..) {
                        minute.sort_unstable();
                    }
                }
                calls
            }
        }
    }
}
