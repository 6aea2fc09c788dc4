//! The rate limiter for CloudWatch Logs: one for all watches of an account and region, because AWS has one quota for
//! them.
//!
//! Nothing waits here. A caller takes a permit that says from when the call may be made, and does something else until
//! then, so that it works the same with a simulated clock. Permits are given in the order of requests: two watches that
//! both have much to read alternate.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use clock::Clock;

/// In any second no more calls are made than the budget says, as long as AWS takes them.
const SECOND: TimeDelta = TimeDelta::seconds(1);
/// After throttled calls it is at most this long instead of a second.
const SLOWEST: TimeDelta = TimeDelta::seconds(8);
/// Each call that is answered brings a slowed budget this share of the way back.
const RECOVERY: i32 = 4;

/// So many calls a second, and fewer while AWS throttles them.
pub struct RateLimiter {
    /// How many; `None` for no bound, as for an account that is not real.
    calls: Option<usize>,
    clock: Arc<dyn Clock>,
    state: Mutex<RateLimiterState>,
}

struct RateLimiterState {
    /// The last turns, as many as the budget has calls; the latest may lie ahead.
    turns: VecDeque<DateTime<Utc>>,
    /// In which time so many calls may be made: a second, or longer.
    window: TimeDelta,
}

/// A permit for one call from a given time on. An unused permit is lost for all callers, so take one only for a call
/// that is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Permit(DateTime<Utc>);

impl Permit {
    /// From when on the call may be made.
    pub fn from(self) -> DateTime<Utc> {
        self.0
    }
}

impl RateLimiter {
    /// So many calls in any second.
    pub fn new(calls_per_second: u32, clock: Arc<dyn Clock>) -> Self {
        Self::with(usize::try_from(calls_per_second.max(1)).ok(), clock)
    }

    /// As many calls as are wanted.
    pub fn unbounded() -> Self {
        Self::with(None, Arc::new(clock::SystemClock))
    }

    fn with(calls: Option<usize>, clock: Arc<dyn Clock>) -> Self {
        Self { calls, clock, state: Mutex::new(RateLimiterState { turns: VecDeque::new(), window: SECOND }) }
    }

    fn state(&self) -> MutexGuard<'_, RateLimiterState> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Calls a second when nothing is throttled; `None` for no bound.
    pub fn calls_per_second(&self) -> Option<usize> {
        self.calls
    }

    /// The next turn.
    pub fn turn(&self) -> Permit {
        let now = self.clock.now();
        let Some(calls) = self.calls else { return Permit(now) };
        let mut state = self.state();
        while state.turns.len() > calls {
            state.turns.pop_front();
        }
        let window = state.window;
        let free =
            if state.turns.len() < calls { now } else { state.turns.pop_front().map_or(now, |turn| turn + window) };
        let turn = free.max(now);
        state.turns.push_back(turn);
        Permit(turn)
    }

    /// Whether the permit's time has come. More time than a call takes may have passed since the poll began, so this
    /// reads the clock.
    pub fn has_come(&self, turn: Permit) -> bool {
        self.calls.is_none() || turn.0 <= self.clock.now()
    }

    /// A call was answered: after throttling the budget recovers bit by bit.
    pub fn answered(&self) {
        let mut state = self.state();
        state.window = (state.window - (state.window - SECOND) / RECOVERY).max(SECOND);
        if state.window - SECOND < TimeDelta::milliseconds(100) {
            state.window = SECOND;
        }
    }

    /// AWS asked to slow down: two thirds as many calls from now on, so that one throttled call among many does little,
    /// and a few in a row do much.
    pub fn throttled(&self) {
        let mut state = self.state();
        state.window = (state.window * 3 / 2).min(SLOWEST);
    }

    /// Whether fewer calls are made than the limit, because AWS throttles them.
    pub fn is_slowed(&self) -> bool {
        self.state().window > SECOND
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use clock::SimulatedClock;

    fn budget(calls: u32) -> RateLimiter {
        RateLimiter::new(calls, Arc::new(SimulatedClock::starting_at(DateTime::UNIX_EPOCH)))
    }

    /// Takes turns at once and gives their distances from now in milliseconds.
    fn turns(budget: &RateLimiter, count: usize) -> Vec<i64> {
        (0..count).map(|_| budget.turn().from().timestamp_millis()).collect()
    }

    #[test]
    fn no_second_has_more_calls_than_the_budget() {
        assert_eq!(turns(&budget(2), 6), [0, 0, 1000, 1000, 2000, 2000]);
        assert_eq!(turns(&budget(1), 3), [0, 1000, 2000]);
        assert_eq!(turns(&budget(5), 6), [0, 0, 0, 0, 0, 1000]);
        let unbounded = RateLimiter::unbounded();
        assert!((0..1000).all(|_| unbounded.has_come(unbounded.turn())), "an account that is not real has no bound");
    }

    #[test]
    fn throttling_slows_calls_down_to_a_limit_and_answers_bring_it_back() {
        let budget = budget(2);
        for (throttled, window) in [(1, 1500), (1, 2250), (9, 8000)] {
            (0..throttled).for_each(|_| budget.throttled());
            let slowed = budget.is_slowed();
            assert_eq!((budget.state().window.num_milliseconds(), slowed), (window, true));
        }
        let answers = (1..).take_while(|_| {
            budget.answered();
            budget.is_slowed()
        });
        assert_eq!(answers.count(), 14, "answers");
        assert_eq!(turns(&budget, 3), [0, 0, 1000]);
    }

    #[test]
    fn one_call_in_ten_that_is_throttled_does_not_bring_the_calls_to_a_halt() {
        let budget = budget(2);
        let mut random = fastrand::Rng::with_seed(1);
        let mut sum = TimeDelta::zero();
        for _ in 0..10_000 {
            if random.u8(0..10) == 0 {
                budget.throttled();
            } else {
                budget.answered();
            }
            sum += budget.state().window;
        }
        assert!(sum / 10_000 < TimeDelta::milliseconds(1400), "{}", sum / 10_000);
    }
}
