//! What could be done for a function, each replayed over what was seen of it.

use crate::belief::Belief;
use crate::chance::Chance;
use crate::fleet::Fleet;
use crate::keeper::Protection;
use crate::keeping::Keeping;
use crate::knowledge::{Knowledge, Timeline};
use crate::pinger::Pinger;
use crate::policy::Policy;
use crate::promise::upper_share;
use crate::regime::{DAY, MINUTE, Regime};
use crate::replay::{FunctionReplay, Pinging, Tally};
use crate::traffic::Call;

/// One thing that could be done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Measure {
    /// Pings, or nothing.
    Pings(Protection),
    /// So many pings at once at a fixed interval: what the daemon can be configured to send.
    Every {
        /// From one round to the next, in milliseconds.
        every_ms: i64,
        /// Pings that overlap.
        count: u32,
    },
    /// So many environments of provisioned concurrency.
    Provisioned(u32),
}

/// One thing that could be done, and what a replay of the past came to with it.
#[derive(Debug, Clone, PartialEq)]
pub struct Alternative {
    /// What is done.
    pub measure: Measure,
    /// What was counted.
    pub tally: Tally,
    /// Pings a day.
    pub pings_a_day: f64,
    /// The share of cold starts that is not exceeded at 95 %; `None` without calls.
    pub upper_share: Option<f64>,
}

impl Alternative {
    /// Whether it surely keeps the target.
    pub fn reaches(&self, target: f64) -> bool {
        self.upper_share.is_some_and(|share| share <= target)
    }
}

/// What was seen of a function.
#[derive(Debug, Clone, Copy)]
pub struct SeenTraffic<'a> {
    /// Its calls, in order.
    pub calls: &'a [Call],
    /// When it was deployed.
    pub deploys: &'a [i64],
    /// How long it was watched.
    pub length_ms: i64,
}

/// The most environments of provisioned concurrency that are weighed.
pub const MOST_PROVISIONED: u32 = 3;

/// The intervals that are weighed.
const INTERVALS: [i64; 2] = [10 * MINUTE, 5 * MINUTE];

/// Replays everything that could be done: pings from none to most, pings at fixed intervals, provisioned concurrency.
pub fn alternatives(seen: SeenTraffic<'_>, truth: &Regime, known: &Knowledge, seed: u64) -> Vec<Alternative> {
    let pings = Protection::ALL.map(Measure::Pings);
    let fixed = (1..=2).flat_map(|count| INTERVALS.map(|every_ms| Measure::Every { every_ms, count }));
    let provisioned = (1..=MOST_PROVISIONED).map(Measure::Provisioned);
    pings.into_iter().chain(fixed).chain(provisioned).map(|measure| replay(measure, seen, truth, known, seed)).collect()
}

fn replay(measure: Measure, seen: SeenTraffic<'_>, truth: &Regime, known: &Knowledge, seed: u64) -> Alternative {
    let mut chance = Chance::new(seed, "plan");
    let kept = if let Measure::Provisioned(environments) = measure { environments } else { 0 };
    let tally = match measure {
        Measure::Pings(protection) => {
            run(Keeping::new(protection, Belief::default(), u32::MAX), kept, seen, truth, known, chance)
        }
        Measure::Every { every_ms, count } => {
            let pinger = Pinger::new(Policy::Fixed { count, every_ms }, &mut chance);
            run(pinger, kept, seen, truth, known, chance)
        }
        Measure::Provisioned(_) => run(Pinger::new(Policy::Nothing, &mut chance), kept, seen, truth, known, chance),
    };
    Alternative {
        measure,
        tally,
        pings_a_day: f64::from(tally.pings) * DAY as f64 / seen.length_ms.max(1) as f64,
        upper_share: upper_share(tally.cold, tally.calls),
    }
}

fn run(
    pinger: impl Pinging,
    kept: u32,
    seen: SeenTraffic<'_>,
    truth: &Regime,
    known: &Knowledge,
    chance: Chance,
) -> Tally {
    let mut timeline = Timeline::default();
    timeline.learn(i64::MIN, known.clone());
    let mut replay =
        FunctionReplay::new(seen.calls, truth, Fleet::new(kept), pinger, chance).with_deploys(seen.deploys);
    replay.run(0, seen.length_ms, &timeline);
    replay.tally
}

/// The pings at a fixed interval that surely keep the target, as few as possible.
pub fn configurable(all: &[Alternative], target: f64) -> Option<&Alternative> {
    let fixed = all.iter().filter(|one| matches!(one.measure, Measure::Every { .. }) && one.reaches(target));
    fixed.min_by_key(|one| (one.tally.pings, one.measure))
}

/// The pings that surely keep the target, as few as possible.
pub fn plan(all: &[Alternative], target: f64) -> Option<&Alternative> {
    let pings = all.iter().filter(|one| matches!(one.measure, Measure::Pings(_)) && one.reaches(target));
    pings.min_by_key(|one| (one.tally.pings, one.measure))
}

/// The pings that kept the target in the replay, as few as possible: likely enough, where there are too few calls to be
/// sure.
pub fn likely(all: &[Alternative], target: f64) -> Option<&Alternative> {
    let kept = |one: &Alternative| f64::from(one.tally.cold) <= target * f64::from(one.tally.calls);
    let pings = all.iter().filter(|one| matches!(one.measure, Measure::Pings(_)) && one.tally.calls > 0 && kept(one));
    pings.min_by_key(|one| (one.tally.pings, one.measure))
}

/// The pings that leave the fewest cold starts: what is left with them, pings cannot prevent.
pub fn best_pings(all: &[Alternative]) -> Option<&Alternative> {
    let pings = all.iter().filter(|one| matches!(one.measure, Measure::Pings(_)));
    pings.min_by_key(|one| (one.tally.cold, one.tally.pings, one.measure))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fleet::ColdCause;
    use crate::regime::{HOUR, Year};

    fn seen(calls: &[Call], deploys: &[i64]) -> Vec<Alternative> {
        let traffic = SeenTraffic { calls, deploys, length_ms: 14 * DAY };
        let known = Knowledge {
            safe_pause_ms: 10 * MINUTE,
            safe_beside_ms: 20 * MINUTE,
            safe_age_ms: 100 * MINUTE,
            ..Knowledge::default()
        };
        alternatives(traffic, &Year::Y2020.regime(), &known, 1)
    }

    fn every(step: i64, at_once: usize) -> Vec<Call> {
        let moments = (0..14 * DAY / step).map(|index| HOUR + index * step);
        moments.flat_map(|at_ms| vec![Call { at_ms, busy_ms: 300 }; at_once]).collect()
    }

    #[test]
    fn the_plan_has_as_few_pings_as_keep_the_target() {
        let all = seen(&every(15 * MINUTE, 1), &[]);
        let plan = plan(&all, 0.01).unwrap();
        assert!(matches!(plan.measure, Measure::Pings(Protection::Kept(1 | 2))), "{plan:?}");
        assert!(plan.pings_a_day < 300.0 && all[0].tally.cold == all[0].tally.calls, "{all:?}");
        let fixed = configurable(&all, 0.01).unwrap();
        assert!(matches!(fixed.measure, Measure::Every { count: 2, .. }) && fixed.tally.pings > plan.tally.pings);
        // Where traffic itself keeps a function warm, nothing is planned.
        assert_eq!(super::plan(&seen(&every(MINUTE / 3, 1), &[]), 0.01).unwrap().tally.pings, 0);
    }

    #[test]
    fn where_only_bursts_are_cold_no_pings_reach_the_target_and_overlap_is_the_cause() {
        let all = seen(&every(25 * MINUTE, 12), &[]);
        assert_eq!(plan(&all, 0.01), None);
        let best = best_pings(&all).unwrap().tally;
        assert!(best.of(ColdCause::Overlap) * 10 > best.cold * 9, "{best:?}");
    }

    #[test]
    fn where_there_are_too_few_calls_to_be_sure_pings_are_likely_enough() {
        let all = seen(&every(3 * HOUR, 1), &[]);
        assert_eq!(plan(&all, 0.01), None);
        assert!(likely(&all, 0.01).is_some_and(|one| one.tally.cold <= 1 && one.tally.pings > 0));
    }

    #[test]
    fn a_deploy_makes_the_next_call_cold() {
        let deploys: Vec<i64> = (1..100).map(|index| index * 3 * HOUR + MINUTE / 2).collect();
        let all = seen(&every(MINUTE, 1), &deploys);
        assert_eq!(all[0].tally.of(ColdCause::Deploy), 99);
        assert_eq!(all.last().unwrap().tally.cold, 0);
    }
}
