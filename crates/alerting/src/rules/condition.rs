//! The table of conditions: each is one file and one line here.

use chrono::{DateTime, Utc};
use lambda_log::diagnosis::Cause;
use model::settings::{TableReader, TaggedSettings};
use model::span::Span;
use model::subject::Subject;

use super::required_data::RequiredData;
use super::verdict::Judgement;
use super::{
    certificate, chain_changed, changed, cold_starts, cost_above, cost_anomaly, cost_jump, duration_above,
    endpoint_down, forecast_above, free_tier_above, idle_resource, lambda_cause, memory_above, metric_above, new_error,
    new_region, new_service, ping_failing, receiver_failing, silence, slow, source_failing,
};
use crate::history::History;

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

        impl TaggedSettings for Condition {
            const KEY: &'static str = "when";
            const NAMES: &'static [&'static str] = &[$(stringify!($module)),*];

            fn read(name: &str, settings: &mut TableReader<'_, '_>) -> Option<Self> {
                match name {
                    $(stringify!($module) => $module::$name::read(settings).map(Self::$name),)*
                    _ => None,
                }
            }
        }

        impl Condition {
            /// Judges each subject that the condition covers, in the order of the subjects.
            pub fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
                let mut all = match self { $(Self::$name(condition) => condition.judge(history, now)),* };
                all.sort_by(|a, b| a.subject.cmp(&b.subject));
                all
            }

            /// The window of the condition, if it has one.
            pub fn window(&self) -> Option<Span> {
                match self { $(Self::$name(condition) => condition.window()),* }
            }

            /// Whether its result has a value and a limit that can be compared.
            pub fn is_measured(&self) -> bool {
                match self { $(Self::$name(condition) => condition.is_measured()),* }
            }

            /// What the condition needs to have seen.
            pub fn required_data(&self) -> RequiredData {
                match self { $(Self::$name(condition) => condition.required_data()),* }
            }

            /// Whether the condition covers a subject.
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
    new_region: NewRegion,
    free_tier_above: FreeTierAbove,
    lambda_cause: LambdaCause,
    new_error: NewError,
    cold_starts: ColdStarts,
    duration_above: DurationAbove,
    memory_above: MemoryAbove,
    metric_above: MetricAbove,
    ping_failing: PingFailing,
    silence: SilentSource,
    source_failing: SourceFailing,
    receiver_failing: ReceiverFailing,
    idle_resource: IdleResource,
    changed: ChangedResource,
    endpoint_down: EndpointDown,
    slow: SlowEndpoint,
    chain_changed: ChainChanged,
    certificate: CertificateEnding,
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

    /// The judgement of the subject of an open incident that [`Self::judge`] no longer covers, if there is one.
    pub fn judge_absent(&self, subject: &Subject, history: &History, now: DateTime<Utc>) -> Option<Judgement> {
        match self {
            Self::IdleResource(idle) => idle.judge_absent(subject, history, now),
            Self::ChangedResource(changed) => changed.judge_absent(subject, history, now),
            Self::NewRegion(new) => new.judge_absent(subject, history, now),
            Self::SourceFailing(failing) => failing.judge_absent(subject, history),
            _ => None,
        }
    }

    /// Whether what this condition found on a subject, for these causes, explains what another one found on the same
    /// for others: then the other is its symptom.
    pub fn explains(&self, causes: &[Cause], other: &Self, symptoms: &[Cause]) -> bool {
        const SLOW: [Cause; 4] = [Cause::InitTimeout, Cause::SlowColdStart, Cause::ReinitLoop, Cause::FunctionTimeout];
        let slow = causes.iter().any(|cause| SLOW.contains(cause));
        let the_same = symptoms.iter().any(|cause| causes.contains(cause));
        match (self, other) {
            // A ping that fails for the same cause, or for none that its answer shows.
            (Self::LambdaCause(_), Self::PingFailing(_)) => the_same || (symptoms.is_empty() && !causes.is_empty()),
            // An invocation that does not come to the end of its start-up is slow, meets no warm environment, and is an
            // error.
            (Self::LambdaCause(_), Self::DurationAbove(_) | Self::ColdStarts(_)) => slow,
            (Self::LambdaCause(_), Self::MetricAbove(metric)) => slow && metric.is_about_failing(),
            // The very invocations that the other one calls new.
            (Self::LambdaCause(_), Self::NewError(_)) => the_same,
            (Self::LambdaCause(_), Self::MemoryAbove(_)) => causes.contains(&Cause::Oom),
            // A source that fails gives no answer.
            (Self::SourceFailing(_), Self::SilentSource(_)) => true,
            _ => false,
        }
    }
}

#[cfg(test)]
impl Condition {
    pub(crate) fn silence_of(source: &str) -> Self {
        Self::SilentSource(silence::SilentSource::of(source))
    }
}
