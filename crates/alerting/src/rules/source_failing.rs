//! `when.source_failing`: a source fails. The rule exists without being written, so that a missing permission or an
//! expired session is reported once to every receiver; write it to choose the receivers. Missing credentials blind
//! every source of the account: they are one incident, of the credentials themselves.

use account::inventory::ResourceKind;
use chrono::{DateTime, Utc};
use model::settings::TableReader;
use model::span::Span;
use model::subject::Subject;

use super::finding::IncidentDetails;
use super::required_data::RequiredData;
use super::verdict::Judgement;
use crate::history::{FailureRun, History, SourceState};

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
        matches!(subject, Subject::Source(_) | Subject::Credentials)
    }

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        let blind = blind(history);
        let judge = |(name, state): (&str, &SourceState)| {
            if blind.iter().any(|(blind, _)| *blind == name) {
                return Judgement::unknown(
                    Subject::Source(name.to_owned()),
                    "the credentials have an incident of their own",
                );
            }
            if state.without_credentials().is_some_and(|failing| Some(failing.until) < taken(history)) {
                let why = "it has not been polled since AWS takes the credentials again";
                return Judgement::unknown(Subject::Source(name.to_owned()), why);
            }
            self.one(name, state, &history.unread_by(name), now)
        };
        let mut judgements: Vec<Judgement> = history.sources().map(judge).collect();
        judgements.extend(credentials(&blind));
        judgements
    }

    /// What ends the incident of the credentials: any call that AWS takes them for.
    pub(super) fn judge_absent(&self, subject: &Subject, history: &History) -> Option<Judgement> {
        if *subject != Subject::Credentials || !blind(history).is_empty() {
            return None;
        }
        // Sources that fail for another reason since then, such as a network that is down, say nothing of credentials.
        let failing = history
            .sources_of_account()
            .filter(|(_, state)| state.failing.as_ref().is_some_and(|failing| !failing.last.kind.proves_credentials()));
        let since = failing.filter_map(|(_, state)| state.failing.as_ref().map(|failing| failing.since)).max();
        Some(match taken(history) {
            None => Judgement::unknown(Subject::Credentials, "no call has succeeded yet"),
            Some(taken) if since.is_some_and(|since| taken < since) => {
                Judgement::unknown(Subject::Credentials, "no call has succeeded since")
            }
            Some(_) => Judgement::clear(Subject::Credentials, "AWS takes the credentials again"),
        })
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

/// When AWS last took the credentials for any call.
fn taken(history: &History) -> Option<DateTime<Utc>> {
    history.sources_of_account().filter_map(|(_, state)| state.credentials_taken()).max()
}

/// The sources that cannot see because of the credentials that all of them share. A source whose credentials are
/// refused while AWS takes those of another one has a failure of its own.
fn blind(history: &History) -> Vec<(&str, &FailureRun)> {
    let taken = taken(history);
    let lacking = history.sources_of_account().filter_map(|(name, state)| Some((name, state.without_credentials()?)));
    lacking.filter(|(_, failing)| taken.is_none_or(|taken| taken < failing.since)).collect()
}

/// One cause, one incident, however many sources it blinds.
fn credentials(blind: &[(&str, &FailureRun)]) -> Option<Judgement> {
    let (_, first) = blind.iter().min_by_key(|(name, failing)| (failing.since, *name))?;
    let (_, latest) = blind.iter().max_by_key(|(name, failing)| (failing.until, *name))?;
    let names: Vec<&str> = blind.iter().map(|(name, _)| *name).collect();
    let finding = IncidentDetails {
        headline: format!("the AWS credentials fail: {}", latest.last.said),
        said: vec![unknown(&[])],
        facts: vec![
            ("Blind".to_owned(), names.join(", ")),
            ("Failing since".to_owned(), first.since.format("%F %T UTC").to_string()),
        ],
        next_step: latest.last.next_step.clone(),
        ..IncidentDetails::default()
    };
    Some(Judgement::holds(Subject::Credentials, finding))
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
