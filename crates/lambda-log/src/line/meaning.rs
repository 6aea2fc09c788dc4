//! What one event of a log says.

use std::borrow::Cow;

use serde::{Deserialize, Serialize};

use super::application::ApplicationLine;
use crate::unset::is_unset;

/// A parsed log event.
#[derive(Debug, Clone, PartialEq)]
pub enum LogLine<'a> {
    /// A new environment begins to start up.
    InitStart(RuntimeVersion<'a>),
    /// Start-up failed, or is reported by SnapStart or provisioned concurrency.
    InitReport(InitReport),
    /// A snapshot begins to be restored.
    RestoreStart(RuntimeVersion<'a>),
    /// A snapshot was restored, or was not.
    RestoreReport(InitReport),
    /// An invocation begins.
    Start {
        /// Its request id, where the line has one.
        request_id: Option<Cow<'a, str>>,
        /// The version of the function that runs: `$LATEST` or a number.
        version: Option<Cow<'a, str>>,
    },
    /// An invocation has ended.
    End {
        /// Its request id.
        request_id: Option<Cow<'a, str>>,
    },
    /// The summary of an invocation.
    Report {
        /// Its request id, where the line has one.
        request_id: Option<Cow<'a, str>>,
        /// The figures.
        report: ReportLine,
    },
    /// The function's timeout ended an invocation.
    TimedOut {
        /// Its request id.
        request_id: Option<Cow<'a, str>>,
        /// Seconds until then.
        after_seconds: f64,
    },
    /// The platform reports that an invocation, or its process, ended badly.
    Ended {
        /// Its request id.
        request_id: Option<Cow<'a, str>>,
        /// What it says, such as `Runtime exited with error: signal: killed`; empty if only the type is known.
        how: Cow<'a, str>,
        /// The error type, such as `Runtime.ExitError`.
        error_type: Option<Cow<'a, str>>,
    },
    /// An extension (a process from a layer) reports its state.
    Extension {
        /// The error type, where it has failed.
        error_type: Option<Cow<'a, str>>,
        /// Whether its state is a failure.
        failed: bool,
        /// Whether it waits for the first invocation; `None` if its state says neither.
        ready: Option<bool>,
    },
    /// The runtime could not hand over an answer, or get the next request: the status of the HTTP answer it got.
    RuntimeClient {
        /// The status code.
        status: Option<u16>,
    },
    /// The platform dropped log records, so what follows may be incomplete.
    LogsDropped {
        /// How many, where the line says so.
        records: Option<u64>,
    },
    /// A line of the platform without meaning for an invocation.
    Platform,
    /// Something claims to be a platform line and cannot be read as one.
    Unparsed,
    /// A line of the application.
    Application(ApplicationLine<'a>),
}

/// The runtime that an environment starts with; a change of it is a deployment or an update by AWS.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RuntimeVersion<'a> {
    /// Whether the runtime is Node's; `None` where the line does not name the runtime.
    pub on_node: Option<bool>,
    /// The ARN of the runtime version, or its name where no ARN is given.
    pub version: Option<Cow<'a, str>>,
    /// The function, where the line names it.
    pub function: Option<Cow<'a, str>>,
    /// Whether the environment is started before any request comes, as provisioned concurrency and SnapStart do.
    pub ahead: bool,
}

impl RuntimeVersion<'_> {
    /// Whether the name of a runtime, such as `nodejs:22.v71`, is that of Node; `None` for a runtime that can run
    /// anything.
    pub(super) fn names_node(name: &str) -> Option<bool> {
        let is_known = !name.is_empty() && !name.starts_with("provided");
        is_known.then(|| name.starts_with("nodejs"))
    }
}

/// `INIT_REPORT` or `RESTORE_REPORT`.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct InitReport {
    /// Its duration in milliseconds.
    #[serde(skip_serializing_if = "is_unset")]
    pub duration_ms: Option<f64>,
    /// Whether it happened inside an invocation, as the second try of a start-up that had failed before.
    #[serde(skip_serializing_if = "is_unset")]
    pub in_invocation: bool,
    /// Whether it ran before any request: in the text format a successful init phase is reported only then.
    #[serde(skip_serializing_if = "is_unset")]
    pub ahead: bool,
    /// How it ended.
    #[serde(skip_serializing_if = "is_unset")]
    pub status: PlatformStatus,
    /// The platform's error type, such as `Runtime.ImportModuleError`.
    #[serde(skip_serializing_if = "is_unset")]
    pub error_type: Option<String>,
}

/// `REPORT`: the figures of one invocation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ReportLine {
    /// The duration in milliseconds.
    #[serde(skip_serializing_if = "is_unset")]
    pub duration_ms: f64,
    /// Milliseconds that are billed.
    #[serde(skip_serializing_if = "is_unset")]
    pub billed_ms: Option<f64>,
    /// Configured memory in MB.
    #[serde(skip_serializing_if = "is_unset")]
    pub memory_mb: Option<f64>,
    /// Largest memory used in MB.
    #[serde(skip_serializing_if = "is_unset")]
    pub max_memory_mb: Option<f64>,
    /// Milliseconds of start-up, on a cold start.
    #[serde(skip_serializing_if = "is_unset")]
    pub init_ms: Option<f64>,
    /// Milliseconds of restoring a snapshot, on a cold start with SnapStart.
    #[serde(skip_serializing_if = "is_unset")]
    pub restore_ms: Option<f64>,
    /// Milliseconds that extensions needed after the handler, if the log has it.
    #[serde(skip_serializing_if = "is_unset")]
    pub extension_ms: Option<f64>,
    /// Whether the emulator wrote it, which shows all of the memory in use.
    #[serde(skip_serializing_if = "is_unset")]
    pub of_emulator: bool,
    /// How it ended.
    #[serde(skip_serializing_if = "is_unset")]
    pub status: PlatformStatus,
    /// The platform's error type, such as `Runtime.OutOfMemory`.
    #[serde(skip_serializing_if = "is_unset")]
    pub error_type: Option<String>,
}

impl ReportLine {
    /// The largest memory used as a share of the configured memory; `None` if the report lacks either.
    pub fn memory_share(&self) -> Option<f64> {
        Some(self.max_memory_mb? / self.memory_mb.filter(|size| *size > 0.0)?)
    }
}

/// The status that the platform reports.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum PlatformStatus {
    /// No problem is reported.
    #[default]
    Success,
    /// A limit of time was reached.
    Timeout,
    /// It failed.
    Error,
    /// The line is cut where its status stood, or has a word there that this version does not know.
    Cut,
}

impl PlatformStatus {
    pub(crate) fn of(word: &str) -> Self {
        match word.trim_matches(|c: char| !c.is_ascii_alphanumeric()) {
            "timeout" => Self::Timeout,
            "error" | "failure" => Self::Error,
            // A success has no status in text.
            "" | "success" => Self::Success,
            _ => Self::Cut,
        }
    }

    /// Whether it is a failure.
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Timeout | Self::Error)
    }
}
