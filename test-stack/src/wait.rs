//! Waiting for something another process does: short looks until a limit.
//!
//! Wall-clock time on purpose, so that a test with a paused tokio clock does
//! not rush past a process that lives in real time.

use std::time::{Duration, Instant};

/// Time between two looks.
pub const PAUSE: Duration = Duration::from_millis(10);

/// Looks until there is something, or `None` when `limit` has passed.
pub async fn until<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        let found = look();
        if found.is_some() || Instant::now() >= end {
            return found;
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// [`until`] for code outside a runtime.
pub fn until_blocking<T>(limit: Duration, mut look: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + limit;
    loop {
        let found = look();
        if found.is_some() || Instant::now() >= end {
            return found;
        }
        std::thread::sleep(PAUSE);
    }
}
