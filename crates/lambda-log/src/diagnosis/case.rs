//! What is known of an invocation when it is judged.

use chrono::{DateTime, TimeDelta, Utc};

use super::cause::Cause;
use super::outcome::Outcome;
use super::recent::Recent;
use super::sign::{Sign, Weight};
use super::verdict::{Confidence, Diagnosis};
use crate::line::{InitReport, Report};

/// What is known of an invocation (or of a start-up without one) when it is judged.
#[derive(Debug, Clone, Copy)]
pub struct Case<'a> {
    /// How it ended, by the platform's lines alone.
    pub outcome: Outcome,
    /// Nothing but these lines will ever be seen, so that an error in them counts although no end is shown.
    pub is_excerpt: bool,
    /// Signs in its lines, oldest first.
    pub signs: &'a [Sign],
    /// The timeout in milliseconds that ended it.
    pub timed_out_after_ms: Option<f64>,
    /// What the platform says of how it ended badly, if it does.
    pub exited: Option<&'a str>,
    /// The platform's error type, from the summary or from the start-up.
    pub error_type: Option<&'a str>,
    /// Its summary.
    pub report: Option<&'a Report>,
    /// The reports of the start-up before it and inside of it.
    pub inits: &'a [InitReport],
    /// When Zappa began to import the application (`Instancing..`), each time in this environment.
    pub instancing: &'a [Option<DateTime<Utc>>],
    /// Lines the application wrote after that, before it handled anything.
    pub lines_since_instancing: u32,
    /// Lines the application wrote in the invocation.
    pub lines: u32,
    /// How many milliseconds after its start the last line came, and the limit in milliseconds, where both are known.
    pub last_words: Option<(f64, f64)>,
    /// Whether a new environment was started for it.
    pub cold: bool,
    /// Whether that was done before any request came, so that nobody waited.
    pub started_ahead: bool,
    /// Memory size in MB, where somebody said it.
    pub memory_mb: Option<f64>,
    /// Whether the function runs on Node; `None` where no line shows it.
    pub on_node: Option<bool>,
    /// The environment (log stream).
    pub environment: &'a str,
    /// The invocations of this function before it.
    pub recent: &'a Recent,
}

impl Case<'_> {
    /// Whether the invocation failed in any way.
    pub fn failed(&self) -> bool {
        matches!(self.outcome, Outcome::Timeout | Outcome::Error) || self.exited.is_some() || self.inits.iter().any(|init| init.status.is_bad())
    }

    /// The verdict of a cause that is known by its lines: a line that is itself the failure, or a hint when it failed.
    pub(super) fn by_sign(&self, cause: Cause, finding: &str) -> Option<Diagnosis> {
        let sign = self.signs.iter().filter(|sign| sign.cause == cause).max_by_key(|sign| sign.weight)?;
        let confidence = match sign.weight {
            Weight::Failure => Confidence::Proved,
            Weight::Hint | Weight::Guess if self.failed() || (self.is_excerpt && self.outcome == Outcome::Unknown) => Confidence::Likely,
            Weight::Hint | Weight::Guess => return None,
        };
        Some(Diagnosis::new(cause, confidence, finding.to_owned()))
    }

    /// Seconds as a reader likes them.
    pub(super) fn seconds(seconds: f64) -> String {
        format!("{seconds:.1} s")
    }
}

/// A length of time in milliseconds.
pub(super) fn milliseconds(ms: f64) -> TimeDelta {
    TimeDelta::milliseconds(ms.round() as i64)
}
