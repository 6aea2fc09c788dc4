//! Whether pings help at all: they are left out in blocks of time that chance chooses, and both kinds are compared.

use crate::chance::Chance;
use crate::regime::{DAY, HOUR};

/// How long pings are on or off.
pub const BLOCK_MS: i64 = 6 * HOUR;
/// The share of blocks without pings.
pub const OFF: f64 = 0.1;
/// How long the test runs before it may stop pings.
pub const TEST_MS: i64 = 14 * DAY;

/// Whether pings are left out in the block of this moment. `seed` and `function` decide, so that a restart does not.
pub fn is_off(seed: u64, function: &str, moment_ms: i64) -> bool {
    let block = moment_ms.div_euclid(BLOCK_MS);
    let mut chance = Chance::new(seed ^ (block as u64).wrapping_mul(0xD6E8_FEB8_6659_FD93), function);
    chance.share() < OFF
}

/// What was counted in blocks of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct BlockCounts {
    /// Calls of users.
    pub calls: u32,
    /// Users who waited for a cold start.
    pub cold: u32,
}

/// What the comparison shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum StopVerdict {
    /// The test has not run for long enough, or had no calls in one kind of blocks.
    TooEarly,
    /// Fewer users wait with pings, at 95 %.
    Helps,
    /// No difference is seen at 95 %: pings are to stop.
    Stop,
}

/// Judges after a time. `blocks` are pairs of whether pings were on, and what was counted; each block counts as one,
/// because cold starts within a block depend on each other.
pub fn judge(blocks: &[(bool, BlockCounts)], passed_ms: i64) -> StopVerdict {
    let shares = |on: bool| -> Vec<f64> {
        let of = blocks.iter().filter(|(is_on, counts)| *is_on == on && counts.calls > 0);
        of.map(|(_, counts)| f64::from(counts.cold) / f64::from(counts.calls)).collect()
    };
    let (with, without) = (shares(true), shares(false));
    if passed_ms < TEST_MS || with.len() < 4 || without.len() < 2 {
        return StopVerdict::TooEarly;
    }
    if sum_of_ranks_is_high(&without, &with) { StopVerdict::Helps } else { StopVerdict::Stop }
}

/// The one-sided test of Wilcoxon, Mann and Whitney, at 95 %, with the normal approximation and tied ranks: whether the
/// first are larger than the others.
fn sum_of_ranks_is_high(first: &[f64], others: &[f64]) -> bool {
    let (n, m) = (first.len() as f64, others.len() as f64);
    let mut wins = 0.0;
    for one in first {
        for other in others {
            wins += match one.total_cmp(other) {
                std::cmp::Ordering::Greater => 1.0,
                std::cmp::Ordering::Equal => 0.5,
                std::cmp::Ordering::Less => 0.0,
            };
        }
    }
    let mut all: Vec<f64> = first.iter().chain(others).copied().collect();
    all.sort_by(f64::total_cmp);
    let ties: f64 = all
        .chunk_by(|one, other| one.total_cmp(other).is_eq())
        .map(|tied| (tied.len() as f64).powi(3) - tied.len() as f64)
        .sum();
    let total = n + m;
    let variance = n * m / 12.0 * (total + 1.0 - ties / (total * (total - 1.0)));
    variance > 0.0 && (wins - n * m / 2.0 - 0.5) / variance.sqrt() > 1.645
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two weeks in which this share of calls is cold with pings, and this one without; how often pings are stopped.
    fn stops(with: f64, without: f64) -> u32 {
        (0..200)
            .map(|seed| {
                let mut chance = Chance::new(seed, "test");
                let mut blocks = Vec::new();
                let mut moment = 0;
                while judge(&blocks, moment) == StopVerdict::TooEarly {
                    let is_on = !is_off(seed, "f", moment);
                    let share = if is_on { with } else { without };
                    let cold = (0..60).filter(|_| chance.share() < share).count();
                    blocks.push((is_on, BlockCounts { calls: 60, cold: cold as u32 }));
                    moment += BLOCK_MS;
                }
                u32::from(judge(&blocks, moment) == StopVerdict::Stop)
            })
            .sum()
    }

    #[test]
    fn pings_that_help_are_seldom_stopped_and_those_that_do_not_are() {
        assert!(stops(0.01, 0.5) <= 10, "{}", stops(0.01, 0.5));
        assert!(stops(0.2, 0.2) >= 180, "{}", stops(0.2, 0.2));
    }

    #[test]
    fn a_tenth_of_the_blocks_is_off_whatever_restarts() {
        let off = (0..10_000).filter(|block| is_off(3, "f", block * BLOCK_MS)).count();
        assert!((900..1_100).contains(&off), "{off}");
        assert_eq!(is_off(3, "f", 5 * BLOCK_MS), is_off(3, "f", 6 * BLOCK_MS - 1));
    }

    #[test]
    fn nothing_is_judged_before_two_weeks_or_without_blocks_of_both_kinds() {
        let counts = BlockCounts { calls: 9, cold: 1 };
        assert_eq!(judge(&[], TEST_MS), StopVerdict::TooEarly);
        assert_eq!(judge(&[(true, counts); 50], TEST_MS), StopVerdict::TooEarly);
        let both: Vec<_> = (0..50).map(|index| (index % 10 != 0, counts)).collect();
        assert_eq!(judge(&both, TEST_MS - 1), StopVerdict::TooEarly);
        assert_eq!(judge(&both, TEST_MS), StopVerdict::Stop);
    }
}
