//! How long environments were kept, from the invocations of a function and the environments that answered them.

use crate::belief::{Belief, SeenInvocation};
use crate::evidence::Evidence;
use crate::isotonic;
use crate::lifetime::Lifetime;
use crate::regime::{HOUR, MINUTE, Regime};
use crate::survival;

/// A range in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LengthRange {
    /// The lower end.
    pub low_ms: i64,
    /// The upper end.
    pub high_ms: i64,
}

/// What was learned. What the invocations do not show is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct LearnedLifetimes {
    /// A pause that more than a fifth of all environments survives, at 95 %: the lower end of the idle timeout.
    pub idle_low_ms: Option<i64>,
    /// The upper end of the idle timeout.
    pub idle_high_ms: Option<i64>,
    /// The ages at which most environments that were in use ended.
    pub age: Option<LengthRange>,
    /// How many ended younger, while in use.
    pub ended_early: u32,
    /// How many invocations were read.
    pub calls: u32,
    /// The model to replay with, if the idle timeout is known.
    pub regime: Option<Regime>,
}

/// How many pauses must have been survived from the lower end on: with two, more than a fifth of all environments
/// outlives it at 95 % (0.22 squared is 5 %), and the idle timeout hardly differs between environments.
const SURVIVED: usize = 2;
/// The ages at recycling are the fullest window of this length.
const AGE_WINDOW: i64 = 15 * MINUTE;

/// Learns from the invocations of one function, in order.
pub fn learn(seen: &[SeenInvocation]) -> LearnedLifetimes {
    let mut belief = Belief::new(true);
    let mut evidence = Vec::new();
    for one in seen {
        belief.take(*one);
        evidence.append(&mut belief.take_evidence());
    }
    let calls = u32::try_from(seen.len()).unwrap_or(u32::MAX);
    let alone: Vec<(i64, bool)> = evidence
        .iter()
        .filter_map(|one| match *one {
            Evidence::Survived { pause_ms, passed_over: false, .. } => Some((pause_ms, false)),
            Evidence::Ended { pause_ms, passed_over: false, .. } => Some((pause_ms, true)),
            _ => None,
        })
        .collect();
    let high = idle_high(&alone);
    let mut survived: Vec<i64> = alone.iter().filter(|case| !case.1).map(|case| case.0).collect();
    // Single environments outlive others by far: what is beyond the upper end is not counted.
    survived.retain(|pause| high.is_none_or(|high| *pause <= high));
    survived.sort_unstable_by(|one, other| other.cmp(one));
    let low = survived.get(SURVIVED - 1).copied();
    let cases = ages(seen, &evidence, low.unwrap_or(0));
    let (age, ended_early) = age(&cases);
    let regime = high.zip(survived.first().copied()).map(|(high_ms, low_ms)| {
        let idle = LengthRange { low_ms, high_ms };
        Regime { idle: Lifetime::between(low_ms, high_ms), beside: beside(&evidence, idle), age: lifetime(&cases) }
    });
    LearnedLifetimes { idle_low_ms: low, idle_high_ms: high, age, ended_early, calls, regime }
}

/// The second pause from which on at least nine of ten had ended; one alone may have had another reason.
fn idle_high(alone: &[(i64, bool)]) -> Option<i64> {
    let steps = isotonic::ended_within(alone.iter().copied());
    let (sure_from, _) = *steps.iter().find(|step| step.1 >= 0.9)?;
    let mut ended: Vec<i64> = alone.iter().filter(|case| case.1 && case.0 >= sure_from).map(|case| case.0).collect();
    ended.sort_unstable();
    ended.get(1).copied()
}

/// How long environments are kept that others are used instead of; without evidence, as long as others.
fn beside(evidence: &[Evidence], idle: LengthRange) -> Lifetime {
    let cases = evidence.iter().filter_map(|one| match *one {
        Evidence::Survived { pause_ms, passed_over: true, .. } => Some((pause_ms, false)),
        Evidence::Ended { pause_ms, passed_over: true, .. } if pause_ms > idle.low_ms => Some((pause_ms, true)),
        _ => None,
    });
    let steps = isotonic::ended_within(cases);
    let longest = steps.last().map_or(0, |step| step.0);
    if longest <= idle.high_ms {
        return Lifetime::between(idle.low_ms, idle.high_ms);
    }
    let low = steps.iter().find(|step| step.1 > 0.0).map_or(longest, |step| step.0).max(idle.low_ms);
    Lifetime::between(low, longest.max(low))
}

/// The age of each environment at its end, or when it was last known to live.
fn ages(seen: &[SeenInvocation], evidence: &[Evidence], safe_pause_ms: i64) -> Vec<survival::Case> {
    let mut cases: Vec<survival::Case> = evidence
        .iter()
        .filter_map(|one| match *one {
            Evidence::Ended { pause_ms, last_age_ms, age_ms, .. } => {
                // A pause that is surely survived did not end it: its age did.
                if pause_ms < safe_pause_ms {
                    Some((last_age_ms / 2 + age_ms / 2, true))
                } else {
                    Some((last_age_ms, false))
                }
            }
            Evidence::Survived { .. } => None,
        })
        .collect();
    // Those that live when the log ends.
    let mut belief = Belief::new(false);
    seen.iter().for_each(|one| belief.take(*one));
    cases.extend(belief.known().iter().map(|one| (one.free_ms - one.born_ms, false)));
    cases
}

fn age(cases: &[survival::Case]) -> (Option<LengthRange>, u32) {
    let mut ended: Vec<i64> = cases.iter().filter(|case| case.1).map(|case| case.0).collect();
    ended.sort_unstable();
    let within = |from: i64| ended.iter().filter(|age| (from..=from + AGE_WINDOW).contains(*age)).count();
    let Some(from) = ended.iter().copied().max_by_key(|from| within(*from)).filter(|from| within(*from) >= 3) else {
        return (None, 0);
    };
    let high_ms = ended.iter().copied().filter(|age| *age <= from + AGE_WINDOW).max().unwrap_or(from);
    let early = ended.iter().filter(|age| **age < from).count();
    (Some(LengthRange { low_ms: from, high_ms }), u32::try_from(early).unwrap_or(u32::MAX))
}

/// The distribution of ages; what never ended in the log ends later than all that did.
fn lifetime(cases: &[survival::Case]) -> Lifetime {
    let longest = cases.iter().map(|case| case.0).max().unwrap_or(0);
    let mut points = vec![(0, 0.0)];
    points.extend(survival::ended_by(cases));
    // An environment was seen to live this long.
    let end = longest.max(points.last().map_or(0, |point| point.0)) + MINUTE;
    let reached = points.last().map_or(0.0, |point| point.1);
    points.push((end, reached));
    points.push((end.max(12 * HOUR), 1.0));
    Lifetime::of_points(points)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::chance::Chance;
    use crate::fleet::Fleet;
    use crate::lifetime::Lifetime;
    use crate::regime::SECOND;

    /// What a log of 28 h shows of a function that is called by chance.
    fn log(mean_pause_s: f64, regime: &Regime, seed: u64) -> Vec<SeenInvocation> {
        let mut chance = Chance::new(seed, "log");
        let mut fleet = Fleet::new(0);
        let (mut now, mut seen) = (0, Vec::new());
        while now < 28 * HOUR {
            let answered = fleet.invoke(now, 2 * SECOND, 500, regime, &mut chance);
            let start_ms = now + if answered.cold.is_some() { 500 } else { 0 };
            seen.push(SeenInvocation {
                start_ms,
                end_ms: answered.end_ms,
                environment: answered.environment,
                cold: answered.cold.is_some(),
            });
            now += (-(1.0 - chance.share()).ln() * mean_pause_s * 1_000.0) as i64;
        }
        seen
    }

    fn regime(low_s: i64, high_s: i64) -> Regime {
        Regime {
            idle: Lifetime::between(low_s * SECOND, high_s * SECOND),
            beside: Lifetime::between(2 * low_s * SECOND, 3 * low_s * SECOND),
            age: Lifetime::between(111 * MINUTE, 122 * MINUTE),
        }
    }

    #[test]
    fn one_day_of_logs_brackets_the_idle_timeout() {
        let mut narrow = 0;
        for seed in 0..20 {
            let learned = learn(&log(400.0, &regime(630, 654), seed));
            let (low, high) = (learned.idle_low_ms.unwrap() / SECOND, learned.idle_high_ms.unwrap() / SECOND);
            assert!(low <= 645 && high >= 635, "{low} {high}");
            narrow += i32::from(high - low <= 75);
        }
        assert!(narrow >= 17, "{narrow} of 20");
    }

    #[test]
    fn a_busy_function_shows_the_age_and_not_the_idle_timeout() {
        let learned = learn(&log(30.0, &regime(630, 654), 1));
        assert_eq!(learned.idle_high_ms, None);
        let age = learned.age.unwrap();
        assert!(age.low_ms > 109 * MINUTE && age.high_ms < 124 * MINUTE, "{age:?}");
        assert!(learned.regime.is_none());
    }

    #[test]
    fn a_log_without_pauses_shows_nothing() {
        let nothing = learn(&[]);
        assert_eq!((nothing.idle_low_ms, nothing.idle_high_ms, nothing.age, nothing.calls), (None, None, None, 0));
        let one = learn(&[SeenInvocation { start_ms: 0, end_ms: 1, environment: 0, cold: true }]);
        assert_eq!((one.idle_low_ms, one.idle_high_ms, one.age, one.calls), (None, None, None, 1));
    }
}
