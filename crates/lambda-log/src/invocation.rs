//! One invocation, as it is put together line by line and as it is when it is over.

mod open;
mod quote;
mod said;

use chrono::{DateTime, Utc};

use self::said::{MOST_QUOTES, SILENCE};
use super::line::Report;
use crate::diagnosis::{Diagnosis, Outcome};

pub(crate) use self::open::{Open, StartUp};
pub(crate) use self::said::{MOST_INSTANCING, Said};

/// An invocation that is over, or a start-up that failed without one.
#[derive(Debug, Clone, Copy)]
pub struct Invocation<'a> {
    /// The function.
    pub function: &'a str,
    /// The log stream, that is, the execution environment.
    pub stream: &'a str,
    /// Its request id, where a line has one.
    pub request_id: Option<&'a str>,
    /// When it began, UTC, where a line says so.
    pub started: Option<DateTime<Utc>>,
    /// When its end was logged, UTC, where a line says so; otherwise the last that is known of it.
    pub at: Option<DateTime<Utc>>,
    /// It ended, and is handed out for the first time: it counts.
    pub counts: bool,
    /// How it ended.
    pub outcome: Outcome,
    /// It is known for the first time that it reached the function's timeout: that counts.
    pub is_timeout: bool,
    /// It is known for the first time that it failed, by the platform's word or by an error that nobody caught; a timeout is not an
    /// error.
    pub is_error: bool,
    /// Its summary, handed out once.
    pub report: Option<&'a Report>,
    /// A new environment was started for it.
    pub cold: bool,
    /// And its caller waited for that.
    pub cold_waited: bool,
    /// Milliseconds its caller waited, start-up included, where the summary says enough.
    pub waited_ms: Option<f64>,
    /// It was a warm-up ping.
    pub is_ping: bool,
    /// Every cause that is told of it now, the one to act on first. Empty where all is well, or has been told before.
    pub causes: &'a [Diagnosis],
    pub(super) said: &'a Said,
}

impl<'a> Invocation<'a> {
    /// An invocation of which nothing is known yet.
    pub(super) fn of(function: &'a str) -> Self {
        Self {
            function,
            stream: "",
            request_id: None,
            started: None,
            at: None,
            counts: false,
            outcome: Outcome::Unknown,
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
    /// The deciding lines, redacted and shortened. Costs more than everything else here, so only for those who show them.
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

    /// What tells the kind of its error from other kinds, where there is an error in words.
    pub fn fingerprint(&self) -> Option<String> {
        self.said.error.as_ref().map(|(_, kind)| kind.fingerprint()).filter(|text| !text.is_empty())
    }
}

/// Takes invocations when they are over.
pub trait Invocations {
    /// Takes one.
    fn invocation(&mut self, invocation: Invocation<'_>);
}
