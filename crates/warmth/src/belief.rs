//! What is known of a function's environments from its log and from the answers to its pings.

use serde::{Deserialize, Serialize};

use crate::evidence::Evidence;

/// One invocation, as its log or the answer to a ping shows it. Times are milliseconds since the beginning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenInvocation {
    /// When it began.
    pub start_ms: i64,
    /// When it ended.
    pub end_ms: i64,
    /// Its environment.
    pub environment: u32,
    /// Whether the environment was started for it.
    pub cold: bool,
}

/// An environment that was seen, and not seen to have ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct KnownEnvironment {
    /// Its number.
    pub number: u32,
    /// When it was first seen.
    pub born_ms: i64,
    /// When its last invocation ended.
    pub free_ms: i64,
    /// Whether another one was used since.
    pub passed_over: bool,
}

/// The environments of one function that may be alive.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Belief {
    /// What the log shows so far: the most recently used first.
    known: Vec<KnownEnvironment>,
    /// Pings that were answered and are not in the log yet.
    answered: Vec<SeenInvocation>,
    evidence: Option<Vec<Evidence>>,
}

impl Belief {
    /// Nothing is known yet.
    pub fn new(collects_evidence: bool) -> Self {
        Self { known: Vec::new(), answered: Vec::new(), evidence: collects_evidence.then(Vec::new) }
    }

    /// The environments, the most recently used first: those of the log, and what answered pings say since.
    pub fn known(&self) -> Vec<KnownEnvironment> {
        let mut known = self.known.clone();
        for ping in &self.answered {
            let before = known.iter().position(|one| one.number == ping.environment).map(|index| known.remove(index));
            if ping.cold {
                known.retain(|one| one.free_ms > ping.start_ms);
            }
            let born_ms = before.map_or(ping.start_ms, |one| one.born_ms);
            let free_ms = before.map_or(ping.end_ms, |one| one.free_ms.max(ping.end_ms));
            let one = KnownEnvironment { number: ping.environment, born_ms, free_ms, passed_over: false };
            let place = known.iter().position(|other| other.free_ms <= free_ms).unwrap_or(known.len());
            known.insert(place, one);
        }
        known
    }

    /// The environments that the log shows.
    pub fn logged(&self) -> &[KnownEnvironment] {
        &self.known
    }

    /// A ping was answered; the log will show it later.
    pub fn answer(&mut self, ping: SeenInvocation) {
        self.answered.push(ping);
    }

    /// What was learned since this was asked last.
    pub fn take_evidence(&mut self) -> Vec<Evidence> {
        self.evidence.as_mut().map(std::mem::take).unwrap_or_default()
    }

    /// Leaves out environments that were last used before this moment.
    pub fn forget_before(&mut self, moment_ms: i64) {
        self.known.retain(|one| one.free_ms >= moment_ms);
        self.answered.retain(|ping| ping.end_ms >= moment_ms);
    }

    /// The log shows which environment answered this ping: what was taken for it until now does not count any more.
    pub fn withdraw(&mut self, start_ms: i64, environment: u32) {
        self.answered.retain(|ping| ping.start_ms != start_ms || ping.environment != environment);
    }

    /// Every environment has ended, as after a deploy.
    pub fn end_all(&mut self) {
        self.known.clear();
        self.answered.clear();
    }

    /// Takes an invocation of the log in, in order. AWS takes the most recently used environment, so that those that
    /// were free and more recently used than the one that answered have ended.
    pub fn take(&mut self, seen: SeenInvocation) {
        self.answered.retain(|ping| ping.start_ms > seen.start_ms || ping.environment != seen.environment);
        let before = self.known.iter().position(|one| one.number == seen.environment);
        let before = before.map(|index| self.known.remove(index));
        let freed = before.map_or(i64::MIN, |one| one.free_ms);
        let Self { known, evidence, .. } = self;
        known.retain(|one| {
            let gone = one.free_ms > freed && one.free_ms <= seen.start_ms;
            if gone && let Some(evidence) = evidence {
                evidence.push(Evidence::Ended {
                    pause_ms: seen.start_ms - one.free_ms,
                    last_age_ms: one.free_ms - one.born_ms,
                    age_ms: seen.start_ms - one.born_ms,
                    passed_over: one.passed_over,
                });
            }
            !gone
        });
        for one in known.iter_mut().filter(|one| one.free_ms <= seen.start_ms) {
            one.passed_over = true;
        }
        if let (Some(one), Some(evidence)) = (before, evidence) {
            evidence.push(Evidence::Survived {
                pause_ms: (seen.start_ms - one.free_ms).max(0),
                age_ms: seen.start_ms - one.born_ms,
                passed_over: one.passed_over,
            });
        }
        let born_ms = before.map_or(seen.start_ms, |one| one.born_ms);
        let now =
            KnownEnvironment { number: seen.environment, born_ms, free_ms: seen.end_ms.max(freed), passed_over: false };
        let place = known.iter().position(|one| one.free_ms <= now.free_ms).unwrap_or(known.len());
        known.insert(place, now);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn seen(start_ms: i64, environment: u32) -> SeenInvocation {
        SeenInvocation { start_ms, end_ms: start_ms + 10, environment, cold: false }
    }

    fn numbers(belief: &Belief) -> Vec<u32> {
        belief.known().iter().map(|one| one.number).collect()
    }

    #[test]
    fn an_environment_that_was_passed_over_though_more_recently_used_has_ended() {
        let mut belief = Belief::new(true);
        for one in [seen(0, 0), seen(5, 1), seen(100, 1), seen(300, 0)] {
            belief.take(one);
        }
        assert_eq!(numbers(&belief), [0]);
        assert_eq!(
            belief.take_evidence(),
            [
                Evidence::Survived { pause_ms: 85, age_ms: 95, passed_over: false },
                Evidence::Ended { pause_ms: 190, last_age_ms: 105, age_ms: 295, passed_over: false },
                Evidence::Survived { pause_ms: 290, age_ms: 300, passed_over: true },
            ]
        );
    }

    #[test]
    fn a_new_environment_shows_that_no_other_one_was_free() {
        let mut belief = Belief::new(true);
        [seen(0, 0), seen(500, 1)].into_iter().for_each(|one| belief.take(one));
        assert_eq!(numbers(&belief), [1]);
        // One that is busy may live on.
        belief.take(SeenInvocation { start_ms: 505, end_ms: 600, environment: 2, cold: true });
        assert_eq!(numbers(&belief), [2, 1]);
    }

    #[test]
    fn an_answered_ping_counts_before_the_log_shows_it_and_only_once() {
        let mut belief = Belief::new(false);
        belief.take(seen(0, 0));
        belief.answer(seen(400, 0));
        belief.answer(SeenInvocation { cold: true, ..seen(401, 1) });
        assert_eq!(numbers(&belief), [1, 0]);
        belief.take(seen(400, 0));
        belief.take(SeenInvocation { cold: true, ..seen(401, 1) });
        assert_eq!(numbers(&belief), [1, 0]);
        assert!(belief.answered.is_empty());
    }
}
