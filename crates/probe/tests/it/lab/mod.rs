//! A small internet: a root, endings, zones, resolvers, and what listens at the addresses. All of it is at loopback
//! addresses of one prefix, DNS on one port.

pub(crate) mod certificates;
pub(crate) mod names;
pub(crate) mod web;
pub(crate) mod wire;

use std::net::{IpAddr, Ipv4Addr};
use std::sync::atomic::{AtomicU8, AtomicUsize, Ordering};

use chain::seen::ChainSeen;
use chain::seen::outside::OutsideSeen;
use chain::target::ChainTarget;
use chain::{ChainVerdict, HopState, Link};
use chrono::{DateTime, Utc};
use probe::{ProbeOptions, ProbeSettings, Prober};

use certificates::Authority;
use names::{NameServer, Zone};
use web::{Web, WebServer};

/// The endpoint that API Gateway gives a custom domain name.
pub(crate) const GATEWAY: &str = "d-abc.execute-api.ap-northeast-2.amazonaws.com";
/// The address of the gateway in the lab: the last part of it.
pub(crate) const GATEWAY_AT: u8 = 80;

static LABS: AtomicU8 = AtomicU8::new(1);

/// How many faults were named as they should be.
pub(crate) static NAMED: AtomicUsize = AtomicUsize::new(0);

/// The small internet before it runs. Addresses are their last part.
pub(crate) struct Lab {
    prefix: u8,
    pub(crate) target: String,
    pub(crate) servers: Vec<(u8, NameServer)>,
    pub(crate) roots: Vec<u8>,
    pub(crate) resolvers: Vec<u8>,
    pub(crate) web: Vec<(u8, Web)>,
    pub(crate) plain: Vec<(u8, Web)>,
    pub(crate) rdap: Option<u8>,
    pub(crate) authority: Authority,
}

impl Lab {
    /// `dev.example.one` is a CNAME of an endpoint of API Gateway. All is well.
    pub(crate) fn well() -> Self {
        let authority = Authority::new();
        let leaf = authority.leaf(&["dev.example.one", "*.example.one"]);
        let gateway =
            Web::tls(leaf, web::json(200, "x-amzn-requestid: 4f3\r\napigw-requestid: Qx1\r\n", "{\"ok\":true}"));
        let mut lab = Self {
            prefix: LABS.fetch_add(1, Ordering::Relaxed),
            target: "https://dev.example.one/".to_owned(),
            servers: vec![],
            roots: vec![1],
            resolvers: vec![51, 52, 53],
            web: vec![(GATEWAY_AT, gateway)],
            plain: vec![],
            rdap: None,
            authority,
        };
        lab.servers.push((
            1,
            NameServer::of(vec![Zone::new(
                ".",
                &[
                    "one 172800 NS a.nic.one",
                    "a.nic.one 172800 A @2",
                    "com 172800 NS a.gtld.com",
                    "a.gtld.com 172800 A @5",
                ],
            )]),
        ));
        lab.servers.push((
            2,
            NameServer::of(vec![Zone::new(
                "one",
                &[
                    "example.one 3600 NS ns1.example.one",
                    "example.one 3600 NS ns2.example.one",
                    "ns1.example.one 3600 A @3",
                    "ns2.example.one 3600 A @4",
                ],
            )]),
        ));
        for server in [3, 4] {
            lab.servers.push((server, NameServer::of(vec![lab.zone()])));
        }
        lab.servers.push((
            5,
            NameServer::of(vec![Zone::new(
                "com",
                &["amazonaws.com 3600 NS ns.amazonaws.com", "ns.amazonaws.com 3600 A @6"],
            )]),
        ));
        lab.servers
            .push((6, NameServer::of(vec![Zone::new("amazonaws.com", &[&format!("{GATEWAY} 60 A @{GATEWAY_AT}")])])));
        for resolver in [51, 52, 53] {
            lab.servers.push((resolver, NameServer::resolver(lab.known())));
        }
        lab
    }

    /// The zone of the host.
    pub(crate) fn zone(&self) -> Zone {
        Zone::new(
            "example.one",
            &[
                "example.one 3600 NS ns1.example.one",
                "example.one 3600 NS ns2.example.one",
                "ns1.example.one 3600 A @3",
                "ns2.example.one 3600 A @4",
                &format!("dev.example.one 600 CNAME {GATEWAY}"),
            ],
        )
    }

    /// What resolvers know.
    pub(crate) fn known(&self) -> Zone {
        Zone::new(".", &[&format!("dev.example.one 600 CNAME {GATEWAY}"), &format!("{GATEWAY} 60 A @{GATEWAY_AT}")])
    }

    /// Changes a name server.
    pub(crate) fn server(&mut self, at: u8) -> &mut NameServer {
        &mut self.servers.iter_mut().find(|(address, _)| *address == at).unwrap().1
    }

    /// Both servers of the zone and all resolvers give these records of the host and its targets instead.
    pub(crate) fn records(&mut self, records: &[&str]) {
        for at in [3, 4] {
            let zone = &mut self.server(at).zones[0];
            zone.remove("dev.example.one");
            records.iter().for_each(|record| zone.add(record));
        }
        for at in [51, 52, 53] {
            let zone = &mut self.server(at).zones[0];
            zone.remove("dev.example.one");
            records.iter().for_each(|record| zone.add(record));
        }
    }

    /// What is served at the gateway's address instead.
    pub(crate) fn gateway(&mut self, web: Web) {
        self.web = vec![(GATEWAY_AT, web)];
    }

    pub(crate) fn ip(&self, last: u8) -> Ipv4Addr {
        Ipv4Addr::new(127, 77, self.prefix, last)
    }

    /// Starts all servers, asks, and judges.
    pub(crate) async fn ask(&self) -> Seen {
        self.ask_in_full(true).await
    }

    /// Starts all servers, asks in full or briefly, and judges.
    pub(crate) async fn ask_in_full(&self, in_full: bool) -> Seen {
        let start = tokio::time::Instant::now();
        let dns = wire::start(self).await;
        let web = WebServer::start(self.web.iter().map(|(at, web)| (self.ip(*at), web.clone())).collect()).await;
        let plain = WebServer::start(self.plain.iter().map(|(at, web)| (self.ip(*at), web.clone())).collect()).await;
        let rdap = self.rdap.map(|at| format!("http://{}:{}/rdap/", self.ip(at), plain.port).parse().unwrap());
        let settings = ProbeSettings {
            resolvers: self.resolvers.iter().map(|at| IpAddr::V4(self.ip(*at))).collect(),
            roots: self.roots.iter().map(|at| IpAddr::V4(self.ip(*at))).collect(),
            port: dns.port,
            rdap,
        };
        let mut target = ChainTarget::parse(&self.target).unwrap().url().clone();
        target.set_port(Some(web.port)).unwrap();
        let target = ChainTarget::parse(target.as_str()).unwrap();
        let options = ProbeOptions { http_port: plain.port, ..ProbeOptions::default() };
        let started = start.elapsed();
        let prober = Prober::new(settings, self.authority.trust());
        let outside = match in_full {
            true => prober.outside(&target, &options).await,
            false => prober.brief(&target, &options).await,
        };
        let took = start.elapsed() - started;
        let seen = ChainSeen {
            at: now(),
            host: Some(target.host_text().to_owned()),
            path: target.path().to_owned(),
            outside: Some(outside),
            inside: None,
        };
        let hops = chain::hops(&seen);
        let verdict = chain::verdict(&hops);
        let seconds = took.as_secs_f64();
        Seen { outside: seen.outside.unwrap(), verdict, seconds, asked: dns.asked() }
    }

    /// Asks, and expects this verdict. Returns what was seen for more.
    #[track_caller]
    pub(crate) fn expect(&self, link: Link, state: HopState, summary: &str, next_step: &str) -> Seen {
        let seen = run(self.ask());
        let hop = seen.verdict.hop.clone().unwrap_or_else(|| panic!("nothing is named: {:#?}", seen.outside));
        let shown = format!("{hop:#?}\n{:#?}", seen.outside.dns);
        assert_eq!((hop.link, hop.state), (link, state), "{shown}");
        assert!(hop.summary.contains(summary), "no {summary:?} in {hop:#?}");
        assert!(hop.next_step.contains(next_step), "no {next_step:?} in {hop:#?}");
        assert!(!hop.evidence.is_empty(), "{hop:#?}");
        seen.within_limits();
        NAMED.fetch_add(1, Ordering::Relaxed);
        seen
    }
}

/// What a run saw.
pub(crate) struct Seen {
    pub(crate) outside: OutsideSeen,
    pub(crate) verdict: ChainVerdict,
    pub(crate) seconds: f64,
    /// Questions as the servers counted them.
    pub(crate) asked: usize,
}

impl Seen {
    /// The limits hold for every run.
    #[track_caller]
    pub(crate) fn within_limits(&self) {
        let counted = usize::try_from(self.outside.dns.questions).unwrap();
        assert!(counted <= 40 && self.asked <= counted, "{} questions sent, {counted} counted", self.asked);
        assert!(self.seconds < 15.0, "{} s", self.seconds);
    }
}

/// The time by which certificates are judged: rustls reads the same clock.
pub(crate) fn now() -> DateTime<Utc> {
    std::time::SystemTime::now().into()
}

pub(crate) fn run<T>(future: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(future)
}
