//! DNS of a host, asked of three: the zone above, the zone's own servers, and resolvers.

mod client;
mod private;
pub mod question;
mod walk;

use std::collections::{BTreeMap, BTreeSet};
use std::net::IpAddr;
use std::time::Duration;

use chain::domain::within;
use chain::seen::outside::{DnsAnswer, DnsLookup, DnsRecordSeen, DnsSeen};
use futures::future::join_all;
use hickory_proto::rr::RecordType;
use tokio::time::Instant;

pub use client::MAX_QUESTIONS;
use client::{DnsClient, DnsServer, NotAsked};
use question::DnsQuestion;
use walk::{DnsWalk, DnsWalker, addresses};

use crate::settings::{OwnServers, ProbeSettings};

/// How long all of DNS may take.
const MAX_TIME: Duration = Duration::from_secs(5);
/// The most questions to the zone's own servers: four servers with four questions each, and some more.
const MAX_ZONE_QUESTIONS: usize = 20;
/// The most questions to resolvers, without those that repeat a SERVFAIL.
const MAX_RESOLVER_QUESTIONS: usize = 8;
/// The most CNAMEs that are followed.
const MAX_ALIASES: usize = 8;
/// The most names that CAA is asked of.
const MAX_CAA: usize = 4;
/// The most further names that are asked of the zone.
const MAX_FURTHER: usize = 3;

/// What DNS says, and what only the rest of the probe needs.
#[derive(Debug, Default)]
pub(crate) struct DnsFindings {
    pub(crate) seen: DnsSeen,
    /// The registered domain that the host is in.
    pub(crate) registered: Option<String>,
}

/// Asks DNS about hosts, within one count of questions.
pub(crate) struct DnsProbe {
    client: DnsClient,
    resolvers: Vec<DnsServer>,
    roots: Vec<IpAddr>,
    /// Which of the two a split network has named itself.
    own: OwnServers,
    start: Instant,
}

impl DnsProbe {
    pub(crate) fn new(settings: &ProbeSettings) -> Self {
        let start = Instant::now();
        let server = |address: &IpAddr| DnsServer { name: None, address: *address };
        Self {
            client: DnsClient::new(settings.port, start + MAX_TIME),
            resolvers: settings.resolvers.iter().map(server).collect(),
            roots: settings.roots.clone(),
            own: settings.own_servers(),
            start,
        }
    }

    /// How many questions were sent.
    pub(crate) fn questions(&self) -> u32 {
        self.client.sent()
    }

    /// All that DNS says of `host`; `further` are names in its zone whose CNAME is asked of the zone's own servers.
    pub(crate) async fn host(&self, host: &str, further: &[String]) -> DnsFindings {
        if let Some(ending) = self.private(host) {
            return self.private_host(host, ending).await;
        }
        let walker = DnsWalker { client: &self.client, resolvers: &self.resolvers };
        let (walk, resolvers) = tokio::join!(walker.walk(host, &self.roots), self.ask_resolvers(host));
        let mut findings = DnsFindings { registered: walk.registered_domain(host), ..DnsFindings::default() };
        let dns = &mut findings.seen;
        dns.skipped.extend(walk.skipped.iter().cloned());
        self.ask_zone(host, &walk, dns).await;
        dns.resolvers = resolvers;
        let (caa, further, followed) = tokio::join!(
            self.ask_caa(host, &walk, dns),
            self.ask_further(further, dns),
            self.follow(host, &walker, dns)
        );
        (dns.caa, dns.further, dns.followed) = (caa, further, followed);
        dns.addresses = addresses_of(dns);
        dns.parent_servers = walk.servers.iter().map(|server| server.name.clone()).collect();
        dns.parent_servers.sort();
        (dns.zone, dns.parent, dns.problem) = (walk.zone, walk.parent, walk.problem);
        dns.nameless = walk.nameless;
        let left_out = self.client.left_out();
        if left_out > 0 && dns.problem.is_none() {
            dns.problem = Some(format!(
                "{left_out} questions were left out: a run asks at most {MAX_QUESTIONS} and takes at most {} s",
                MAX_TIME.as_secs()
            ));
        }
        dns.skipped.sort();
        dns.skipped.dedup();
        dns.questions = self.client.sent();
        dns.took = Some(self.start.elapsed());
        findings
    }

    /// What the first resolver that answers says of `host`.
    pub(crate) async fn brief(&self, host: &str) -> DnsFindings {
        if let Some(ending) = self.private(host) {
            return self.private_host(host, ending).await;
        }
        let (v4, v6) = tokio::join!(self.ask_resolver(host, RecordType::A), self.ask_resolver(host, RecordType::AAAA));
        let mut findings = DnsFindings::default();
        let dns = &mut findings.seen;
        dns.resolvers = [v4, v6].into_iter().flatten().collect();
        let found: BTreeSet<IpAddr> = dns.resolvers.iter().flat_map(addresses).collect();
        dns.addresses = found.into_iter().collect();
        dns.questions = self.client.sent();
        dns.took = Some(self.start.elapsed());
        findings
    }

    /// The addresses of another host, by the first resolver that knows.
    pub(crate) async fn addresses(&self, host: &str) -> Vec<IpAddr> {
        let mut found = Vec::new();
        for kind in [RecordType::A, RecordType::AAAA] {
            let Some(lookup) = self.ask_resolver(host, kind).await else { continue };
            found.extend(addresses(&lookup));
            if !found.is_empty() {
                break;
            }
        }
        found
    }

    async fn ask_resolver(&self, name: &str, kind: RecordType) -> Option<DnsLookup> {
        let question = DnsQuestion::new(name, kind)?.recursive();
        let mut last = None;
        for resolver in self.resolvers.iter().filter(|resolver| !self.client.is_silent(resolver)).take(2) {
            let exchange = self.client.ask(resolver, &question).await.ok()?;
            let says = !matches!(exchange.lookup.answer, DnsAnswer::None { .. } | DnsAnswer::Failed { .. });
            last = Some(exchange.lookup);
            if says {
                break;
            }
        }
        last
    }

    async fn ask_resolvers(&self, host: &str) -> Vec<DnsLookup> {
        let pairs = [RecordType::A, RecordType::AAAA].into_iter();
        let pairs = pairs.flat_map(|kind| self.resolvers.iter().map(move |resolver| (kind, resolver)));
        let asked = pairs.take(MAX_RESOLVER_QUESTIONS).map(|(kind, resolver)| async move {
            let question = DnsQuestion::new(host, kind)?.recursive();
            let first = self.client.ask(resolver, &question).await.ok()?.lookup;
            let failed = matches!(&first.answer, DnsAnswer::Failed { code } if code == "SERVFAIL");
            // A resolver that checks DNSSEC answers SERVFAIL where the check fails, and the records with CD=1.
            let again = match failed && kind == RecordType::A {
                true => self.client.ask(resolver, &question.unchecked()).await.ok().map(|exchange| exchange.lookup),
                false => None,
            };
            Some([Some(first), again])
        });
        join_all(asked).await.into_iter().flatten().flatten().flatten().collect()
    }

    /// Each server of the zone, for the host and for the zone itself.
    async fn ask_zone(&self, host: &str, walk: &DnsWalk, dns: &mut DnsSeen) {
        let Some(zone) = &walk.zone else { return };
        let servers: Vec<DnsServer> = walk
            .servers
            .iter()
            .filter_map(|server| {
                Some(DnsServer { name: Some(server.name.clone()), address: *server.addresses.first()? })
            })
            .collect();
        let has_ds = walk.parent.iter().any(|lookup| {
            lookup.kind == "DS" && matches!(&lookup.answer, DnsAnswer::Records(records) if !records.is_empty())
        });
        let mut questions = Vec::new();
        if has_ds {
            questions.extend(servers.first().map(|server| (server, zone.as_str(), RecordType::DNSKEY)));
        }
        for (name, kind) in [
            (host, RecordType::A),
            (zone.as_str(), RecordType::SOA),
            (zone.as_str(), RecordType::NS),
            (host, RecordType::AAAA),
        ] {
            questions.extend(servers.iter().map(|server| (server, name, kind)));
        }
        let asked = questions.len().min(MAX_ZONE_QUESTIONS);
        if asked < questions.len() {
            let left_out = questions.len() - asked;
            dns.skipped.push(format!(
                "{left_out} questions to the {} servers of `{zone}`: at most {MAX_ZONE_QUESTIONS} are asked",
                servers.len()
            ));
        }
        let asked = questions.into_iter().take(asked).map(|(server, name, kind)| async move {
            let question = DnsQuestion::new(name, kind)?;
            Some((server, self.client.ask(server, &question).await))
        });
        for (server, exchange) in join_all(asked).await.into_iter().flatten() {
            match exchange {
                Ok(exchange) => dns.zone_servers.push(exchange.lookup),
                Err(NotAsked::NoRoute) => {
                    dns.skipped.push(format!("{}: this machine has no IPv6 route", server.label()));
                }
                Err(NotAsked::NoneLeft) => {}
            }
        }
    }

    /// A server of the zone that answers for it.
    fn working(dns: &DnsSeen) -> Option<DnsServer> {
        let answers = |lookup: &&DnsLookup| {
            lookup.authoritative && !matches!(lookup.answer, DnsAnswer::Failed { .. } | DnsAnswer::None { .. })
        };
        server_of(dns.zone_servers.iter().find(answers)?)
    }

    /// CAA of the host and of each name above it, as a certificate authority looks for it: of the zone's own servers
    /// within the zone, of a resolver above. The first name with records decides, so none is asked after it.
    async fn ask_caa(&self, host: &str, walk: &DnsWalk, dns: &DnsSeen) -> Vec<DnsLookup> {
        let Some(zone) = &walk.zone else { return vec![] };
        let top = walk.registered.as_deref().unwrap_or(zone);
        let server = Self::working(dns);
        let names = std::iter::successors(Some(host), |name| name.split_once('.').map(|(_, above)| above));
        let names: Vec<&str> = names.take_while(|name| within(name, top)).take(MAX_CAA).collect();
        let asked = names.into_iter().map(|name| {
            let server = server.clone();
            async move {
                match server.filter(|_| within(name, zone)) {
                    Some(server) => {
                        let question = DnsQuestion::new(name, RecordType::CAA)?;
                        self.client.ask(&server, &question).await.ok().map(|exchange| exchange.lookup)
                    }
                    None => self.ask_resolver(name, RecordType::CAA).await,
                }
            }
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    async fn ask_further(&self, names: &[String], dns: &DnsSeen) -> Vec<DnsLookup> {
        let Some(server) = Self::working(dns) else { return vec![] };
        let asked = names.iter().take(MAX_FURTHER).map(|name| {
            let server = server.clone();
            async move {
                let question = DnsQuestion::new(name, RecordType::CNAME)?;
                self.client.ask(&server, &question).await.ok().map(|exchange| exchange.lookup)
            }
        });
        join_all(asked).await.into_iter().flatten().collect()
    }

    /// Where the zone's CNAME leads, until there are addresses: of the zone's own servers within the zone, of a
    /// resolver elsewhere, and by a walk of its own where no resolver answers.
    async fn follow(&self, host: &str, walker: &DnsWalker<'_>, dns: &DnsSeen) -> Vec<DnsLookup> {
        let mut followed: Vec<DnsLookup> = Vec::new();
        let mut met = BTreeSet::new();
        let known: Vec<DnsLookup> = dns.zone_servers.iter().chain(&dns.resolvers).cloned().collect();
        for _ in 0..MAX_ALIASES {
            let all: Vec<&DnsLookup> = known.iter().chain(&followed).collect();
            let end = end_of_aliases(host, &all);
            let has_addresses = all.iter().any(|lookup| {
                records(lookup).any(|record| record.owner == end && matches!(record.kind.as_str(), "A" | "AAAA"))
            });
            if end == host || has_addresses || !met.insert(end.clone()) {
                break;
            }
            let asked: Vec<DnsLookup> = self.ask_target(&end, walker, dns).await;
            if asked.is_empty() {
                break;
            }
            followed.extend(asked);
        }
        followed
    }

    async fn ask_target(&self, name: &str, walker: &DnsWalker<'_>, dns: &DnsSeen) -> Vec<DnsLookup> {
        let own =
            Self::working(dns).filter(|_| dns.zone_servers.iter().any(|l| l.kind == "SOA" && within(name, &l.name)));
        if let Some(server) = own {
            return self.ask_both(&server, name).await;
        }
        let by_resolver =
            tokio::join!(self.ask_resolver(name, RecordType::A), self.ask_resolver(name, RecordType::AAAA));
        let found: Vec<DnsLookup> = [by_resolver.0, by_resolver.1].into_iter().flatten().collect();
        if found.iter().any(|lookup| !matches!(lookup.answer, DnsAnswer::None { .. } | DnsAnswer::Failed { .. })) {
            return found;
        }
        let walk = walker.walk(name, &self.roots).await;
        let server = walk.servers.iter().find_map(|server| {
            Some(DnsServer { name: Some(server.name.clone()), address: *server.addresses.first()? })
        });
        match server {
            Some(server) => self.ask_both(&server, name).await,
            None => found,
        }
    }

    async fn ask_both(&self, server: &DnsServer, name: &str) -> Vec<DnsLookup> {
        let asked = [RecordType::A, RecordType::AAAA].into_iter().map(|kind| async move {
            let question = DnsQuestion::new(name, kind)?;
            self.client.ask(server, &question).await.ok().map(|exchange| exchange.lookup)
        });
        join_all(asked).await.into_iter().flatten().collect()
    }
}

/// The server of a lookup again.
fn server_of(lookup: &DnsLookup) -> Option<DnsServer> {
    let (name, address) = lookup.server.split_once(" (")?;
    Some(DnsServer { name: Some(name.to_owned()), address: address.strip_suffix(')')?.parse().ok()? })
}

fn records(lookup: &DnsLookup) -> impl Iterator<Item = &chain::seen::outside::DnsRecordSeen> {
    match &lookup.answer {
        DnsAnswer::Records(records) => records.iter(),
        _ => [].iter(),
    }
}

/// The last name that the CNAMEs lead to; within a circle, one of its names.
fn end_of_aliases(host: &str, lookups: &[&DnsLookup]) -> String {
    let mut aliases: BTreeMap<&str, &str> = BTreeMap::new();
    for record in lookups.iter().flat_map(|lookup| records(lookup)).filter(|record| record.kind == "CNAME") {
        // The zone's own servers come first and are believed first.
        aliases.entry(&record.owner).or_insert(&record.value);
    }
    let mut met = BTreeSet::from([host]);
    let mut at = host;
    while let Some(next) = aliases.get(at) {
        at = next;
        if !met.insert(at) {
            break;
        }
    }
    at.to_owned()
}

/// The addresses at the end of the zone's own CNAMEs; those of the resolvers where the zone names none.
fn addresses_of(dns: &DnsSeen) -> Vec<IpAddr> {
    let own = dns.zone_servers.iter().filter(|lookup| lookup.authoritative).chain(&dns.followed).flat_map(addresses);
    let mut found: BTreeSet<IpAddr> = own.collect();
    let is_alias = |record: &&DnsRecordSeen| record.kind == "CNAME";
    let aliases: BTreeSet<&str> =
        dns.zone_servers.iter().flat_map(records).filter(is_alias).map(|record| record.value.as_str()).collect();
    // A resolver that still remembers another target gives the addresses of before.
    let is_same =
        |lookup: &&DnsLookup| records(lookup).filter(is_alias).any(|record| aliases.contains(record.value.as_str()));
    found.extend(dns.resolvers.iter().filter(is_same).flat_map(addresses));
    if found.is_empty() {
        found.extend(dns.resolvers.iter().flat_map(addresses));
    }
    found.into_iter().collect()
}
