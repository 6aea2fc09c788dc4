//! `certificate_chain`: the chain of the certificate up to a root that is trusted.

use chrono::{DateTime, Utc};

use crate::answers::{handshakes, outside};
use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::outside::{CertificateDistrust, CertificateSeen, TlsSeen};

const SEND_ALL: &str = "Give the server the whole chain (`fullchain.pem`): the leaf first, then the intermediate \
                        certificates of the authority. Certificate Manager does so by itself.";

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let outside = match outside(seen, Link::CertificateChain) {
        Ok(outside) => outside,
        Err(hop) => return hop,
    };
    let presented: Vec<_> = handshakes(outside)
        .filter_map(|(_, tls)| match tls {
            TlsSeen::Presented { chain, distrusted } => Some((chain.as_slice(), distrusted.as_ref())),
            TlsSeen::Failed { .. } => None,
        })
        .collect();
    let Some((first, _)) = presented.first() else {
        return match handshakes(outside).next() {
            None if outside.connections.iter().any(|seen| seen.port == outside.port && seen.refused.is_none()) => {
                Hop::not_applicable(Link::CertificateChain)
            }
            _ => Hop::unknown(Link::CertificateChain, "no certificate was presented"),
        };
    };
    let fault = presented.iter().find_map(|(chain, distrusted)| Some((*chain, fault(chain, *distrusted, seen.at)?)));
    let (chain, hop) = match fault {
        Some((chain, hop)) => (chain, hop),
        None => (*first, Hop::ok(Link::CertificateChain)),
    };
    chain.iter().fold(hop, |hop, one| {
        hop.seen(format!("{} by {}, until {}", one.subject, one.issuer, one.not_after.format("%Y-%m-%d")))
    })
}

fn fault(chain: &[CertificateSeen], distrusted: Option<&CertificateDistrust>, at: DateTime<Utc>) -> Option<Hop> {
    let broken = |summary: String, next: &str| Some(Hop::broken(Link::CertificateChain, summary, next));
    let leaf = chain.first()?;
    let leaf_valid = leaf.not_before <= at && at < leaf.not_after;
    let ended = chain.iter().skip(1).find(|one| one.not_after <= at);
    if let Some(ended) = ended.filter(|_| leaf_valid) {
        return broken(
            format!(
                "the certificate itself is valid, and an intermediate one of its chain ended on {}: {}. Some clients refuse it",
                ended.not_after.format("%Y-%m-%d"),
                ended.subject
            ),
            "Give the server the present intermediate certificate of the authority, in place of the one that has ended.",
        );
    }
    match distrusted? {
        CertificateDistrust::UnknownIssuer | CertificateDistrust::Other(_) if leaf.issuer == leaf.subject => broken(
            "the certificate is signed by itself, so no client trusts it".to_owned(),
            "Request a certificate in Certificate Manager and choose it where the host is served.",
        ),
        CertificateDistrust::UnknownIssuer if chain.len() == 1 => broken(
            format!(
                "the server sends its own certificate alone, by {}: that root is not trusted, or the intermediate \
                 certificate is missing",
                leaf.issuer
            ),
            SEND_ALL,
        ),
        CertificateDistrust::UnknownIssuer => broken(
            format!(
                "the chain ends in no root that is trusted here: {}",
                chain.last().map_or("", |last| last.issuer.as_str())
            ),
            SEND_ALL,
        ),
        CertificateDistrust::Other(why) => broken(format!("the chain is not trusted: {why}"), SEND_ALL),
        // The name and the end of the leaf have their own links.
        CertificateDistrust::WrongName | CertificateDistrust::NotValidNow => None,
    }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::hop::HopState::{Broken, Ok, Unknown};
    use crate::literals::{at, certificate, check, seen, shake};

    fn chain(chain: Vec<CertificateSeen>, distrusted: Option<CertificateDistrust>) -> ChainSeen {
        seen(move |outside| shake(outside, &TlsSeen::Presented { chain, distrusted }))
    }

    #[test]
    fn a_chain_that_does_not_lead_to_a_root_is_named() {
        let leaf = || certificate(&["dev.example.one"], true);
        let by = |issuer: &str| CertificateSeen { issuer: issuer.to_owned(), ..leaf() };
        let unknown = || Some(CertificateDistrust::UnknownIssuer);
        check(Link::CertificateChain, &seen(|_| {}), Ok, "", "");
        check(
            Link::CertificateChain,
            &chain(vec![by("CN=dev.example.one")], unknown()),
            Broken,
            "signed by itself",
            "Certificate Manager",
        );
        check(
            Link::CertificateChain,
            &chain(vec![by("CN=R11")], unknown()),
            Broken,
            "by CN=R11: that root is not trusted, or the intermediate certificate is missing",
            "fullchain",
        );
        check(
            Link::CertificateChain,
            &chain(vec![leaf(), by("CN=Own Root")], unknown()),
            Broken,
            "ends in no root",
            "",
        );
        let as_leaf = Some(CertificateDistrust::Other("invalid peer certificate: CaUsedAsEndEntity".to_owned()));
        check(
            Link::CertificateChain,
            &chain(vec![by("CN=dev.example.one")], as_leaf),
            Broken,
            "signed by itself",
            "Certificate Manager",
        );
        let other = Some(CertificateDistrust::Other("bad signature".to_owned()));
        check(Link::CertificateChain, &chain(vec![leaf(), leaf()], other), Broken, "bad signature", "");
        check(Link::CertificateChain, &chain(vec![leaf(), leaf()], Some(CertificateDistrust::WrongName)), Ok, "", "");
        let failed = seen(|outside| shake(outside, &TlsSeen::Failed { why: "eof".to_owned() }));
        check(Link::CertificateChain, &failed, Unknown, "no certificate", "");
    }

    #[test]
    fn an_intermediate_that_has_ended_is_told_whether_the_chain_is_trusted_or_not() {
        let ended = CertificateSeen {
            subject: "CN=Old Issuer".to_owned(),
            not_after: at() - TimeDelta::days(3),
            ..certificate(&["-"], false)
        };
        for distrusted in [None, Some(CertificateDistrust::NotValidNow)] {
            let seen = chain(vec![certificate(&["dev.example.one"], true), ended.clone()], distrusted);
            check(Link::CertificateChain, &seen, Broken, "ended on 2024-12-27: CN=Old Issuer", "present intermediate");
        }
    }
}
