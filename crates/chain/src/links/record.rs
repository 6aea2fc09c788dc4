//! `record`: the record of the host, as its own zone has it.

use account::map::{MapKind, MapResource};

use crate::answers::{AliasPath, OwnAnswer, aliases, api_endpoint, clock, named, own, records, summed, written};
use crate::domain::within;
use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::outside::{DnsAnswer, DnsLookup, DnsSeen};

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    if let (Some(host), Some(outside)) = (&seen.host, &seen.outside)
        && let Some(why) = &outside.dns.private
    {
        return private(host, why, &outside.dns);
    }
    let (host, dns) = match named(seen, Link::Record) {
        Ok(named) => named,
        Err(hop) => return hop,
    };
    let asked = dns.zone_servers.iter().filter(|lookup| lookup.name == host);
    let took = asked.map(|lookup| lookup.took).max();
    let hop = match own(host, dns) {
        OwnAnswer::Unknown => {
            Hop::unknown(Link::Record, dns.problem.as_deref().unwrap_or("the zone's servers did not say"))
        }
        OwnAnswer::Absent(ttl) => absent(seen, host, dns, ttl),
        OwnAnswer::There | OwnAnswer::Mixed => there(seen, host, dns),
    };
    hop.took(took)
}

/// A name of private networks, as those say it that were asked for it.
fn private(host: &str, why: &str, dns: &DnsSeen) -> Hop {
    let says_no = |lookup: &DnsLookup| matches!(lookup.answer, DnsAnswer::NoData { .. } | DnsAnswer::NoName { .. });
    let hop = match () {
        () if !dns.addresses.is_empty() => Hop::ok(Link::Record),
        () if dns.resolvers.iter().any(says_no) => Hop::broken(
            Link::Record,
            format!("nobody who was asked knows an address of {host}, a name that exists in private networks only"),
            format!(
                "Set {host} in the hosts file of this machine or in the DNS of its network. If other servers hold it, \
                 name them as `resolvers` and `roots` under [dns]."
            ),
        ),
        () => Hop::unknown(Link::Record, format!("nobody answered whether {host} has an address")),
    };
    let asked = dns.resolvers.iter().map(summed);
    std::iter::once(why.to_owned()).chain(asked).fold(hop, Hop::seen).took(dns.took)
}

/// Whom the record should name, where the account says so.
fn target(seen: &ChainSeen, host: &str) -> Option<String> {
    let snapshots = seen.inside.iter().flat_map(|inside| &inside.snapshots);
    let domains = snapshots.filter(|s| s.kind == MapKind::DomainName).flat_map(|s| &s.resources);
    let of = |resource: &MapResource| resource.setting("address").map(str::to_owned);
    domains.into_iter().find(|domain| domain.id == host).and_then(of)
}

/// How to set the record.
fn to_set(seen: &ChainSeen, host: &str, dns: &DnsSeen) -> String {
    let zone = dns.zone.as_deref().unwrap_or("the zone");
    let target = target(seen, host);
    let target = target.as_deref().unwrap_or(
        "the \"API Gateway domain name\" of the custom domain (d-....execute-api.REGION.amazonaws.com; console: API \
         Gateway, Custom domain names, Endpoint configuration)",
    );
    if host == zone {
        return format!(
            "Set an alias of type A (Route 53) or ALIAS/ANAME (other providers) for {host} to {target}: the top of a zone \
             cannot have a CNAME."
        );
    }
    let front = host.strip_suffix(zone).map_or(host, |front| front.trim_end_matches('.'));
    format!(
        "Set in the zone `{zone}`: name `{front}`, type CNAME, value {target}. Type the name without `.{zone}` where the \
         provider adds it."
    )
}

fn absent(seen: &ChainSeen, host: &str, dns: &DnsSeen, ttl: Option<u32>) -> Hop {
    let exists =
        dns.zone_servers.iter().any(|lookup| lookup.name == host && matches!(lookup.answer, DnsAnswer::NoData { .. }));
    let what = if exists { "has no address and no CNAME" } else { "does not exist" };
    let summary = format!(
        "{host} {what} in its zone, so it will never resolve. A CNAME is the record that says that one name is another \
         name of a second one; the address is then looked up there"
    );
    let wait = ttl.map(|ttl| {
        let until = seen.at + chrono::TimeDelta::seconds(i64::from(ttl));
        format!(" Resolvers that were asked already may say no for {ttl} s more, until {}.", clock(until, seen.at))
    });
    let hop = Hop::broken(Link::Record, summary, to_set(seen, host, dns) + &wait.unwrap_or_default());
    let asked =
        dns.zone_servers.iter().filter(|lookup| lookup.authoritative && lookup.name == host && lookup.kind == "A");
    asked.map(summed).fold(hop, Hop::seen)
}

fn there(seen: &ChainSeen, host: &str, dns: &DnsSeen) -> Hop {
    let path = aliases(host, dns);
    let shown = path.names.join(" -> ");
    if path.circle || path.too_long {
        let what = if path.circle { "lead in a circle" } else { "are more than resolvers follow" };
        return Hop::broken(Link::Record, format!("the CNAMEs of {host} {what}"), to_set(seen, host, dns)).seen(shown);
    }
    let zone = dns.zone.as_deref().unwrap_or_default();
    if host == zone && path.is_alias() {
        return Hop::broken(
            Link::Record,
            format!("{host} is the top of its zone and has a CNAME, which hides the other records of the zone"),
            to_set(seen, host, dns),
        )
        .seen(shown);
    }
    if let Some(name) = path.find(|name| name != host && api_endpoint(name).is_some()) {
        return Hop::broken(
            Link::Record,
            format!(
                "{host} points to the API itself ({name}), which has a certificate for its own name only and does not \
                 know {host}"
            ),
            format!(
                "Make a custom domain name for {host} in API Gateway: Route 53 only leads there, the custom domain name \
                 has the certificate and maps the host to an API and a stage. Then: {}",
                to_set(seen, host, dns)
            ),
        )
        .seen(shown);
    }
    if let Some(hop) = dead_end(seen, host, dns, &path) {
        return hop.seen(shown);
    }
    let own = dns
        .zone_servers
        .iter()
        .find(|lookup| lookup.authoritative && lookup.name == host && !records(lookup).is_empty());
    let lines = own.map(records).unwrap_or_default().iter().take(8).map(written);
    let followed = dns.followed.iter().filter(|lookup| !records(lookup).is_empty()).map(summed);
    lines.chain(followed).fold(Hop::ok(Link::Record), Hop::seen)
}

/// The name at the end of the CNAMEs has no address.
/// The zone of what the record names does not answer for it. That is known where its own servers, which have a name
/// beside their address, were asked; a resolver alone may fail for its own reasons.
fn lame_target(host: &str, end: &str, asked: &[&DnsLookup]) -> Option<Hop> {
    let is_lame =
        |lookup: &&&DnsLookup| matches!(lookup.answer, DnsAnswer::Failed { .. }) && lookup.server.contains(" (");
    let lookup = asked.iter().find(is_lame)?;
    Some(
        Hop::broken(
            Link::Record,
            format!("{host} is a CNAME of {end}, and the servers of its zone do not answer for it"),
            format!(
                "Ask whoever runs {end}, and run `monitor doctor {end}`: its zone is broken, not that of {host}. If it is \
                 given up, set the record to another target."
            ),
        )
        .seen(summed(lookup)),
    )
}

fn dead_end(seen: &ChainSeen, host: &str, dns: &DnsSeen, path: &AliasPath<'_>) -> Option<Hop> {
    let end = path.end();
    if !path.is_alias() || !dns.addresses.is_empty() {
        return None;
    }
    let about = |lookup: &&DnsLookup| lookup.name == end;
    let asked: Vec<&DnsLookup> = dns.followed.iter().chain(&dns.zone_servers).filter(about).collect();
    let denied = |lookup: &&&DnsLookup| matches!(lookup.answer, DnsAnswer::NoName { .. } | DnsAnswer::NoData { .. });
    let Some(lookup) = asked.iter().find(denied) else { return lame_target(host, end, &asked) };
    let hint = match within(end, dns.zone.as_deref().unwrap_or("?")) {
        true => "The provider may have added the zone's name to a value that had no dot at its end.",
        false => "What it named was deleted, or is spelled otherwise.",
    };
    Some(
        Hop::broken(
            Link::Record,
            format!("{host} is a CNAME of {end}, which has no address"),
            format!("{} {hint}", to_set(seen, host, dns)),
        )
        .seen(summed(lookup)),
    )
}

#[cfg(test)]
mod tests {
    use account::map::MapSnapshot;

    use super::*;
    use crate::hop::HopState::{Broken, Ok, Unknown};
    use crate::literals::{answer_all, check, inside, lookup, seen};

    fn answering(answer: &'static str) -> ChainSeen {
        seen(move |outside| answer_all(outside, answer))
    }

    #[test]
    fn a_name_of_private_networks_is_judged_by_those_who_were_asked_for_it() {
        use crate::hop::HopState;
        let of = |answer: &str, address: Option<&str>| {
            let mut seen = crate::literals::seen(|outside| {
                outside.dns = DnsSeen {
                    private: Some("`internal` exists in private networks only: this machine was asked".to_owned()),
                    resolvers: vec![crate::literals::lookup("this machine", "api.internal A", answer)],
                    addresses: address.iter().map(|address| address.parse().unwrap()).collect(),
                    ..DnsSeen::default()
                };
            });
            seen.host = Some("api.internal".to_owned());
            seen
        };
        let well = of("api.internal A 192.0.2.80", Some("192.0.2.80"));
        let hop = crate::literals::check(Link::Record, &well, HopState::Ok, "", "");
        assert!(hop.evidence[0].contains("this machine was asked"), "{hop:?}");
        for link in [Link::Delegation, Link::Zone, Link::Dnssec, Link::Caa, Link::Propagation, Link::Registration] {
            let hop = crate::literals::check(link, &well, HopState::NotApplicable, "", "");
            assert!(hop.evidence[0].contains("private networks only"), "{hop:?}");
        }
        let step = "under [dns]";
        crate::literals::check(Link::Record, &of("nxdomain", None), HopState::Broken, "knows an address", step);
        crate::literals::check(Link::Record, &of("silent", None), HopState::Unknown, "nobody answered", "");
    }

    #[test]
    fn a_record_that_is_not_there_is_told_with_the_one_to_set() {
        check(Link::Record, &seen(|_| {}), Ok, "", "");
        let next = "name `dev`, type CNAME, value the \"API Gateway domain name\"";
        check(Link::Record, &answering("nxdomain"), Broken, "does not exist in its zone", next);
        check(Link::Record, &answering("nxdomain"), Broken, "A CNAME is", "900 s more, until 12:15 UTC");
        check(Link::Record, &answering("nodata"), Broken, "no address and no CNAME", next);
        check(Link::Record, &answering("silent"), Unknown, "did not say", "");
        let mut domain = MapResource::new("dev.example.one");
        domain.set("address", "d-xyz.execute-api.ap-northeast-2.amazonaws.com");
        let mut known = answering("nxdomain");
        known.inside = Some(inside(vec![MapSnapshot::of(MapKind::DomainName, "ap-northeast-2", vec![domain])]));
        check(Link::Record, &known, Broken, "", "value d-xyz.execute-api.ap-northeast-2.amazonaws.com.");
        let mut apex = seen(|outside| {
            answer_all(outside, "nxdomain");
            for seen in &mut outside.dns.zone_servers {
                seen.name = "example.one".to_owned();
            }
        });
        apex.host = Some("example.one".to_owned());
        check(Link::Record, &apex, Broken, "", "the top of a zone cannot have a CNAME");
    }

    #[test]
    fn a_cname_that_leads_nowhere_is_named() {
        let circle = "dev.example.one CNAME b.example.one; b.example.one CNAME dev.example.one";
        check(Link::Record, &answering(circle), Broken, "lead in a circle", "Set in the zone");
        let long: Vec<String> = (0..12)
            .map(|n| {
                format!(
                    "{}.example.one CNAME n{n}.example.one",
                    if n == 0 { "dev".to_owned() } else { format!("n{}", n - 1) }
                )
            })
            .collect();
        let long: &'static str = long.join("; ").leak();
        check(Link::Record, &answering(long), Broken, "more than resolvers follow", "");
        let api = "dev.example.one CNAME abc123.execute-api.eu-west-1.amazonaws.com";
        check(Link::Record, &answering(api), Broken, "points to the API itself", "custom domain name");
        let dead = |target: &'static str| {
            seen(move |outside| {
                answer_all(outside, format!("dev.example.one CNAME {target}").leak());
                outside.dns.addresses.clear();
                outside.dns.resolvers.clear();
                outside.dns.followed = vec![lookup("1.1.1.1", &format!("{target} A"), "nxdomain")];
            })
        };
        check(Link::Record, &dead("d-old.cloudfront.net"), Broken, "which has no address", "was deleted");
        check(
            Link::Record,
            &dead("d-old.cloudfront.net.example.one"),
            Broken,
            "which has no address",
            "added the zone's name",
        );
    }
}
