//! An invocation that is being put together, and the start-up before it.

use chrono::serde::ts_milliseconds_option;
use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::said::ApplicationOutput;
use crate::diagnosis::InvocationOutcome;
use crate::line::{InitReport, PlatformStatus, ReportLine};
use crate::unset::is_unset;

/// A start-up that began longer than this before the first request ran ahead of it, and no caller waited for it; in
/// milliseconds.
const AHEAD_OF_REQUEST_MS: f64 = 10_000.0;

/// So much of a duration before the START line is more than an inaccurate time, in milliseconds.
const HIDDEN_MS: f64 = 1_500.0;
/// When a start-up on demand is cut, with what ending and beginning again take, in milliseconds.
const INIT_LIMIT_MS: (f64, f64) = (9_000.0, 12_500.0);
/// How long code may run before it writes its first line, in milliseconds.
const LATE_MS: f64 = 3_000.0;

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

/// What of a duration lies before the START line, where that is more than an inaccurate time.
pub(crate) fn ms_before_start(report: &ReportLine, shown: TimeDelta) -> Option<f64> {
    let shown = shown.num_milliseconds() as f64;
    let hidden = report.duration_ms - shown;
    (shown >= 0.0 && hidden >= HIDDEN_MS && report.init_ms.is_none() && report.restore_ms.is_none()).then_some(hidden)
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
    /// Its START line was read, and its END line.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) has_start: bool,
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) has_end: bool,
    /// The same request was run again after it.
    #[serde(skip_serializing_if = "is_unset")]
    pub(crate) retried: bool,
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

    /// Whether it is the one with this id, and has ended.
    pub(crate) fn is_ended_as(&self, id: Option<&str>) -> bool {
        self.has_ended() && self.request_id.as_deref() == id
    }

    /// Milliseconds of its duration that had passed before its START line. Lambda writes that line once the environment
    /// is ready, but a start-up that is repeated inside an invocation is part of its duration.
    pub(crate) fn ms_before_start(&self) -> Option<f64> {
        ms_before_start(self.report.as_ref()?, self.ended_at? - self.started?)
    }

    /// The same, if it was a start-up that had been cut at its limit before: the environment began as long before the
    /// START line as the limit and the second try take together.
    pub(crate) fn repeated_init_ms(&self) -> Option<f64> {
        let hidden = self.ms_before_start()?;
        let start_up = self.start_up.as_ref();
        if start_up.is_some_and(|start_up| start_up.ahead || !start_up.reports.is_empty()) {
            return None;
        }
        let before = |at: Option<DateTime<Utc>>| Some((self.started? - at?).num_milliseconds() as f64 - hidden);
        let since_init = before(start_up.filter(|start_up| start_up.is_new).and_then(|start_up| start_up.began));
        // An image has no line for it. The first that the code wrote came a little later.
        let since_line = before(self.said.first_at);
        let was_cut = since_init.map_or_else(
            || since_line.is_some_and(|ms| (INIT_LIMIT_MS.0 - LATE_MS..=INIT_LIMIT_MS.1).contains(&ms)),
            |ms| (INIT_LIMIT_MS.0..=INIT_LIMIT_MS.1).contains(&ms),
        );
        was_cut.then_some(hidden)
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

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    /// An invocation of this duration, of which the log shows only the last `shown` ms behind its START line; the
    /// environment began `began` ms before that line, or its code wrote a first line then.
    fn repeated(duration_ms: f64, shown: i64, began: Option<i64>, first_line: Option<i64>) -> Option<f64> {
        let started = DateTime::from_timestamp_millis(1_776_412_800_000).unwrap();
        let before = |ms: i64| started - TimeDelta::milliseconds(ms);
        let start_up = began.map(|ms| InitPhase { began: Some(before(ms)), is_new: true, ..InitPhase::default() });
        let mut open = PartialInvocation {
            started: Some(started),
            ended_at: Some(started + TimeDelta::milliseconds(shown)),
            start_up,
            report: Some(ReportLine { duration_ms, ..ReportLine::default() }),
            ..PartialInvocation::default()
        };
        open.said.first_at = first_line.map(before);
        open.repeated_init_ms()
    }

    #[test]
    fn a_second_start_up_inside_the_invocation_shows_by_what_its_duration_holds() {
        // Cut after 10 s, then 7 s again, then half a second of handler.
        assert_eq!(repeated(7_500.0, 500, Some(17_050), None), Some(7_000.0));
        assert_eq!(repeated(7_500.0, 500, None, Some(16_800)), Some(7_000.0));
        for (duration, shown, began, first_line) in [
            // All of it is shown.
            (7_500.0, 7_500, Some(17_050), None),
            // Inaccurate times.
            (1_900.0, 1_000, Some(11_000), None),
            // Nothing was cut at 10 s: an environment that was started long ago, or again after a crash.
            (7_500.0, 500, Some(300_000), None),
            (7_500.0, 500, Some(7_050), None),
            (7_500.0, 500, None, None),
        ] {
            assert_eq!(
                repeated(duration, shown, began, first_line),
                None,
                "{duration} {shown} {began:?} {first_line:?}"
            );
        }
    }
}
