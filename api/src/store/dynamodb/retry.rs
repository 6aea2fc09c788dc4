//! How often and how long a commit is tried.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

/// Times that a commit is begun.
pub(super) const ATTEMPTS: u32 = 8;
/// Times that a commit is begun while DynamoDB asks for less.
pub(super) const THROTTLED_ATTEMPTS: u32 = 3;
/// No commit is begun again after so long.
pub(super) const PATIENCE: Duration = Duration::from_secs(5);

/// What nobody else says: 32 hexadecimal digits.
pub(super) fn new_tag() -> String {
    // Keyed by the system's randomness at the start of each thread, and differently each time.
    let state = RandomState::new();
    format!("{:016x}{:016x}", state.hash_one(0), state.hash_one(1))
}

/// Waits before the next attempt: a while that doubles, and differs between those who wait.
pub(super) async fn pause(attempt: u32) {
    let longest = 20_u64 << attempt.min(5);
    let share = RandomState::new().hash_one(attempt) % longest;
    tokio::time::sleep(Duration::from_millis(share)).await;
}
