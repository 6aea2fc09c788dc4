//! How often a function is called, by half-hour of the week.

use crate::regime::{DAY, HOUR};
use crate::traffic::Call;

const HALF_HOUR: i64 = HOUR / 2;
const OF_WEEK: usize = 336;
const OF_DAY: usize = 48;
/// For how many weeks the same half-hour of all days counts beside that of the week.
const WEIGHT: f64 = 2.0;

/// The calls an hour of each half-hour of a week, from the moment the trace begins.
#[derive(Debug, Clone, PartialEq)]
pub struct WeekProfile(Vec<f64>);

impl WeekProfile {
    /// From the calls of this length of time. A half-hour of the week that was seen only once or twice is drawn to the
    /// mean of the same half-hour of all days.
    pub fn of(calls: &[Call], length_ms: i64) -> Self {
        let mut counts = [0.0; OF_WEEK];
        let mut seen = [0.0; OF_WEEK];
        let slot = |ms: i64| usize::try_from(ms.div_euclid(HALF_HOUR).rem_euclid(OF_WEEK as i64)).unwrap_or(0);
        for index in 0..length_ms / HALF_HOUR {
            if let Some(seen) = seen.get_mut(slot(index * HALF_HOUR)) {
                *seen += 1.0;
            }
        }
        for call in calls.iter().filter(|call| call.at_ms < length_ms / HALF_HOUR * HALF_HOUR) {
            if let Some(count) = counts.get_mut(slot(call.at_ms)) {
                *count += 1.0;
            }
        }
        let sum = |of: &[f64], of_day: usize| -> f64 { of.iter().skip(of_day).step_by(OF_DAY).sum() };
        let each = counts.iter().zip(&seen).enumerate().map(|(index, (count, times))| {
            let of_day = index % OF_DAY;
            let day = sum(&counts, of_day) / sum(&seen, of_day).max(1.0);
            2.0 * (count + WEIGHT * day) / (times + WEIGHT)
        });
        Self(each.collect())
    }

    /// Calls an hour at this moment.
    pub fn per_hour(&self, moment_ms: i64) -> f64 {
        let slot = moment_ms.div_euclid(HALF_HOUR).rem_euclid(OF_WEEK as i64);
        usize::try_from(slot).ok().and_then(|slot| self.0.get(slot)).copied().unwrap_or(0.0)
    }

    /// The half-hour of the day with the fewest calls, as the moment it begins: where a longer pause is tried first.
    pub fn quietest_ms(&self) -> i64 {
        let of_day = |slot: usize| -> f64 { self.0.iter().skip(slot).step_by(OF_DAY).sum() };
        let slot = (0..OF_DAY).min_by(|one, other| of_day(*one).total_cmp(&of_day(*other))).unwrap_or(0);
        (slot as i64 * HALF_HOUR).rem_euclid(DAY)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_half_hour_of_the_week_is_drawn_to_that_of_the_day() {
        // Two weeks: ten calls at 9:00 of every day but the last of each week.
        let days = (0..14).filter(|day| day % 7 != 6);
        let calls: Vec<Call> =
            days.flat_map(|day| vec![Call { at_ms: day * DAY + 9 * HOUR, busy_ms: 1 }; 10]).collect();
        let profile = WeekProfile::of(&calls, 14 * DAY);
        let (working, free) = (profile.per_hour(9 * HOUR), profile.per_hour(6 * DAY + 9 * HOUR));
        assert!((18.0..20.0).contains(&working) && (7.0..10.0).contains(&free), "{working} {free}");
        assert!(profile.per_hour(3 * HOUR) < 0.01 && profile.quietest_ms() != 9 * HOUR);
        assert_eq!(WeekProfile::of(&[], 0).quietest_ms(), 0);
    }
}
