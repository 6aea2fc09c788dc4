//! How a clock that is set back a little is kept from running backwards.

use chrono::{DateTime, TimeDelta, Utc};

/// The longest time for which the clock stands still when the wall clock was set back. Time servers and moved virtual
/// machines set a clock back by less. A clock that is set back by more was wrong before, and standing still until it is
/// right again could take days: then the time shown goes back with it once, and the daemon corrects every time it
/// remembers (`Daemon::notice_a_clock_set_back`).
pub(super) const MAX_STILL: TimeDelta = TimeDelta::minutes(1);

/// The latest time that was shown.
#[derive(Debug, Default)]
pub(super) struct Steady(Option<DateTime<Utc>>);

impl Steady {
    pub(super) const NEW: Self = Self(None);

    /// The time to show (UTC) when the wall clock shows `wall`: never before what was shown last, unless the wall clock
    /// was set back by more than [`MAX_STILL`].
    pub(super) fn show(&mut self, wall: DateTime<Utc>) -> DateTime<Utc> {
        let stands_still = |last: &DateTime<Utc>| *last > wall && *last - wall <= MAX_STILL;
        let shown = self.0.filter(stands_still).unwrap_or(wall);
        self.0 = Some(shown);
        shown
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What the wall clock shows, in seconds, and what is shown for it.
    #[track_caller]
    fn check(steps: &[(i64, i64)]) {
        let at = |second: i64| DateTime::from_timestamp(1_734_652_800 + second, 0).unwrap();
        let mut steady = Steady::NEW;
        for (wall, shown) in steps {
            assert_eq!(steady.show(at(*wall)), at(*shown), "{steps:?}");
        }
    }

    #[test]
    fn a_clock_that_is_set_back_a_little_stands_still_until_it_is_right_again() {
        check(&[(0, 0), (10, 10), (10, 10), (9, 10), (11, 11)]);
        // Set back again while it stands still: what counts is how far it is ahead.
        check(&[(100, 100), (70, 100), (40, 100), (99, 100), (101, 101)]);
    }

    #[test]
    fn a_clock_that_was_wrong_by_more_does_not_stand_still_for_days() {
        check(&[(0, 0), (86_400 * 365, 86_400 * 365), (60, 60), (61, 61)]);
        check(&[(100, 100), (40, 100), (39, 39), (40, 40)]);
    }

    #[test]
    fn a_clock_that_is_set_forward_is_followed_at_once() {
        check(&[(0, 0), (7_200, 7_200), (7_201, 7_201)]);
    }
}
