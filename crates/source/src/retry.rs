//! When a source that is throttled asks again. It does not wait: it gives back what it has and says when to go on.

use chrono::{DateTime, TimeDelta, Utc};
use model::call_failure::{CallFailure, FailureKind};

/// The most tries of one call within a poll.
const MAX_TRIES: u32 = 3;
/// The time before the second try; before the third it is twice as long.
const FIRST_WAIT: TimeDelta = TimeDelta::milliseconds(500);

/// The tries of one call so far.
#[derive(Debug, Default)]
pub(crate) struct Retry {
    failures: u32,
}

impl Retry {
    /// When to make the call again that failed at `now`, UTC; `None` if that does not help, or was done often enough.
    pub(crate) fn after(&mut self, failure: &CallFailure, now: DateTime<Utc>) -> Option<DateTime<Utc>> {
        self.failures += 1;
        (failure.kind == FailureKind::Throttled && self.failures < MAX_TRIES)
            .then(|| now + FIRST_WAIT * (1 << (self.failures - 1)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_throttled_call_is_made_again_and_not_for_ever() {
        for (kind, waits) in
            [(FailureKind::Throttled, &[Some(500), Some(1000), None, None][..]), (FailureKind::Denied, &[None, None])]
        {
            let failure = CallFailure {
                call: String::new(),
                resource: String::new(),
                kind,
                said: String::new(),
                next_step: String::new(),
            };
            let (mut retry, now) = (Retry::default(), DateTime::UNIX_EPOCH);
            let found: Vec<Option<i64>> =
                waits.iter().map(|_| retry.after(&failure, now).map(|at| (at - now).num_milliseconds())).collect();
            assert_eq!(found, waits, "{kind:?}");
        }
    }
}
