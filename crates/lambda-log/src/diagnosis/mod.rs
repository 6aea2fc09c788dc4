//! From one invocation's lines to the cause a careful operator would act on.
//!
//! Each cause is one file and one line in the table below. The table's order is the order of preference: the deepest cause
//! that the lines prove is the verdict, and a limit (`function_timeout`) is named only where nothing deeper shows.

mod app_exception;
mod aws_api_error;
mod bad_event;
mod bad_response;
mod cold_start;
mod cold_start_every_invocation;
mod credentials_invalid;
mod db_connections_exhausted;
mod db_unreachable;
mod dns_failure;
mod downstream_throttled;
mod event_loop_hang;
mod extension_failure;
mod fd_exhausted;
mod function_timeout;
mod handler_not_found;
mod iam_denied;
mod import_error;
mod init_exception;
mod init_timeout;
mod invalid_entrypoint;
mod kms_denied;
mod memory_pressure;
mod missing_config;
mod native_crash;
mod native_lib_missing;
mod oom;
mod package_permissions;
mod payload_too_large;
mod read_only_fs;
mod recent;
mod reinit_loop;
mod runtime_exit;
mod slow_cold_start;
mod syntax_error;
#[cfg(test)]
mod tests;
mod tmp_full;
mod upstream_error;
mod vpc_no_egress;
mod words;
mod wrong_arch_or_binary;

use std::borrow::Cow;

use chrono::{DateTime, TimeDelta, Utc};
use model::span::spoken;
use serde::{Deserialize, Serialize};

use crate::line::{Application, InitReport, Level, Report, Status};

pub use recent::{Brief, Recent, environment_hash};
pub use words::{signs, worth_a_look};

macro_rules! causes {
    ($($module:ident: $name:ident),* $(,)?) => {
        /// Why an invocation went wrong. The codes are stable: rules, reports and JSON use them.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Cause {
            $(
                #[doc = concat!("`", stringify!($module), "`")]
                $name
            ),*
        }

        impl Cause {
            /// Every cause with its code, deepest first.
            pub const ALL: &'static [(&'static str, Self)] = &[$((stringify!($module), Self::$name)),*];

            /// The code, as in `init_timeout`.
            pub fn code(self) -> &'static str {
                match self { $(Self::$name => stringify!($module)),* }
            }

            /// What the cause means, in a few words for a headline.
            pub fn meaning(self) -> &'static str {
                match self { $(Self::$name => $module::MEANING),* }
            }

            /// What to do about it.
            pub fn next_step(self) -> &'static str {
                match self { $(Self::$name => $module::NEXT_STEP),* }
            }

            /// The words that make a line of the application worth asking [`Self::sign`] about.
            fn words(self) -> &'static [&'static str] {
                match self { $(Self::$name => $module::WORDS),* }
            }

            /// What a line of the application that has one of the words says about this cause.
            fn sign(self, line: &Application<'_>) -> Option<Weight> {
                match self { $(Self::$name => $module::sign(line)),* }
            }

            /// Whether the case has this cause.
            fn judge(self, case: &Case<'_>) -> Option<Diagnosis> {
                match self { $(Self::$name => $module::judge(case)),* }
            }
        }
    };
}

causes! {
    wrong_arch_or_binary: WrongArchOrBinary,
    native_lib_missing: NativeLibMissing,
    package_permissions: PackagePermissions,
    tmp_full: TmpFull,
    fd_exhausted: FdExhausted,
    read_only_fs: ReadOnlyFs,
    handler_not_found: HandlerNotFound,
    bad_response: BadResponse,
    syntax_error: SyntaxError,
    import_error: ImportError,
    invalid_entrypoint: InvalidEntrypoint,
    kms_denied: KmsDenied,
    credentials_invalid: CredentialsInvalid,
    iam_denied: IamDenied,
    oom: Oom,
    native_crash: NativeCrash,
    payload_too_large: PayloadTooLarge,
    extension_failure: ExtensionFailure,
    missing_config: MissingConfig,
    downstream_throttled: DownstreamThrottled,
    db_connections_exhausted: DbConnectionsExhausted,
    db_unreachable: DbUnreachable,
    dns_failure: DnsFailure,
    vpc_no_egress: VpcNoEgress,
    bad_event: BadEvent,
    aws_api_error: AwsApiError,
    upstream_error: UpstreamError,
    init_exception: InitException,
    app_exception: AppException,
    reinit_loop: ReinitLoop,
    slow_cold_start: SlowColdStart,
    init_timeout: InitTimeout,
    runtime_exit: RuntimeExit,
    event_loop_hang: EventLoopHang,
    function_timeout: FunctionTimeout,
    memory_pressure: MemoryPressure,
    cold_start_every_invocation: ColdStartEveryInvocation,
    cold_start: ColdStart,
}

/// How sure the lines make a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Confidence {
    /// The lines allow another cause, but this one fits best.
    Likely,
    /// The lines allow no other.
    Proved,
}

impl Confidence {
    /// The word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Likely => "likely",
            Self::Proved => "proved",
        }
    }
}

/// How much a single line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Weight {
    /// It matters if the invocation fails: the application may have dealt with it.
    Hint,
    /// The invocation has failed by this very line.
    Failure,
}

/// A line that points to a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sign {
    /// The cause it points to.
    pub cause: Cause,
    /// How much it says.
    pub weight: Weight,
    /// It is only the platform's error type, without any word on what happened.
    pub of_type: bool,
    /// No line of the application has come after it.
    pub is_last: bool,
}

/// How an invocation ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Outcome {
    /// The lines do not show its end.
    #[default]
    Unknown,
    /// It ended, and the platform says nothing bad of it.
    Success,
    /// The function's timeout ended it.
    Timeout,
    /// It failed.
    Error,
}

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
    /// The environment (log stream).
    pub environment: &'a str,
    /// The invocations of this function before it.
    pub recent: &'a Recent,
}

/// The verdict on a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The cause.
    pub cause: Cause,
    /// How sure the lines make it.
    pub confidence: Confidence,
    /// What they say, in one sentence with the function's own numbers; no more than they prove.
    pub finding: String,
    /// What to do, with the function's own numbers where they help.
    pub next_step: Cow<'static, str>,
    /// It names what was reached (a limit, an end), so that anything more specific goes before it.
    pub general: bool,
}

impl Diagnosis {
    fn new(cause: Cause, confidence: Confidence, finding: String) -> Self {
        Self { cause, confidence, finding, next_step: Cow::Borrowed(cause.next_step()), general: false }
    }

    fn with_next_step(self, next_step: Option<String>) -> Self {
        Self { next_step: next_step.map_or(self.next_step, Cow::Owned), ..self }
    }

    fn general(self) -> Self {
        Self { general: true, ..self }
    }

    /// What is wrong and what to do, as one text.
    pub fn remedy(&self) -> String {
        format!("{} {}", self.finding, self.next_step)
    }
}

impl Case<'_> {
    /// Whether the invocation failed in any way.
    pub fn failed(&self) -> bool {
        matches!(self.outcome, Outcome::Timeout | Outcome::Error) || self.exited.is_some() || self.inits.iter().any(|init| init.status.is_bad())
    }

    /// The verdict of a cause that is known by its lines: a line that is itself the failure, or a hint when it failed.
    fn by_sign(&self, cause: Cause, finding: &str) -> Option<Diagnosis> {
        let sign = self.signs.iter().filter(|sign| sign.cause == cause).max_by_key(|sign| sign.weight)?;
        let confidence = match sign.weight {
            Weight::Failure => Confidence::Proved,
            Weight::Hint if self.failed() || (self.is_excerpt && self.outcome == Outcome::Unknown) => Confidence::Likely,
            Weight::Hint => return None,
        };
        Some(Diagnosis::new(cause, confidence, finding.to_owned()))
    }

    /// Seconds as a reader likes them.
    fn seconds(seconds: f64) -> String {
        format!("{seconds:.1} s")
    }
}

/// Every cause that the case has, the one to act on first.
pub fn judge(case: &Case<'_>) -> Vec<Diagnosis> {
    let mut found: Vec<Diagnosis> = Cause::ALL.iter().filter_map(|(_, cause)| cause.judge(case)).collect();
    // What failed is never left without a word, be it only that the lines have none. Where more lines may come they are waited for.
    if found.is_empty() && case.is_excerpt && case.outcome == Outcome::Error {
        let named = case.error_type.map(|kind| format!(" ({})", model::redact::phrase(kind))).unwrap_or_default();
        let finding = format!("The platform says that the invocation failed{named}; its lines do not say why.");
        found.push(Diagnosis::new(Cause::AppException, Confidence::Likely, finding).general());
    }
    found.sort_by_key(|diagnosis| (diagnosis.general, diagnosis.confidence == Confidence::Likely && !diagnosis.general, diagnosis.cause));
    found
}

/// A line that has one of the words: the failure itself if nobody caught it, else something the application may have dealt with.
fn said(line: &Application<'_>) -> Option<Weight> {
    Some(if line.unhandled { Weight::Failure } else { Weight::Hint })
}

/// No line of the application points to this cause; only the platform's lines do.
fn no_sign(_: &Application<'_>) -> Option<Weight> {
    None
}

/// A length of time in milliseconds.
fn milliseconds(ms: f64) -> TimeDelta {
    TimeDelta::milliseconds(ms.round() as i64)
}
