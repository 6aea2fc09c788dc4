//! `zone`: the zone at its own servers: each answers, and all say the same.

use std::collections::{BTreeMap, BTreeSet};

use account::map::{MapKind, MapResource};
use chrono::TimeDelta;

use crate::answers::{OwnAnswer, ServerState, count, named, own, records, servers, summed};
use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::outside::{DnsAnswer, DnsLookup, DnsSeen};

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let (host, dns) = match named(seen, Link::Zone) {
        Ok(named) => named,
        Err(hop) => return hop,
    };
    let Some(zone) = dns.zone.as_deref() else {
        return Hop::unknown(Link::Zone, "no zone was found");
    };
    let took = dns.zone_servers.iter().map(|lookup| lookup.took).max();
    let states = servers(dns);
    let skipped: Vec<&String> = dns.skipped.iter().collect();
    let hop = faults(seen, host, zone, dns, &states);
    let hop = if hop.evidence.is_empty() { servers_seen(hop, &states) } else { hop };
    skipped.into_iter().fold(hop, |hop, line| hop.seen(format!("not asked: {line}"))).took(took)
}

fn servers_seen(hop: Hop, states: &BTreeMap<&str, ServerState>) -> Hop {
    states.iter().fold(hop, |hop, (server, state)| match state {
        ServerState::Holds => hop.seen(format!("{server} answers")),
        ServerState::Lame(how) | ServerState::Silent(how) => hop.seen(format!("{server}: {how}")),
    })
}

fn faults(seen: &ChainSeen, host: &str, zone: &str, dns: &DnsSeen, states: &BTreeMap<&str, ServerState>) -> Hop {
    let holding = states.values().filter(|state| **state == ServerState::Holds).count();
    let silent = states.values().filter(|state| matches!(state, ServerState::Silent(_))).count();
    if states.is_empty() {
        return Hop::unknown(Link::Zone, "none of its servers could be asked");
    }
    if silent == states.len() {
        return Hop::broken(
            Link::Zone,
            match states.len() {
                1 => format!("the only server of `{zone}` does not answer"),
                many => format!("none of the {many} servers of `{zone}` answers"),
            },
            "Look at the status of the DNS provider; if the servers are your own, whether they run and their port is open \
             for UDP and TCP (53, unless `port` under [dns] names another).",
        );
    }
    if holding == 0 {
        return Hop::unknown(Link::Zone, "none of its servers holds the zone, as `delegation` says");
    }
    if holding < states.len() {
        let bad: Vec<&str> =
            states.iter().filter(|(_, state)| **state != ServerState::Holds).map(|(server, _)| *server).collect();
        return Hop::broken(
            Link::Zone,
            format!(
                "{} of {} of `{zone}` does not answer for it: {}",
                bad.len(),
                count(states.len(), "server"),
                bad.join(", ")
            ),
            format!(
                "Take {} out of the name servers of `{zone}` at the registrar, or set the zone up there.",
                bad.join(", ")
            ),
        );
    }
    if !dns.nameless.is_empty() {
        let names = dns.nameless.join(", ");
        let all = dns.parent_servers.len();
        return Hop::broken(
            Link::Zone,
            format!("{} of {} of `{zone}` does not exist: {names}", dns.nameless.len(), count(all, "server")),
            format!(
                "Take {names} out of the name servers of `{zone}` at the registrar, or correct the name. Whoever registers \
                 the domain that it is in could answer for `{zone}`."
            ),
        );
    }
    if let Some(hop) = two_zones_here(seen, host, zone, dns) {
        return hop;
    }
    disagreeing(seen, host, zone, dns).unwrap_or_else(|| Hop::ok(Link::Zone))
}

/// Whether all servers of the zone name the same servers.
fn servers_agree(zone: &str, dns: &DnsSeen) -> bool {
    let asked =
        dns.zone_servers.iter().filter(|lookup| lookup.authoritative && lookup.kind == "NS" && lookup.name == zone);
    let named = asked.map(|lookup| records(lookup).iter().map(|record| record.value.as_str()).collect::<BTreeSet<_>>());
    let named: BTreeSet<BTreeSet<&str>> = named.filter(|named| !named.is_empty()).collect();
    named.len() < 2
}

/// Whether servers of the zone give records of the host that have nothing in common. An alias may give each of them
/// other addresses; but then they hold the same version.
fn answers_differ(host: &str, dns: &DnsSeen) -> bool {
    let asked =
        dns.zone_servers.iter().filter(|lookup| lookup.authoritative && lookup.name == host && lookup.kind == "A");
    let values = asked.map(|lookup| {
        let here = records(lookup).iter().filter(|record| record.owner == host);
        here.map(|record| record.value.as_str()).collect::<BTreeSet<&str>>()
    });
    let all: Vec<BTreeSet<&str>> = values.filter(|values| !values.is_empty()).collect();
    all.iter().any(|one| all.iter().any(|other| one.is_disjoint(other)))
}

/// The servers hold two zones of one name, or one of them has not fetched the last change yet.
fn disagreeing(seen: &ChainSeen, host: &str, zone: &str, dns: &DnsSeen) -> Option<Hop> {
    let mut starts: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let answers = || dns.zone_servers.iter().filter(|lookup| lookup.authoritative && lookup.kind == "SOA");
    for lookup in answers() {
        for record in records(lookup).iter().filter(|record| record.kind == "SOA") {
            starts.entry(&record.value).or_default().push(&lookup.server);
        }
    }
    let some_lack_it = own(host, dns) == OwnAnswer::Mixed;
    let is_one_version = starts.len() < 2 && servers_agree(zone, dns);
    if !some_lack_it && (is_one_version || !answers_differ(host, dns)) {
        return None;
    }
    let word = |index: usize| starts.keys().filter_map(|soa| soa.split(' ').nth(index)).collect::<Vec<_>>();
    let (primaries, serials) = (sorted(word(0)), sorted(word(2)));
    let with_evidence = |hop: Hop| {
        let asked = dns.zone_servers.iter().filter(|lookup| lookup.name == host && lookup.kind == "A").map(summed);
        asked.chain(answers().map(summed)).fold(hop, Hop::seen)
    };
    if primaries.len() < 2 && serials.len() > 1 {
        let refresh = word(3).iter().filter_map(|seconds| seconds.parse::<i64>().ok()).max();
        let until = refresh.and_then(TimeDelta::try_seconds).and_then(|wait| seen.at.checked_add_signed(wait));
        let summary = format!(
            "the servers of `{zone}` have different versions of it ({}), and not all have {}",
            serials.join(", "),
            if some_lack_it { "the record" } else { "the same record" }
        );
        return Some(with_evidence(
            Hop::waiting(Link::Zone, summary, until).next("Wait until the servers have fetched the last change."),
        ));
    }
    Some(with_evidence(Hop::broken(
        Link::Zone,
        format!(
            "the servers of `{zone}` hold two different zones of this name: {}",
            if some_lack_it { "some have the record, others do not" } else { "their records of the host differ" }
        ),
        format!(
            "Decide for one zone. Set the name servers of that one alone at the registrar, copy the records into it, and \
             delete the other. Records were looked for as {host}."
        ),
    )))
}

fn sorted(mut words: Vec<&str>) -> Vec<&str> {
    words.sort_unstable();
    words.dedup();
    words
}

/// Route 53 lets an account have several zones of one name. Only the one whose servers the registrar names is asked.
fn two_zones_here(seen: &ChainSeen, host: &str, zone: &str, dns: &DnsSeen) -> Option<Hop> {
    let snapshots = || seen.inside.iter().flat_map(|inside| &inside.snapshots);
    let of = |kind: MapKind| snapshots().filter(move |snapshot| snapshot.kind == kind).flat_map(|s| &s.resources);
    let is_named = |resource: &MapResource, name: &str| {
        resource.setting("name").map(|own| own.trim_end_matches('.')) == Some(name)
    };
    let zones: Vec<&MapResource> = of(MapKind::DnsZone).filter(|resource| is_named(resource, zone)).collect();
    let holder = of(MapKind::DnsRecord).find(|record| is_named(record, host))?;
    let id = holder.of.as_deref().or_else(|| holder.id.split('/').next())?;
    if zones.len() < 2 || !matches!(own(host, dns), OwnAnswer::Absent(_)) {
        return None;
    }
    let holder = zones.iter().find(|zone| zone.id == id)?;
    let kind = if holder.setting("private") == Some("yes") { "private " } else { "" };
    let hop = Hop::broken(
        Link::Zone,
        format!(
            "this account has {} of the name `{zone}`, and the record of {host} is in the {kind}one that is not asked ({id})",
            count(zones.len(), "zone")
        ),
        format!(
            "Set the record in the public zone whose name servers are {}, and delete the other zone if nothing uses it.",
            dns.parent_servers.join(", ")
        ),
    );
    let asked = dns
        .zone_servers
        .iter()
        .find(|lookup: &&DnsLookup| lookup.name == host && !matches!(lookup.answer, DnsAnswer::None { .. }));
    Some(asked.map(summed).into_iter().fold(hop.seen(format!("record {} in zone {id}", holder.called())), Hop::seen))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::HopState::{Broken, NotApplicable, Ok, Unknown, Waiting};
    use crate::literals::{check, inside, lookup, own as owned, seen};
    use crate::seen::outside::OutsideSeen;
    use account::map::MapSnapshot;

    fn second(answer: &'static str, soa: &'static str) -> ChainSeen {
        seen(move |outside| {
            let server = "ns2.example.one (192.0.2.2)";
            for seen in outside.dns.zone_servers.iter_mut().filter(|seen| seen.server == server) {
                let question = format!("{} {}", seen.name, seen.kind);
                *seen = match answer {
                    "SERVFAIL" | "REFUSED" | "silent" => lookup(server, &question, answer),
                    _ if seen.name == "dev.example.one" => owned(server, &question, answer),
                    _ if seen.kind == "SOA" => owned(server, &question, soa),
                    _ => seen.clone(),
                };
            }
        })
    }

    #[test]
    fn two_zones_are_told_where_each_has_a_record_of_its_own_and_servers_that_do_not_exist_are_named() {
        let differ = |primary: &'static str, servers: &'static str| {
            move |outside: &mut OutsideSeen| {
                for lookup in outside.dns.zone_servers.iter_mut().filter(|lookup| lookup.server.starts_with("ns2")) {
                    let question = format!("{} {}", lookup.name, lookup.kind);
                    let answer = match question.as_str() {
                        "dev.example.one A" => "dev.example.one A 192.0.2.99".to_owned(),
                        "example.one SOA" => {
                            format!("example.one SOA {primary} admin.example.one 7 3600 600 86400 900")
                        }
                        "example.one NS" => servers.to_owned(),
                        _ => continue,
                    };
                    *lookup = crate::literals::own(&lookup.server, &question, &answer);
                }
            }
        };
        let same = "example.one NS ns1.example.one; example.one NS ns2.example.one";
        let theirs = "their records of the host differ";
        check(Link::Zone, &seen(differ("ns-1.awsdns.org", same)), Broken, theirs, "Decide for one zone");
        check(Link::Zone, &seen(differ("ns1.example.one", "example.one NS old.example")), Broken, theirs, "one zone");
        // An alias gives each server other addresses.
        check(Link::Zone, &seen(differ("ns1.example.one", same)), Ok, "", "");
        let nameless = seen(|outside| outside.dns.nameless = vec!["ns2.gone.example".to_owned()]);
        check(Link::Zone, &nameless, Broken, "1 of 2 servers of `example.one` does not exist", "Take ns2.gone.example");
    }

    #[test]
    fn one_server_that_does_not_answer_for_the_zone_is_named() {
        check(Link::Zone, &seen(|_| {}), Ok, "", "");
        check(Link::Zone, &second("REFUSED", ""), Broken, "1 of 2 servers", "Take ns2.example.one (192.0.2.2) out");
        let hop = check(Link::Zone, &second("silent", ""), Broken, "does not answer for it: ns2", "at the registrar");
        assert!(
            hop.evidence.iter().any(|line| line.contains("ns2.example.one (192.0.2.2): no answer within")),
            "{hop:?}"
        );
        let all = seen(|outside| {
            for seen in &mut outside.dns.zone_servers {
                *seen = lookup(&seen.server, &format!("{} {}", seen.name, seen.kind), "silent");
            }
        });
        check(Link::Zone, &all, Broken, "none of the 2 servers of `example.one` answers", "their port is open");
        let one = seen(|outside| {
            outside.dns.zone_servers.retain(|seen| seen.server.starts_with("ns1"));
            for seen in &mut outside.dns.zone_servers {
                *seen = lookup(&seen.server, &format!("{} {}", seen.name, seen.kind), "silent");
            }
        });
        check(Link::Zone, &one, Broken, "the only server of `example.one` does not answer", "");
        check(Link::Zone, &seen(|outside| outside.dns.zone = None), Unknown, "no zone", "");
        let address = ChainSeen { host: Some("192.0.2.1".to_owned()), ..seen(|_| {}) };
        check(Link::Zone, &address, NotApplicable, "", "");
    }

    #[test]
    fn servers_that_disagree_wait_for_a_transfer_or_hold_two_zones() {
        let older = "example.one SOA ns1.example.one admin.example.one 6 3600 600 86400 900";
        let hop = check(Link::Zone, &second("nxdomain", older), Waiting, "different versions of it (6, 7)", "Wait");
        assert_eq!(hop.until.unwrap().to_rfc3339(), "2024-12-30T13:00:00+00:00");
        let other = "example.one SOA ns9.parking.one admin.parking.one 7 3600 600 86400 900";
        check(Link::Zone, &second("nxdomain", other), Broken, "two different zones", "Decide for one zone");
    }

    #[test]
    fn a_record_in_the_wrong_one_of_two_zones_is_named() {
        let zone = |id: &str, private: &str| {
            let mut zone = MapResource::new(id);
            zone.set("name", "example.one");
            zone.set("private", private);
            zone
        };
        let mut record = MapResource::new("ZPRIVATE/dev.example.one A");
        record.set("name", "dev.example.one");
        record.of = Some("ZPRIVATE".to_owned());
        let snapshots = vec![
            MapSnapshot::of(MapKind::DnsZone, "global", vec![zone("ZPUBLIC", "no"), zone("ZPRIVATE", "yes")]),
            MapSnapshot::of(MapKind::DnsRecord, "global", vec![record]),
        ];
        let mut seen = seen(|outside| crate::literals::answer_all(outside, "nxdomain"));
        seen.inside = Some(inside(snapshots));
        check(
            Link::Zone,
            &seen,
            Broken,
            "in the private one that is not asked (ZPRIVATE)",
            "public zone whose name servers are ns1",
        );
    }
}
