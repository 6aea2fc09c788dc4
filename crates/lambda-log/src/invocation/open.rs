//! An invocation that is being put together, and the start-up before it.

use chrono::serde::ts_milliseconds_option;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::said::Said;
use crate::diagnosis::Outcome;
use crate::line::{InitReport, Report, Status};
use crate::unset::is_unset;

/// A start-up that began longer than this before the first request ran ahead of it, and nobody waited for it; in milliseconds.
const AHEAD_OF_REQUEST_MS: f64 = 10_000.0;

/// A start-up of an environment, until an invocation has it behind it.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct StartUp {
    #[serde(skip_serializing_if = "is_unset", with = "ts_milliseconds_option")]
    pub(crate) began: Option<DateTime<Utc>>,
    /// A line said that a new environment began; a restart inside an old one says nothing.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) is_new: bool,
    /// The environment is started before any request comes.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) ahead: bool,
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) reports: Vec<InitReport>,
    /// A failure of this start-up has been told, so the invocation it takes with it is not told again.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) told: bool,
    /// And it was counted as an error.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) error_counted: bool,
}

impl StartUp {
    /// Whether the environment had been ready for long when the request came, so that nobody waited for it. A start-up that took
    /// its time is over when its own time is up, and not when it begins.
    pub(crate) fn was_ahead_of(&self, started: Option<DateTime<Utc>>) -> bool {
        let took: f64 = self.reports.iter().filter(|report| !report.in_invocation).filter_map(|report| report.duration_ms).sum();
        self.began.zip(started).is_some_and(|(began, started)| (started - began).num_milliseconds() as f64 > AHEAD_OF_REQUEST_MS + took)
    }
}

/// An invocation that is being put together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct Open {
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) request_id: Option<String>,
    #[serde(skip_serializing_if = "is_unset", with = "ts_milliseconds_option")]
    pub(crate) started: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) start_up: Option<StartUp>,
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) said: Said,
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) report: Option<Report>,
    #[serde(skip_serializing_if = "is_unset", with = "ts_milliseconds_option")]
    pub(crate) ended_at: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) timed_out_after_ms: Option<f64>,
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) exited: Option<String>,
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) error_type: Option<String>,
    /// It has been judged, and no line has come since that could change the verdict.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) judged: bool,
    /// Which one it was among the latest, once it has been counted.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) which: Option<u64>,
    /// It has been handed out and counted.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) counted: bool,
    /// And so have its summary, its timeout and its error, each of which may come later.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) report_counted: bool,
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) timeout_counted: bool,
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) error_counted: bool,
    /// Its cause has been told.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) told: bool,
}

impl Open {
    /// The same without any text: what is over is remembered for its figures.
    pub(crate) fn without_quotes(mut self) -> Self {
        self.said.quotes = Vec::new();
        self.said.error = None;
        self
    }

    /// Whether a line of the platform has shown its end.
    pub(crate) fn has_ended(&self) -> bool {
        self.report.is_some() || self.timed_out_after_ms.is_some() || self.exited.is_some()
    }

    pub(crate) fn outcome(&self) -> Outcome {
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
