//! One line of a live log.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use crate::diagnosis::{Cause, Confidence, InvocationOutcome};
use crate::invocation::{Invocation, InvocationSink};

/// The displayed outcome of an invocation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TailOutcome {
    /// It succeeded, as far as its lines show.
    Success,
    /// It failed.
    Error,
    /// The function's timeout ended it.
    Timeout,
    /// Its environment continued with something else, and no line shows how it ended.
    Unknown,
    /// There was no invocation: a start-up failed, or something did between two of them.
    StartUp,
}

impl TailOutcome {
    /// Its name in output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Success => "success",
            Self::Error => "error",
            Self::Timeout => "timeout",
            Self::Unknown => "unknown",
            Self::StartUp => "start_up",
        }
    }

    pub(super) fn is_bad(self) -> bool {
        self != Self::Success
    }
}

/// The cause of a failure.
#[derive(Debug, Clone, PartialEq)]
pub struct TailCause {
    /// The cause to act on.
    pub cause: Cause,
    /// What the cause means, in a few words.
    pub meaning: Cow<'static, str>,
    /// How sure the lines make it.
    pub confidence: Confidence,
    /// Other causes that its lines show.
    pub also: Vec<Cause>,
    /// What the lines show, in a sentence.
    pub finding: String,
    /// The deciding lines, redacted and shortened.
    pub evidence: Vec<String>,
}

/// The figures of its summary.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TailFigures {
    /// Its duration in milliseconds.
    pub duration_ms: f64,
    /// Milliseconds that are billed.
    pub billed_ms: Option<f64>,
    /// Memory size in MB.
    pub memory_mb: Option<f64>,
    /// Largest memory used in MB.
    pub max_memory_mb: Option<f64>,
    /// Milliseconds of start-up, or of restoring a snapshot, on a cold start.
    pub init_ms: Option<f64>,
    /// Milliseconds its caller waited, start-up included.
    pub waited_ms: Option<f64>,
}

/// An ended invocation, as one line of a live log.
#[derive(Debug, Clone, PartialEq)]
pub struct TailEntry {
    /// The function.
    pub function: String,
    /// The log stream, that is, the execution environment.
    pub stream: String,
    /// Its request id, where a line has one.
    pub request_id: Option<String>,
    /// When its end was logged, UTC.
    pub at: DateTime<Utc>,
    /// How it ended.
    pub end: TailOutcome,
    /// A new environment was started for it.
    pub cold: bool,
    /// It was a warm-up ping.
    pub is_ping: bool,
    /// Its summary.
    pub figures: Option<TailFigures>,
    /// The cause of a failure.
    pub why: Option<TailCause>,
    /// It is handed out for the first time.
    pub(super) is_first: bool,
}

impl TailEntry {
    fn of(invocation: &Invocation<'_>) -> Option<Self> {
        let end = match invocation.outcome {
            InvocationOutcome::Timeout => TailOutcome::Timeout,
            // An error in its words is one, also where the platform says nothing of it.
            _ if invocation.is_error || invocation.outcome == InvocationOutcome::Error => TailOutcome::Error,
            InvocationOutcome::Success => TailOutcome::Success,
            _ => TailOutcome::Unknown,
        };
        let why = invocation.causes.first().map(|first| TailCause {
            cause: first.cause,
            meaning: first.meaning.clone(),
            confidence: first.confidence,
            also: invocation.causes.iter().skip(1).map(|also| also.cause).collect(),
            finding: first.finding.clone(),
            evidence: invocation.evidence(),
        });
        let figures = invocation.report.map(|report| TailFigures {
            duration_ms: report.duration_ms,
            billed_ms: report.billed_ms,
            memory_mb: report.memory_mb,
            max_memory_mb: report.max_memory_mb,
            init_ms: report.init_ms.or(report.restore_ms),
            waited_ms: invocation.waited_ms,
        });
        Some(Self {
            function: invocation.function.to_owned(),
            stream: invocation.stream.to_owned(),
            request_id: invocation.request_id.map(str::to_owned),
            at: invocation.at?,
            end,
            cold: invocation.cold,
            is_ping: invocation.is_ping,
            figures,
            why,
            is_first: invocation.counts,
        })
    }

    /// Takes over what a later word on the same invocation says. A first word is never taken back by a weaker one.
    pub(super) fn learn(&mut self, later: Self) {
        self.at = self.at.max(later.at);
        let is_weaker = later.end == TailOutcome::Unknown
            || (later.end == TailOutcome::Success && self.end != TailOutcome::Unknown);
        self.end = if is_weaker { self.end } else { later.end };
        self.cold |= later.cold;
        self.is_ping |= later.is_ping;
        self.figures = self.figures.or(later.figures);
        self.why = self.why.take().or(later.why);
    }

    pub(super) fn is_of(&self, other: &Self) -> bool {
        self.request_id == other.request_id && self.stream == other.stream && self.function == other.function
    }

    /// Whether nothing of it is missing.
    pub(super) fn is_whole(&self) -> bool {
        self.figures.is_some() && (!self.end.is_bad() || self.why.is_some())
    }
}

/// Collects the invocations of a reader.
#[derive(Debug, Default)]
pub struct TailSink(pub(super) Vec<TailEntry>);

impl InvocationSink for TailSink {
    fn invocation(&mut self, invocation: Invocation<'_>) {
        self.0.extend(TailEntry::of(&invocation));
    }
}
