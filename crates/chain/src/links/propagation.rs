//! `propagation`: what public resolvers answer, beside what the zone itself says. They remember a "no" as well.

use std::collections::{BTreeMap, BTreeSet};

use chrono::TimeDelta;

use crate::answers::{OwnAnswer, clock, count, named, own, records, summed};
use crate::hop::{Hop, HopState};
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::outside::{DnsAnswer, DnsLookup, DnsRecordSeen, DnsSeen};

/// Below this many seconds a record of addresses is an alias of AWS, which answers each resolver differently.
const MIN_FIXED_TTL: u32 = 300;

/// What one resolver says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Visible {
    Yes,
    No(Option<u32>),
    Old(u32),
    Unknown,
}

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let (host, dns) = match named(seen, Link::Propagation) {
        Ok(named) => named,
        Err(hop) => return hop,
    };
    let lines = || dns.resolvers.iter().filter(|lookup| lookup.kind == "A" && !lookup.unchecked).map(summed);
    let took = dns.resolvers.iter().map(|lookup| lookup.took).max();
    match own(host, dns) {
        OwnAnswer::There | OwnAnswer::Mixed => {}
        OwnAnswer::Absent(_) => {
            return lines()
                .fold(Hop::unknown(Link::Propagation, "the zone has no record that could spread"), Hop::seen);
        }
        OwnAnswer::Unknown => {
            let works = dns.resolvers.iter().any(|lookup| !records(lookup).is_empty());
            let hop = match works {
                true => Hop::ok(Link::Propagation),
                false => Hop::unknown(Link::Propagation, "the zone's servers did not say what should be visible"),
            };
            return lines().fold(hop, Hop::seen).took(took);
        }
    }
    let all: Vec<Visible> = by_resolver(host, dns).into_values().collect();
    let known: Vec<Visible> = all.iter().copied().filter(|visible| *visible != Visible::Unknown).collect();
    let visible = known.iter().filter(|visible| **visible == Visible::Yes).count();
    let hop = if known.is_empty() {
        Hop::unknown(Link::Propagation, "no resolver gave an answer")
    } else if visible == known.len() {
        Hop::ok(Link::Propagation)
    } else {
        waiting(seen, visible, &known)
    };
    let hop = lines().fold(hop, Hop::seen).took(took);
    match (hop.state, all.len() - known.len()) {
        (HopState::Ok | HopState::Waiting, failed) if failed > 0 => {
            hop.seen(format!("{} gave no answer", count(failed, "resolver")))
        }
        _ => hop,
    }
}

fn waiting(seen: &ChainSeen, visible: usize, known: &[Visible]) -> Hop {
    let old = known.iter().any(|visible| matches!(visible, Visible::Old(_)));
    let longest = known.iter().filter_map(|visible| match visible {
        Visible::No(ttl) => *ttl,
        Visible::Old(ttl) => Some(*ttl),
        Visible::Yes | Visible::Unknown => None,
    });
    let longest = longest.max();
    let until = longest.and_then(|ttl| seen.at.checked_add_signed(TimeDelta::seconds(i64::from(ttl))));
    let says = if old { "may give the old answer" } else { "may say no" };
    let end = until.map_or_else(|| "for up to an hour".to_owned(), |until| format!("until {}", clock(until, seen.at)));
    let summary = format!(
        "the record is set at the authoritative servers and visible at {visible} of {}; the others {says} {end}",
        count(known.len(), "resolver")
    );
    Hop::waiting(Link::Propagation, summary, until).next(
        "Wait; there is nothing to set. A resolver asks again when what it remembers has run out, and no record that is \
         changed now makes it ask earlier.",
    )
}

fn by_resolver<'a>(host: &str, dns: &'a DnsSeen) -> BTreeMap<&'a str, Visible> {
    let mut all: BTreeMap<&str, Visible> = BTreeMap::new();
    for lookup in dns.resolvers.iter().filter(|lookup| lookup.name == host && !lookup.unchecked) {
        let says = match &lookup.answer {
            DnsAnswer::Records(_) => compared(host, dns, lookup),
            DnsAnswer::NoData { negative_ttl } | DnsAnswer::NoName { negative_ttl } => Visible::No(*negative_ttl),
            DnsAnswer::Failed { .. } | DnsAnswer::None { .. } => Visible::Unknown,
        };
        let known = all.entry(&lookup.server).or_insert(says);
        // A host with IPv4 alone has no AAAA, which is no "no".
        if matches!(
            (&*known, says),
            (Visible::No(_) | Visible::Unknown, Visible::Yes | Visible::Old(_)) | (Visible::Unknown, _)
        ) {
            *known = says;
        }
    }
    all
}

/// Whether a resolver's answer is the one that the zone gives now.
fn compared(host: &str, dns: &DnsSeen, lookup: &DnsLookup) -> Visible {
    let first =
        |lookup: &DnsLookup| records(lookup).iter().filter(|record| record.owner == host).cloned().collect::<Vec<_>>();
    let theirs = first(lookup);
    let own = dns.zone_servers.iter().filter(|own| own.authoritative && own.name == host && own.kind == lookup.kind);
    let own: Vec<DnsRecordSeen> = own.flat_map(first).collect();
    let values = |of: &[DnsRecordSeen]| {
        of.iter().map(|record| (record.kind.clone(), record.value.clone())).collect::<BTreeSet<_>>()
    };
    let ttl = theirs.iter().map(|record| record.ttl).max().unwrap_or_default();
    let alias = |of: &[DnsRecordSeen]| of.iter().any(|record| record.kind == "CNAME");
    let fixed = own.iter().all(|record| record.ttl >= MIN_FIXED_TTL);
    if own.is_empty() || theirs.is_empty() || !values(&own).is_disjoint(&values(&theirs)) {
        return Visible::Yes;
    }
    if alias(&own) || alias(&theirs) || fixed { Visible::Old(ttl) } else { Visible::Yes }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::HopState::{Ok, Unknown, Waiting};
    use crate::literals::{answer_all, check, seen};

    fn resolvers(answers: &[&'static str]) -> ChainSeen {
        seen(move |outside| {
            for (seen, answer) in outside.dns.resolvers.iter_mut().zip(answers) {
                if !answer.is_empty() {
                    *seen = crate::literals::lookup(&seen.server, "dev.example.one A", answer);
                }
            }
        })
    }

    #[test]
    fn resolvers_that_remember_a_no_are_waited_for_until_it_ends() {
        check(Link::Propagation, &seen(|_| {}), Ok, "", "");
        let hop = check(
            Link::Propagation,
            &resolvers(&["", "nxdomain", "nxdomain"]),
            Waiting,
            "visible at 1 of 3 resolvers; the others may say no until 12:15 UTC",
            "nothing to set",
        );
        assert_eq!(hop.until.unwrap().to_rfc3339(), "2024-12-30T12:15:00+00:00");
        check(
            Link::Propagation,
            &resolvers(&["nodata", "nodata", "silent"]),
            Waiting,
            "visible at 0 of 2 resolvers",
            "",
        );
        let hop = check(Link::Propagation, &resolvers(&["", "SERVFAIL", "silent"]), Ok, "", "");
        assert_eq!(hop.evidence.last().unwrap(), "2 resolvers gave no answer");
        check(
            Link::Propagation,
            &resolvers(&["silent", "silent", "silent"]),
            Unknown,
            "no resolver gave an answer",
            "",
        );
    }

    #[test]
    fn an_old_answer_is_told_from_the_present_one() {
        let old = "dev.example.one CNAME old.cloudfront.net; old.cloudfront.net A 192.0.2.9";
        check(
            Link::Propagation,
            &resolvers(&["", old, ""]),
            Waiting,
            "2 of 3 resolvers; the others may give the old answer until 12:10",
            "",
        );
        let addresses = |own: &'static str, ttl: u32| {
            seen(move |outside| {
                answer_all(outside, own);
                for seen in &mut outside.dns.zone_servers {
                    if let DnsAnswer::Records(records) = &mut seen.answer {
                        records.iter_mut().for_each(|record| record.ttl = ttl);
                    }
                }
                outside.dns.resolvers =
                    vec![crate::literals::lookup("1.1.1.1", "dev.example.one A", "dev.example.one A 192.0.2.50")];
            })
        };
        check(Link::Propagation, &addresses("dev.example.one A 192.0.2.7", 600), Waiting, "old answer", "");
        // An alias of AWS gives each resolver other addresses.
        check(Link::Propagation, &addresses("dev.example.one A 192.0.2.7", 60), Ok, "", "");
    }

    #[test]
    fn where_the_zone_has_no_record_nothing_spreads() {
        let none = seen(|outside| answer_all(outside, "nxdomain"));
        check(Link::Propagation, &none, Unknown, "no record that could spread", "");
    }
}
