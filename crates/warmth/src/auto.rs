//! Pings that are planned anew as the function is watched.

use serde::{Deserialize, Serialize};

use crate::belief::{Belief, SeenInvocation};
use crate::chance::Chance;
use crate::evidence::Evidence;
use crate::keeper::{Protection, ROUNDS_APART_MS, next_round};
use crate::knowledge::Knowledge;
use crate::plan::{Aim, PlannedProtection, SURE, choose};
use crate::promise::{Expectation, chance_of_at_most};
use crate::regime::HOUR;
use crate::replay::{Pinging, Tally};
use crate::round::PingRound;
use crate::traffic::Call;

/// A promise that the share of a period stays within the target.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Promise {
    /// When it was made.
    pub at_ms: i64,
    /// What was counted before it was made.
    pub before: Tally,
}

/// Plans the pings of one function.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Auto {
    protection: Protection,
    belief: Belief,
    aim: Aim,
    /// Since when its calls are seen.
    seen_from: i64,
    /// How much of the past is replayed.
    replayed: i64,
    plans_at: i64,
    chance: Chance,
    /// Whether the next pause may be longer than is known to be safe.
    stretches: bool,
    promise: Option<Promise>,
    /// Plans in a row that found no pings worth sending, though the target is not kept.
    hopeless: u32,
    /// What came of earlier periods.
    record: Tally,
    /// What the last plan expects.
    planned: Option<PlannedProtection>,
    not_before: i64,
}

/// How much of the past is replayed, if not told otherwise.
const REPLAYED: i64 = 8 * HOUR;
const FOUR_HOURS: i64 = 4 * HOUR;
const TWO_DAYS: i64 = 48 * HOUR;
/// When the first plan is made.
const FIRST_PLAN: i64 = HOUR;
/// Fewer calls of earlier periods say nothing.
const FEWEST_ON_RECORD: u32 = 100;
/// So many plans are those of one or two days.
const HOPELESS: u32 = 12;
/// How sure a promise is to be by the record alone.
const BORNE_OUT: f64 = 0.95;
/// When a promise is made, at the earliest.
const FIRST_PROMISE: i64 = 12 * HOUR;

impl Auto {
    /// Begins with two warm environments, until there is something to plan from.
    pub fn new(aim: Aim, chance: &mut Chance, collects_evidence: bool) -> Self {
        Self {
            protection: Protection::at_first(aim.at_most),
            belief: Belief::new(collects_evidence),
            aim,
            seen_from: aim.from_ms,
            replayed: REPLAYED,
            plans_at: aim.from_ms + FIRST_PLAN,
            chance: chance.fork(),
            stretches: false,
            promise: None,
            hopeless: 0,
            record: Tally::default(),
            planned: None,
            not_before: i64::MIN,
        }
    }

    /// The same, for a function whose calls are seen since a moment, and replays so much of them.
    #[must_use]
    pub fn seeing(self, from_ms: i64, replayed_ms: i64) -> Self {
        Self { seen_from: from_ms, plans_at: from_ms + FIRST_PLAN, replayed: replayed_ms, ..self }
    }

    /// A new period begins; the one before came to this.
    pub fn begin(&mut self, aim: Aim, before: &Tally) {
        self.aim = aim;
        self.promise = None;
        self.record.calls = self.record.calls.saturating_add(before.calls);
        self.record.cold = self.record.cold.saturating_add(before.cold);
        self.plans_at = aim.from_ms;
    }

    /// Whether a plan like this would be sure, too, if it had as large a share of cold starts as earlier periods had: a
    /// replay does not know what AWS did that no model has.
    fn is_borne_out(&self, planned: &PlannedProtection) -> bool {
        let Tally { calls, cold, .. } = self.record;
        let expected = Expectation {
            cold: f64::from(cold),
            calls: f64::from(calls),
            coming: planned.coming,
            one_in: planned.protection.one_in(),
        };
        calls < FEWEST_ON_RECORD || chance_of_at_most(planned.allowed, expected) >= BORNE_OUT
    }

    /// So many pings may begin at the same moment from now on.
    pub fn allow(&mut self, at_most: u32) {
        self.aim.at_most = at_most;
    }

    /// What is done now.
    pub fn protection(&self) -> Protection {
        self.protection
    }

    /// What the last plan expects; `None` before the first one.
    pub fn planned(&self) -> Option<&PlannedProtection> {
        self.planned.as_ref()
    }

    /// Whether plans of a whole day found no pings that come near the target.
    pub fn is_out_of_reach(&self) -> bool {
        self.hopeless >= HOPELESS
    }

    /// What is known of its environments.
    pub fn belief(&mut self) -> &mut Belief {
        &mut self.belief
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
        let now_ms = now_ms.max(self.not_before);
        next_round(self.protection, self.aim.at_most, &self.belief, known, now_ms, self.stretches)
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
        self.plans_at = now_ms
            + match now_ms - self.seen_from {
                ..FOUR_HOURS => HOUR,
                FOUR_HOURS..TWO_DAYS => 2 * HOUR,
                // Two more hours hardly change what two weeks show.
                _ => 4 * HOUR,
            };
        let from_ms = self.seen_from.max(now_ms - self.replayed);
        let planned = choose(seen, (from_ms, now_ms), so_far, known, self.aim, &self.chance);
        self.protection = planned.protection;
        let is_sure = planned.chance >= SURE && !planned.is_lost;
        self.planned = Some(planned);
        let is_hopeless = planned.protection == Protection::Nothing
            && planned.chance < 0.5
            && planned.tally.calls >= FEWEST_ON_RECORD
            && f64::from(planned.tally.cold) > self.aim.target * f64::from(planned.tally.calls);
        self.hopeless = if is_hopeless { self.hopeless.saturating_add(1) } else { 0 };
        let passed = now_ms - self.aim.from_ms.max(self.seen_from);
        let is_early = passed < FIRST_PROMISE;
        if self.promise.is_none() && !is_early && is_sure && self.is_borne_out(&planned) {
            self.promise = Some(Promise { at_ms: now_ms, before: *so_far });
        }
        self.belief.forget_before(now_ms - HOUR);
    }
}
