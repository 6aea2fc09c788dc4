//! The number of attempts, and the wait between them.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The number of attempts of an update.
pub(super) const ATTEMPTS: u32 = 8;
/// How often a request is repeated while the service is throttling.
pub(super) const RETRIES: u32 = 2;

/// Waits before the next attempt, counted from 1: about twice as long each time, with jitter.
pub(super) async fn pause(attempt: u32) {
    let most = 25_u64 << attempt.min(4);
    // Seeded by the system once for each thread, and different each time, which is enough for jitter.
    let share = RandomState::new().hash_one(attempt) % (most / 2);
    tokio::time::sleep(Duration::from_millis(most / 2 + share)).await;
}
