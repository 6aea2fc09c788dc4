//! From one invocation's lines to the cause a careful operator would act on.
//!
//! Each cause is one file and one line in the table below. The table's order is the order of preference: the deepest cause
//! that the lines prove is the verdict, and a limit (`function_timeout`) is named only where nothing deeper shows.

mod credentials_invalid;
mod function_timeout;
mod iam_denied;
mod import_error;
mod init_timeout;
mod oom;
mod reinit_loop;
mod runtime_exit;
mod slow_cold_start;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::lambda_log::line::{Application, InitReport, Report, Status};
use super::span::spoken;

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

            /// What a line of the application says about this cause.
            fn sign(self, line: &Application) -> Option<Weight> {
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
    import_error: ImportError,
    credentials_invalid: CredentialsInvalid,
    iam_denied: IamDenied,
    oom: Oom,
    init_timeout: InitTimeout,
    slow_cold_start: SlowColdStart,
    reinit_loop: ReinitLoop,
    runtime_exit: RuntimeExit,
    function_timeout: FunctionTimeout,
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

/// How much a single line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Weight {
    /// It matters if the invocation fails: the application may have dealt with it.
    Hint,
    /// The invocation has failed by this very line.
    Failure,
}

/// A line that points to a cause.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sign {
    /// The cause it points to.
    pub cause: Cause,
    /// How much it says.
    pub weight: Weight,
    /// The line, redacted and shortened.
    pub excerpt: String,
}

/// What is known of an invocation (or of a start-up without one) when it is judged.
#[derive(Debug)]
pub struct Case<'a> {
    /// Signs in its lines, oldest first.
    pub signs: &'a [Sign],
    /// The timeout in seconds that ended it.
    pub timed_out_after: Option<f64>,
    /// How the runtime process ended, if it did.
    pub exited: Option<&'a str>,
    /// Its summary.
    pub report: Option<&'a Report>,
    /// The failed start-up it belongs to.
    pub init: Option<&'a InitReport>,
    /// When Zappa began to import the application (`Instancing..`), each time in this environment.
    pub instancing: &'a [DateTime<Utc>],
    /// Lines the application wrote after that, before it handled anything.
    pub lines_since_instancing: u32,
    /// Lines the application wrote in the invocation.
    pub lines: u32,
    /// How many invocations of this function, this one not counted, have timed out in a row without a word from the handler.
    pub silent_timeouts_before: u32,
}

/// The verdict on a case.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Diagnosis {
    /// The deepest cause the lines prove.
    pub cause: Cause,
    /// How sure they make it.
    pub confidence: Confidence,
    /// What they say, in one sentence with the function's own numbers; no more than they prove.
    pub finding: String,
}

impl Case<'_> {
    /// Whether the invocation failed in any way.
    pub fn failed(&self) -> bool {
        self.timed_out_after.is_some()
            || self.exited.is_some()
            || self.report.is_some_and(|report| report.status != Status::Success)
            || self.init.is_some_and(|init| init.status != Status::Success)
    }

    /// The platform's error type, from the summary or from the start-up.
    fn error_type(&self) -> &str {
        let of_report = self.report.and_then(|report| report.error_type.as_deref());
        of_report.or_else(|| self.init.and_then(|init| init.error_type.as_deref())).unwrap_or_default()
    }

    /// The verdict of a cause that is known by its lines: a line that is itself the failure, or a hint when it failed.
    fn by_sign(&self, cause: Cause, finding: &str) -> Option<Diagnosis> {
        let sign = self.signs.iter().filter(|sign| sign.cause == cause).max_by_key(|sign| sign.weight)?;
        let confidence = match sign.weight {
            Weight::Failure => Confidence::Proved,
            Weight::Hint if self.failed() => Confidence::Likely,
            Weight::Hint => return None,
        };
        Some(Diagnosis { cause, confidence, finding: finding.to_owned() })
    }

    /// Milliseconds or seconds as a reader likes them.
    fn seconds(seconds: f64) -> String {
        format!("{seconds:.1} s")
    }
}

/// The signs a line of the application carries.
pub fn signs(line: &Application) -> Vec<Sign> {
    let found = Cause::ALL.iter().filter_map(|(_, cause)| Some((*cause, cause.sign(line)?)));
    found.map(|(cause, weight)| Sign { cause, weight, excerpt: super::redact::excerpt(&line.text) }).collect()
}

/// The deepest cause the case proves. `None` if nothing went wrong, or nothing in the table explains it.
pub fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    Cause::ALL.iter().find_map(|(_, cause)| cause.judge(case))
}

/// No line of the application points to this cause; only the platform's lines do.
fn no_sign(_: &Application) -> Option<Weight> {
    None
}

/// A length of time in milliseconds.
fn milliseconds(ms: f64) -> TimeDelta {
    TimeDelta::milliseconds(ms.round() as i64)
}
