//! Learning how long environments are kept, from the evidence of all functions of an account, while it comes in.

use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;
use crate::knowledge::Knowledge;
use crate::lifetime::Lifetime;
use crate::regime::{DAY, HOUR, MINUTE, SECOND};
use crate::sparse;

const PAUSE_STEP: i64 = 10 * SECOND;
const PAUSE_STEPS: usize = 720;
/// No pause longer than this is tried.
const LONGEST_PROBE: i64 = HOUR;
const AGE_STEP: i64 = 2 * MINUTE;
const AGE_STEPS: usize = 420;
/// After how long a piece of evidence counts half.
const HALF_LIFE: i64 = 7 * DAY;
/// The share of pauses that may end an environment: a ping that finds none starts one, and costs nobody a wait.
const SAFE_SHARE: f64 = 0.15;
/// The share of pauses in which an environment ends for another reason: at 0.1 ends an hour of young environments, as
/// measured in 2020, a pause of 10 min has one in sixty.
const EARLY: f64 = 0.03;
/// Ends in an hour of environments of one age from which they are called old.
const OLD: f64 = 1.0;

/// Pauses by length: how many were survived, and how many ended an environment.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Pauses {
    #[serde(with = "sparse")]
    survived: Vec<f64>,
    #[serde(with = "sparse")]
    ended: Vec<f64>,
}

impl Pauses {
    fn new() -> Self {
        Self { survived: vec![0.0; PAUSE_STEPS], ended: vec![0.0; PAUSE_STEPS] }
    }

    fn fade(&mut self, factor: f64) {
        self.survived.iter_mut().chain(&mut self.ended).for_each(|count| *count *= factor);
    }

    fn add(&mut self, pause_ms: i64, has_ended: bool) {
        // A pause that was survived counts for the full steps below it; one that was not, for the step above.
        let (counts, step) = match has_ended {
            true => (&mut self.ended, (pause_ms + PAUSE_STEP - 1) / PAUSE_STEP),
            false => (&mut self.survived, pause_ms / PAUSE_STEP),
        };
        let step = usize::try_from(step).unwrap_or(0).min(PAUSE_STEPS - 1);
        if let Some(count) = counts.get_mut(step) {
            *count += 1.0;
        }
    }

    /// The longest pause of which at most a small share ends environments, at 95 %: a pause of which nothing is known
    /// is not safe.
    fn safe(&self) -> i64 {
        let mut survived: f64 = self.survived.iter().sum();
        let mut safe = 0;
        for (step, here_survived) in (0_i64..).zip(&self.survived) {
            let pause = step * PAUSE_STEP;
            let ended = self.ended_near(pause);
            // The rule of three, and the normal approximation.
            let most = ended + 1.65 * ended.sqrt() + 3.0;
            if most <= SAFE_SHARE * (survived + ended) {
                safe = pause;
            }
            survived -= here_survived;
        }
        safe
    }

    /// Environments that pauses of about this length ended, beyond those that end early anyway. Much shorter pauses say
    /// nothing of it: what they ended had another reason, as longer ones were survived.
    fn ended_near(&self, pause_ms: i64) -> f64 {
        // A pause that was not survived counts for the step above it, and its answer comes a moment later.
        let (from, to) = (pause_ms * 17 / 20, pause_ms + 2 * PAUSE_STEP);
        let ended = Self::between(&self.ended, from, to);
        let survived = Self::between(&self.survived, from, to);
        (ended - EARLY * (survived + ended)).max(0.0)
    }

    /// The longest pause beyond the safe one that is not known to be unsafe.
    fn probe(&self, safe: i64) -> i64 {
        let steps = [safe * 23 / 20, safe * 43 / 40, safe + 2 * PAUSE_STEP, safe + PAUSE_STEP];
        let is_open = |pause: &i64| {
            let ended = self.ended_near(*pause);
            let survived = Self::between(&self.survived, *pause, i64::MAX / 4);
            *pause < LONGEST_PROBE && ended - 1.65 * ended.sqrt() <= SAFE_SHARE * (survived + ended)
        };
        steps.into_iter().find(is_open).unwrap_or(safe)
    }

    /// Forgets what was survived from this length on.
    fn cut(&mut self, from_ms: i64) {
        let from = usize::try_from(from_ms / PAUSE_STEP).unwrap_or(0);
        self.survived.iter_mut().skip(from).for_each(|count| *count = 0.0);
    }

    fn between(counts: &[f64], from_ms: i64, to_ms: i64) -> f64 {
        let step = |ms: i64| usize::try_from(ms / PAUSE_STEP).unwrap_or(0).min(PAUSE_STEPS);
        counts.iter().take(step(to_ms)).skip(step(from_ms)).sum()
    }
}

/// The evidence of one account and region.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pool {
    alone: Pauses,
    recent: Pauses,
    beside: Pauses,
    /// Milliseconds lived, and ends, by age.
    #[serde(with = "sparse")]
    lived: Vec<f64>,
    #[serde(with = "sparse")]
    ended: Vec<f64>,
    now: i64,
    known: Knowledge,
}

impl Default for Pool {
    fn default() -> Self {
        Self {
            alone: Pauses::new(),
            recent: Pauses::new(),
            beside: Pauses::new(),
            lived: vec![0.0; AGE_STEPS],
            ended: vec![0.0; AGE_STEPS],
            now: 0,
            known: Knowledge::default(),
        }
    }
}

impl Pool {
    /// Takes in what was seen until `now`, and says what is known then.
    pub fn learn(&mut self, now_ms: i64, evidence: &[Evidence]) -> &Knowledge {
        let passed = (now_ms - self.now).max(0) as f64;
        self.now = now_ms;
        let fade = 0.5_f64.powf(passed / HALF_LIFE as f64);
        self.alone.fade(fade);
        self.beside.fade(fade);
        self.recent.fade(0.5_f64.powf(passed / HOUR as f64));
        self.lived.iter_mut().chain(&mut self.ended).for_each(|count| *count *= fade);
        for one in evidence {
            self.take(*one);
        }
        self.judge();
        &self.known
    }

    /// What is known.
    pub fn known(&self) -> &Knowledge {
        &self.known
    }

    /// Until when evidence was taken in, in milliseconds.
    pub fn learned_until(&self) -> i64 {
        self.now
    }

    fn take(&mut self, one: Evidence) {
        let safe = self.known.safe_pause_ms;
        match one {
            Evidence::Survived { pause_ms, age_ms, passed_over } => {
                if passed_over {
                    self.beside.add(pause_ms, false);
                } else {
                    self.alone.add(pause_ms, false);
                    self.recent.add(pause_ms, false);
                }
                self.live(age_ms - pause_ms, age_ms);
            }
            Evidence::Ended { pause_ms, last_age_ms, age_ms, passed_over } => {
                let limit = if passed_over { self.known.safe_beside_ms } else { safe };
                if pause_ms < limit * 9 / 10 || (pause_ms <= limit && age_ms >= self.known.safe_age_ms) {
                    if !passed_over && pause_ms >= safe / 2 && age_ms < self.known.safe_age_ms {
                        self.recent.add(pause_ms, true);
                    }
                    let middle = last_age_ms / 2 + age_ms / 2;
                    self.live(last_age_ms, middle);
                    let step = usize::try_from(middle / AGE_STEP).unwrap_or(0).min(AGE_STEPS - 1);
                    if let Some(count) = self.ended.get_mut(step) {
                        *count += 1.0;
                    }
                } else if age_ms < self.known.safe_age_ms {
                    if passed_over {
                        self.beside.add(pause_ms, true);
                    } else {
                        self.alone.add(pause_ms, true);
                        self.recent.add(pause_ms, true);
                    }
                }
            }
        }
    }

    fn live(&mut self, from_ms: i64, to_ms: i64) {
        let (mut from, to) = (from_ms.max(0), to_ms.min(AGE_STEP * AGE_STEPS as i64 - 1));
        while from < to {
            let step = from / AGE_STEP;
            let end = ((step + 1) * AGE_STEP).min(to);
            if let Some(lived) = usize::try_from(step).ok().and_then(|step| self.lived.get_mut(step)) {
                *lived += (end - from) as f64;
            }
            from = end;
        }
    }

    fn judge(&mut self) {
        let floor = Knowledge::default().safe_pause_ms;
        let safe = self.known.safe_pause_ms;
        let ended = Pauses::between(&self.recent.ended, safe / 2, safe + PAUSE_STEP);
        let survived = Pauses::between(&self.recent.survived, safe * 3 / 4, i64::MAX / 4);
        if ended >= 0.5 && ended > SAFE_SHARE * (survived + ended) {
            let cut = safe * 3 / 4;
            self.alone.cut(cut);
            self.recent = Pauses::new();
            self.known.safe_pause_ms = cut;
        } else {
            let learned = self.alone.safe();
            self.known.safe_pause_ms = learned.max(floor.min(safe));
        }
        self.known.safe_beside_ms = self.beside.safe().max(self.known.safe_pause_ms);
        self.known.probe_pause_ms = self.alone.probe(self.known.safe_pause_ms);
        self.known.probe_beside_ms = self.beside.probe(self.known.safe_beside_ms).max(self.known.probe_pause_ms);
        self.judge_age();
    }

    fn judge_age(&mut self) {
        let window = 3;
        let per_hour = |step: usize| {
            let ended: f64 = self.ended.iter().skip(step).take(window).sum();
            let lived: f64 = self.lived.iter().skip(step).take(window).sum();
            (ended, lived, ended * HOUR as f64 / lived.max(1.0))
        };
        let old = (0..AGE_STEPS - window).find(|step| {
            let (ended, lived, rate) = per_hour(*step);
            ended >= 4.0 && lived > 0.0 && rate >= OLD
        });
        let reached =
            (0..AGE_STEPS).rev().find(|step| self.lived.get(*step).is_some_and(|lived| *lived >= HOUR as f64));
        let first = Knowledge::default();
        self.known.safe_age_ms = match (old, reached) {
            (Some(old), _) => (old as i64 * AGE_STEP).max(20 * MINUTE),
            (None, Some(reached)) => (reached as i64 * AGE_STEP).max(first.safe_age_ms),
            (None, None) => first.safe_age_ms,
        };
        if self.ended.iter().sum::<f64>() >= 20.0 {
            let mut alive = 1.0;
            let mut points = vec![(0, 0.0)];
            for (step, (ended, lived)) in (0_i64..).zip(self.ended.iter().zip(&self.lived)) {
                if *lived <= 0.0 {
                    break;
                }
                alive *= (-ended * AGE_STEP as f64 / lived).exp();
                points.push(((step + 1) * AGE_STEP, 1.0 - alive));
            }
            self.known.age = Lifetime::of_points(points);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn survived(pause_ms: i64) -> Evidence {
        Evidence::Survived { pause_ms, age_ms: 30 * MINUTE, passed_over: false }
    }

    fn ended(pause_ms: i64) -> Evidence {
        let last_age_ms = 10 * MINUTE;
        Evidence::Ended { pause_ms, last_age_ms, age_ms: last_age_ms + pause_ms, passed_over: false }
    }

    #[test]
    fn a_pause_is_safe_once_enough_environments_survived_it() {
        let mut pool = Pool::default();
        assert_eq!(pool.learn(MINUTE, &[survived(9 * MINUTE); 5]).safe_pause_ms, 5 * MINUTE);
        assert_eq!(pool.learn(2 * MINUTE, &[survived(9 * MINUTE); 20]).safe_pause_ms, 9 * MINUTE);
        assert!(pool.known.probe_pause_ms > 10 * MINUTE);
    }

    #[test]
    fn after_a_shift_from_ten_minutes_to_six_two_cold_starts_are_enough() {
        let mut pool = Pool::default();
        for hour in 1..100 {
            pool.learn(hour * HOUR, &[survived(595 * SECOND); 6]);
        }
        assert_eq!(pool.known.safe_pause_ms, 590 * SECOND);
        let mut cold = 0;
        let mut now = 100 * HOUR;
        while pool.known.safe_pause_ms > 6 * MINUTE {
            now += 10 * MINUTE;
            let pause = pool.known.safe_pause_ms;
            pool.learn(now, &[ended(pause)]);
            cold += 1;
        }
        assert_eq!(cold, 2);
        // It does not grow back by what was survived before.
        pool.learn(now + HOUR, &[survived(320 * SECOND); 6]);
        assert!(pool.known.safe_pause_ms <= 6 * MINUTE);
    }

    #[test]
    fn one_end_among_many_that_survived_does_not_shorten_the_pause() {
        let mut pool = Pool::default();
        pool.learn(HOUR, &[survived(10 * MINUTE); 200]);
        let safe = pool.known.safe_pause_ms;
        assert_eq!(pool.learn(HOUR + MINUTE, &[ended(590 * SECOND), survived(10 * MINUTE)]).safe_pause_ms, safe);
    }

    #[test]
    fn the_safe_age_is_where_ends_become_frequent() {
        let mut pool = Pool::default();
        let lives = |from: i64| Evidence::Survived { pause_ms: from, age_ms: from, passed_over: false };
        let ends = |age: i64| Evidence::Ended {
            pause_ms: MINUTE,
            last_age_ms: (age - 1) * MINUTE,
            age_ms: age * MINUTE,
            passed_over: false,
        };
        let mut evidence = vec![lives(112 * MINUTE); 40];
        evidence.extend((0..40).map(|index| ends(112 + index % 10)));
        let age = pool.learn(3 * HOUR, &evidence).safe_age_ms / MINUTE;
        assert!((106..=114).contains(&age), "{age}");
    }

    #[test]
    fn what_was_learned_fades() {
        let mut pool = Pool::default();
        pool.learn(0, &[survived(9 * MINUTE); 40]);
        assert_eq!(pool.known.safe_pause_ms, 9 * MINUTE);
        assert_eq!(pool.learn(5 * HALF_LIFE, &[]).safe_pause_ms, 5 * MINUTE);
    }
}
