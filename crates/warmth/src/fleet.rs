//! The execution environments of one function, as AWS runs them: the most recently used one answers; each ends when it
//! was not used for its idle timeout, or at its maximum age. One that is passed over for another is kept longer.

use crate::chance::Chance;
use crate::regime::Regime;

/// One execution environment. Times are milliseconds since the beginning of the trace.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Environment {
    /// Which one it is; the next one started has the next number.
    pub number: u32,
    /// When it was started.
    pub born_ms: i64,
    /// When its last invocation ends or ended.
    pub free_ms: i64,
    /// When it ends by age.
    recycled_ms: i64,
    /// When it ends if it is not used again.
    idle_end_ms: i64,
    /// Whether another one was used since.
    beside: bool,
}

/// Why no environment could answer at once. The four add up to all cold starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ColdCause {
    /// No invocation for longer than the idle timeout.
    Idle,
    /// The environment had reached its maximum age.
    Recycling,
    /// Every environment was busy.
    Overlap,
    /// A deploy had ended every environment.
    Deploy,
}

/// Who answered an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Answered {
    /// The environment.
    pub environment: u32,
    /// When it ended.
    pub end_ms: i64,
    /// Why it was a cold start, if it was.
    pub cold: Option<ColdCause>,
}

/// The environments of one function.
#[derive(Debug, Clone)]
pub struct Fleet {
    alive: Vec<Environment>,
    next: u32,
    /// How the one that ended last ended.
    last_end: (i64, ColdCause),
    /// Environments that are never ended: provisioned concurrency.
    kept: u32,
}

impl Fleet {
    /// No environment yet; `kept` of them never end (provisioned concurrency).
    pub fn new(kept: u32) -> Self {
        let forever = |number| Environment {
            number,
            born_ms: i64::MIN / 4,
            free_ms: i64::MIN / 4,
            recycled_ms: i64::MAX,
            idle_end_ms: i64::MAX,
            beside: true,
        };
        Self { alive: (0..kept).map(forever).collect(), next: kept, last_end: (i64::MIN, ColdCause::Idle), kept }
    }

    /// There is an environment already that was used until `now`; how old it is, is left to chance.
    pub fn begin_warm(&mut self, now: i64, regime: &Regime, chance: &mut Chance) {
        // Of environments that are met at some moment, long lives are met more often.
        let longest = regime.age.by(1.0).max(1) as f64;
        let mut life = regime.age.draw(chance);
        for _ in 0..16 {
            if chance.share() * longest < life as f64 {
                break;
            }
            life = regime.age.draw(chance);
        }
        let born_ms = now - chance.below(life);
        self.alive.push(Environment {
            number: self.next,
            born_ms,
            free_ms: now,
            recycled_ms: born_ms + life,
            idle_end_ms: now + regime.idle.draw(chance),
            beside: false,
        });
        self.next += 1;
    }

    /// Ends every environment that has lived until `now`.
    fn bury(&mut self, now: i64) {
        let Self { alive, last_end, .. } = self;
        alive.retain(|one| {
            // An environment that reaches its age while it is busy ends when it is free.
            let (end, cause) = if one.recycled_ms <= one.idle_end_ms {
                (one.recycled_ms.max(one.free_ms), ColdCause::Recycling)
            } else {
                (one.idle_end_ms, ColdCause::Idle)
            };
            let lives = end > now;
            if !lives && end >= last_end.0 {
                *last_end = (end, cause);
            }
            lives
        });
    }

    /// A deploy ends every environment.
    pub fn deploy(&mut self, now: i64) {
        self.bury(now);
        self.alive.retain(|one| one.number < self.kept);
        self.last_end = (now, ColdCause::Deploy);
    }

    /// The environments that are free now and were not chosen are kept longer.
    fn pass_over(&mut self, chosen: u32, now: i64, regime: &Regime, chance: &mut Chance) {
        for one in self.alive.iter_mut().filter(|one| one.number != chosen && !one.beside && one.free_ms <= now) {
            one.beside = true;
            one.idle_end_ms = one.idle_end_ms.max(one.free_ms + regime.beside.draw(chance));
        }
    }

    /// Answers one invocation that begins `now`; `init_ms` is how long a new environment takes to start.
    pub fn invoke(&mut self, now: i64, busy_ms: i64, init_ms: i64, regime: &Regime, chance: &mut Chance) -> Answered {
        self.bury(now);
        let warmest =
            self.alive.iter_mut().filter(|one| one.free_ms <= now).max_by_key(|one| (one.free_ms, one.number));
        if let Some(one) = warmest {
            one.free_ms = now + busy_ms;
            if one.number >= self.kept {
                one.idle_end_ms = one.free_ms + regime.idle.draw(chance);
                one.beside = false;
            }
            let answered = Answered { environment: one.number, end_ms: one.free_ms, cold: None };
            self.pass_over(answered.environment, now, regime, chance);
            return answered;
        }
        self.pass_over(self.next, now, regime, chance);
        let cause = if self.alive.is_empty() { self.last_end.1 } else { ColdCause::Overlap };
        let number = self.next;
        self.next += 1;
        let free_ms = now + init_ms + busy_ms;
        self.alive.push(Environment {
            number,
            born_ms: now,
            free_ms,
            recycled_ms: now + regime.age.draw(chance),
            idle_end_ms: free_ms + regime.idle.draw(chance),
            beside: false,
        });
        Answered { environment: number, end_ms: free_ms, cold: Some(cause) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lifetime::Lifetime;

    /// Idle after 600, beside another one after 1,200, old at 7,000.
    fn regime() -> Regime {
        Regime {
            idle: Lifetime::between(600, 600),
            beside: Lifetime::between(1_200, 1_200),
            age: Lifetime::between(7_000, 7_000),
        }
    }

    /// Invocations that begin at a moment and last so long, with the environment that answers and why it is new.
    fn check(invocations: &[(i64, i64, u32, Option<ColdCause>)]) {
        let mut fleet = Fleet::new(0);
        let mut chance = Chance::new(1, "f");
        for (at, busy, environment, cold) in invocations {
            let answered = fleet.invoke(*at, *busy, 0, &regime(), &mut chance);
            assert_eq!((answered.environment, answered.cold), (*environment, *cold), "{at} of {invocations:?}");
        }
    }

    #[test]
    fn the_most_recently_used_environment_answers() {
        use ColdCause::{Idle, Overlap};
        check(&[(0, 50, 0, Some(Idle)), (10, 80, 1, Some(Overlap)), (200, 1, 1, None), (201, 5, 1, None)]);
        check(&[(0, 99, 0, Some(Idle)), (10, 20, 1, Some(Overlap)), (200, 1, 0, None)]);
    }

    #[test]
    fn an_environment_ends_when_it_is_not_used_and_later_while_another_one_is() {
        use ColdCause::{Idle, Overlap};
        check(&[(0, 0, 0, Some(Idle)), (599, 0, 0, None), (1_199, 0, 1, Some(Idle))]);
        check(&[
            (0, 10, 0, Some(Idle)),
            (5, 10, 1, Some(Overlap)),
            (500, 10, 1, None),
            (1_000, 10, 1, None),
            (1_005, 1, 0, None),
        ]);
        check(&[
            (0, 10, 0, Some(Idle)),
            (5, 10, 1, Some(Overlap)),
            (500, 10, 1, None),
            (1_000, 300, 1, None),
            (1_211, 1, 2, Some(Overlap)),
        ]);
    }

    #[test]
    fn an_environment_ends_at_its_age_but_not_while_it_is_busy() {
        use ColdCause::{Idle, Recycling};
        let mut used: Vec<_> = (0..14).map(|index| (index * 500, 1, 0, None)).collect();
        used[0].3 = Some(Idle);
        used.push((6_999, 400, 0, None));
        used.push((7_400, 1, 1, Some(Recycling)));
        check(&used);
    }

    #[test]
    fn a_deploy_ends_all_and_provisioned_environments_never_end() {
        let (regime, mut chance) = (regime(), Chance::new(1, "f"));
        let mut fleet = Fleet::new(1);
        let mut at = |now: i64, deploys: bool| {
            if deploys {
                fleet.deploy(now);
            }
            fleet.invoke(now, 10, 0, &regime, &mut chance).cold
        };
        assert_eq!(at(0, false), None);
        assert_eq!(at(5, false), Some(ColdCause::Overlap));
        assert_eq!(at(50_000, true), None);
        assert_eq!(at(50_005, false), Some(ColdCause::Overlap));
        let mut fleet = Fleet::new(0);
        fleet.invoke(0, 1, 0, &regime, &mut chance);
        fleet.deploy(5);
        assert_eq!(fleet.invoke(6, 1, 0, &regime, &mut chance).cold, Some(ColdCause::Deploy));
    }
}
