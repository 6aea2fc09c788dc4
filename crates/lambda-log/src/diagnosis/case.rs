//! What is known of an invocation when it is judged.

use chrono::{DateTime, TimeDelta, Utc};

use super::cause::Cause;
use super::outcome::InvocationOutcome;
use super::recent::RecentInvocations;
use super::sign::{CauseMatch, MatchWeight};
use super::verdict::{Confidence, Diagnosis};
use crate::line::{InitReport, ReportLine};

/// From this share of the configured memory on a runtime spends its time on freeing memory.
pub(super) const USED_UP: f64 = 0.99;

/// The facts of an invocation (or of an init phase without one) for the diagnosis.
#[derive(Debug, Clone, Copy)]
pub struct InvocationFacts<'a> {
    /// How it ended, by the platform's lines alone.
    pub outcome: InvocationOutcome,
    /// Nothing but these lines will ever be seen, so that an error in them counts although no end is shown.
    pub is_excerpt: bool,
    /// Signs in its lines, oldest first.
    pub signs: &'a [CauseMatch],
    /// The timeout in milliseconds that ended it.
    pub timed_out_after_ms: Option<f64>,
    /// The platform's description of a bad end, if there is one.
    pub exited: Option<&'a str>,
    /// The platform's error type, from the summary or from the start-up.
    pub error_type: Option<&'a str>,
    /// Its summary.
    pub report: Option<&'a ReportLine>,
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
    /// Whether that was done before any request came, so that no caller waited.
    pub started_ahead: bool,
    /// Lambda ran the same request again after it.
    pub retried: bool,
    /// Its START line and its summary are there, and no END line between them, although nothing more will be seen.
    pub without_end: bool,
    /// Milliseconds of its duration that had passed before its START line, where a start-up that was cut and repeated
    /// explains them.
    pub hidden_init_ms: Option<f64>,
    /// An extension of its environment has registered and not become ready.
    pub extension_waits: bool,
    /// Memory size in MB, if known.
    pub memory_mb: Option<f64>,
    /// Whether the function runs on Node; `None` where no line shows it.
    pub on_node: Option<bool>,
    /// The environment (log stream).
    pub environment: &'a str,
    /// The invocations of this function before it.
    pub recent: &'a RecentInvocations,
}

impl InvocationFacts<'_> {
    /// Whether the invocation failed in any way.
    pub fn failed(&self) -> bool {
        matches!(self.outcome, InvocationOutcome::Timeout | InvocationOutcome::Error)
            || self.exited.is_some()
            || self.inits.iter().any(|init| init.status.is_bad())
    }

    /// The verdict of a cause that is known by its lines: a line that is itself the failure, or a hint when it failed.
    pub(super) fn by_sign(&self, cause: Cause, finding: &str) -> Option<Diagnosis> {
        let sign = self.signs.iter().filter(|sign| sign.cause == cause).max_by_key(|sign| sign.weight)?;
        let confidence = match sign.weight {
            MatchWeight::Failure => Confidence::Proved,
            MatchWeight::Hint | MatchWeight::Guess if self.failed() => Confidence::Likely,
            // Without an end, what the application went on after is what it dealt with.
            MatchWeight::Hint | MatchWeight::Guess
                if self.is_excerpt
                    && self.outcome == InvocationOutcome::Unknown
                    && self.signs.iter().any(|sign| sign.cause == cause && !sign.went_on) =>
            {
                Confidence::Likely
            }
            // The line itself is an error that was not caught.
            MatchWeight::Guess
                if sign.is_last
                    && self.signs.iter().any(|other| other.is_last && other.weight == MatchWeight::Failure) =>
            {
                Confidence::Likely
            }
            MatchWeight::Hint | MatchWeight::Guess => return None,
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
