//! `when.slow`: an endpoint answers, and takes long for it.

use chrono::{DateTime, TimeDelta, Utc};
use model::glob::NamePattern;
use model::settings::TableReader;
use model::span::{Span, spoken};
use model::subject::Subject;

use super::finding::IncidentDetails;
use super::required_data::RequiredData;
use super::verdict::Judgement;
use crate::endpoint_fault::EndpointFault;
use crate::history::History;
use crate::observation::EndpointCheck;

/// The settings of `when.slow`.
#[derive(Debug, Clone)]
pub struct SlowEndpoint {
    /// The endpoints, by URL; all without it.
    url: Option<NamePattern>,
    /// The longest time to the first byte that is not slow.
    above: Span,
    /// So many checks in a row have to be slow.
    after: u32,
}

impl SlowEndpoint {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let url = if settings.has("url") { settings.optional("url").map(Some) } else { Some(None) };
        let above = settings.required("above");
        let after = settings.number("after", 3, 1..20);
        Some(Self { url: url?, above: above?, after: after? })
    }

    /// The longest time to the first byte that is not slow.
    pub fn above(&self) -> Span {
        self.above
    }

    pub(super) fn is_measured(&self) -> bool {
        false
    }

    pub(super) fn required_data(&self) -> RequiredData {
        RequiredData::Checks
    }

    pub(super) fn window(&self) -> Option<Span> {
        None
    }

    pub(super) fn covers(&self, subject: &Subject) -> bool {
        matches!(subject, Subject::Endpoint(url) if self.url.as_ref().is_none_or(|pattern| pattern.fits(url)))
    }

    pub(super) fn judge(&self, history: &History, _now: DateTime<Utc>) -> Vec<Judgement> {
        let known = history.endpoints().map(|(url, checks)| (Subject::Endpoint(url.to_owned()), checks));
        known.filter(|(subject, _)| self.covers(subject)).map(|(subject, checks)| self.one(subject, &checks)).collect()
    }

    fn one(&self, subject: Subject, checks: &[(DateTime<Utc>, &EndpointCheck)]) -> Judgement {
        let Some(last) = checks.first().and_then(|(_, check)| took(check)) else {
            return Judgement::unknown(subject, "it did not answer the last check");
        };
        if last <= self.above.delta() {
            return Judgement::clear(subject, format!("it answers within {}", self.above));
        }
        let slow: Vec<TimeDelta> =
            checks.iter().map_while(|(_, check)| took(check).filter(|took| *took > self.above.delta())).collect();
        if slow.len() < usize::try_from(self.after).unwrap_or(usize::MAX) {
            return Judgement::unknown(subject, format!("{} of {} checks in a row were slow", slow.len(), self.after));
        }
        let longest = slow.iter().max().copied().unwrap_or(last);
        let fault = checks.first().map(|(_, check)| EndpointFault { link: None, ..EndpointFault::of(check) });
        let headline =
            format!("{} takes {} to answer, and at most {} is expected", subject.name(), precise(last), self.above);
        let finding = IncidentDetails {
            headline,
            facts: vec![
                ("Slow checks in a row".to_owned(), slow.len().to_string()),
                ("Longest of them".to_owned(), precise(longest)),
            ],
            next_step: format!(
                "Run `monitor doctor {}`: it shows how long DNS, the connection, TLS and the first byte took. If the first byte takes longest, look at the function's durations and cold starts in `monitor report`.",
                subject.name()
            ),
            fault,
            ..IncidentDetails::default()
        };
        Judgement::holds(subject, finding)
    }
}

/// The time to the first byte; `None` if there was no answer.
fn took(check: &EndpointCheck) -> Option<TimeDelta> {
    check.first_byte_ms.and_then(|ms| TimeDelta::try_milliseconds(i64::try_from(ms).ok()?))
}

/// `2.3 s` below a minute.
fn precise(took: TimeDelta) -> String {
    let ms = took.num_milliseconds();
    if ms < 60_000 { format!("{}.{} s", ms / 1000, ms % 1000 / 100) } else { spoken(took) }
}
