//! How an invocation ended.

use serde::{Deserialize, Serialize};

/// How an invocation ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InvocationOutcome {
    /// The lines do not show its end.
    #[default]
    Unknown,
    /// It ended, and the platform reports no problem.
    Success,
    /// The function's timeout ended it.
    Timeout,
    /// It failed.
    Error,
}
