//! `when.endpoint_down`: an endpoint does not answer as it should, by the first broken link of its chain.

use chain::HopState;
use chrono::{DateTime, Utc};
use model::glob::NamePattern;
use model::settings::TableReader;
use model::span::Span;
use model::subject::Subject;

use super::finding::IncidentDetails;
use super::required_data::RequiredData;
use super::verdict::Judgement;
use crate::history::History;
use crate::observation::EndpointCheck;

/// The settings of `when.endpoint_down`.
#[derive(Debug, Clone)]
pub struct EndpointDown {
    /// The endpoints, by URL; all without it.
    url: Option<NamePattern>,
    /// So many checks in a row have to fail.
    after: u32,
}

impl EndpointDown {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let url = if settings.has("url") { settings.optional("url").map(Some) } else { Some(None) };
        let after = settings.number("after", 2, 1..20);
        Some(Self { url: url?, after: after? })
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

    fn means(&self, url: &str) -> bool {
        self.url.as_ref().is_none_or(|pattern| pattern.fits(url))
    }

    pub(super) fn covers(&self, subject: &Subject) -> bool {
        matches!(subject, Subject::Endpoint(url) if self.means(url))
    }

    pub(super) fn judge(&self, history: &History, _now: DateTime<Utc>) -> Vec<Judgement> {
        let known = history.endpoints().filter(|(url, _)| self.means(url));
        known.filter_map(|(url, checks)| self.one(url, &checks)).collect()
    }

    fn one(&self, url: &str, checks: &[(DateTime<Utc>, &EndpointCheck)]) -> Option<Judgement> {
        let subject = Subject::Endpoint(url.to_owned());
        let (_, last) = checks.first()?;
        let failed = checks.iter().take_while(|(_, check)| check.state == HopState::Broken);
        let since = failed.clone().last().map(|(at, _)| *at);
        let failed = failed.count();
        let enough = usize::try_from(self.after).unwrap_or(usize::MAX);
        Some(match last.state {
            HopState::Ok => Judgement::clear(subject, "it answers"),
            HopState::Broken if failed < enough => {
                Judgement::unknown(subject, format!("{failed} of {enough} checks in a row have failed"))
            }
            HopState::Broken => Judgement::holds(subject, details(url, "is down", last, since)),
            // A wait that is normal is told with its end.
            HopState::Waiting => Judgement::holds(subject, details(url, "is not there for everyone yet", last, None)),
            HopState::Unknown | HopState::NotApplicable => {
                Judgement::unknown(subject, "the last check could not see enough of it")
            }
        })
    }
}

fn details(url: &str, what: &str, check: &EndpointCheck, since: Option<DateTime<Utc>>) -> IncidentDetails {
    let time = |at: DateTime<Utc>| at.format("%F %T UTC").to_string();
    let link = check.link.map(|link| ("Link".to_owned(), format!("{} ({})", link.code(), link.title())));
    let since = since.map(|since| ("Failing since".to_owned(), time(since)));
    let until = check.until.map(|until| ("Until".to_owned(), time(until)));
    IncidentDetails {
        headline: format!("{url} {what}: {}", check.summary),
        facts: [link, since, until].into_iter().flatten().collect(),
        next_step: check.next_step.clone(),
        evidence: check.evidence.clone(),
        ..IncidentDetails::default()
    }
}
