//! `when.source_failing`: a source fails. The rule exists without being written, so that a missing permission or an
//! expired session is reported once to every receiver; write it to choose the receivers.

use account::inventory::ResourceKind;
use chrono::{DateTime, Utc};
use model::call_failure::FailureKind;
use model::settings::TableReader;
use model::span::Span;
use model::subject::Subject;

use super::finding::IncidentDetails;
use super::required_data::RequiredData;
use super::verdict::{Judgement, Verdict};
use crate::history::{History, SourceState};

/// The settings of `when.source_failing`.
#[derive(Debug, Clone)]
pub struct SourceFailing {
    /// How long a failure that usually passes by itself, such as throttling, may last.
    patience: Span,
}

impl Default for SourceFailing {
    fn default() -> Self {
        Self { patience: Span::minutes(15) }
    }
}

impl SourceFailing {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        Some(Self { patience: settings.or("patience", Self::default().patience)? })
    }

    pub(super) fn is_measured(&self) -> bool {
        false
    }

    pub(super) fn required_data(&self) -> RequiredData {
        RequiredData::Signs
    }

    pub(super) fn window(&self) -> Option<Span> {
        None
    }

    pub(super) fn covers(&self, subject: &Subject) -> bool {
        matches!(subject, Subject::Source(_))
    }

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        let without_credentials: Vec<(&str, &SourceState)> =
            history.sources().filter(|(_, state)| lacks_credentials(state)).collect();
        // One cause, one incident: that of the source that noticed it first.
        let first = without_credentials
            .iter()
            .min_by_key(|(name, state)| (state.failing.as_ref().map(|failing| failing.since), *name))
            .map(|(name, _)| *name);
        let judge = |(name, state): (&str, &SourceState)| match first {
            Some(first) if lacks_credentials(state) && name != first => Judgement::unknown(
                Subject::Source(name.to_owned()),
                format!("it cannot see for the same reason as {first}: the credentials"),
            ),
            Some(first) if name == first => {
                let others =
                    without_credentials.iter().map(|(other, _)| *other).filter(|other| *other != first).collect();
                with_others(self.one(name, state, &history.unread_by(name), now), others)
            }
            _ => self.one(name, state, &history.unread_by(name), now),
        };
        history.sources().map(judge).collect()
    }

    fn one(&self, name: &str, state: &SourceState, unread: &[ResourceKind], now: DateTime<Utc>) -> Judgement {
        let subject = Subject::Source(name.to_owned());
        let Some(failing) = &state.failing else {
            return match state.answered {
                Some(_) => Judgement::clear(subject, "it answers again"),
                None => Judgement::unknown(subject, "it has not been polled yet"),
            };
        };
        if failing.last.kind.is_passing() && now - failing.since < self.patience.delta() {
            return Judgement::unknown(subject, "it may be temporary");
        }
        let finding = IncidentDetails {
            headline: format!("{name} fails: {}", failing.last.said),
            said: vec![unknown(unread)],
            facts: vec![
                ("Call".to_owned(), failing.last.call.clone()),
                ("Resource".to_owned(), failing.last.resource.clone()),
                ("Failing since".to_owned(), failing.since.format("%F %T UTC").to_string()),
            ],
            next_step: failing.last.next_step.clone(),
            ..IncidentDetails::default()
        };
        Judgement::holds(subject, finding)
    }
}

/// Whether a source cannot see because credentials are missing or refused, which is the same for every source of the
/// account.
fn lacks_credentials(state: &SourceState) -> bool {
    state
        .failing
        .as_ref()
        .is_some_and(|failing| matches!(failing.last.kind, FailureKind::NoCredentials | FailureKind::BadCredentials))
}

/// The same judgement, with the sources that cannot see for the same reason.
fn with_others(mut judgement: Judgement, others: Vec<&str>) -> Judgement {
    if let (Verdict::Holds(finding), false) = (&mut judgement.verdict, others.is_empty()) {
        finding.facts.push(("Also blind".to_owned(), others.join(", ")));
    }
    judgement
}

/// What is not known until it is mended. A source of several kinds of things goes on with those it may read.
fn unknown(unread: &[ResourceKind]) -> String {
    if unread.is_empty() || unread.len() == ResourceKind::ALL.len() {
        return "Until this is fixed, the state of what it watches is unknown and open incidents do not change."
            .to_owned();
    }
    let kinds: Vec<&str> = unread.iter().map(|kind| kind.plural()).collect();
    format!(
        "Until this is fixed, the state of {} is unknown. Other kinds are still read, and open incidents do not change.",
        kinds.join(", ")
    )
}
