//! Pings that are planned anew as the function is watched.

use crate::belief::{Belief, SeenInvocation};
use crate::chance::Chance;
use crate::evidence::Evidence;
use crate::keeper::{Protection, ROUNDS_APART_MS, next_round};
use crate::knowledge::Knowledge;
use crate::plan::{Aim, SURE, choose};
use crate::regime::HOUR;
use crate::replay::{Pinging, Tally};
use crate::round::PingRound;
use crate::traffic::Call;

/// A promise that the share of a period stays within the target.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Promise {
    /// When it was made.
    pub at_ms: i64,
    /// What was counted before it was made.
    pub before: Tally,
}

/// Plans the pings of one function.
#[derive(Debug, Clone)]
pub struct Auto {
    protection: Protection,
    belief: Belief,
    aim: Aim,
    plans_at: i64,
    chance: Chance,
    /// Whether the next pause may be longer than is known to be safe.
    stretches: bool,
    promise: Option<Promise>,
    not_before: i64,
}

/// How much of the past is replayed.
const REPLAYED: i64 = 8 * HOUR;
/// When the first plan is made.
const FIRST_PLAN: i64 = HOUR;
/// When a promise is made, at the earliest.
const FIRST_PROMISE: i64 = 12 * HOUR;

impl Auto {
    /// Begins with two warm environments, until there is something to plan from.
    pub fn new(aim: Aim, chance: &mut Chance, collects_evidence: bool) -> Self {
        Self {
            protection: Protection::Kept(2),
            belief: Belief::new(collects_evidence),
            aim,
            plans_at: aim.from_ms + FIRST_PLAN,
            chance: chance.fork(),
            stretches: false,
            promise: None,
            not_before: i64::MIN,
        }
    }

    /// What was promised.
    pub fn promise(&self) -> Option<Promise> {
        self.promise
    }

    /// What was learned since this was asked last.
    pub fn take_evidence(&mut self) -> Vec<Evidence> {
        self.belief.take_evidence()
    }
}

impl Pinging for Auto {
    fn next(&self, now_ms: i64, known: &Knowledge) -> Option<PingRound> {
        next_round(self.protection, &self.belief, known, now_ms.max(self.not_before), self.stretches)
    }

    fn sent(&mut self, round: PingRound) {
        self.not_before = round.at_ms + ROUNDS_APART_MS;
        self.stretches = self.chance.share() < 0.75;
    }

    fn answered(&mut self, ping: SeenInvocation) {
        self.belief.answer(ping);
    }

    fn logged(&mut self, seen: SeenInvocation, _is_ping: bool) {
        self.belief.take(seen);
    }

    fn plans_at(&self) -> i64 {
        self.plans_at
    }

    fn plan(&mut self, now_ms: i64, seen: &[Call], so_far: &Tally, known: &Knowledge) {
        let passed = now_ms - self.aim.from_ms;
        self.plans_at = now_ms + if passed < 4 * HOUR { HOUR } else { 2 * HOUR };
        let from_ms = self.aim.from_ms.max(now_ms - REPLAYED);
        let planned = choose(seen, (from_ms, now_ms), so_far, known, self.aim, &self.chance);
        self.protection = planned.protection;
        let is_sure = planned.chance >= SURE && !planned.is_lost;
        if self.promise.is_none() && passed >= FIRST_PROMISE && is_sure {
            self.promise = Some(Promise { at_ms: now_ms, before: *so_far });
        }
        self.belief.forget_before(now_ms - HOUR);
    }
}
