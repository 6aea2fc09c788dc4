//! What is seen, written short, for the tables of the links' tests.

use std::time::Duration;

use account::map::MapSnapshot;
use chrono::{DateTime, TimeZone, Utc};

use crate::hop::{Hop, HopState};
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::inside::InsideSeen;
use crate::seen::outside::{
    CertificateDistrust, CertificateSeen, ConnectProblem, ConnectionSeen, DnsAnswer, DnsLookup, DnsRecordSeen,
    OutsideSeen, ResponseSeen, TlsSeen,
};

/// When all was seen.
pub(crate) fn at() -> DateTime<Utc> {
    Utc.with_ymd_and_hms(2024, 12, 30, 12, 0, 0).unwrap()
}

/// What is seen of `dev.example.one`, whose zone has two servers. Nothing is broken.
pub(crate) fn seen(change: impl FnOnce(&mut OutsideSeen)) -> ChainSeen {
    let target = "d-abc.execute-api.ap-northeast-2.amazonaws.com";
    let mut outside = OutsideSeen { port: 443, http_port: 80, ..OutsideSeen::default() };
    let dns = &mut outside.dns;
    dns.zone = Some("example.one".to_owned());
    dns.parent_servers = vec!["ns1.example.one".to_owned(), "ns2.example.one".to_owned()];
    dns.parent = vec![
        lookup("a.nic.one", "dev.example.one NS", "example.one NS ns1.example.one; example.one NS ns2.example.one"),
        lookup("a.nic.one", "example.one DS", "nodata"),
    ];
    for server in ["ns1.example.one (192.0.2.1)", "ns2.example.one (192.0.2.2)"] {
        dns.zone_servers.extend([
            own(server, "dev.example.one A", &format!("dev.example.one CNAME {target}")),
            own(server, "dev.example.one AAAA", &format!("dev.example.one CNAME {target}")),
            own(server, "example.one SOA", "example.one SOA ns1.example.one admin.example.one 7 3600 600 86400 900"),
            own(server, "example.one NS", "example.one NS ns1.example.one; example.one NS ns2.example.one"),
        ]);
    }
    for resolver in ["1.1.1.1", "8.8.8.8", "9.9.9.9"] {
        let answer = format!("dev.example.one CNAME {target}; {target} A 192.0.2.80");
        dns.resolvers.push(lookup(resolver, "dev.example.one A", &answer));
    }
    dns.caa = vec![lookup("ns1.example.one", "dev.example.one CAA", "nodata")];
    dns.addresses = vec!["192.0.2.80".parse().unwrap()];
    outside.connections = vec![
        connection("192.0.2.80", 443),
        ConnectionSeen { refused: Some(ConnectProblem::Refused), tls: None, ..connection("192.0.2.80", 80) },
    ];
    outside.https = vec![response("https://dev.example.one/", 200, &[("apigw-requestid", "abc")], "{}")];
    change(&mut outside);
    ChainSeen {
        at: at(),
        host: Some("dev.example.one".to_owned()),
        path: "/".to_owned(),
        outside: Some(outside),
        inside: None,
    }
}

/// What an account says that has these snapshots.
pub(crate) fn inside(snapshots: Vec<MapSnapshot>) -> InsideSeen {
    InsideSeen::of(crate::start::ChainStart::of("dev.example.one"), "/", snapshots)
}

/// `"name TYPE"` asked of a server that is not authoritative. The answer is `nodata`, `nxdomain`, a code in capitals,
/// `silent`, or records `owner TYPE value` with `;` between them.
pub(crate) fn lookup(server: &str, question: &str, answer: &str) -> DnsLookup {
    let (name, kind) = question.split_once(' ').unwrap();
    let answer = match answer {
        "nodata" => DnsAnswer::NoData { negative_ttl: Some(900) },
        "nxdomain" => DnsAnswer::NoName { negative_ttl: Some(900) },
        "silent" => DnsAnswer::None { why: "no answer within 2.0 s".to_owned() },
        code if code.bytes().all(|byte| byte.is_ascii_uppercase()) => DnsAnswer::Failed { code: code.to_owned() },
        records => DnsAnswer::Records(records.split("; ").map(record).collect()),
    };
    DnsLookup {
        server: server.to_owned(),
        name: name.to_owned(),
        kind: kind.to_owned(),
        unchecked: false,
        authoritative: false,
        answer,
        took: Duration::from_millis(10),
    }
}

fn record(text: &str) -> DnsRecordSeen {
    let mut words = text.splitn(3, ' ').map(str::to_owned);
    let mut next = || words.next().unwrap();
    DnsRecordSeen { owner: next(), kind: next(), value: next(), ttl: 600 }
}

/// The same of a server that is authoritative.
pub(crate) fn own(server: &str, question: &str, answer: &str) -> DnsLookup {
    DnsLookup { authoritative: true, ..lookup(server, question, answer) }
}

/// What both servers of the zone answer for the host instead.
pub(crate) fn answer_all(outside: &mut OutsideSeen, answer: &str) {
    for seen in outside.dns.zone_servers.iter_mut().filter(|seen| seen.name == "dev.example.one") {
        *seen = DnsLookup {
            authoritative: seen.authoritative,
            ..lookup(&seen.server, &format!("{} {}", seen.name, seen.kind), answer)
        };
    }
}

/// A connection whose handshake presented a certificate for `dev.example.one` that is trusted.
pub(crate) fn connection(address: &str, port: u16) -> ConnectionSeen {
    let took = Duration::from_millis(5);
    ConnectionSeen {
        address: address.parse().unwrap(),
        port,
        refused: None,
        took,
        tls: Some(TlsSeen::Presented {
            chain: vec![certificate(&["*.example.one"], true), authority()],
            distrusted: None,
        }),
        tls_took: Some(took),
    }
}

/// A leaf by Amazon, from 30 days ago, for another 300 days.
pub(crate) fn certificate(names: &[&str], covers_host: bool) -> CertificateSeen {
    CertificateSeen {
        names: names.iter().map(|name| (*name).to_owned()).collect(),
        name_count: names.len(),
        subject: format!("CN={}", names.first().unwrap()),
        issuer: "CN=Amazon RSA 2048 M02,O=Amazon,C=US".to_owned(),
        not_before: at() - chrono::TimeDelta::days(30),
        not_after: at() + chrono::TimeDelta::days(300),
        covers_host,
    }
}

fn authority() -> CertificateSeen {
    CertificateSeen {
        subject: "CN=Amazon RSA 2048 M02,O=Amazon,C=US".to_owned(),
        issuer: "CN=Amazon Root CA 1,O=Amazon,C=US".to_owned(),
        ..certificate(&["-"], false)
    }
}

/// What every handshake presents instead.
pub(crate) fn present(outside: &mut OutsideSeen, leaf: CertificateSeen, distrusted: Option<CertificateDistrust>) {
    shake(outside, &TlsSeen::Presented { chain: vec![leaf, authority()], distrusted });
}

/// What every handshake comes to instead.
pub(crate) fn shake(outside: &mut OutsideSeen, tls: &TlsSeen) {
    for connection in outside.connections.iter_mut().filter(|seen| seen.tls.is_some()) {
        connection.tls = Some(tls.clone());
    }
}

/// An answer.
pub(crate) fn response(url: &str, status: u16, headers: &[(&str, &str)], body: &str) -> ResponseSeen {
    ResponseSeen {
        url: url.to_owned(),
        origin: None,
        status: Some(status),
        headers: headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect(),
        body_start: body.to_owned(),
        problem: None,
        ttfb: Some(Duration::from_millis(20)),
        untrusted: None,
    }
}

/// Judges one link: its state, what its summary says, and what its next step says. Words are looked for, none is
/// nothing to say.
#[track_caller]
pub(crate) fn check(link: Link, seen: &ChainSeen, state: HopState, summary: &str, next_step: &str) -> Hop {
    let hop = link.judge(seen);
    let shown = format!("{link:?}: {hop:#?}");
    assert_eq!(hop.state, state, "{shown}");
    assert!(hop.summary.contains(summary), "no {summary:?} in {shown}");
    assert!(hop.next_step.contains(next_step), "no {next_step:?} in {shown}");
    let is_fault = matches!(state, HopState::Broken | HopState::Waiting);
    assert!(!is_fault || (!hop.summary.is_empty() && !hop.evidence.is_empty()), "a fault has evidence: {shown}");
    assert!(state != HopState::Broken || !hop.next_step.is_empty(), "{shown}");
    hop
}
