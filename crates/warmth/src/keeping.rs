//! Pings that keep one protection.

use crate::belief::{Belief, SeenInvocation};
use crate::keeper::{Protection, ROUNDS_APART_MS, next_round};
use crate::knowledge::Knowledge;
use crate::replay::{LOG_DELAY_MS, Pinging};
use crate::round::PingRound;

/// Keeps one protection.
#[derive(Debug, Clone)]
pub struct Keeping {
    protection: Protection,
    belief: Belief,
    /// How many pings may begin at the same moment.
    at_most: u32,
    not_before: i64,
}

impl Keeping {
    /// Keeps this protection from now on.
    pub fn new(protection: Protection, belief: Belief, at_most: u32) -> Self {
        Self { protection, belief, at_most, not_before: i64::MIN }
    }
}

impl Pinging for Keeping {
    fn next(&self, now_ms: i64, known: &Knowledge) -> Option<PingRound> {
        let now_ms = now_ms.max(self.not_before);
        next_round(self.protection, self.at_most, &self.belief, known, now_ms, false)
    }

    fn sent(&mut self, round: PingRound) {
        self.not_before = round.at_ms + ROUNDS_APART_MS;
    }

    fn answered(&mut self, ping: SeenInvocation) {
        self.belief.answer(ping);
    }

    fn logged(&mut self, seen: SeenInvocation, _is_ping: bool) {
        self.belief.take(seen);
    }

    fn log_delay_ms(&self) -> Option<i64> {
        (self.protection != Protection::Nothing).then_some(LOG_DELAY_MS)
    }
}
