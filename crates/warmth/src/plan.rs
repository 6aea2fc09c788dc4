//! Which protection is enough, by replay of what was seen.

use crate::belief::Belief;
use crate::chance::Chance;
use crate::fleet::Fleet;
use crate::keeper::Protection;
use crate::keeping::Keeping;
use crate::knowledge::{Knowledge, Timeline};
use crate::promise::{Expectation, chance_of_at_most};
use crate::regime::HOUR;
use crate::replay::{FunctionReplay, Tally};
use crate::traffic::Call;

/// What a plan is made for.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Aim {
    /// The share of calls that may be cold starts.
    pub target: f64,
    /// When the period begins over which the share is counted.
    pub from_ms: i64,
    /// When it ends.
    pub until_ms: i64,
    /// How many pings may begin at the same moment.
    pub at_most: u32,
    /// What is planned for at least, in milliseconds: a function that is watched goes on when the period ends.
    pub ahead_ms: i64,
}

impl Aim {
    /// This share over this period, with as many pings at the same moment as it takes.
    pub fn over(target: f64, from_ms: i64, until_ms: i64) -> Self {
        Self { target, from_ms, until_ms, at_most: u32::MAX, ahead_ms: 1 }
    }
}

/// A protection, and what it is expected to bring.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct PlannedProtection {
    /// The protection.
    pub protection: Protection,
    /// The chance that the share stays within the target over the whole period.
    pub chance: f64,
    /// Whether the period had too many cold starts before the plan was made.
    pub is_lost: bool,
    /// How many cold starts are left for the rest of the period.
    pub allowed: i64,
    /// Calls that are expected in the rest of the period.
    pub coming: f64,
    /// Pings a day in the replay.
    pub pings_a_day: f64,
    /// What the replay came to.
    pub tally: Tally,
}

/// How sure a plan has to be.
pub const SURE: f64 = 0.98;
/// How many pings a day one percent more chance is worth, when no plan is sure.
const PINGS_A_PERCENT: f64 = 60.0;

/// Replays calls between two moments with each protection, the cheapest first, until one is sure.
pub fn choose(
    calls: &[Call],
    (from_ms, now_ms): (i64, i64),
    so_far: &Tally,
    known: &Knowledge,
    aim: Aim,
    chance: &Chance,
) -> PlannedProtection {
    let seen = now_ms - from_ms;
    let left = (aim.until_ms - now_ms).max(aim.ahead_ms);
    let truth = known.regime();
    let mut timeline = Timeline::default();
    timeline.learn(i64::MIN, known.clone());
    let first = calls.partition_point(|call| call.at_ms < from_ms);
    let calls = calls.get(first..).unwrap_or_default();
    let longer = left as f64 / seen.max(1) as f64;
    let coming = (calls.len() as f64 + 0.5) * longer;
    let of_all = (aim.target * (f64::from(so_far.calls) + coming)).floor() as i64 - i64::from(so_far.cold);
    // A period that is lost already is no reason to let the users of the rest of it wait.
    let allowed = if of_all < 0 { (aim.target * coming).floor() as i64 } else { of_all };
    let times = if calls.len() < 300 { 3 } else { 1 };
    let mut best: Option<(f64, PlannedProtection)> = None;
    for protection in Protection::ALL.into_iter().filter(|one| one.needs_at_once() <= aim.at_most) {
        let mut sum = Tally::default();
        for time in 0..times {
            let pinger = Keeping::new(protection, Belief::default(), aim.at_most);
            let mut chance = chance.clone();
            (0..=time).for_each(|_| {
                chance.word();
            });
            let mut replay = FunctionReplay::new(calls, &truth, Fleet::new(0), pinger, chance);
            replay.run(from_ms, now_ms, &timeline);
            let mut one = replay.tally;
            // Whether the first call was cold depends on what was before.
            if protection == Protection::Nothing && one.cold > 0 {
                one.cold -= 1;
            }
            sum.cold += one.cold;
            sum.calls += one.calls;
            sum.pings += one.pings;
            sum.cold_pings += one.cold_pings;
            sum.by_cause.iter_mut().zip(one.by_cause).for_each(|(sum, one)| *sum += one);
        }
        let cold = f64::from(sum.cold) / f64::from(times);
        let calls = calls.len() as f64;
        let sure = chance_of_at_most(allowed, Expectation { cold, calls, coming, one_in: protection.one_in() });
        let pings_a_day = f64::from(sum.pings) / f64::from(times) * (24 * HOUR) as f64 / seen.max(1) as f64;
        let planned = PlannedProtection {
            protection,
            chance: sure,
            is_lost: of_all < 0,
            allowed,
            coming,
            pings_a_day,
            tally: sum,
        };
        let worth = sure * 100.0 * PINGS_A_PERCENT - pings_a_day;
        if best.as_ref().is_none_or(|(best, _)| worth > *best) {
            best = Some((worth, planned));
        }
        if sure >= SURE {
            return planned;
        }
    }
    best.map_or(
        PlannedProtection {
            protection: Protection::Nothing,
            chance: 0.0,
            is_lost: of_all < 0,
            allowed,
            coming,
            pings_a_day: 0.0,
            tally: Tally::default(),
        },
        |(_, planned)| planned,
    )
}
