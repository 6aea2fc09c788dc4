//! `certificate_expiry`: the end of the certificate.

use crate::answers::{handshakes, outside};
use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::outside::TlsSeen;

/// Certificate Manager renews long before: 45 days, and it mails when it cannot.
const RENEWED_BEFORE: i64 = 30;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let outside = match outside(seen, Link::CertificateExpiry) {
        Ok(outside) => outside,
        Err(hop) => return hop,
    };
    let leaves = handshakes(outside).filter_map(|(seen, tls)| match tls {
        TlsSeen::Presented { chain, .. } => Some((seen.address, chain.first()?)),
        TlsSeen::Failed { .. } => None,
    });
    let Some((address, leaf)) = leaves.min_by_key(|(_, leaf)| leaf.not_after) else {
        return match handshakes(outside).next() {
            None if outside.connections.iter().any(|seen| seen.port == outside.port && seen.refused.is_none()) => {
                Hop::not_applicable(Link::CertificateExpiry)
            }
            _ => Hop::unknown(Link::CertificateExpiry, "no certificate was presented"),
        };
    };
    let days = (leaf.not_after - seen.at).num_days();
    let line = format!(
        "{address}: valid from {} until {}",
        leaf.not_before.format("%Y-%m-%d %H:%M UTC"),
        leaf.not_after.format("%Y-%m-%d %H:%M UTC")
    );
    if leaf.not_after <= seen.at {
        return Hop::broken(
            Link::CertificateExpiry,
            format!("the certificate ended on {}", leaf.not_after.format("%Y-%m-%d %H:%M UTC")),
            "Renew it and put the new one where the host is served. One of Certificate Manager renews by itself as long as \
             it is in use and its validation CNAME is in the zone: see `aws acm describe-certificate`. If two certificates \
             cover the name, choose the valid one at the custom domain name.",
        )
        .seen(line)
        .seen(format!("issued by {}", leaf.issuer));
    }
    if seen.at < leaf.not_before {
        return Hop::broken(
            Link::CertificateExpiry,
            format!("the certificate is valid only from {} on", leaf.not_before.format("%Y-%m-%d %H:%M UTC")),
            "Put back the certificate that was used before, or wait until then.",
        )
        .seen(line);
    }
    let mut hop = Hop::ok(Link::CertificateExpiry).seen(line);
    if days < RENEWED_BEFORE {
        hop.summary = format!(
            "the certificate ends in {}",
            if days == 0 { "less than a day".to_owned() } else { count_of(days) }
        );
        return hop.seen("it is not renewed yet").next(
            "Renew it before then. One of Certificate Manager renews by itself as long as it is in use and its validation \
             CNAME is in the zone; see `aws acm describe-certificate` for why it did not.",
        );
    }
    hop
}

fn count_of(days: i64) -> String {
    if days == 1 { "1 day".to_owned() } else { format!("{days} days") }
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;
    use crate::hop::HopState::{Broken, Ok, Unknown};
    use crate::literals::{at, certificate, check, present, seen};
    use crate::seen::outside::CertificateSeen;

    fn valid(from: i64, until: i64) -> ChainSeen {
        seen(move |outside| {
            let dates = |days| at() + TimeDelta::days(days);
            let leaf = CertificateSeen {
                not_before: dates(from),
                not_after: dates(until),
                ..certificate(&["dev.example.one"], true)
            };
            present(outside, leaf, None);
        })
    }

    #[test]
    fn the_end_and_the_beginning_are_compared_with_the_time() {
        check(Link::CertificateExpiry, &seen(|_| {}), Ok, "", "");
        check(Link::CertificateExpiry, &valid(-90, -1), Broken, "ended on 2024-12-29", "validation CNAME");
        check(Link::CertificateExpiry, &valid(2, 90), Broken, "only from 2025-01-01", "wait until then");
        check(Link::CertificateExpiry, &valid(-90, 12), Ok, "the certificate ends in 12 days", "Renew it before");
        check(Link::CertificateExpiry, &valid(-90, 1), Ok, "the certificate ends in 1 day", "");
        check(Link::CertificateExpiry, &seen(|outside| outside.connections.clear()), Unknown, "no certificate", "");
    }
}
