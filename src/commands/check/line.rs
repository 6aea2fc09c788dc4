//! One line of a check.

use serde::Serialize;

/// One thing that was looked at.
#[derive(Debug, Clone, Serialize)]
pub(super) struct CheckResult {
    pub(super) what: String,
    pub(super) fine: bool,
    /// Everything that is needed works, and something would be better with what is said.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub(super) warning: bool,
    pub(super) said: String,
}

impl CheckResult {
    pub(super) fn new(what: impl Into<String>, result: Result<String, String>) -> Self {
        let fine = result.is_ok();
        Self { what: what.into(), fine, warning: false, said: result.unwrap_or_else(|why| why) }
    }

    pub(super) fn warning(what: impl Into<String>, said: String) -> Self {
        Self { what: what.into(), fine: true, warning: true, said }
    }

    /// The word before it.
    pub(super) fn mark(&self) -> &'static str {
        match (self.fine, self.warning) {
            (false, _) => "FAILED",
            (true, true) => "warn  ",
            (true, false) => "ok    ",
        }
    }
}
