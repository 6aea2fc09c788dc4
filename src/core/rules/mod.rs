//! What a user can ask to be told of. Each condition is one file and one line in the table below.

mod cold_starts;
mod cost_above;
mod cost_jump;
mod duration_above;
mod lambda_cause;
mod memory_above;
mod metric_above;
mod new_error;
mod ping_failing;
mod silence;
mod source_failing;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::diagnosis::{Cause, Confidence};
use super::history::History;
use super::settings::{Kind, Settings};
use super::span::Span;
use super::subject::Subject;

/// The words that say why warm-up pings are no remedy. Only used where the lines prove that start-up is what takes so long.
pub const PINGING_CANNOT_HELP: &str =
    "Pinging cannot help: while start-up needs longer than the limit, every ping starts it over, is thrown away with it, and is paid for.";

macro_rules! conditions {
    ($($module:ident: $name:ident),* $(,)?) => {
        /// What must hold for an incident: one of the `when.` kinds.
        #[derive(Debug, Clone)]
        pub enum Condition {
            $(
                #[doc = concat!("`when.", stringify!($module), "`")]
                $name($module::$name)
            ),*
        }

        impl Kind for Condition {
            const KEY: &'static str = "when";
            const NAMES: &'static [&'static str] = &[$(stringify!($module)),*];

            fn read(name: &str, settings: &mut Settings<'_, '_>) -> Option<Self> {
                match name {
                    $(stringify!($module) => $module::$name::read(settings).map(Self::$name),)*
                    _ => None,
                }
            }
        }

        impl Condition {
            /// What the condition says of each subject it can speak of, in the order of the subjects.
            pub fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
                let mut all = match self { $(Self::$name(condition) => condition.judge(history, now)),* };
                all.sort_by(|a, b| a.subject.cmp(&b.subject));
                all
            }

            /// How far the condition looks back, where it does.
            pub fn window(&self) -> Option<Span> {
                match self { $(Self::$name(condition) => condition.window()),* }
            }

            /// Whether the condition, as it is written now, can speak of a subject at all.
            pub fn covers(&self, subject: &Subject) -> bool {
                match self { $(Self::$name(condition) => condition.covers(subject)),* }
            }

            /// The kind's name.
            pub fn kind(&self) -> &'static str {
                match self { $(Self::$name(_) => stringify!($module)),* }
            }
        }
    };
}

conditions! {
    cost_above: CostAbove,
    cost_jump: CostJump,
    lambda_cause: LambdaCause,
    new_error: NewError,
    cold_starts: ColdStarts,
    duration_above: DurationAbove,
    memory_above: MemoryAbove,
    metric_above: MetricAbove,
    ping_failing: PingFailing,
    silence: Silence,
    source_failing: SourceFailing,
}

impl Condition {
    /// The condition that watches the sources where the user has not written one himself.
    pub fn source_failing() -> Self {
        Self::SourceFailing(source_failing::SourceFailing::default())
    }
}

#[cfg(test)]
impl Condition {
    pub(crate) fn silence_of(source: &str) -> Self {
        Self::Silence(silence::Silence::of(source))
    }
}

/// How much an incident matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Severity {
    /// Good to know.
    Info,
    /// Look at it today.
    Warning,
    /// Look at it now.
    Critical,
}

impl Severity {
    /// Each severity with its word in the configuration.
    pub const ALL: &'static [(&'static str, Self)] = &[("info", Self::Info), ("warning", Self::Warning), ("critical", Self::Critical)];

    /// Its word.
    pub fn word(self) -> &'static str {
        match self {
            Self::Info => "info",
            Self::Warning => "warning",
            Self::Critical => "critical",
        }
    }
}

/// What the user wrote under `[alert.<name>]`.
#[derive(Debug, Clone)]
pub struct Rule {
    /// The name of the table; with the subject, the identity of an incident.
    pub name: String,
    /// What must hold.
    pub condition: Condition,
    /// How long it must hold before anybody is told.
    pub hold: Option<Span>,
    /// How much it matters.
    pub severity: Severity,
    /// After how long to say it again while it still holds.
    pub remind: Option<Span>,
    /// The receivers that are told.
    pub tell: Vec<String>,
}

/// What a rule says about one subject.
#[derive(Debug, Clone, PartialEq)]
pub struct Judgement {
    /// What it is about.
    pub subject: Subject,
    /// What is said.
    pub verdict: Verdict,
}

/// Holds, clear, or unknown; unknown is never taken for clear.
#[derive(Debug, Clone, PartialEq)]
pub enum Verdict {
    /// The condition holds.
    Holds(Box<Finding>),
    /// It does not; the text says what is so instead.
    Clear(Cow<'static, str>),
    /// The data do not say; the text says what is missing.
    Unknown(Cow<'static, str>),
}

/// What was found where a condition holds.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// One line that names the subject and what is wrong.
    pub headline: String,
    /// Sentences that say what is known, and no more.
    pub said: Vec<String>,
    /// Figures as label and value.
    pub facts: Vec<(String, String)>,
    /// The cause, with how sure it is.
    pub cause: Option<(Cause, Confidence)>,
    /// What to do.
    pub next_step: String,
    /// Deciding log lines, redacted and shortened, still unescaped.
    pub evidence: Vec<String>,
    /// When the newest of what it speaks of was first seen, UTC, where it speaks of things that are new: once there is something
    /// newer, whoever was told is told again.
    #[serde(default)]
    pub latest: Option<DateTime<Utc>>,
}

impl Judgement {
    fn holds(subject: Subject, finding: Finding) -> Self {
        Self { subject, verdict: Verdict::Holds(Box::new(finding)) }
    }

    fn clear(subject: Subject, why: impl Into<Cow<'static, str>>) -> Self {
        Self { subject, verdict: Verdict::Clear(why.into()) }
    }

    fn unknown(subject: Subject, why: impl Into<Cow<'static, str>>) -> Self {
        Self { subject, verdict: Verdict::Unknown(why.into()) }
    }
}

/// Functions whose log has been read recently enough to say that nothing happened; for others silence means nothing.
fn is_fresh(read_up_to: DateTime<Utc>, now: DateTime<Utc>, window: Span) -> bool {
    now - read_up_to <= window.delta().max(chrono::TimeDelta::minutes(15))
}
