//! `dnssec`: the DNSSEC chain. A DS record at the parent says that the zone is signed, and with which key. If it is left
//! behind when the zone moves, resolvers that check refuse every answer of the zone.

use crate::answers::{named, records, summed};
use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::outside::{DnsAnswer, DnsLookup, DnsSeen};

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let (_, dns) = match named(seen, Link::Dnssec) {
        Ok(named) => named,
        Err(hop) => return hop,
    };
    let Some(zone) = dns.zone.as_deref() else {
        return Hop::unknown(Link::Dnssec, "no zone was found");
    };
    let signers: Vec<&str> = signers(dns).collect();
    let keys = dns.zone_servers.iter().find(|lookup| lookup.kind == "DNSKEY");
    let refused = vanishing(dns);
    let hop = match (signers.as_slice(), keys.map(|lookup| (lookup, keys_fit(lookup, &signers)))) {
        ([], _) if refused.is_empty() => {
            let asked = dns.parent.iter().any(|lookup| {
                lookup.kind == "DS" && !matches!(lookup.answer, DnsAnswer::None { .. } | DnsAnswer::Failed { .. })
            });
            return match asked {
                true => Hop::not_applicable(Link::Dnssec)
                    .seen(format!("the parent has no DS record: `{zone}` is not signed")),
                false => Hop::unknown(Link::Dnssec, "the parent did not say whether the zone is signed"),
            };
        }
        ([], _) => broken(zone, "the zone, or one above it, has signatures that do not fit"),
        (_, Some((lookup, Some(false)))) => {
            broken(zone, "the parent has a DS record, and the zone has no key that fits it").seen(summed(lookup))
        }
        (_, Some((_, Some(true)))) if refused.is_empty() => Hop::ok(Link::Dnssec),
        (_, Some((_, Some(true)))) => {
            broken(zone, "the key fits, and the signatures of the zone have ended or are wrong")
        }
        _ if !refused.is_empty() => {
            broken(zone, "the parent has a DS record, and resolvers refuse what the zone answers")
        }
        _ => Hop::unknown(Link::Dnssec, "the zone did not show its keys"),
    };
    let hop = signers.iter().fold(hop, |hop, signer| hop.seen(format!("DS at the parent: {signer}")));
    refused.into_iter().fold(hop, |hop, lookup| hop.seen(summed(lookup)))
}

fn broken(zone: &str, what: &str) -> Hop {
    Hop::broken(
        Link::Dnssec,
        format!("DNSSEC of `{zone}` is broken: {what}, so resolvers that check it answer SERVFAIL"),
        format!(
            "Delete the DS record of `{zone}` at the registrar (DNSSEC settings), or sign the zone where it is served now \
             and set its new DS there. Resolvers follow when the old DS has run out, up to a day."
        ),
    )
}

fn signers(dns: &DnsSeen) -> impl Iterator<Item = &str> {
    let all = dns.parent.iter().filter(|lookup| lookup.kind == "DS").flat_map(records);
    all.filter(|record| record.kind == "DS").map(|record| record.value.as_str())
}

/// Whether a key has the tag and the algorithm of a DS; `None` if no answer came.
fn keys_fit(lookup: &DnsLookup, signers: &[&str]) -> Option<bool> {
    let first_two = |text: &str| {
        let mut words = text.split(' ');
        Some((words.next()?.to_owned(), words.next()?.to_owned()))
    };
    match &lookup.answer {
        DnsAnswer::NoData { .. } | DnsAnswer::NoName { .. } => Some(false),
        DnsAnswer::Records(keys) => {
            let named: Vec<_> = signers.iter().filter_map(|signer| first_two(signer)).collect();
            Some(
                keys.iter()
                    .filter(|key| key.kind == "DNSKEY")
                    .filter_map(|key| first_two(&key.value))
                    .any(|key| named.contains(&key)),
            )
        }
        DnsAnswer::Failed { .. } | DnsAnswer::None { .. } => None,
    }
}

/// The SERVFAILs that vanish when DNSSEC is not checked, each with the answer that came then.
fn vanishing(dns: &DnsSeen) -> Vec<&DnsLookup> {
    let failed = |lookup: &DnsLookup| matches!(&lookup.answer, DnsAnswer::Failed { code } if code == "SERVFAIL");
    let answered = |lookup: &DnsLookup| !matches!(lookup.answer, DnsAnswer::Failed { .. } | DnsAnswer::None { .. });
    let mut found = Vec::new();
    for first in dns.resolvers.iter().filter(|lookup| !lookup.unchecked && failed(lookup)) {
        let again =
            |lookup: &&DnsLookup| lookup.unchecked && lookup.server == first.server && lookup.kind == first.kind;
        if let Some(again) = dns.resolvers.iter().find(again).filter(|lookup| answered(lookup)) {
            found.extend([first, again]);
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::HopState::{Broken, NotApplicable, Ok, Unknown};
    use crate::literals::{check, lookup, own, seen};

    fn signed(keys: &'static str, resolvers: &'static str) -> ChainSeen {
        seen(move |outside| {
            outside.dns.parent[1] = lookup("a.nic.one", "example.one DS", "example.one DS 2371 13 2 abcdef");
            outside.dns.zone_servers.push(own("ns1.example.one (192.0.2.1)", "example.one DNSKEY", keys));
            if resolvers == "SERVFAIL" {
                outside.dns.resolvers = vec![
                    lookup("1.1.1.1", "dev.example.one A", "SERVFAIL"),
                    DnsLookup {
                        unchecked: true,
                        ..lookup("1.1.1.1", "dev.example.one A", "dev.example.one A 192.0.2.80")
                    },
                ];
            }
        })
    }

    #[test]
    fn a_ds_that_is_left_behind_is_named_and_a_zone_that_is_not_signed_has_none() {
        check(Link::Dnssec, &seen(|_| {}), NotApplicable, "", "");
        check(Link::Dnssec, &signed("example.one DNSKEY 2371 13 257", ""), Ok, "", "");
        check(
            Link::Dnssec,
            &signed("example.one DNSKEY 999 13 257", ""),
            Broken,
            "no key that fits",
            "Delete the DS record",
        );
        check(Link::Dnssec, &signed("nodata", ""), Broken, "no key that fits", "Delete the DS record of `example.one`");
        check(Link::Dnssec, &signed("silent", ""), Unknown, "did not show its keys", "");
        let hop = check(Link::Dnssec, &signed("nodata", "SERVFAIL"), Broken, "SERVFAIL", "");
        assert!(
            hop.evidence.iter().any(|line| line.contains("without checking DNSSEC at 1.1.1.1: A 192.0.2.80")),
            "{hop:?}"
        );
        check(
            Link::Dnssec,
            &signed("example.one DNSKEY 2371 13 257", "SERVFAIL"),
            Broken,
            "have ended or are wrong",
            "",
        );
    }

    #[test]
    fn a_servfail_that_stays_without_checking_is_no_fault_of_dnssec() {
        let both = seen(|outside| {
            let again = DnsLookup { unchecked: true, ..lookup("1.1.1.1", "dev.example.one A", "SERVFAIL") };
            outside.dns.resolvers = vec![lookup("1.1.1.1", "dev.example.one A", "SERVFAIL"), again];
        });
        check(Link::Dnssec, &both, NotApplicable, "", "");
    }
}
