//! `delegation`: the delegation from the parent zone.

use account::map::{MapKind, MapResource};

use crate::answers::{OwnAnswer, ServerState, count, named, own, records, servers, summed};
use crate::domain::{registrable, within};
use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::outside::{DnsAnswer, DnsSeen};

const ROUTE_53_SERVERS: &str = "`aws route53 get-hosted-zone --id ZONE` or the NS record of the zone in the console";

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let (host, dns) = match named(seen, Link::Delegation) {
        Ok(named) => named,
        Err(hop) => return hop,
    };
    let took = dns.parent.first().map(|lookup| lookup.took);
    let evidence = dns.parent.first().map(summed);
    let hop = match dns.zone.as_deref() {
        None => without_zone(host, dns),
        Some(zone) => of_zone(seen, host, zone, dns),
    };
    evidence.into_iter().fold(hop, Hop::seen).took(took)
}

fn without_zone(host: &str, dns: &DnsSeen) -> Hop {
    let domain = registrable(host);
    let Some(lookup) = dns.parent.first() else {
        let why = dns.problem.as_deref().unwrap_or("the zones above were not reached");
        return Hop::unknown(Link::Delegation, why).next(
            "The network of this machine may block outgoing port 53 (UDP and TCP): ask from another one, or name servers \
             that answer here as `roots` and `resolvers` under [dns].",
        );
    };
    match lookup.answer {
        DnsAnswer::NoName { .. } | DnsAnswer::NoData { .. } => Hop::broken(
            Link::Delegation,
            format!(
                "the zone above knows no `{domain}`: it is not registered, has ended, is suspended, or has no name servers"
            ),
            format!(
                "Look at {domain} at the registrar: is it spelled so, paid, its mail address confirmed? Then set the \
                 name servers of the zone there ({ROUTE_53_SERVERS}). The zone above shows it within minutes to an hour."
            ),
        ),
        _ => Hop::unknown(Link::Delegation, dns.problem.as_deref().unwrap_or("the zone above gave no clear answer")),
    }
}

fn of_zone(seen: &ChainSeen, host: &str, zone: &str, dns: &DnsSeen) -> Hop {
    let states = servers(dns);
    let named: Vec<&str> = dns.parent_servers.iter().map(String::as_str).collect();
    let lame = states.values().filter(|state| matches!(state, ServerState::Lame(_))).count();
    let holds = states.values().any(|state| *state == ServerState::Holds);
    if states.is_empty() && !named.is_empty() {
        return Hop::broken(
            Link::Delegation,
            format!("`{zone}` is delegated to {}, and none of these names has an address", named.join(", ")),
            format!("Set name servers at the registrar that exist: those of the zone ({ROUTE_53_SERVERS})."),
        )
        .seen(format!("delegated to {}", named.join(", ")));
    }
    if lame > 0 && !holds {
        let hop = Hop::broken(
            Link::Delegation,
            format!("`{zone}` is delegated to {}, and none of them holds the zone", count(states.len(), "server")),
            format!(
                "Set the name servers of `{zone}` at the registrar to those that the zone itself has \
                 ({ROUTE_53_SERVERS}): a zone that is deleted and made again gets other ones. Resolvers follow when \
                 the old delegation has run out, often two days."
            ),
        );
        return evidence_of(&states, hop);
    }
    if let Some(managed) = managed_here(seen, zone, host)
        && !named.iter().any(|server| server.contains(".awsdns-"))
    {
        let id = managed.id.trim_start_matches("/hostedzone/");
        let line =
            format!("Route 53 zone {id} of this account is named `{zone}`; the parent names {}", named.join(", "));
        if matches!(own(host, dns), OwnAnswer::Absent(_)) {
            return Hop::broken(
                Link::Delegation,
                format!("`{zone}` is managed in Route 53 here, and the registrar delegates it to other servers"),
                format!(
                    "Set the four name servers of zone {id} at the registrar (`aws route53 get-hosted-zone --id {id}`), \
                     or set the record where the zone is served now: {}.",
                    named.join(", ")
                ),
            )
            .seen(line);
        }
        return Hop::ok(Link::Delegation).seen(line);
    }
    compared(zone, &named, dns)
}

/// The servers that the parent names, beside those that the zone names.
fn compared(zone: &str, named: &[&str], dns: &DnsSeen) -> Hop {
    let answers = dns.zone_servers.iter().filter(|lookup| lookup.authoritative && lookup.kind == "NS");
    let mut own: Vec<&str> =
        answers.flat_map(records).filter(|record| record.kind == "NS").map(|r| r.value.as_str()).collect();
    own.sort_unstable();
    own.dedup();
    let shared = own.iter().filter(|server| named.contains(server)).count();
    let line = format!("the zone itself names {}", own.join(", "));
    if own.is_empty() || named.is_empty() {
        return Hop::ok(Link::Delegation);
    }
    if shared == 0 {
        return Hop::broken(
            Link::Delegation,
            format!("`{zone}` is delegated to {}, while the zone itself names {}", named.join(", "), own.join(", ")),
            format!("Set the name servers of `{zone}` at the registrar to {}.", own.join(", ")),
        )
        .seen(line);
    }
    if shared < own.len() || shared < named.len() {
        return Hop::ok(Link::Delegation).seen(format!("{line}: not the same list, which works"));
    }
    Hop::ok(Link::Delegation)
}

fn evidence_of(states: &std::collections::BTreeMap<&str, ServerState>, hop: Hop) -> Hop {
    states.iter().fold(hop, |hop, (server, state)| match state {
        ServerState::Lame(how) | ServerState::Silent(how) => hop.seen(format!("{server} {how}")),
        ServerState::Holds => hop,
    })
}

/// The public zone of Route 53 in this account that should hold the host, if its name is that of the zone.
fn managed_here<'a>(seen: &'a ChainSeen, zone: &str, host: &str) -> Option<&'a MapResource> {
    let snapshots = seen.inside.iter().flat_map(|inside| &inside.snapshots);
    let zones = snapshots.filter(|snapshot| snapshot.kind == MapKind::DnsZone).flat_map(|snapshot| &snapshot.resources);
    let fits = |resource: &&MapResource| {
        resource.setting("name").map(|name| name.trim_end_matches('.')) == Some(zone)
            && resource.setting("private") != Some("yes")
    };
    zones.into_iter().find(fits).filter(|_| within(host, zone))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::hop::HopState::{Broken, NotApplicable, Ok, Unknown};
    use crate::literals::{check, lookup, own, seen};
    use crate::seen::outside::OutsideSeen;

    fn lame(outside: &mut OutsideSeen, code: &str) {
        for seen in &mut outside.dns.zone_servers {
            *seen = lookup(&seen.server, &format!("{} {}", seen.name, seen.kind), code);
        }
    }

    #[test]
    fn a_domain_that_the_zone_above_does_not_know_is_named() {
        let unknown = seen(|outside| {
            outside.dns.zone = None;
            outside.dns.parent = vec![own("a.nic.one", "dev.example.one NS", "nxdomain")];
        });
        check(Link::Delegation, &unknown, Broken, "knows no `example.one`", "mail address confirmed");
        let unreached = seen(|outside| {
            outside.dns.zone = None;
            outside.dns.parent = vec![];
            outside.dns.problem = Some("none of the root servers that were asked answers".to_owned());
        });
        check(Link::Delegation, &unreached, Unknown, "none of the root servers", "");
    }

    #[test]
    fn servers_that_do_not_hold_the_zone_are_a_broken_delegation() {
        let hop = check(
            Link::Delegation,
            &seen(|outside| lame(outside, "REFUSED")),
            Broken,
            "none of them holds the zone",
            "get-hosted-zone",
        );
        assert!(hop.evidence.iter().any(|line| line == "ns1.example.one (192.0.2.1) answers REFUSED"), "{hop:?}");
        check(
            Link::Delegation,
            &seen(|outside| lame(outside, "nodata")),
            Broken,
            "none of them holds the zone",
            "deleted and made again",
        );
        // Silence is told by the zone.
        check(Link::Delegation, &seen(|outside| lame(outside, "silent")), Ok, "", "");
        let nameless = seen(|outside| outside.dns.zone_servers.clear());
        check(Link::Delegation, &nameless, Broken, "none of these names has an address", "that exist");
    }

    #[test]
    fn the_two_lists_of_servers_are_compared() {
        let other = |servers: &'static str| {
            seen(move |outside| {
                for seen in outside.dns.zone_servers.iter_mut().filter(|seen| seen.kind == "NS") {
                    *seen = own(&seen.server, "example.one NS", servers);
                }
            })
        };
        check(Link::Delegation, &seen(|_| {}), Ok, "", "");
        let elsewhere = "example.one NS ns-1.awsdns-1.com; example.one NS ns-2.awsdns-2.net";
        check(
            Link::Delegation,
            &other(elsewhere),
            Broken,
            "the zone itself names ns-1.awsdns-1.com",
            "to ns-1.awsdns-1.com, ns-2.awsdns-2.net",
        );
        let hop = check(Link::Delegation, &other("example.one NS ns1.example.one"), Ok, "", "");
        assert!(hop.evidence.iter().any(|line| line.contains("not the same list")));
        let address = ChainSeen { host: Some("192.0.2.1".to_owned()), ..seen(|_| {}) };
        check(Link::Delegation, &address, NotApplicable, "", "");
    }
}
