//! Pings at intervals that are given.

use crate::belief::{Belief, SeenInvocation};
use crate::chance::Chance;
use crate::knowledge::Knowledge;
use crate::pauses::PauseHistogram;
use crate::policy::Policy;
use crate::regime::MINUTE;
use crate::replay::{LOG_DELAY_MS, Pinging};
use crate::round::PingRound;

#[derive(Debug, Clone)]
enum Way {
    Nothing,
    Clairvoyant,
    Fixed { count: u32, every: i64, next: i64 },
    Skip { every: i64, next: i64, used: i64 },
    Histogram { pauses: PauseHistogram, next: Option<i64> },
    HandOver { every: i64, age: i64, pair_every: u32, rounds: u32, next: i64, belief: Belief },
}

/// Pings one function as a policy says that does not plan.
#[derive(Debug, Clone)]
pub struct Pinger(Way);

impl Pinger {
    /// Pings from the beginning on. Intervals begin at a moment given by chance.
    pub fn new(policy: Policy, chance: &mut Chance) -> Self {
        Self(match policy {
            Policy::Nothing | Policy::Provisioned { .. } | Policy::Auto => Way::Nothing,
            Policy::Clairvoyant => Way::Clairvoyant,
            Policy::Fixed { count, every_ms } => Way::Fixed { count, every: every_ms, next: chance.below(every_ms) },
            Policy::Skip { every_ms } => {
                Way::Skip { every: every_ms, next: chance.below(every_ms), used: i64::MIN / 2 }
            }
            Policy::Histogram => Way::Histogram { pauses: PauseHistogram::default(), next: None },
            Policy::HandOver { every_ms, age_ms, pair_every } => Way::HandOver {
                every: every_ms,
                age: age_ms,
                pair_every,
                rounds: 0,
                next: chance.below(every_ms),
                belief: Belief::default(),
            },
        })
    }
}

/// How many pings a hand-over needs: enough to reach a young environment, or to start one.
fn hand_over(belief: &Belief, at: i64, age: i64, is_pair: bool) -> u32 {
    let alive = belief.known();
    let is_young = |born_ms: i64| at - born_ms < age;
    match alive.iter().position(|one| is_young(one.born_ms)) {
        Some(0) => 1 + u32::from(is_pair),
        Some(young) => u32::try_from(young).unwrap_or(0) + 1,
        None => u32::try_from(alive.len()).unwrap_or(0) + 1,
    }
}

impl Pinging for Pinger {
    fn next(&self, now_ms: i64, _known: &Knowledge) -> Option<PingRound> {
        let at = |at: i64, count: u32| Some(PingRound { at_ms: at.max(now_ms), count, last_ends_last: true });
        match &self.0 {
            Way::Nothing | Way::Clairvoyant => None,
            Way::Fixed { count, next, .. } => at(*next, *count),
            Way::Skip { every, next, used } => {
                let skipped = (*used + every - next).max(0);
                at(*next + (skipped + every - 1) / every * every, 1)
            }
            Way::Histogram { next, .. } => next.and_then(|next| at(next, 1)),
            Way::HandOver { age, pair_every, rounds, next, belief, .. } => {
                let is_pair = rounds.checked_rem(*pair_every) == Some(0);
                at(*next, hand_over(belief, *next, *age, is_pair))
            }
        }
    }

    fn sent(&mut self, round: PingRound) {
        match &mut self.0 {
            Way::Fixed { every, next, .. } | Way::Skip { every, next, .. } => *next = round.at_ms + *every,
            Way::HandOver { every, rounds, next, belief, .. } => {
                *next = round.at_ms + *every;
                *rounds += 1;
                belief.forget_before(round.at_ms - 15 * MINUTE);
            }
            Way::Histogram { pauses, next } => *next = pauses.ping_after(round.at_ms),
            Way::Nothing | Way::Clairvoyant => {}
        }
    }

    fn answered(&mut self, ping: SeenInvocation) {
        if let Way::HandOver { belief, .. } = &mut self.0 {
            belief.answer(ping);
        }
    }

    fn logged(&mut self, seen: SeenInvocation, is_ping: bool) {
        match &mut self.0 {
            Way::Skip { used, .. } if !is_ping => *used = (*used).max(seen.start_ms),
            Way::Histogram { pauses, next } if !is_ping => {
                pauses.take(seen);
                *next = Some(pauses.first_ping());
            }
            Way::HandOver { belief, .. } => belief.take(seen),
            _ => {}
        }
    }

    fn log_delay_ms(&self) -> Option<i64> {
        match self.0 {
            Way::Skip { .. } | Way::HandOver { .. } => Some(LOG_DELAY_MS),
            // The policy is that of the platform itself, which sees every call.
            Way::Histogram { .. } => Some(0),
            Way::Nothing | Way::Clairvoyant | Way::Fixed { .. } => None,
        }
    }

    fn is_clairvoyant(&self) -> bool {
        matches!(self.0, Way::Clairvoyant)
    }
}
