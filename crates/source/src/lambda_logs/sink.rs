//! What becomes of what is read of a log.

use chrono::{DateTime, Utc};
use lambda_log::invocation::InvocationSink;
use lambda_log::tail::TailSink;

/// Takes what is read from a function's log.
pub trait LogSink: InvocationSink + Default + Send {
    /// Whether the place goes with what was read, because both are stored. To write it down costs time.
    const KEEPS_PLACE: bool;

    /// Takes a line that claims to be the platform's, or to be an object, and cannot be read as one.
    fn unparsed(&mut self, function: &str, at: DateTime<Utc>);
}

/// Shows them live.
impl LogSink for TailSink {
    const KEEPS_PLACE: bool = false;

    fn unparsed(&mut self, _function: &str, _at: DateTime<Utc>) {}
}
