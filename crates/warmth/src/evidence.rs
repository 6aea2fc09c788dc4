//! What one environment shows of how long AWS keeps environments.

use serde::{Deserialize, Serialize};

/// What is known of an environment at one moment. Times are in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Evidence {
    /// It was used again.
    Survived {
        /// How long it was not used.
        pause_ms: i64,
        /// Its age when it was used again.
        age_ms: i64,
        /// Whether another environment was used meanwhile.
        passed_over: bool,
    },
    /// It was not there when it would have been used.
    Ended {
        /// How long it was not used.
        pause_ms: i64,
        /// Its age when it was last used.
        last_age_ms: i64,
        /// The age it would have had.
        age_ms: i64,
        /// Whether another environment was used meanwhile.
        passed_over: bool,
    },
}
