//! `certificate_name`: the names of the certificate.

use crate::answers::{aliases, api_endpoint, handshakes, outside};
use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::outside::{CertificateSeen, TlsSeen};

/// The most names that a line shows.
const MAX_SHOWN: usize = 6;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let outside = match outside(seen, Link::CertificateName) {
        Ok(outside) => outside,
        Err(hop) => return hop,
    };
    let leaves: Vec<_> = handshakes(outside)
        .filter_map(|(seen, tls)| match tls {
            TlsSeen::Presented { chain, .. } => Some((seen.address, chain.first()?)),
            TlsSeen::Failed { .. } => None,
        })
        .collect();
    if leaves.is_empty() {
        return match handshakes(outside).next() {
            None if outside.connections.iter().any(|seen| seen.port == outside.port && seen.refused.is_none()) => {
                Hop::not_applicable(Link::CertificateName)
            }
            _ => Hop::unknown(Link::CertificateName, "no certificate was presented"),
        };
    }
    let host = seen.host.as_deref().unwrap_or_default();
    let Some((address, leaf)) = leaves.iter().find(|(_, leaf)| !leaf.covers_host) else {
        let line = leaves.first().map(|(_, leaf)| names(leaf)).unwrap_or_default();
        return Hop::ok(Link::CertificateName).seen(line);
    };
    let path = aliases(host, &outside.dns);
    let to_api = path.find(|name| api_endpoint(name).is_some()).is_some()
        || leaf.names.iter().any(|name| name.starts_with("*.execute-api."));
    let (why, next_step) = if let Some(wildcard) = wildcard_that_nearly_fits(host, leaf) {
        let what = match wildcard.strip_prefix("*.") {
            Some(apex) if apex == host => "but not the name without a label",
            _ => "and no more",
        };
        (
            format!("`{wildcard}` covers one label, {what}"),
            format!(
                "Request a certificate in Certificate Manager with the names `{host}` and `{wildcard}`, set its validation \
                 record, and choose it at the custom domain name. ACM validates by a CNAME that it names: as long as that \
                 record is in the zone, it knows that the zone is yours, now and at each renewal."
            ),
        )
    } else if to_api {
        (
            "what answers is the API's own endpoint, which has a certificate for its own name only".to_owned(),
            format!(
                "Make a custom domain name for {host} in API Gateway, and set the record to its \"API Gateway domain name\"."
            ),
        )
    } else {
        (
            "the certificate belongs to another host".to_owned(),
            format!(
                "If the address is right, choose a certificate there that has `{host}` among its names. If it is not, set the \
                 record to the \"API Gateway domain name\" of the custom domain."
            ),
        )
    };
    Hop::broken(Link::CertificateName, format!("the certificate is not for {host}: {why}"), next_step)
        .seen(format!("{address}: {}", names(leaf)))
        .seen(format!("issued by {}", leaf.issuer))
}

fn names(leaf: &CertificateSeen) -> String {
    let shown: Vec<&str> = leaf.names.iter().take(MAX_SHOWN).map(String::as_str).collect();
    match leaf.name_count.checked_sub(shown.len()).filter(|more| *more > 0) {
        Some(more) => format!("the certificate has the names {} and {more} more", shown.join(", ")),
        None if shown.is_empty() => format!("the certificate has no names; its subject is {}", leaf.subject),
        None => format!("the certificate has the names {}", shown.join(", ")),
    }
}

/// A wildcard of the same domain that does not reach the host: it stands for exactly one label.
fn wildcard_that_nearly_fits<'a>(host: &str, leaf: &'a CertificateSeen) -> Option<&'a str> {
    leaf.names.iter().map(String::as_str).find(|name| {
        name.strip_prefix("*.").is_some_and(|rest| crate::domain::within(host, rest) && rest.contains('.'))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::HopState::{Broken, Ok, Unknown};
    use crate::literals::{answer_all, certificate, check, present, seen, shake};

    fn named(host: &str, names: &'static [&'static str]) -> ChainSeen {
        let seen = seen(move |outside| present(outside, certificate(names, false), None));
        ChainSeen { host: Some(host.to_owned()), ..seen }
    }

    #[test]
    fn a_certificate_that_is_not_for_the_host_is_told_by_its_names() {
        check(Link::CertificateName, &seen(|_| {}), Ok, "", "");
        check(
            Link::CertificateName,
            &named("a.dev.example.one", &["*.example.one"]),
            Broken,
            "`*.example.one` covers one label, and no more",
            "`a.dev.example.one`",
        );
        check(
            Link::CertificateName,
            &named("example.one", &["*.example.one"]),
            Broken,
            "not the name without a label",
            "ACM validates by a CNAME",
        );
        check(
            Link::CertificateName,
            &named("dev.example.one", &["*.execute-api.eu-west-1.amazonaws.com"]),
            Broken,
            "the API's own endpoint",
            "custom domain name",
        );
        let hop = check(
            Link::CertificateName,
            &named("dev.example.one", &["shop.example.net"]),
            Broken,
            "belongs to another host",
            "among its names",
        );
        assert!(hop.evidence[0].contains("shop.example.net"));
        let api = seen(|outside| {
            answer_all(outside, "dev.example.one CNAME abc.execute-api.eu-west-1.amazonaws.com");
            present(outside, certificate(&["x"], false), None);
        });
        check(Link::CertificateName, &api, Broken, "the API's own endpoint", "");
        let none = seen(|outside| shake(outside, &TlsSeen::Failed { why: "eof".to_owned() }));
        check(Link::CertificateName, &none, Unknown, "no certificate", "");
    }

    #[test]
    fn ten_thousand_names_are_counted_and_not_shown() {
        let mut leaf = certificate(&["a.example.one"], false);
        leaf.name_count = 10_000;
        let hop = check(Link::CertificateName, &seen(|outside| present(outside, leaf, None)), Broken, "", "");
        assert!(hop.evidence[0].ends_with("a.example.one and 9999 more"), "{hop:?}");
    }
}
