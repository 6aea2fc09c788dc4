//! What all pings of one account and region share: when the next one may begin, and what was learned of environments.

use std::sync::{Mutex, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use warmth::pool::Pool;

/// Two functions are never pinged within so long: new environments start one after the other, and the account's
/// concurrency is not taken by all of them at once.
const APART: TimeDelta = TimeDelta::milliseconds(200);
/// A place in the queue is never further away than this; behind it the clock was set back.
const FURTHEST: TimeDelta = TimeDelta::minutes(5);

/// The lane of one account and region.
#[derive(Debug, Default)]
pub struct PingLane {
    next: Mutex<Option<DateTime<Utc>>>,
    pool: Mutex<Pool>,
}

impl PingLane {
    /// When pings of one function that are ready now may be sent; nobody else gets the time around it.
    pub(super) fn reserve(&self, now: DateTime<Utc>) -> DateTime<Utc> {
        let mut next = self.next.lock().unwrap_or_else(PoisonError::into_inner);
        let place = next.filter(|next| *next - now <= FURTHEST).map_or(now, |next| next.max(now));
        *next = Some(place + APART);
        place
    }

    /// Works with what was learned.
    pub(super) fn with_pool<T>(&self, work: impl FnOnce(&mut Pool) -> T) -> T {
        work(&mut self.pool.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn functions_that_are_ready_at_once_are_pinged_one_after_the_other() {
        let lane = PingLane::default();
        let now = DateTime::<Utc>::UNIX_EPOCH;
        let after = |ms| now + TimeDelta::milliseconds(ms);
        assert_eq!([now, now, after(100)].map(|ready| lane.reserve(ready)), [now, after(200), after(400)]);
        assert_eq!(lane.reserve(after(10_000)), after(10_000));
        // The clock was set back by an hour: nobody waits for the old one.
        assert_eq!(lane.reserve(now - TimeDelta::hours(1)), now - TimeDelta::hours(1));
    }
}
