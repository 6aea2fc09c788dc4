//! From the roots down to the zone that a host is in, as a resolver walks.

use std::net::IpAddr;
use std::time::Duration;

use chain::domain::{is_ending, registrable, within};
use chain::seen::outside::{DnsAnswer, DnsLookup};
use futures::stream::{FuturesUnordered, StreamExt};
use hickory_proto::rr::RecordType;

use super::client::{DnsClient, DnsExchange, DnsServer, NotAsked};
use super::question::{DnsQuestion, DnsReferral};

/// How long after one server the next is asked too, if none has answered yet.
const STAGGER: Duration = Duration::from_millis(400);
/// The most servers of one zone that the walk asks.
const MAX_TRIED: usize = 3;
/// The most names of servers that are walked to.
const MAX_LOOKED_UP: usize = 2;
/// The most zones between the root and a host.
const MAX_DEPTH: usize = 8;
/// A server of a zone, by the name that the parent gives it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct ZoneServer {
    pub(crate) name: String,
    pub(crate) addresses: Vec<IpAddr>,
}

/// Where the walk ended.
#[derive(Debug, Default)]
pub(crate) struct DnsWalk {
    /// The zone that the host is in; `None` if no registered domain was reached.
    pub(crate) zone: Option<String>,
    /// Its servers.
    pub(crate) servers: Vec<ZoneServer>,
    /// The registered domain: the first zone below an ending such as `com` or `co.uk`.
    pub(crate) registered: Option<String>,
    /// The parent's answers about the zone: NS and DS.
    pub(crate) parent: Vec<DnsLookup>,
    /// Names of its servers that do not exist.
    pub(crate) nameless: Vec<String>,
    /// Servers that were not asked, and why.
    pub(crate) skipped: Vec<String>,
    /// Why the walk ended early.
    pub(crate) problem: Option<String>,
}

/// The walk of one host.
pub(crate) struct DnsWalker<'a> {
    pub(crate) client: &'a DnsClient,
    pub(crate) resolvers: &'a [DnsServer],
}

impl DnsWalker<'_> {
    /// Walks from `roots` to the zone of `host`.
    pub(crate) async fn walk(&self, host: &str, roots: &[IpAddr]) -> DnsWalk {
        self.walk_below(host, roots, true).await
    }

    /// `looks_up`: names of servers that no resolver knows are walked to as well; within such a walk they are not.
    async fn walk_below(&self, host: &str, roots: &[IpAddr], looks_up: bool) -> DnsWalk {
        let mut walk = DnsWalk::default();
        let Some(question) = DnsQuestion::new(host, RecordType::NS) else {
            walk.problem = Some("the host is no name that DNS knows".to_owned());
            return walk;
        };
        let mut zone = ".".to_owned();
        let mut servers: Vec<ZoneServer> =
            roots.iter().map(|address| ZoneServer { name: "root".to_owned(), addresses: vec![*address] }).collect();
        for _ in 0..MAX_DEPTH {
            let exchange = self.first_usable(&servers, &question, &zone, &mut walk.skipped).await;
            let Some((server, exchange)) = exchange else {
                walk.unanswered(&zone, servers);
                return walk;
            };
            let referral = exchange.reply.as_ref().and_then(|reply| reply.referral.clone());
            let Some(referral) = referral else {
                walk.arrived(host, zone, servers, exchange);
                return walk;
            };
            let records = referral.records.clone();
            walk.parent = vec![DnsLookup { answer: DnsAnswer::Records(records), ..exchange.lookup }];
            if walk.registered.is_none() && !is_ending(&referral.zone) {
                walk.registered = Some(referral.zone.clone());
            }
            if !is_ending(&referral.zone) {
                walk.parent.extend(self.delegation_signer(&server, &referral.zone).await);
            }
            servers = self.with_addresses(&referral).await;
            // The servers above are many, and none of them is the owner's.
            if looks_up && !is_ending(&referral.zone) {
                walk.nameless = self.look_up(&mut servers, roots).await;
            }
            for server in servers.iter().filter(|server| server.addresses.is_empty()) {
                walk.skipped.push(format!("{}: the name of this server has no address", server.name));
            }
            zone = referral.zone;
        }
        walk.problem = Some(format!("there are more than {MAX_DEPTH} zones above the host"));
        walk
    }

    async fn delegation_signer(&self, server: &DnsServer, zone: &str) -> Option<DnsLookup> {
        let question = DnsQuestion::new(zone, RecordType::DS)?;
        self.client.ask(server, &question).await.ok().map(|exchange| exchange.lookup)
    }

    /// The servers of a referral. Addresses that did not come along are asked of a resolver, which is one question
    /// each; a walk of its own for each name would use up the questions.
    async fn with_addresses(&self, referral: &DnsReferral) -> Vec<ZoneServer> {
        let named = referral.records.iter().map(|record| async move {
            let name = record.value.clone();
            let mut addresses: Vec<IpAddr> =
                referral.glue.iter().filter(|(server, _)| *server == name).map(|(_, address)| *address).collect();
            if addresses.is_empty() {
                addresses = self.resolved(&name).await;
            }
            // IPv4 first: every machine has it.
            addresses.sort_by_key(IpAddr::is_ipv6);
            ZoneServer { name, addresses }
        });
        futures::future::join_all(named).await
    }

    /// Walks to the names of servers that no resolver knows. Returns those that do not exist.
    async fn look_up(&self, servers: &mut [ZoneServer], roots: &[IpAddr]) -> Vec<String> {
        let mut nameless = Vec::new();
        for server in servers.iter_mut().filter(|server| server.addresses.is_empty()).take(MAX_LOOKED_UP) {
            let walk = Box::pin(self.walk_below(&server.name, roots, false)).await;
            let is_no = |lookup: &DnsLookup| matches!(lookup.answer, DnsAnswer::NoName { .. });
            if walk.zone.is_none() && walk.parent.first().is_some_and(is_no) {
                nameless.push(server.name.clone());
            }
            let holder = walk.servers.iter().find_map(|holder| {
                Some(DnsServer { name: Some(holder.name.clone()), address: *holder.addresses.first()? })
            });
            let question = DnsQuestion::new(&server.name, RecordType::A);
            let (Some(holder), Some(question)) = (holder, question) else { continue };
            if let Ok(exchange) = self.client.ask(&holder, &question).await {
                server.addresses = addresses(&exchange.lookup).collect();
                if exchange.lookup.authoritative && is_no(&exchange.lookup) {
                    nameless.push(server.name.clone());
                }
            }
        }
        nameless
    }

    async fn resolved(&self, name: &str) -> Vec<IpAddr> {
        let Some(question) = DnsQuestion::new(name, RecordType::A) else { return vec![] };
        let question = question.recursive();
        for resolver in self.resolvers.iter().filter(|resolver| !self.client.is_silent(resolver)).take(2) {
            let Ok(exchange) = self.client.ask(resolver, &question).await else { return vec![] };
            match exchange.lookup.answer {
                DnsAnswer::Records(_) => return addresses(&exchange.lookup).collect(),
                DnsAnswer::NoData { .. } | DnsAnswer::NoName { .. } => return vec![],
                DnsAnswer::Failed { .. } | DnsAnswer::None { .. } => {}
            }
        }
        vec![]
    }

    /// The first answer that leads on: a referral downwards, or an answer of a server that holds the zone. The next
    /// server is asked when one does not answer at once, and when one answers with what does not help.
    async fn first_usable(
        &self,
        servers: &[ZoneServer],
        question: &DnsQuestion,
        zone: &str,
        skipped: &mut Vec<String>,
    ) -> Option<(DnsServer, DnsExchange)> {
        let reachable = servers.iter().filter_map(|server| {
            let address = *server.addresses.first()?;
            Some(DnsServer { name: Some(server.name.clone()), address })
        });
        let mut waiting: Vec<DnsServer> = reachable.collect();
        waiting.sort_by_key(|server| server.address.is_ipv6());
        let mut waiting = waiting.into_iter();
        let mut tried = 0;
        let mut under_way = FuturesUnordered::new();
        loop {
            if tried < MAX_TRIED
                && let Some(server) = waiting.next()
            {
                under_way.push(async move { (self.client.ask(&server, question).await, server) });
                tried += 1;
            }
            let done = match tokio::time::timeout(STAGGER, under_way.next()).await {
                Ok(done) => done,
                Err(_) if tried < MAX_TRIED && waiting.len() > 0 => continue,
                Err(_) => under_way.next().await,
            };
            match done {
                Some((Ok(exchange), server)) if leads_on(&exchange, zone) => return Some((server, exchange)),
                Some((Err(NotAsked::NoRoute), server)) => {
                    tried -= 1;
                    skipped.push(format!("{}: this machine has no IPv6 route", server.label()));
                }
                Some(_) => {}
                None if tried < MAX_TRIED && waiting.len() > 0 => {}
                None => return None,
            }
        }
    }
}

/// Whether an answer is a referral to below `zone`, or says what the zone says of the name.
fn leads_on(exchange: &DnsExchange, zone: &str) -> bool {
    let Some(reply) = &exchange.reply else { return false };
    if let Some(referral) = &reply.referral {
        return referral.zone != zone && within(&referral.zone, zone);
    }
    let says = matches!(reply.answer, DnsAnswer::Records(_) | DnsAnswer::NoData { .. } | DnsAnswer::NoName { .. });
    says && reply.authoritative
}

/// The addresses in an answer.
pub(crate) fn addresses(lookup: &DnsLookup) -> impl Iterator<Item = IpAddr> + '_ {
    let records = match &lookup.answer {
        DnsAnswer::Records(records) => records.as_slice(),
        _ => &[],
    };
    records.iter().filter(|record| matches!(record.kind.as_str(), "A" | "AAAA")).filter_map(|r| r.value.parse().ok())
}

impl DnsWalk {
    /// The domain whose registration may be asked for: also where the zone above no longer has it, as registries take
    /// suspended domains out.
    pub(crate) fn registered_domain(&self, host: &str) -> Option<String> {
        let is_absent =
            |lookup: &DnsLookup| matches!(lookup.answer, DnsAnswer::NoName { .. } | DnsAnswer::NoData { .. });
        let is_gone = self.zone.is_none() && self.parent.first().is_some_and(is_absent);
        self.registered.clone().or_else(|| is_gone.then(|| registrable(host).to_owned()))
    }

    /// No server of `zone` answered with anything that leads on.
    fn unanswered(&mut self, zone: &str, servers: Vec<ZoneServer>) {
        if zone == "." {
            self.problem = Some("none of the root servers that were asked answers".to_owned());
        } else if is_ending(zone) {
            self.problem = Some(format!("none of the servers of `{zone}` that were asked answers"));
        } else {
            self.zone = Some(zone.to_owned());
            self.servers = servers;
        }
    }

    /// A server answered for the host itself.
    fn arrived(&mut self, host: &str, zone: String, servers: Vec<ZoneServer>, exchange: DnsExchange) {
        let reply = exchange.reply.as_ref();
        // The same servers may hold the zone above and the one below. Then no referral comes, but the SOA or the NS
        // records say whose answer it is.
        let apex = matches!(&exchange.lookup.answer,
            DnsAnswer::Records(records) if records.iter().any(|r| r.kind == "NS" && r.owner == host));
        let below = match reply.and_then(|reply| reply.soa.clone()) {
            _ if apex => host.to_owned(),
            Some(soa) if within(&soa, &zone) && within(host, &soa) => soa,
            _ => zone.clone(),
        };
        let below = match exchange.lookup.answer {
            // A server that knows the host and no zone of it: one that holds all in one, as small laboratories have it.
            DnsAnswer::NoData { .. } | DnsAnswer::Records(_) if is_ending(&below) || below == "." => {
                registrable(host).to_owned()
            }
            _ => below,
        };
        if is_ending(&below) || below == "." {
            // The zone above knows nothing of the domain.
            self.parent = vec![exchange.lookup];
            return;
        }
        if below != zone {
            self.parent = vec![exchange.lookup];
            self.registered.get_or_insert_with(|| below.clone());
        }
        self.zone = Some(below);
        self.servers = servers;
    }
}
