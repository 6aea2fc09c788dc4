//! The number of attempts of a commit, and the wait between them.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// The number of attempts of a commit.
pub(super) const ATTEMPTS: u32 = 8;
/// The number of attempts while DynamoDB is throttling.
pub(super) const THROTTLED_ATTEMPTS: u32 = 3;
/// No attempt starts after this time.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// A unique tag: 32 hexadecimal digits.
pub(super) fn new_tag() -> String {
    // Seeded by the system once for each thread, and different each time.
    let state = RandomState::new();
    format!("{:016x}{:016x}", state.hash_one(0), state.hash_one(1))
}

/// Waits before the next attempt: about twice as long each time, with jitter.
pub(super) async fn pause(attempt: u32) {
    let longest = 20_u64 << attempt.min(5);
    let share = RandomState::new().hash_one(attempt) % longest;
    tokio::time::sleep(Duration::from_millis(share)).await;
}
