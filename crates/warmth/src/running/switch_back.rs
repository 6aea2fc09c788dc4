//! The test of whether pings help: they are left out in blocks that chance chooses, until it is known.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::fleet::ColdCause;
use crate::regime::DAY;
use crate::replay::Tally;
use crate::stop_loss::{BLOCK_MS, BlockCounts, StopVerdict, is_off, judge};

/// Fewer pings than two a day are no pinging: traffic keeps the function warm, and there is nothing to stop.
const FEWEST_PINGS: u32 = 28;
/// After so long the test is made again: traffic changes, and so does AWS.
const HOLDS_FOR: i64 = 90 * DAY;

/// The test of one function.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct SwitchBack {
    /// When the first ping was sent.
    from: Option<i64>,
    pings: u32,
    /// By number since 1970.
    blocks: BTreeMap<i64, BlockCounts>,
    tally: Tally,
    /// What it came to, and when.
    verdict: Option<(i64, StopVerdict)>,
}

impl SwitchBack {
    /// What it came to; `None` while it runs.
    pub fn verdict(&self) -> Option<StopVerdict> {
        self.verdict.map(|(_, verdict)| verdict)
    }

    /// The calls and cold starts since it began.
    pub fn tally(&self) -> Tally {
        self.tally
    }

    pub(super) fn sent(&mut self, at_ms: i64, count: u32) {
        self.from.get_or_insert(at_ms);
        self.pings = self.pings.saturating_add(count);
    }

    pub(super) fn count(&mut self, start_ms: i64, cold: Option<ColdCause>) {
        if self.verdict.is_some() || self.from.is_none_or(|from| start_ms < from) {
            return;
        }
        let block = self.blocks.entry(start_ms.div_euclid(BLOCK_MS)).or_default();
        block.calls += 1;
        block.cold += u32::from(cold.is_some());
        self.tally.calls += 1;
        cold.into_iter().for_each(|cause| self.tally.count_cold(cause));
    }

    /// Until when pings are left out, if they are now.
    pub(super) fn off_until(&self, id: &str, seed: u64, now_ms: i64) -> Option<i64> {
        let is_off = self.runs() && is_off(seed, id, now_ms);
        is_off.then(|| (now_ms.div_euclid(BLOCK_MS) + 1) * BLOCK_MS)
    }

    /// Compares the blocks that have ended.
    pub(super) fn judge(&mut self, id: &str, seed: u64, now_ms: i64) {
        if self.verdict.is_some_and(|(at, _)| now_ms - at >= HOLDS_FOR) {
            *self = Self::default();
        }
        let Some(from) = self.from.filter(|_| self.verdict.is_none() && self.pings >= FEWEST_PINGS) else { return };
        let ended = self.blocks.iter().filter(|(number, _)| (*number + 1) * BLOCK_MS <= now_ms);
        let blocks: Vec<(bool, BlockCounts)> =
            ended.map(|(number, counts)| (!is_off(seed, id, number * BLOCK_MS), *counts)).collect();
        match judge(&blocks, now_ms - from) {
            StopVerdict::TooEarly => {}
            verdict => self.verdict = Some((now_ms, verdict)),
        }
    }

    fn runs(&self) -> bool {
        self.from.is_some() && self.verdict.is_none()
    }
}
