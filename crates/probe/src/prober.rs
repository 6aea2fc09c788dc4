//! One run: DNS, then every address, then the pages.

use std::net::IpAddr;

use chain::seen::outside::{ConnectionSeen, OutsideSeen, RegistrationSeen, ResponseSeen};
use chain::target::{ChainTarget, TargetHost};
use futures::future::join_all;
use rustls::pki_types::ServerName;
use tls::ServerTrust;
use tokio::time::Instant;
use url::Url;

use crate::connection::{self, ByteStream};
use crate::dns::{DnsFindings, DnsProbe};
use crate::pages::{MAX_TIME, PageProbe};
use crate::registration;
use crate::request::AskedPage;
use crate::settings::ProbeSettings;

/// The most addresses of a host that are connected.
const MAX_ADDRESSES: usize = 8;

/// The origin of a page elsewhere: browsers send none to the page's own host (RFC 6761 keeps the name free).
const FOREIGN_ORIGIN: &str = "https://origin.invalid";

/// What a run asks beside what every run asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProbeOptions {
    /// Names in the zone of the host whose CNAME is asked of the zone's own servers: validation records.
    pub further: Vec<String>,
    /// The `Origin` that a browser would send. Without it one that no page has.
    pub origin: Option<String>,
    /// The port of plain HTTP, 80 but for tests.
    pub http_port: u16,
}

impl Default for ProbeOptions {
    fn default() -> Self {
        Self { further: vec![], origin: None, http_port: 80 }
    }
}

/// Looks at hosts as a stranger does. It only asks: DNS, connections, and GET.
#[derive(Debug, Clone)]
pub struct Prober {
    settings: ProbeSettings,
    trust: ServerTrust,
}

impl Prober {
    /// A prober that asks these servers and trusts what `trust` does: [`tls::trust`] in the program.
    pub fn new(settings: ProbeSettings, trust: ServerTrust) -> Self {
        Self { settings, trust }
    }

    /// All that a stranger sees of a target. It takes less than 15 s and asks at most
    /// [`MAX_QUESTIONS`](crate::MAX_QUESTIONS) of DNS, and never fails: what did not answer is part of what is seen.
    pub async fn outside(&self, target: &ChainTarget, options: &ProbeOptions) -> OutsideSeen {
        self.seen(target, options, false).await
    }

    /// What is seen without walking down from the roots: the addresses by one resolver, the connections, the certificate
    /// and the page. It is what to ask every minute; where it finds something, [`Prober::outside`] finds why.
    pub async fn brief(&self, target: &ChainTarget, options: &ProbeOptions) -> OutsideSeen {
        self.seen(target, options, true).await
    }

    async fn seen(&self, target: &ChainTarget, options: &ProbeOptions, is_brief: bool) -> OutsideSeen {
        let dns = DnsProbe::new(&self.settings);
        let findings = match target.host() {
            TargetHost::Name(name) if is_brief => dns.brief(name).await,
            // The walk is large, and a brief run should not have room for it.
            TargetHost::Name(name) => Box::pin(dns.host(name, &options.further)).await,
            TargetHost::Address(address) => {
                let mut findings = DnsFindings::default();
                findings.seen.addresses = vec![*address];
                findings
            }
        };
        let mut seen = OutsideSeen {
            port: target.port(),
            http_port: options.http_port,
            dns: findings.seen,
            ..OutsideSeen::default()
        };
        let addresses = self.usable(&mut seen);
        let plain_port = Some(options.http_port).filter(|port| *port != target.port() && !is_brief);
        let (connections, open) = self.connect(target, plain_port, &addresses).await;
        seen.connections = connections;
        let connected = in_order(&addresses, &seen.connections, target.port());
        let pages = PageProbe {
            dns: &dns,
            trust: &self.trust,
            host: target.host_text(),
            addresses: &connected,
            deadline: Instant::now() + MAX_TIME,
        };
        let registration = self.registration(&pages, findings.registered.as_deref());
        // Where no handshake succeeded, no page can be asked for; and a brief run asks for one page alone.
        let can_ask = open.is_some() && !is_brief;
        let (https, with_origin, http, registration) = tokio::join!(
            page(&pages, target, open),
            with_origin(&pages, target, options, can_ask),
            plain(&pages, target, options, &seen.connections),
            registration
        );
        (seen.https, seen.https_with_origin, seen.http, seen.registration) = (https, with_origin, http, registration);
        seen.dns.questions = dns.questions();
        seen
    }

    /// The addresses to connect, and a note of those that are too many.
    fn usable(&self, seen: &mut OutsideSeen) -> Vec<IpAddr> {
        let all = &seen.dns.addresses;
        if let Some(more) = all.len().checked_sub(MAX_ADDRESSES).filter(|more| *more > 0) {
            seen.dns.skipped.push(format!("{more} of {} addresses: at most {MAX_ADDRESSES} are connected", all.len()));
        }
        all.iter().copied().take(MAX_ADDRESSES).collect()
    }

    /// Every address on the port of the target and on that of plain HTTP; the first stream that a request can be
    /// written to stays open.
    async fn connect(
        &self,
        target: &ChainTarget,
        plain_port: Option<u16>,
        addresses: &[IpAddr],
    ) -> (Vec<ConnectionSeen>, Option<Box<dyn ByteStream>>) {
        let name = match target.host() {
            TargetHost::Name(name) => ServerName::try_from(name.clone()).ok(),
            TargetHost::Address(address) => Some((*address).into()),
        };
        let name = name.filter(|_| target.is_https());
        let own = addresses.iter().map(|address| (*address, target.port(), name.as_ref()));
        let plain = addresses.iter().filter_map(|address| Some((*address, plain_port?, None)));
        let all: Vec<(IpAddr, u16, Option<&ServerName<'static>>)> = own.chain(plain).collect();
        let opened = all.iter().map(|(address, port, name)| connection::open(*address, *port, *name, &self.trust));
        let (mut seen, mut first) = (Vec::new(), None);
        for (connection, stream) in join_all(opened).await {
            if first.is_none() && connection.port == target.port() {
                first = stream;
            }
            seen.push(connection);
        }
        (seen, first)
    }

    async fn registration(&self, pages: &PageProbe<'_>, domain: Option<&str>) -> Option<RegistrationSeen> {
        let domain = domain?;
        let url = registration::address(self.settings.rdap.as_ref()?, domain)?;
        let asked = AskedPage { max_body: registration::MAX_ANSWER, ..AskedPage::new(&url, None, pages.deadline) };
        registration::read(domain, &pages.ask(&asked).await.body)
    }
}

/// Those addresses first that took a connection on this port.
fn in_order(addresses: &[IpAddr], connections: &[ConnectionSeen], port: u16) -> Vec<IpAddr> {
    let took = |address: &IpAddr| {
        connections.iter().any(|seen| seen.address == *address && seen.port == port && seen.refused.is_none())
    };
    let mut ordered = addresses.to_vec();
    ordered.sort_by_key(|address| !took(address));
    ordered
}

async fn page(pages: &PageProbe<'_>, target: &ChainTarget, open: Option<Box<dyn ByteStream>>) -> Vec<ResponseSeen> {
    match open {
        Some(stream) => pages.with_redirects(target.url(), Some(stream)).await,
        None => vec![],
    }
}

async fn with_origin(
    pages: &PageProbe<'_>,
    target: &ChainTarget,
    options: &ProbeOptions,
    can_ask: bool,
) -> Option<ResponseSeen> {
    if !can_ask {
        return None;
    }
    let origin = options.origin.as_deref().unwrap_or(FOREIGN_ORIGIN);
    Some(pages.page(target.url(), Some(origin), None).await.seen)
}

async fn plain(
    pages: &PageProbe<'_>,
    target: &ChainTarget,
    options: &ProbeOptions,
    connections: &[ConnectionSeen],
) -> Option<ResponseSeen> {
    let listens = |seen: &&ConnectionSeen| seen.port == options.http_port && seen.refused.is_none();
    connections.iter().find(listens).filter(|_| target.is_https())?;
    let mut url: Url = target.url().clone();
    url.set_scheme("http").ok()?;
    url.set_port(Some(options.http_port)).ok()?;
    Some(pages.page(&url, None, None).await.seen)
}
