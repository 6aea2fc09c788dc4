//! `certificate_renewal`: the renewal of the certificate. ACM renews what it issued 45 days before the end, if the
//! certificate is in use and its validation record still stands; what was imported it never renews.
//! <https://docs.aws.amazon.com/acm/latest/userguide/managed-renewal.html>

use account::map::{MapKind, MapResource};

use crate::certificates::{certificate, time, validations};
use crate::hop::Hop;
use crate::judged::{from_step, judged};
use crate::link::Link;
use crate::points::{CnameSeen, cname};
use crate::seen::ChainSeen;

/// From so many days before its end a certificate is renewed.
const RENEWED_BEFORE: i64 = 45;
/// A renewal that works is done within days.
const OVERDUE_BEFORE: i64 = 40;
/// A new certificate to import takes some days.
const IMPORT_BEFORE: i64 = 30;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::CertificateRenewal;
    judged(seen, link, Some(MapKind::Certificate), |inside| {
        let absent = || Hop::unknown(link, "no certificate of this account covers the name");
        from_step(link, &certificate(seen, inside), absent, |one| renewal(seen, one))
    })
}

fn renewal(seen: &ChainSeen, certificate: &MapResource) -> Hop {
    let link = Link::CertificateRenewal;
    if certificate.setting("status") != Some("ISSUED") {
        return Hop::not_applicable(link);
    }
    let Some(end) = time(certificate, "expires") else { return Hop::unknown(link, "its end is unknown") };
    let days = (end - seen.at).num_days();
    let when = format!("it ends {} ({days} days)", end.format("%Y-%m-%d"));
    if certificate.setting("type") == Some("IMPORTED") {
        if days >= IMPORT_BEFORE {
            return Hop::ok(link).seen(format!("{when}; it was imported, so ACM does not renew it"));
        }
        return Hop::broken(
            link,
            format!("the certificate was imported, so ACM does not renew it, and it ends in {days} days"),
            "import its successor: `aws acm import-certificate --certificate-arn`, which keeps the ARN",
        )
        .seen(when);
    }
    let missing = missing(seen, certificate);
    let renewal = certificate.setting("renewal");
    let fix = match &missing {
        Some(record) => format!("set the validation record again: {record}; ACM then renews by itself within hours"),
        None => "look at the certificate in ACM: it names the record or the mail that it waits for".to_owned(),
    };
    let mut hop = match renewal {
        Some(state @ ("PENDING_VALIDATION" | "FAILED")) => {
            Hop::broken(link, format!("the renewal of the certificate is {state}; it ends in {days} days"), fix)
        }
        _ if days < RENEWED_BEFORE && is_unused(certificate) => Hop::broken(
            link,
            format!("the certificate is in use by nothing, so ACM does not renew it, and it ends in {days} days"),
            "give it to the domain name, or request a new one and use that",
        ),
        _ if days < OVERDUE_BEFORE => {
            Hop::broken(link, format!("the certificate ends in {days} days and is not renewed"), fix)
        }
        _ => {
            let hop = Hop::ok(link);
            match &missing {
                Some(record) => hop
                    .seen(format!(
                        "the validation record is gone; the renewal from {} on will fail without it",
                        (end - chrono::TimeDelta::days(RENEWED_BEFORE)).format("%Y-%m-%d")
                    ))
                    .next(format!("set the validation record again: {record}")),
                None => hop,
            }
        }
    };
    hop.evidence.push(when);
    if let Some(state) = renewal {
        hop.evidence.push(format!("RenewalSummary says {state}"));
    }
    hop
}

/// The validation record that is no longer in the zone.
fn missing(seen: &ChainSeen, certificate: &MapResource) -> Option<String> {
    let dns = &seen.outside.as_ref()?.dns;
    let gone = |name: &str| cname(dns, name) == CnameSeen::Missing;
    let record = validations(certificate).into_iter().find(|record| gone(&record.name))?;
    Some(format!("{} CNAME {}", record.name, record.value))
}

fn is_unused(certificate: &MapResource) -> bool {
    certificate.noted.get("in_use").is_some_and(|used| used == "no")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Account, CERTIFICATE, resource, said, with_cname};

    /// A certificate that ends so long after noon of 20 December 2024.
    fn ending(days: i64, settings: &[(&str, &str)], in_use: &str) -> Account {
        let end = (crate::testing::at() + chrono::TimeDelta::days(days)).to_rfc3339();
        let mut all = vec![
            ("name", "dev.example.one"),
            ("status", "ISSUED"),
            ("type", "AMAZON_ISSUED"),
            ("expires", end.as_str()),
            ("validation dev.example.one", "SUCCESS _a.example.one _b.acm-validations.aws"),
        ];
        all.extend(settings);
        let one = resource("c1", &all).arn(CERTIFICATE).noted(&[("in_use", in_use)]);
        Account::story().without(MapKind::Certificate).with(MapKind::Certificate, one)
    }

    #[test]
    fn a_certificate_is_late_by_the_calendar_of_acm() {
        for (days, settings, in_use, expected) in [
            (100, &[][..], "yes", "ok"),
            (42, &[], "yes", "ok"),
            (39, &[], "yes", "broken: the certificate ends in 39 days and is not renewed"),
            (
                44,
                &[],
                "no",
                "broken: the certificate is in use by nothing, so ACM does not renew it, and it ends in 44 days",
            ),
            (100, &[], "no", "ok"),
            (
                44,
                &[("renewal", "PENDING_VALIDATION")],
                "yes",
                "broken: the renewal of the certificate is PENDING_VALIDATION; it ends in 44 days",
            ),
            (44, &[("renewal", "PENDING_AUTO_RENEWAL")], "yes", "ok"),
            (90, &[("type", "IMPORTED")], "yes", "ok"),
            (
                20,
                &[("type", "IMPORTED")],
                "yes",
                "broken: the certificate was imported, so ACM does not renew it, and it ends in 20 days",
            ),
            (39, &[("status", "PENDING_VALIDATION")], "yes", "not_applicable"),
        ] {
            assert_eq!(said(Link::CertificateRenewal, &ending(days, settings, in_use).dev()), expected);
        }
    }

    #[test]
    fn a_validation_record_that_is_gone_is_named_before_the_renewal_needs_it() {
        let early = judge(&with_cname(ending(100, &[], "yes").dev(), "_a.example.one", None));
        assert!(early.evidence[0].contains("from 2025-02-13 on will fail"), "{early:?}");
        let late = judge(&with_cname(ending(30, &[], "yes").dev(), "_a.example.one", None));
        assert!(late.next_step.contains("_a.example.one CNAME _b.acm-validations.aws"), "{late:?}");
    }
}
