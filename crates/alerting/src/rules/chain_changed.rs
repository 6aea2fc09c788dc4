//! `when.chain_changed`: an endpoint is reached in another way than before: by another CNAME, with a certificate of
//! another issuer, or by another server.

use std::collections::BTreeSet;

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

/// The settings of `when.chain_changed`.
#[derive(Debug, Clone)]
pub struct ChainChanged {
    /// The endpoints, by URL; all without it.
    url: Option<NamePattern>,
    /// How long a change is told of; then the incident resolves by itself.
    within: Span,
}

impl ChainChanged {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let url = if settings.has("url") { settings.optional("url").map(Some) } else { Some(None) };
        let within = settings.window("within", Span::hours(1));
        Some(Self { url: url?, within: within? })
    }

    pub(super) fn is_measured(&self) -> bool {
        false
    }

    pub(super) fn required_data(&self) -> RequiredData {
        RequiredData::Checks
    }

    pub(super) fn window(&self) -> Option<Span> {
        Some(self.within)
    }

    pub(super) fn covers(&self, subject: &Subject) -> bool {
        matches!(subject, Subject::Endpoint(url) if self.url.as_ref().is_none_or(|pattern| pattern.fits(url)))
    }

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        let known = history.endpoints().map(|(url, checks)| (Subject::Endpoint(url.to_owned()), checks));
        known
            .filter(|(subject, _)| self.covers(subject))
            .map(|(subject, checks)| self.one(subject, &checks, now))
            .collect()
    }

    fn one(&self, subject: Subject, checks: &[(DateTime<Utc>, &EndpointCheck)], now: DateTime<Utc>) -> Judgement {
        // A check without an answer does not show how the endpoint is reached.
        let mut seen = checks.iter().filter(|(_, check)| !check.reached_by.is_empty());
        let Some((first, newest)) = seen.next() else {
            return Judgement::unknown(subject, "no check has seen how it is reached");
        };
        let mut since = *first;
        let mut before = None;
        for (at, check) in seen {
            if check.reached_by != newest.reached_by {
                before = Some((*at, &check.reached_by));
                break;
            }
            since = *at;
        }
        let Some((last_seen, before)) = before.filter(|_| now - since <= self.within.delta()) else {
            return Judgement::clear(subject, "it is reached as before");
        };
        let (old, new): (BTreeSet<&String>, BTreeSet<&String>) =
            (before.iter().collect(), newest.reached_by.iter().collect());
        let listed = |all: Vec<&&String>| {
            let names: Vec<&str> = all.into_iter().map(|name| name.as_str()).collect();
            if names.is_empty() { "nothing".to_owned() } else { names.join(", ") }
        };
        let (gone, come) = (listed(old.difference(&new).collect()), listed(new.difference(&old).collect()));
        let time = |at: DateTime<Utc>| at.format("%F %T UTC").to_string();
        let finding = IncidentDetails {
            headline: format!("{} is reached in another way: {gone} -> {come}", subject.name()),
            facts: vec![
                ("Before".to_owned(), before.join(", ")),
                ("Now".to_owned(), newest.reached_by.join(", ")),
                ("Changed between".to_owned(), format!("{} and {}", time(last_seen), time(since))),
            ],
            next_step: format!(
                "If the change was meant, there is nothing to do. Otherwise run `monitor doctor {}`, and look at the records of the domain and at who can change them.",
                subject.name()
            ),
            ..IncidentDetails::default()
        };
        Judgement::holds(subject, finding)
    }
}
