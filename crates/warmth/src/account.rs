//! The functions of one account, which learn together.

use crate::auto::{Auto, Promise};
use crate::chance::Chance;
use crate::fleet::Fleet;
use crate::knowledge::Timeline;
use crate::pinger::Pinger;
use crate::plan::Aim;
use crate::policy::Policy;
use crate::pool::Pool;
use crate::regime::{MINUTE, Regime};
use crate::replay::{FunctionReplay, Tally};
use crate::traffic::{Call, FunctionTrace};

/// How many functions learn for all: more would learn the same.
pub const SCOUTS: usize = 128;
/// How often what was learned is shared.
const SHARED_EVERY: i64 = 10 * MINUTE;

/// What came of one function.
#[derive(Debug, Clone, PartialEq)]
pub struct FunctionOutcome {
    /// What the trace calls it.
    pub id: String,
    /// What was counted.
    pub tally: Tally,
    /// What was promised.
    pub promise: Option<Promise>,
}

impl FunctionOutcome {
    /// Whether the share of cold starts is at most this.
    pub fn is_within(&self, target: f64) -> bool {
        f64::from(self.tally.cold) <= target * f64::from(self.tally.calls) + 1e-9
    }

    /// Whether what was promised for the whole period did not come.
    pub fn is_broken(&self, target: f64) -> bool {
        self.promise.is_some() && !self.is_within(target)
    }
}

/// What the functions of an account learn over a trace when `auto` pings them.
pub fn learn(traces: &[FunctionTrace], regime: &Regime, target: f64, seed: u64) -> Timeline {
    let step = (traces.len() / SCOUTS).max(1);
    let scouts: Vec<&FunctionTrace> = traces.iter().step_by(step).take(SCOUTS).collect();
    let calls: Vec<_> = scouts.iter().map(|trace| trace.calls(seed)).collect();
    let mut replays: Vec<_> = scouts
        .iter()
        .zip(&calls)
        .map(|(trace, calls)| {
            let mut chance = Chance::new(seed, &trace.id);
            let aim = Aim::over(target, 0, trace.length_ms);
            let fleet = fleet(trace, 0, calls, regime, &mut chance);
            let pinger = Auto::new(aim, &mut chance, true);
            FunctionReplay::new(calls, regime, fleet, pinger, chance)
        })
        .collect();
    let end = scouts.iter().map(|trace| trace.length_ms).max().unwrap_or(0);
    let mut pool = Pool::default();
    let mut timeline = Timeline::default();
    let mut now = 0;
    while now < end {
        let until = (now + SHARED_EVERY).min(end);
        let mut evidence = Vec::new();
        for replay in &mut replays {
            replay.run(now, until, &timeline);
            evidence.append(&mut replay.pinger.take_evidence());
        }
        timeline.learn(until, pool.learn(until, &evidence).clone());
        now = until;
    }
    timeline
}

fn fleet(trace: &FunctionTrace, kept: u32, calls: &[Call], regime: &Regime, chance: &mut Chance) -> Fleet {
    let mut fleet = Fleet::new(kept);
    if let Some(first) = calls.first().filter(|_| trace.begins_warm) {
        fleet.begin_warm(first.at_ms, regime, chance);
    }
    fleet
}

/// Replays one function under a policy; `known` is what its account knows when.
pub fn simulate(
    trace: &FunctionTrace,
    policy: Policy,
    regime: &Regime,
    known: &Timeline,
    target: f64,
    seed: u64,
) -> FunctionOutcome {
    let calls = trace.calls(seed);
    let mut chance = Chance::new(seed, &trace.id);
    let aim = Aim::over(target, 0, trace.length_ms);
    let kept = if let Policy::Provisioned { environments } = policy { environments } else { 0 };
    let fleet = fleet(trace, kept, &calls, regime, &mut chance);
    let length = trace.length_ms;
    let (tally, promise) = if policy == Policy::Auto {
        let pinger = Auto::new(aim, &mut chance, false);
        let mut replay = FunctionReplay::new(&calls, regime, fleet, pinger, chance);
        replay.run(0, length, known);
        (replay.tally, replay.pinger.promise())
    } else {
        let pinger = Pinger::new(policy, &mut chance);
        let mut replay = FunctionReplay::new(&calls, regime, fleet, pinger, chance);
        replay.run(0, length, known);
        (replay.tally, None)
    };
    FunctionOutcome { id: trace.id.clone(), tally, promise }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::regime::{DAY, Year};
    use crate::traffic::Arrivals;

    /// A function that is called once every so many minutes, as often at once.
    fn every(minutes: u32, at_once: u32, id: &str) -> FunctionTrace {
        FunctionTrace {
            id: id.to_owned(),
            arrivals: Arrivals::Minutes {
                counts: (0..1_440 / minutes).map(|index| (index * minutes, at_once)).collect(),
                busy_ms: 250,
            },
            length_ms: DAY,
            begins_warm: false,
            measured_cold: None,
        }
    }

    fn run(trace: &FunctionTrace, policy: &str, year: Year) -> FunctionOutcome {
        let policy: Policy = policy.parse().unwrap();
        let regime = year.regime();
        let traces = [trace.clone()];
        let known = if policy == Policy::Auto { learn(&traces, &regime, 0.01, 7) } else { Timeline::default() };
        simulate(trace, policy, &regime, &known, 0.01, 7)
    }

    #[test]
    fn each_policy_does_what_it_is_known_for() {
        let rare = every(20, 1, "rare");
        assert_eq!(run(&rare, "none", Year::Y2020).tally.cold, 72);
        let pinged = run(&rare, "fixed:5m", Year::Y2020).tally;
        assert!(pinged.pings == 288 && pinged.cold < 8, "{pinged:?}");
        let handed = run(&rare, "handover:10m@60m", Year::Y2020).tally;
        assert!(handed.cold <= pinged.cold && handed.pings < 200, "{handed:?}");
        let kept = run(&rare, "provisioned:1", Year::Y2020).tally;
        assert_eq!((kept.cold, kept.pings), (0, 0));
        let best = run(&rare, "clairvoyant", Year::Y2020).tally;
        assert_eq!((best.cold, best.pings), (0, 72));
        let skipped = run(&every(2, 1, "often"), "skip:10m", Year::Y2020).tally;
        assert!(skipped.pings < 10, "{skipped:?}");
        let shaped = run(&rare, "histogram", Year::Y2020).tally;
        assert!(shaped.pings > 50 && shaped.cold < 30, "{shaped:?}");
    }

    #[test]
    fn auto_learns_each_regime_and_spends_few_pings_where_traffic_keeps_a_function_warm() {
        for year in [Year::Y2019, Year::Y2020, Year::Y2021] {
            let rare = run(&every(20, 1, "rare"), "auto", year).tally;
            assert!(rare.cold <= 3 && rare.pings < 500, "{year:?} {rare:?}");
            let busy = run(&every(1, 3, "busy"), "auto", year);
            assert!(busy.is_within(0.01) && busy.tally.pings < 150 && busy.promise.is_some(), "{year:?} {busy:?}");
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_and_causes_add_up() {
        let trace = every(7, 4, "f");
        for policy in ["none", "auto", "fixed:2x5m", "histogram"] {
            let (one, other) = (run(&trace, policy, Year::Y2020), run(&trace, policy, Year::Y2020));
            assert_eq!(one, other);
            assert_eq!(one.tally.by_cause.iter().sum::<u32>(), one.tally.cold, "{policy}");
            assert_eq!(one.tally.calls, 205 * 4);
        }
    }
}
