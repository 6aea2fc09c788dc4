//! One invocation, as it is put together line by line and as it is when it is over.

use chrono::serde::ts_milliseconds_option;
use chrono::{DateTime, Utc};
use model::redact::excerpt;
use serde::{Deserialize, Serialize};

use super::fingerprint::fingerprint;
use super::is_unset;
use super::line::{Application, InitReport, Report, Status};
use crate::diagnosis::{Cause, Diagnosis, Outcome, Sign, Weight};

/// A start-up that began longer than this before the first request ran ahead of it, and nobody waited for it; in milliseconds.
const AHEAD_OF_REQUEST_MS: f64 = 10_000.0;
/// Lines that are kept as evidence.
const MOST_QUOTES: usize = 4;
/// Signs that are kept; more of them say nothing more.
const MOST_SIGNS: usize = 24;
/// Imports of the application that are kept; the last ones say how it goes on.
pub(super) const MOST_INSTANCING: usize = 8;
/// How much of a line is kept until it is known whether it is needed, in bytes.
const QUOTED: usize = 2_500;

/// A line of a log, kept as it is for as long as it is not known whether anybody wants to see it. Redacted whenever it leaves.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Quote {
    text: String,
    /// It has been stored and loaded, so it is an excerpt already.
    is_excerpt: bool,
}

impl Quote {
    fn new(line: &str) -> Self {
        let mut end = QUOTED.min(line.len());
        while !line.is_char_boundary(end) {
            end -= 1;
        }
        Self { text: line.get(..end).unwrap_or_default().to_owned(), is_excerpt: false }
    }

    /// The line as it may be kept and sent.
    fn excerpt(&self) -> String {
        if self.is_excerpt { self.text.clone() } else { excerpt(&self.text) }
    }
}

impl std::fmt::Debug for Quote {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.excerpt())
    }
}

impl Serialize for Quote {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.excerpt())
    }
}

impl<'de> Deserialize<'de> for Quote {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self { text: String::deserialize(deserializer)?, is_excerpt: true })
    }
}

/// The text of an error, for as long as nobody wants its fingerprint: most are never asked for it.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Kind {
    /// The text as it was logged.
    Text(String),
    /// What was stored of it.
    Fingerprint(String),
}

impl Kind {
    fn fingerprint(&self) -> String {
        match self {
            Self::Text(text) => fingerprint(text),
            Self::Fingerprint(known) => known.clone(),
        }
    }
}

impl std::fmt::Debug for Kind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.fingerprint())
    }
}

impl Serialize for Kind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.fingerprint())
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self::Fingerprint(String::deserialize(deserializer)?))
    }
}

/// What the application said, and what it points to.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Said {
    /// Lines of the application.
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) lines: u32,
    #[serde(skip_serializing_if = "is_unset", with = "ts_milliseconds_option")]
    pub(super) last_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) signs: Vec<Sign>,
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) quotes: Vec<Quote>,
    /// The first line that is the failure itself, or else the first that is marked as an error.
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) error: Option<(Weight, Kind)>,
    /// When Zappa began to import the application.
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) instancing: Vec<Option<DateTime<Utc>>>,
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) lines_since_instancing: u32,
    /// The application has begun to handle something, so whatever happens later is not start-up's doing.
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) is_up: bool,
    /// It was a warm-up ping.
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) is_ping: bool,
    /// A line has the shape that only Node's runtime writes.
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) of_node: bool,
}

impl Said {
    pub(super) fn quote(&mut self, line: &str) {
        if self.quotes.len() == MOST_QUOTES {
            self.quotes.pop();
        }
        self.quotes.push(Quote::new(line));
    }

    pub(super) fn sign(&mut self, signs: Vec<Sign>, line: &Application<'_>, quote: bool) {
        if signs.is_empty() {
            return;
        }
        // That the application says it is done is no error, and nothing to quote.
        let telling = signs.iter().filter(|sign| sign.cause != Cause::EventLoopHang).map(|sign| sign.weight).max();
        let weight = telling.unwrap_or(Weight::Hint);
        if quote && telling.is_some() && (self.quotes.len() < MOST_QUOTES || weight == Weight::Failure) {
            self.quote(&line.text);
        }
        if telling.is_some() && (weight > self.error.as_ref().map_or(Weight::Hint, |(weight, _)| *weight) || self.error.is_none()) {
            self.error = Some((weight, Kind::Text(Quote::new(&line.text).text)));
        }
        for sign in signs {
            if self.signs.len() == MOST_SIGNS {
                // The last word matters more than one of many in the middle.
                self.signs.pop();
            }
            self.signs.push(sign);
        }
    }

    /// Takes over what was said before, in front of its own.
    pub(super) fn prepend(&mut self, before: Self) {
        let own = std::mem::replace(self, before);
        self.lines = self.lines.saturating_add(own.lines);
        self.last_at = own.last_at.or(self.last_at);
        self.signs.extend(own.signs);
        self.signs.truncate(MOST_SIGNS);
        self.quotes.extend(own.quotes);
        self.quotes.truncate(MOST_QUOTES);
        self.error = self.error.take().or(own.error);
        self.instancing.extend(own.instancing);
        self.instancing.drain(..self.instancing.len().saturating_sub(MOST_INSTANCING));
        self.lines_since_instancing = self.lines_since_instancing.saturating_add(own.lines_since_instancing);
        self.is_up |= own.is_up;
        self.is_ping |= own.is_ping;
        self.of_node |= own.of_node;
    }

    /// Whether nothing in it can be part of anything.
    pub(super) fn says_nothing(&self) -> bool {
        self.signs.is_empty() && self.quotes.is_empty() && self.instancing.is_empty() && !self.is_ping
    }

    pub(super) fn has_failed(&self) -> bool {
        self.signs.iter().any(|sign| sign.weight == Weight::Failure)
    }
}

/// A start-up of an environment, until an invocation has it behind it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct StartUp {
    #[serde(skip_serializing_if = "is_unset", with = "ts_milliseconds_option")]
    pub(super) began: Option<DateTime<Utc>>,
    /// A line said that a new environment began; a restart inside an old one says nothing.
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) is_new: bool,
    /// The environment is started before any request comes.
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) ahead: bool,
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) reports: Vec<InitReport>,
    /// A failure of this start-up has been told, so the invocation it takes with it is not told again.
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) told: bool,
    /// And it was counted as an error.
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) error_counted: bool,
}

impl StartUp {
    /// Whether the environment had been ready for long when the request came, so that nobody waited for it. A start-up that took
    /// its time is over when its own time is up, and not when it begins.
    pub(super) fn was_ahead_of(&self, started: Option<DateTime<Utc>>) -> bool {
        let took: f64 = self.reports.iter().filter(|report| !report.in_invocation).filter_map(|report| report.duration_ms).sum();
        self.began.zip(started).is_some_and(|(began, started)| (started - began).num_milliseconds() as f64 > AHEAD_OF_REQUEST_MS + took)
    }
}

/// An invocation that is being put together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(super) struct Open {
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) request_id: Option<String>,
    #[serde(skip_serializing_if = "is_unset", with = "ts_milliseconds_option")]
    pub(super) started: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) start_up: Option<StartUp>,
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) said: Said,
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) report: Option<Report>,
    #[serde(skip_serializing_if = "is_unset", with = "ts_milliseconds_option")]
    pub(super) ended_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) timed_out_after_ms: Option<f64>,
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) exited: Option<String>,
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) error_type: Option<String>,
    /// It has been judged, and no line has come since that could change the verdict.
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) judged: bool,
    /// Which one it was among the latest, once it has been counted.
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) which: Option<u64>,
    /// It has been handed out and counted.
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) counted: bool,
    /// And so have its summary, its timeout and its error, each of which may come later.
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) report_counted: bool,
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) timeout_counted: bool,
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) error_counted: bool,
    /// Its cause has been told.
    #[serde(skip_serializing_if = "is_unset")]
    pub(super) told: bool,
}

impl Open {
    /// The same without any text: what is over is remembered for its figures.
    pub(super) fn without_quotes(mut self) -> Self {
        self.said.quotes = Vec::new();
        self.said.error = None;
        self
    }

    /// Whether a line of the platform has shown its end.
    pub(super) fn has_ended(&self) -> bool {
        self.report.is_some() || self.timed_out_after_ms.is_some() || self.exited.is_some()
    }

    pub(super) fn outcome(&self) -> Outcome {
        let status = self.report.as_ref().map(|report| report.status);
        if self.timed_out_after_ms.is_some() {
            return Outcome::Timeout;
        }
        match status {
            Some(Status::Timeout) => Outcome::Timeout,
            Some(Status::Error) => Outcome::Error,
            _ if self.exited.is_some() => Outcome::Error,
            Some(Status::Success) => Outcome::Success,
            Some(Status::Cut) | None => Outcome::Unknown,
        }
    }
}

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

/// Nothing was said.
static SILENCE: Said = Said {
    lines: 0,
    last_at: None,
    signs: Vec::new(),
    quotes: Vec::new(),
    error: None,
    instancing: Vec::new(),
    lines_since_instancing: 0,
    is_up: false,
    is_ping: false,
    of_node: false,
};

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
