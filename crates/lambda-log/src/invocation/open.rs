//! An invocation that is being put together, and the start-up before it.

use chrono::serde::ts_milliseconds_option;
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::said::ApplicationOutput;
use crate::diagnosis::InvocationOutcome;
use crate::line::{InitReport, PlatformStatus, ReportLine};
use crate::unset::is_unset;

/// A start-up that began longer than this before the first request ran ahead of it, and nobody waited for it; in
/// milliseconds.
const AHEAD_OF_REQUEST_MS: f64 = 10_000.0;

/// The init phase of an environment, until an invocation follows.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct InitPhase {
    #[serde(skip_serializing_if = "is_unset", with = "ts_milliseconds_option")]
    pub(crate) began: Option<DateTime<Utc>>,
    /// A line showed that a new environment began; a restart within an old one does not count.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) is_new: bool,
    /// The environment is started before any request comes.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) ahead: bool,
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) reports: Vec<InitReport>,
    /// Its failure was emitted, so the following invocation is not emitted for it again.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) told: bool,
    /// And it was counted as an error.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) error_counted: bool,
}

impl InitPhase {
    /// Whether the environment was ready long before the request, so that no caller waited for it. An init phase that
    /// took long counts as ended after its duration, and not when it begins.
    pub(crate) fn was_ahead_of(&self, started: Option<DateTime<Utc>>) -> bool {
        let took: f64 =
            self.reports.iter().filter(|report| !report.in_invocation).filter_map(|report| report.duration_ms).sum();
        self.began
            .zip(started)
            .is_some_and(|(began, started)| (started - began).num_milliseconds() as f64 > AHEAD_OF_REQUEST_MS + took)
    }
}

/// An invocation that is being put together.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub(crate) struct PartialInvocation {
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) request_id: Option<String>,
    #[serde(skip_serializing_if = "is_unset", with = "ts_milliseconds_option")]
    pub(crate) started: Option<DateTime<Utc>>,
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) start_up: Option<InitPhase>,
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) said: ApplicationOutput,
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) report: Option<ReportLine>,
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
    /// It has been emitted and counted.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) counted: bool,
    /// Its REPORT line, timeout and error have been counted; each may come later.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) report_counted: bool,
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) timeout_counted: bool,
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) error_counted: bool,
    /// Its cause has been emitted.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) told: bool,
}

impl PartialInvocation {
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

    pub(crate) fn outcome(&self) -> InvocationOutcome {
        let status = self.report.as_ref().map(|report| report.status);
        if self.timed_out_after_ms.is_some() {
            return InvocationOutcome::Timeout;
        }
        match status {
            Some(PlatformStatus::Timeout) => InvocationOutcome::Timeout,
            Some(PlatformStatus::Error) => InvocationOutcome::Error,
            _ if self.exited.is_some() => InvocationOutcome::Error,
            Some(PlatformStatus::Success) => InvocationOutcome::Success,
            Some(PlatformStatus::Cut) | None => InvocationOutcome::Unknown,
        }
    }
}
