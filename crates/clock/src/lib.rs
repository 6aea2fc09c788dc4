//! The only file that reads the clock.

mod steady;

use std::sync::Mutex;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use steady::Steady;

/// The source of the current time.
#[async_trait]
pub trait Clock: Send + Sync {
    /// Now, UTC.
    fn now(&self) -> DateTime<Utc>;

    /// Returns at `until`, or at once if that has passed. A simulated clock jumps there, but only when nothing is
    /// `busy`.
    async fn wait_until(&self, until: DateTime<Utc>, busy: bool);
}

/// What [`SystemClock`] has shown last, anywhere in the process.
static SHOWN: Mutex<Steady> = Mutex::new(Steady::NEW);

/// The clock on the wall. It does not run backwards when it is set back by up to a minute: it stands still until the
/// time it has shown is reached again. It follows a clock that is set back by more.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    fn now(&self) -> DateTime<Utc> {
        SHOWN.lock().unwrap_or_else(std::sync::PoisonError::into_inner).show(Utc::now())
    }

    async fn wait_until(&self, until: DateTime<Utc>, _busy: bool) {
        let left = (until - Utc::now()).to_std().unwrap_or(Duration::ZERO);
        tokio::time::sleep(left).await;
    }
}

/// A clock that advances only when the loop waits, so that a simulated month takes only as long as its work.
#[derive(Debug)]
pub struct SimulatedClock(Mutex<DateTime<Utc>>);

impl SimulatedClock {
    /// A clock that shows `start`.
    pub fn starting_at(start: DateTime<Utc>) -> Self {
        Self(Mutex::new(start))
    }

    fn set(&self, to: DateTime<Utc>) {
        let mut now = self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        *now = (*now).max(to);
    }
}

#[async_trait]
impl Clock for SimulatedClock {
    fn now(&self) -> DateTime<Utc> {
        *self.0.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
    }

    async fn wait_until(&self, until: DateTime<Utc>, busy: bool) {
        if busy {
            // Simulated time does not pass while work is going on; the work itself wakes the loop.
            return std::future::pending().await;
        }
        self.set(until);
    }
}
