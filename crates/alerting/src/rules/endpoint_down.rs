//! `when.endpoint_down`: an endpoint does not answer as it should, by the first broken link of its chain.

use chain::HopState;
use chrono::{DateTime, TimeDelta, Utc};
use model::glob::NamePattern;
use model::settings::TableReader;
use model::span::Span;
use model::subject::Subject;

use super::finding::IncidentDetails;
use super::required_data::RequiredData;
use super::verdict::Judgement;
use crate::endpoint_fault::EndpointFault;
use crate::history::History;
use crate::observation::EndpointCheck;

/// How long a wait may take whose end nobody says.
const LONGEST_WAIT: TimeDelta = TimeDelta::hours(24);

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
            HopState::Waiting => Judgement::holds(subject, self.wait(url, last, checks)),
            HopState::Unknown | HopState::NotApplicable => {
                Judgement::unknown(subject, "the last check could not see enough of it")
            }
        })
    }

    /// A wait that is normal, with its end; or one that goes on after its end, which is a fault.
    fn wait(&self, url: &str, last: &EndpointCheck, checks: &[(DateTime<Utc>, &EndpointCheck)]) -> IncidentDetails {
        // A check that could not see enough ends no wait.
        let run = checks.iter().filter(|(_, check)| check.state != HopState::Unknown);
        let run = run.take_while(|(_, check)| check.state == HopState::Waiting && check.link == last.link);
        let first = run.clone().last();
        // Each answer is remembered anew from when it was asked for, so only the first end is one.
        let end = first.and_then(|(at, check)| check.until.or_else(|| at.checked_add_signed(LONGEST_WAIT)));
        let since = first.map(|(at, _)| *at);
        let late = run.filter(|(at, _)| end.is_some_and(|end| *at > end)).count();
        if late < usize::try_from(self.after).unwrap_or(usize::MAX) {
            let end = end.filter(|_| first.is_some_and(|(_, check)| check.until.is_some()));
            let known = EndpointCheck { until: end, ..last.clone() };
            return details(url, "is not there for everyone yet", &known, None);
        }
        let failed = EndpointCheck { until: None, ..last.clone() };
        let mut details = details(url, "is still not there for everyone, after the end of the wait", &failed, None);
        let times = [("Waits since", since), ("Was to end", end)];
        details.facts.extend(times.into_iter().filter_map(|(name, at)| Some((name.to_owned(), time(at?)))));
        details.next_step = format!(
            "Do not wait any longer. Run `monitor doctor {url}`: it shows which servers have another answer than the \
             zone. If the record was changed again meanwhile, wait for its new end; otherwise ask who runs those servers."
        );
        if let Some(fault) = &mut details.fault {
            fault.waits = false;
        }
        details
    }
}

fn time(at: DateTime<Utc>) -> String {
    at.format("%F %T UTC").to_string()
}

fn details(url: &str, what: &str, check: &EndpointCheck, since: Option<DateTime<Utc>>) -> IncidentDetails {
    let link = check.link.map(|link| ("Link".to_owned(), format!("{} ({})", link.code(), link.title())));
    let since = since.map(|since| ("Failing since".to_owned(), time(since)));
    let until = check.until.map(|until| ("Until".to_owned(), time(until)));
    IncidentDetails {
        headline: format!("{url} {what}: {}", check.summary),
        facts: [link, since, until].into_iter().flatten().collect(),
        next_step: check.next_step.clone(),
        evidence: check.evidence.clone(),
        fault: Some(EndpointFault::of(check)),
        ..IncidentDetails::default()
    }
}
