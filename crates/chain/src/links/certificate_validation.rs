//! `certificate_validation`: the validation of the certificate. ACM asks public DNS for a CNAME that only the
//! owner of the zone can set; it issues the certificate once it sees the record, and gives up after 72 hours.
//! <https://docs.aws.amazon.com/acm/latest/userguide/dns-validation.html>

use account::map::{MapKind, MapResource};
use chrono::TimeDelta;

use crate::certificates::{ValidationRecord, certificate, time, validations};
use crate::hop::Hop;
use crate::judged::{from_step, judged};
use crate::link::Link;
use crate::points::{CnameSeen, cname};
use crate::seen::ChainSeen;

/// How long ACM waits for the record.
const PATIENCE: TimeDelta = TimeDelta::hours(72);

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::CertificateValidation;
    judged(seen, link, Some(MapKind::Certificate), |inside| {
        let absent = || Hop::unknown(link, "no certificate of this account covers the name");
        from_step(link, &certificate(seen, inside), absent, |one| validation(seen, one))
    })
}

fn validation(seen: &ChainSeen, certificate: &MapResource) -> Hop {
    let link = Link::CertificateValidation;
    let id = certificate.arn.as_deref().unwrap_or(&certificate.id);
    let again = "request the certificate again (`aws acm request-certificate --validation-method DNS`), set its CNAME \
                 and give the new certificate to the domain name";
    match certificate.setting("status") {
        Some("ISSUED") => Hop::ok(link).seen(format!("{id} is issued")),
        Some("PENDING_VALIDATION") => pending(seen, certificate).seen(format!("{id} is PENDING_VALIDATION")),
        Some("VALIDATION_TIMED_OUT") => {
            Hop::broken(link, "the certificate was not validated within 72 hours, and ACM has given it up", again)
                .seen(format!("{id} is VALIDATION_TIMED_OUT"))
        }
        Some("FAILED") => {
            let why = certificate.setting("failure").unwrap_or("it does not say why");
            let next = match why {
                "CAA_ERROR" => {
                    "allow amazon.com in the CAA record of the zone (`0 issue \"amazon.com\"`), then request it again"
                }
                _ => again,
            };
            Hop::broken(link, format!("the certificate could not be issued: {why}"), next)
                .seen(format!("{id} is FAILED"))
        }
        Some(status @ ("EXPIRED" | "REVOKED" | "INACTIVE")) => {
            Hop::broken(link, format!("the certificate is {status}"), again).seen(format!("{id} is {status}"))
        }
        Some(other) => Hop::unknown(link, format!("the certificate is `{other}`")),
        None => Hop::unknown(link, "the state of the certificate is unknown"),
    }
}

fn pending(seen: &ChainSeen, certificate: &MapResource) -> Hop {
    let link = Link::CertificateValidation;
    let until = time(certificate, "created").map(|created| created + PATIENCE);
    let records = validations(certificate);
    let waits: Vec<&ValidationRecord> = records.iter().filter(|record| record.status != "SUCCESS").collect();
    let Some(dns) = seen.outside.as_ref().map(|outside| &outside.dns) else {
        return Hop::waiting(link, "the certificate waits for its validation record; DNS was not asked", until)
            .next(steps(&waits));
    };
    let mut visible = Vec::new();
    let mut hop_evidence = Vec::new();
    for record in &waits {
        match cname(dns, &record.name) {
            CnameSeen::Value(value, server) if value == record.value => {
                visible.push(format!("{server} answers {} CNAME {value}", record.name));
            }
            CnameSeen::Value(value, server) => {
                return Hop::broken(
                    link,
                    format!("the validation record of {} has another value than ACM wants", record.domain),
                    steps(&[record]),
                )
                .seen(format!("{server} answers {} CNAME {value}", record.name));
            }
            CnameSeen::Missing => return missing(seen, record),
            CnameSeen::NotAsked => hop_evidence.push(format!("{} was not asked for", record.name)),
        }
    }
    let mut hop = match hop_evidence.is_empty() && !waits.is_empty() {
        true => Hop::waiting(link, "the validation record is set; ACM looks for it every few minutes", until).next(
            "wait: ACM usually issues within 30 minutes of the record being visible, and gives up 72 hours after the \
             request",
        ),
        false => Hop::waiting(link, "the certificate waits for its validation record", until).next(steps(&waits)),
    };
    hop.evidence.extend(visible.into_iter().chain(hop_evidence));
    hop
}

/// The record is not at its name. Registrars append the zone to what is typed, so a full name is doubled.
fn missing(seen: &ChainSeen, record: &ValidationRecord) -> Hop {
    let link = Link::CertificateValidation;
    let dns = seen.outside.as_ref().map(|outside| &outside.dns);
    let zone = dns.and_then(|dns| dns.zone.as_deref()).unwrap_or_default();
    let doubled = format!("{}.{zone}", record.name);
    let short = record.name.strip_suffix(&format!(".{zone}")).unwrap_or(&record.name);
    if let Some(CnameSeen::Value(_, server)) = dns.map(|dns| cname(dns, &doubled)) {
        return Hop::broken(
            link,
            format!("the validation record stands at `{doubled}`: the registrar appended the domain once more"),
            format!("in the host field of the record write only `{short}`; the registrar adds `.{zone}` itself"),
        )
        .seen(format!("{server} has a CNAME at {doubled} and none at {}", record.name));
    }
    Hop::broken(
        link,
        format!("the validation record of {} is not in the zone, so the certificate stays pending", record.domain),
        format!("{}; in a form that appends the domain, the host is `{short}`", steps(&[record])),
    )
    .seen(format!("the zone's servers have no CNAME at {}", record.name))
}

/// The records that have to be set.
fn steps(records: &[&ValidationRecord]) -> String {
    let all: Vec<String> = records.iter().map(|record| format!("{} CNAME {}", record.name, record.value)).collect();
    match all.is_empty() {
        true => "look up the validation record of the certificate in ACM, and set it in the zone".to_owned(),
        false => format!("set this record in the zone: {}", all.join("; ")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Account, CERTIFICATE, resource, said, with_cname};

    const RECORD: &str = "_a.example.one";
    const VALUE: &str = "_b.acm-validations.aws";

    fn account(status: &str) -> Account {
        let settings = [
            ("name", "example.one"),
            ("names", "*.example.one, example.one"),
            ("status", status),
            ("created", "2024-12-20T00:00:00Z"),
            ("failure", "CAA_ERROR"),
            ("validation example.one", "PENDING_VALIDATION _a.example.one. _b.acm-validations.aws."),
            ("validation *.example.one", "PENDING_VALIDATION _a.example.one. _b.acm-validations.aws."),
        ];
        Account::story()
            .without(MapKind::Certificate)
            .with(MapKind::Certificate, resource("c1", &settings).arn(CERTIFICATE))
    }

    #[test]
    fn a_pending_certificate_waits_only_where_its_record_is_right() {
        let dev = || account("PENDING_VALIDATION").dev();
        let doubled = "_a.example.one.example.one";
        for (seen, expected) in [
            (dev(), "waiting: the certificate waits for its validation record; DNS was not asked"),
            (
                with_cname(dev(), RECORD, Some(VALUE)),
                "waiting: the validation record is set; ACM looks for it every few minutes",
            ),
            (
                with_cname(dev(), RECORD, Some("_old.acm-validations.aws")),
                "broken: the validation record of *.example.one has another value than ACM wants",
            ),
            (
                with_cname(dev(), RECORD, None),
                "broken: the validation record of *.example.one is not in the zone, so the certificate stays pending",
            ),
            (
                with_cname(with_cname(dev(), RECORD, None), doubled, Some(VALUE)),
                "broken: the validation record stands at `_a.example.one.example.one`: the registrar appended the domain once more",
            ),
        ] {
            assert_eq!(said(Link::CertificateValidation, &seen), expected);
        }
        let waiting = judge(&with_cname(dev(), RECORD, Some(VALUE)));
        assert_eq!(waiting.until.map(|at| at.to_rfc3339()).as_deref(), Some("2024-12-23T00:00:00+00:00"));
        let missing = judge(&with_cname(dev(), RECORD, None));
        assert!(missing.next_step.contains("_a.example.one CNAME _b.acm-validations.aws"), "{}", missing.next_step);
        assert!(missing.next_step.contains("the host is `_a`"), "{}", missing.next_step);
    }

    #[test]
    fn what_acm_has_given_up_is_broken() {
        for (status, expected) in [
            ("ISSUED", "ok"),
            (
                "VALIDATION_TIMED_OUT",
                "broken: the certificate was not validated within 72 hours, and ACM has given it up",
            ),
            ("FAILED", "broken: the certificate could not be issued: CAA_ERROR"),
            ("EXPIRED", "broken: the certificate is EXPIRED"),
            ("NEW_WORD", "unknown: the certificate is `NEW_WORD`"),
        ] {
            assert_eq!(said(Link::CertificateValidation, &account(status).dev()), expected);
        }
        assert!(judge(&account("FAILED").dev()).next_step.contains("amazon.com"));
    }
}
