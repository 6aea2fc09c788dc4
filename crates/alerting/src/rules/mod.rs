//! What a user can ask to be told of. Each condition is one file and one line in the table below.

mod cold_starts;
mod cost_above;
mod cost_anomaly;
mod cost_jump;
mod duration_above;
mod forecast_above;
mod free_tier_above;
mod idle_resource;
mod lambda_cause;
mod memory_above;
mod metric_above;
mod new_error;
mod new_service;
mod ping_failing;
mod receiver_failing;
mod silence;
mod source_failing;
#[cfg(test)]
mod tests;

use std::borrow::Cow;

use chrono::{DateTime, Utc};
use lambda_log::diagnosis::{Cause, Confidence};
use model::settings::{Kind, Settings};
use model::span::Span;
use model::subject::Subject;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::history::History;

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
    cost_anomaly: CostAnomaly,
    forecast_above: ForecastAbove,
    new_service: NewService,
    free_tier_above: FreeTierAbove,
    lambda_cause: LambdaCause,
    new_error: NewError,
    cold_starts: ColdStarts,
    duration_above: DurationAbove,
    memory_above: MemoryAbove,
    metric_above: MetricAbove,
    ping_failing: PingFailing,
    silence: Silence,
    source_failing: SourceFailing,
    receiver_failing: ReceiverFailing,
    idle_resource: IdleResource,
}

impl Condition {
    /// The condition that watches the sources where the user has not written one himself.
    pub fn source_failing() -> Self {
        Self::SourceFailing(source_failing::SourceFailing::default())
    }
}

impl Condition {
    /// The condition that watches the receivers where the user has not written one himself.
    pub fn receiver_failing() -> Self {
        Self::ReceiverFailing(receiver_failing::ReceiverFailing::default())
    }

    /// Whether what it finds has a figure and a limit that can be compared.
    pub fn is_measured(&self) -> bool {
        match self {
            Self::SourceFailing(_) | Self::NewError(_) | Self::PingFailing(_) | Self::CostAnomaly(_) | Self::NewService(_) => false,
            Self::IdleResource(idle) => idle.has_limit(),
            _ => true,
        }
    }

    /// What is said of a subject of an open incident that [`Self::judge`] does not speak of any more, where that says something.
    pub fn judge_absent(&self, subject: &Subject, history: &History, now: DateTime<Utc>) -> Option<Judgement> {
        match self {
            Self::IdleResource(idle) => idle.judge_absent(subject, history, now),
            _ => None,
        }
    }

    /// Whether what this condition found on a subject, for these causes, explains what another one found on the same for others: then
    /// the other is its symptom.
    pub fn explains(&self, causes: &[Cause], other: &Self, symptoms: &[Cause]) -> bool {
        const SLOW: [Cause; 4] = [Cause::InitTimeout, Cause::SlowColdStart, Cause::ReinitLoop, Cause::FunctionTimeout];
        let slow = causes.iter().any(|cause| SLOW.contains(cause));
        let the_same = symptoms.iter().any(|cause| causes.contains(cause));
        match (self, other) {
            // A ping that fails for the same cause, or for none that its answer shows.
            (Self::LambdaCause(_), Self::PingFailing(_)) => the_same || (symptoms.is_empty() && !causes.is_empty()),
            // An invocation that does not come to the end of its start-up is slow, meets no warm environment, and is an error.
            (Self::LambdaCause(_), Self::DurationAbove(_) | Self::ColdStarts(_)) => slow,
            (Self::LambdaCause(_), Self::MetricAbove(metric)) => slow && metric.is_about_failing(),
            // The very invocations that the other one calls new.
            (Self::LambdaCause(_), Self::NewError(_)) => the_same,
            (Self::LambdaCause(_), Self::MemoryAbove(_)) => causes.contains(&Cause::Oom),
            // A source that fails gives no answer.
            (Self::SourceFailing(_), Self::Silence(_)) => true,
            _ => false,
        }
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
    /// How many times its limit the measured figure reaches when the incident becomes critical.
    pub critical_at: Option<Times>,
    /// How long it must have been clear before an incident ends.
    pub keep_firing_for: Option<Span>,
    /// After how long to say it again while it still holds.
    pub remind: Option<Span>,
    /// Who is told besides if nobody takes care of it.
    pub escalate: Option<Escalation>,
    /// The receivers that are told.
    pub tell: Vec<String>,
    /// Names the rule had before; incidents that are open under them go on.
    pub was: Vec<String>,
    /// Rules whose incidents on the same subject are symptoms of this one's.
    pub mutes: Vec<String>,
}

/// Who is told besides, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Escalation {
    /// So long after the first message.
    pub after: Span,
    /// The further receivers.
    pub tell: Vec<String>,
}

/// A factor of at least one, as in `"2x"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times(pub Decimal);

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let factor: Option<Decimal> = text.strip_suffix('x').and_then(|factor| factor.parse().ok());
        match factor {
            Some(factor) if factor >= Decimal::ONE && factor <= Decimal::from(1_000_000) => Ok(Self(factor)),
            _ => Err(serde::de::Error::custom(format!("`{text}` is not a factor of one or more, such as \"2x\" or \"1.5x\""))),
        }
    }
}

impl Rule {
    /// A rule that is told to `tell` at once, as a warning, and has no other wishes.
    pub fn plain(name: &str, condition: Condition, tell: Vec<String>) -> Self {
        Self {
            name: name.to_owned(),
            condition,
            hold: None,
            severity: Severity::Warning,
            critical_at: None,
            keep_firing_for: None,
            remind: None,
            escalate: None,
            tell,
            was: vec![],
            mutes: vec![],
        }
    }

    /// How much what was found matters.
    pub fn severity_of(&self, finding: &Finding) -> Severity {
        let reached = self.critical_at.zip(finding.measure).is_some_and(|(at, measure)| measure.reaches(at));
        if reached { Severity::Critical } else { self.severity }
    }
}

/// A figure with the limit it was held against, in the same unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Measure {
    /// What was measured.
    pub value: Decimal,
    /// The limit that it has passed.
    pub limit: Decimal,
}

impl Measure {
    /// Whether the figure is so many times the limit; a limit of zero has no multiple.
    pub fn reaches(self, times: Times) -> bool {
        times.0.checked_mul(self.limit).is_some_and(|at| !self.limit.is_zero() && self.value >= at)
    }

    /// A figure that was never money.
    fn of_floats(value: f64, limit: f64) -> Option<Self> {
        Some(Self { value: Decimal::try_from(value).ok()?, limit: Decimal::try_from(limit).ok()? })
    }
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
    /// How far the limit was passed, where there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub measure: Option<Measure>,
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
