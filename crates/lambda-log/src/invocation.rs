//! An invocation: while it is assembled from lines, and when it has ended.

mod open;
mod quote;
mod said;

use chrono::{DateTime, Utc};

use self::said::{MOST_QUOTES, SILENCE};
use super::line::ReportLine;
use crate::diagnosis::{Diagnosis, InvocationOutcome};

pub(crate) use self::open::{InitPhase, PartialInvocation, ms_before_start};
pub(crate) use self::said::{ApplicationOutput, MOST_INSTANCING};

/// An invocation that is over, or a start-up that failed without one.
#[derive(Debug, Clone, Copy)]
pub struct Invocation<'a> {
    /// The function.
    pub function: &'a str,
    /// The log stream, that is, the execution environment.
    pub stream: &'a str,
    /// Its request id, where a line has one.
    pub request_id: Option<&'a str>,
    /// When it began, UTC, if a line has it.
    pub started: Option<DateTime<Utc>>,
    /// When it ended, UTC, if a line has it; otherwise the last known time.
    pub at: Option<DateTime<Utc>>,
    /// It ended, and is emitted for the first time: it counts.
    pub counts: bool,
    /// How it ended.
    pub outcome: InvocationOutcome,
    /// It is known for the first time that it reached the function's timeout: that counts.
    pub is_timeout: bool,
    /// It failed, and this is known for the first time, from the platform or from an uncaught error; a timeout is not
    /// an error.
    pub is_error: bool,
    /// Its REPORT line, emitted once.
    pub report: Option<&'a ReportLine>,
    /// A new environment was started for it.
    pub cold: bool,
    /// And its caller waited for that.
    pub cold_waited: bool,
    /// Milliseconds its caller waited, including the init phase, if the REPORT line has it.
    pub waited_ms: Option<f64>,
    /// It was a warm-up ping.
    pub is_ping: bool,
    /// Its causes that were not emitted before, the one to act on first. Empty if there is none.
    pub causes: &'a [Diagnosis],
    pub(super) said: &'a ApplicationOutput,
}

impl<'a> Invocation<'a> {
    /// An invocation without any data.
    pub(super) fn of(function: &'a str) -> Self {
        Self {
            function,
            stream: "",
            request_id: None,
            started: None,
            at: None,
            counts: false,
            outcome: InvocationOutcome::Unknown,
            is_timeout: false,
            is_error: false,
            report: None,
            cold: false,
            cold_waited: false,
            waited_ms: None,
            is_ping: false,
            causes: &[],
            said: &SILENCE,
        }
    }
}

impl Invocation<'_> {
    /// The deciding lines, redacted and shortened. Costs more than everything else here, so only for those who show
    /// them.
    pub fn evidence(&self) -> Vec<String> {
        let mut lines: Vec<String> = Vec::new();
        for quote in &self.said.quotes {
            let line = quote.excerpt();
            if !lines.contains(&line) || line.starts_with("Instancing") {
                lines.push(line);
            }
        }
        // The first ones, and the last one.
        if lines.len() > MOST_QUOTES {
            let last = lines.pop();
            lines.truncate(MOST_QUOTES - 1);
            lines.extend(last);
        }
        lines
    }

    /// The fingerprint of its error, if it has an error text.
    pub fn fingerprint(&self) -> Option<String> {
        self.said.error.as_ref().map(|(_, kind)| kind.fingerprint()).filter(|text| !text.is_empty())
    }
}

/// Takes ended invocations.
pub trait InvocationSink {
    /// Takes one.
    fn invocation(&mut self, invocation: Invocation<'_>);
}
