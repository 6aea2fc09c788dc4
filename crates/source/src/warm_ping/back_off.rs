//! How long pings wait after AWS had no room for one.

use chrono::{DateTime, TimeDelta, Utc};

const FIRST: TimeDelta = TimeDelta::minutes(1);
const LAST: TimeDelta = TimeDelta::minutes(30);

/// The wait doubles with each refusal: a ping that is refused shows that users need the room.
#[derive(Debug, Default)]
pub(super) struct PingBackOff {
    refused: u32,
    until: Option<DateTime<Utc>>,
}

impl PingBackOff {
    /// Whether pings wait.
    pub(super) fn waits(&self, now: DateTime<Utc>) -> bool {
        self.until.is_some_and(|until| now < until && until - now <= LAST)
    }

    /// AWS had no room.
    pub(super) fn refused(&mut self, now: DateTime<Utc>) {
        let wait = FIRST.checked_mul(1 << self.refused.min(10)).map_or(LAST, |wait| wait.min(LAST));
        self.refused = self.refused.saturating_add(1);
        self.until = Some(now + wait);
    }

    /// A ping was answered.
    pub(super) fn answered(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pings_wait_longer_each_time_until_one_is_answered() {
        let mut back_off = PingBackOff::default();
        let mut now = DateTime::<Utc>::UNIX_EPOCH;
        for minutes in [1, 2, 4, 8, 16, 30, 30] {
            assert!(!back_off.waits(now));
            back_off.refused(now);
            assert!(back_off.waits(now + TimeDelta::minutes(minutes) - TimeDelta::seconds(1)), "{minutes}");
            now += TimeDelta::minutes(minutes);
        }
        back_off.answered();
        back_off.refused(now);
        assert!(!back_off.waits(now + TimeDelta::minutes(1)));
        // A clock that was set back does not make them wait for the time it showed before.
        assert!(!back_off.waits(now - TimeDelta::days(1)));
    }
}
