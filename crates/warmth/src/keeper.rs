//! When to ping which number of environments, so that a number of them is always warm and none is old.

use crate::belief::{Belief, KnownEnvironment};
use crate::knowledge::Knowledge;
use crate::round::PingRound;

/// How much is done to keep environments warm.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Protection {
    /// Nothing.
    Nothing,
    /// One environment is kept from idling, and is not replaced before its age ends it.
    Idle,
    /// This many are kept from idling, and each is replaced before its age ends it: the hand-over.
    Kept(u32),
}

impl Protection {
    /// All that are weighed, from the one with the fewest pings to the one with the most.
    pub const ALL: [Self; 6] = [Self::Nothing, Self::Idle, Self::Kept(1), Self::Kept(2), Self::Kept(3), Self::Kept(4)];

    /// In how many calls one is a cold start in a function of which nothing is known yet.
    pub fn one_in(self) -> f64 {
        match self {
            Self::Nothing => 5.0,
            Self::Idle => 50.0,
            Self::Kept(1) => 150.0,
            Self::Kept(2) => 250.0,
            Self::Kept(_) => 300.0,
        }
    }

    /// How many pings it needs at the same moment: to replace an environment, one more than are kept.
    pub fn needs_at_once(self) -> u32 {
        match self {
            Self::Nothing => 0,
            Self::Idle => 1,
            Self::Kept(count) => count + 1,
        }
    }

    /// The strongest one, up to two kept, that needs no more pings at the same moment than this: where a function
    /// begins of which nothing is known.
    pub fn at_first(at_most: u32) -> Self {
        let mut fits = Self::ALL.into_iter().filter(|one| *one <= Self::Kept(2) && one.needs_at_once() <= at_most);
        fits.next_back().unwrap_or(Self::Nothing)
    }

    /// The next weaker one.
    fn weaker(self) -> Self {
        match self {
            Self::Nothing | Self::Idle => Self::Nothing,
            Self::Kept(count) if count > 1 => Self::Kept(count - 1),
            Self::Kept(_) => Self::Idle,
        }
    }

    /// How many environments are kept.
    fn environments(self) -> usize {
        match self {
            Self::Nothing => 0,
            Self::Idle => 1,
            Self::Kept(count) => count as usize,
        }
    }
}

/// How long environments are counted on.
struct Reach {
    safe_pause_ms: i64,
    safe_beside_ms: i64,
    safe_age_ms: i64,
}

impl Reach {
    fn of(known: &Knowledge, stretches: bool) -> Self {
        let (safe_pause_ms, safe_beside_ms) = if stretches {
            (known.probe_pause_ms, known.probe_beside_ms)
        } else {
            (known.safe_pause_ms, known.safe_beside_ms)
        };
        // A pause is at most half a life, or a new environment would be too old at once.
        let most = known.safe_age_ms / 2;
        Self {
            safe_pause_ms: safe_pause_ms.min(most),
            safe_beside_ms: safe_beside_ms.min(most),
            safe_age_ms: known.safe_age_ms,
        }
    }
}

/// From one round to the next, at least, whatever is believed.
pub const ROUNDS_APART_MS: i64 = 10_000;

/// The next round that this protection needs, from what is known of the function's environments. Where it would take
/// more pings at the same moment than are allowed, a weaker one is kept for this round.
pub fn next_round(
    protection: Protection,
    at_most: u32,
    belief: &Belief,
    known: &Knowledge,
    now_ms: i64,
    stretches: bool,
) -> Option<PingRound> {
    let mut protection = protection;
    loop {
        let round = round_of(protection, belief, known, now_ms, stretches)?;
        if round.count <= at_most {
            return Some(round);
        }
        protection = protection.weaker();
    }
}

fn round_of(
    protection: Protection,
    belief: &Belief,
    known: &Knowledge,
    now_ms: i64,
    stretches: bool,
) -> Option<PingRound> {
    let known = &Reach::of(known, stretches);
    let wanted = protection.environments();
    if wanted == 0 {
        return None;
    }
    let replaces = protection != Protection::Idle;
    let alive = &belief.known()[..];
    let mut ends: Vec<i64> = (0..alive.len()).map(|index| end(alive, index, replaces, known)).collect();
    ends.sort_unstable_by(|one, other| other.cmp(one));
    let at_ms = wanted.checked_sub(1).and_then(|last| ends.get(last)).map_or(now_ms, |end| (*end).max(now_ms));
    let reachable: Vec<&KnownEnvironment> = alive.iter().filter(|one| lives(one, at_ms, known)).collect();
    // Pings reach the environments in the order of their last use, and then new ones.
    let good_after = |count: usize| {
        let reached = reachable.iter().take(count).filter(|one| !replaces || is_young(one, at_ms, known)).count();
        let beyond = reachable.iter().skip(count);
        let untouched = beyond.filter(|one| {
            one.free_ms + known.safe_beside_ms > at_ms + known.safe_pause_ms && is_young(one, at_ms, known)
        });
        reached + untouched.count() + count.saturating_sub(reachable.len())
    };
    let most = reachable.len() + wanted;
    let count = (1..=most).find(|count| good_after(*count) >= wanted).unwrap_or(most);
    let born = |index: usize| reachable.get(index).map_or(i64::MAX, |one| one.born_ms);
    Some(PingRound {
        at_ms,
        count: u32::try_from(count).unwrap_or(1),
        last_ends_last: born(count.saturating_sub(1)) >= born(0),
    })
}

/// Whether it lives long enough to be left alone until the next round.
fn is_young(one: &KnownEnvironment, at_ms: i64, known: &Reach) -> bool {
    one.born_ms + known.safe_age_ms > at_ms + known.safe_pause_ms / 2
}

fn lives(one: &KnownEnvironment, at_ms: i64, known: &Reach) -> bool {
    // Environments that are about to end may still answer.
    one.free_ms + known.safe_beside_ms.max(known.safe_pause_ms) + known.safe_pause_ms / 8 > at_ms
}

/// Until when one can be counted on. When no environment is used, none outlives the idle timeout.
fn end(alive: &[KnownEnvironment], index: usize, replaces: bool, known: &Reach) -> i64 {
    let Some(one) = alive.get(index) else { return i64::MIN };
    let used = alive.first().map_or(one.free_ms, |first| first.free_ms);
    let idle = (used + known.safe_pause_ms).min(if index == 0 {
        one.free_ms + known.safe_pause_ms
    } else {
        one.free_ms + known.safe_beside_ms
    });
    if replaces { idle.min(one.born_ms + known.safe_age_ms) } else { idle }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::belief::SeenInvocation;
    use crate::regime::{MINUTE, SECOND};

    fn known() -> Knowledge {
        Knowledge {
            safe_pause_ms: 10 * MINUTE,
            safe_beside_ms: 20 * MINUTE,
            safe_age_ms: 100 * MINUTE,
            probe_pause_ms: 11 * MINUTE,
            ..Knowledge::default()
        }
    }

    /// The environments with the minutes of their first and last use; the round in minutes and pings.
    fn check(protection: Protection, environments: &[(i64, i64)], expected: Option<(i64, u32)>) {
        let mut belief = Belief::new(false);
        let mut uses: Vec<(i64, u32)> = Vec::new();
        for (number, (first, last)) in (0..).zip(environments) {
            uses.extend([(*first, number), (*last, number)]);
        }
        uses.sort_unstable();
        for (minute, environment) in uses {
            let start_ms = minute * MINUTE;
            // They overlap with what follows, so that each is seen to live.
            belief.take(SeenInvocation { start_ms, end_ms: start_ms + 1, environment, cold: false });
        }
        let round = next_round(protection, 100, &belief, &known(), 95 * MINUTE, false);
        assert_eq!(round.map(|round| (round.at_ms / MINUTE, round.count)), expected, "{environments:?}");
    }

    #[test]
    fn one_environment_is_pinged_before_it_idles_and_replaced_before_it_is_old() {
        check(Protection::Nothing, &[(0, 90)], None);
        check(Protection::Kept(1), &[], Some((95, 1)));
        check(Protection::Kept(1), &[(60, 94)], Some((104, 1)));
        check(Protection::Kept(1), &[(0, 94)], Some((100, 2)));
        check(Protection::Idle, &[(0, 94)], Some((104, 1)));
    }

    #[test]
    fn two_environments_need_two_pings_only_when_the_second_one_does() {
        check(Protection::Kept(2), &[], Some((95, 2)));
        check(Protection::Kept(2), &[(60, 94)], Some((95, 2)));
    }

    #[test]
    fn a_pause_is_stretched_only_to_learn() {
        let mut belief = Belief::new(false);
        belief.take(SeenInvocation { start_ms: 0, end_ms: SECOND, environment: 0, cold: true });
        let at = |stretches| next_round(Protection::Kept(1), 100, &belief, &known(), 0, stretches).unwrap().at_ms;
        assert_eq!((at(false), at(true)), (10 * MINUTE + SECOND, 11 * MINUTE + SECOND));
    }
}
