//! How often something is tried again, and how long to wait before.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// How often an update is begun before it is given up.
pub(super) const ATTEMPTS: u32 = 8;
/// How often a store is asked again that says it is throttling.
pub(super) const RETRIES: u32 = 2;

/// Waits before the next of several attempts, counted from 1: twice as long each time, and never as long as the others who wait.
pub(super) async fn pause(attempt: u32) {
    let most = 25_u64 << attempt.min(4);
    // Keyed by the system once for each thread, and differently each time: good enough to keep writers apart.
    let share = RandomState::new().hash_one(attempt) % (most / 2);
    tokio::time::sleep(Duration::from_millis(most / 2 + share)).await;
}
