//! `when.certificate`: the certificate of an endpoint ends soon and is not renewed.

use chrono::{DateTime, Utc};
use model::glob::NamePattern;
use model::settings::TableReader;
use model::span::Span;
use model::subject::Subject;

use super::finding::IncidentDetails;
use super::required_data::RequiredData;
use super::verdict::Judgement;
use crate::history::History;
use crate::observation::PresentedCertificate;

/// The settings of `when.certificate`.
#[derive(Debug, Clone)]
pub struct CertificateEnding {
    /// The endpoints, by URL; all without it.
    url: Option<NamePattern>,
    /// How many days before its end a certificate should have been renewed. Certificate Manager renews 45 days before.
    days: u32,
}

impl CertificateEnding {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let url = if settings.has("url") { settings.optional("url").map(Some) } else { Some(None) };
        let days = settings.number("days", 21, 1..365);
        Some(Self { url: url?, days: days? })
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

    pub(super) fn judge(&self, history: &History, now: DateTime<Utc>) -> Vec<Judgement> {
        let known = history.endpoints().filter(|(url, _)| self.means(url));
        let judge = |(url, checks): (&str, Vec<(DateTime<Utc>, &crate::observation::EndpointCheck)>)| {
            // A check that did not come to the handshake says nothing of the certificate.
            match checks.iter().find_map(|(_, check)| check.certificate.as_ref()) {
                Some(certificate) => self.one(url, certificate, now),
                None => Judgement::unknown(Subject::Endpoint(url.to_owned()), "no certificate has been seen"),
            }
        };
        known.map(judge).collect()
    }

    fn one(&self, url: &str, certificate: &PresentedCertificate, now: DateTime<Utc>) -> Judgement {
        let subject = Subject::Endpoint(url.to_owned());
        let left = certificate.until - now;
        if left.num_days() >= i64::from(self.days) {
            return Judgement::clear(subject, format!("its certificate is valid for {} days", left.num_days()));
        }
        let end = certificate.until.format("%F %T UTC").to_string();
        let headline = match left.num_seconds() {
            ..=0 => format!("the certificate of {url} has ended"),
            1..86_400 => format!("the certificate of {url} ends within a day and is not renewed"),
            _ => format!("the certificate of {url} ends in {} days and is not renewed", left.num_days()),
        };
        let next_step = "Run `monitor doctor certificate` for the host. Certificate Manager renews by itself as long as the \
                         certificate is in use and its validation CNAME is in the zone; any other one has to be renewed \
                         where it was issued.";
        let details = IncidentDetails {
            headline,
            facts: vec![("Valid until".to_owned(), end), ("Issued by".to_owned(), certificate.issuer.clone())],
            next_step: next_step.to_owned(),
            ..IncidentDetails::default()
        };
        Judgement::holds(subject, details)
    }
}
