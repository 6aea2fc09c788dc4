//! What the answers of DNS come to: who holds the zone, where CNAMEs lead, what was seen of the pages.

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;

use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::outside::{ConnectionSeen, DnsAnswer, DnsLookup, DnsRecordSeen, DnsSeen, OutsideSeen, TlsSeen};

/// The most CNAMEs that resolvers follow.
const MAX_ALIASES: usize = 8;

/// What was seen from outside, or the hop that says why nothing was.
pub(crate) fn outside(seen: &ChainSeen, link: Link) -> Result<&OutsideSeen, Hop> {
    if seen.host.is_none() {
        return Err(Hop::not_applicable(link));
    }
    seen.outside.as_ref().ok_or_else(|| Hop::unknown(link, "it was not asked from outside"))
}

/// The name of the host and what DNS says of it. An address has no part in DNS, and a name of private networks none in
/// that of the world.
pub(crate) fn named(seen: &ChainSeen, link: Link) -> Result<(&str, &DnsSeen), Hop> {
    let outside = outside(seen, link)?;
    match seen.host.as_deref() {
        Some(host) if address(host).is_none() => match &outside.dns.private {
            None => Ok((host, &outside.dns)),
            Some(why) => Err(Hop::not_applicable(link).seen(why)),
        },
        _ => Err(Hop::not_applicable(link)),
    }
}

/// A host that is an address, with or without the brackets of a URL.
pub(crate) fn address(host: &str) -> Option<IpAddr> {
    host.trim_start_matches('[').trim_end_matches(']').parse().ok()
}

/// The records of an answer.
pub(crate) fn records(lookup: &DnsLookup) -> &[DnsRecordSeen] {
    match &lookup.answer {
        DnsAnswer::Records(records) => records,
        _ => &[],
    }
}

/// How a server of the zone behaves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ServerState {
    /// It answers for the zone.
    Holds,
    /// It answers, and not for the zone: how.
    Lame(String),
    /// It does not answer: why.
    Silent(String),
}

/// Each server of the zone that was asked, with how it behaves.
pub(crate) fn servers(dns: &DnsSeen) -> BTreeMap<&str, ServerState> {
    let mut all: BTreeMap<&str, ServerState> = BTreeMap::new();
    for lookup in &dns.zone_servers {
        let state = match &lookup.answer {
            DnsAnswer::None { why } => ServerState::Silent(why.clone()),
            DnsAnswer::Failed { code } => ServerState::Lame(format!("answers {code}")),
            _ if lookup.authoritative => ServerState::Holds,
            _ => ServerState::Lame("is not authoritative for the zone".to_owned()),
        };
        let known = all.entry(&lookup.server).or_insert_with(|| state.clone());
        match (&*known, &state) {
            (ServerState::Holds, _) => {}
            (_, ServerState::Holds) | (ServerState::Silent(_), ServerState::Lame(_)) => *known = state,
            _ => {}
        }
    }
    all
}

/// What the zone itself says of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum OwnAnswer {
    /// It has a record: an address, or a CNAME.
    There,
    /// It has none; resolvers remember that for so many seconds, where it is known.
    Absent(Option<u32>),
    /// Some of its servers have one.
    Mixed,
    /// No server of it answers.
    Unknown,
}

/// What the zone's own servers say of the host, A and AAAA taken together.
pub(crate) fn own(host: &str, dns: &DnsSeen) -> OwnAnswer {
    let mut by_server: BTreeMap<&str, (bool, Option<u32>)> = BTreeMap::new();
    let asked = |lookup: &&DnsLookup| {
        lookup.authoritative && lookup.name == host && matches!(lookup.kind.as_str(), "A" | "AAAA")
    };
    for lookup in dns.zone_servers.iter().filter(asked) {
        let (there, ttl) = match &lookup.answer {
            DnsAnswer::Records(_) => (true, None),
            DnsAnswer::NoData { negative_ttl } | DnsAnswer::NoName { negative_ttl } => (false, *negative_ttl),
            DnsAnswer::Failed { .. } | DnsAnswer::None { .. } => continue,
        };
        let known = by_server.entry(&lookup.server).or_insert((false, None));
        known.0 |= there;
        known.1 = known.1.max(ttl);
    }
    let there = by_server.values().filter(|(there, _)| *there).count();
    match there {
        _ if by_server.is_empty() => OwnAnswer::Unknown,
        0 => OwnAnswer::Absent(by_server.values().filter_map(|(_, ttl)| *ttl).max()),
        all if all == by_server.len() => OwnAnswer::There,
        _ => OwnAnswer::Mixed,
    }
}

/// Where CNAMEs lead.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub(crate) struct AliasPath<'a> {
    /// The names from the host on.
    pub(crate) names: Vec<&'a str>,
    /// Whether they lead back.
    pub(crate) circle: bool,
    /// Whether there are more than resolvers follow.
    pub(crate) too_long: bool,
}

impl<'a> AliasPath<'a> {
    /// The last name.
    pub(crate) fn end(&self) -> &'a str {
        self.names.last().copied().unwrap_or_default()
    }

    /// Whether any CNAME is there.
    pub(crate) fn is_alias(&self) -> bool {
        self.names.len() > 1
    }

    /// The first name on the way that `fits`.
    pub(crate) fn find(&self, fits: impl Fn(&str) -> bool) -> Option<&'a str> {
        self.names.iter().copied().find(|name| fits(name))
    }
}

/// The CNAMEs from the host on, as the zone's own servers give them, then resolvers.
pub(crate) fn aliases<'a>(host: &'a str, dns: &'a DnsSeen) -> AliasPath<'a> {
    let mut targets: BTreeMap<&str, &str> = BTreeMap::new();
    let known = dns.zone_servers.iter().filter(|lookup| lookup.authoritative);
    let holds = servers(dns).values().any(|state| *state == ServerState::Holds);
    // A resolver may remember what the zone no longer says of the host itself.
    for record in known.chain(&dns.followed).chain(&dns.resolvers).flat_map(records) {
        if record.kind == "CNAME" && (record.owner != host || !holds || own_alias(host, dns)) {
            targets.entry(&record.owner).or_insert(&record.value);
        }
    }
    let mut path = AliasPath { names: vec![host], ..AliasPath::default() };
    let mut met = BTreeSet::from([host]);
    let mut at = host;
    while let Some(next) = targets.get(at) {
        if !met.insert(next) {
            path.circle = true;
            path.names.push(next);
            break;
        }
        if path.names.len() > MAX_ALIASES {
            path.too_long = true;
            break;
        }
        path.names.push(next);
        at = next;
    }
    path
}

fn own_alias(host: &str, dns: &DnsSeen) -> bool {
    let own = dns.zone_servers.iter().filter(|lookup| lookup.authoritative).flat_map(records);
    own.into_iter().any(|record| record.kind == "CNAME" && record.owner == host)
}

/// Whether a name belongs to API Gateway, CloudFront or a load balancer.
pub(crate) fn is_aws(name: &str) -> bool {
    ["amazonaws.com", "cloudfront.net", "on.aws", "awsglobalaccelerator.com", "elasticbeanstalk.com"]
        .iter()
        .any(|zone| crate::domain::within(name, zone))
}

/// The id of an API, where a name is its own endpoint: `ID.execute-api.REGION.amazonaws.com`. That of a domain name
/// begins with `d-`.
pub(crate) fn api_endpoint(name: &str) -> Option<&str> {
    let (id, rest) = name.split_once('.')?;
    (rest.starts_with("execute-api.") && is_aws(name) && !id.starts_with("d-")).then_some(id)
}

/// What the handshakes on the port of the target came to, with the addresses.
pub(crate) fn handshakes(outside: &OutsideSeen) -> impl Iterator<Item = (&ConnectionSeen, &TlsSeen)> {
    outside
        .connections
        .iter()
        .filter(|seen| seen.port == outside.port)
        .filter_map(|seen| Some((seen, seen.tls.as_ref()?)))
}

/// A record as in a zone file.
pub(crate) fn written(record: &DnsRecordSeen) -> String {
    format!("{} {} {} {}", record.owner, record.ttl, record.kind, record.value)
}

/// An answer in a few words.
pub(crate) fn summed(lookup: &DnsLookup) -> String {
    let said = match &lookup.answer {
        DnsAnswer::Records(records) => {
            let values: Vec<String> =
                records.iter().map(|record| format!("{} {}", record.kind, record.value)).collect();
            values.join(", ")
        }
        DnsAnswer::NoData { .. } => "no such record".to_owned(),
        DnsAnswer::NoName { .. } => "NXDOMAIN".to_owned(),
        DnsAnswer::Failed { code } => code.clone(),
        DnsAnswer::None { why } => why.clone(),
    };
    let unchecked = if lookup.unchecked { " without checking DNSSEC" } else { "" };
    format!("{} {}{unchecked} at {}: {said}", lookup.name, lookup.kind, lookup.server)
}

/// A time of day for a sentence, UTC; with its date where that is another.
pub(crate) fn clock(until: chrono::DateTime<chrono::Utc>, at: chrono::DateTime<chrono::Utc>) -> String {
    let format = if until.date_naive() == at.date_naive() { "%H:%M UTC" } else { "%Y-%m-%d %H:%M UTC" };
    until.format(format).to_string()
}

/// `3 servers`, `1 server`.
pub(crate) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}
