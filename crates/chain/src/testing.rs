//! Builders of small accounts and answers, for the tests of links.

use std::collections::BTreeMap;
use std::time::Duration;

use account::map::{MapKind, MapResource, MapSnapshot};
use chrono::{DateTime, Utc};

use crate::hop::Hop;
use crate::link::Link;
use crate::seen::ChainSeen;
use crate::seen::inside::InsideSeen;
use crate::seen::outside::{DnsAnswer, DnsLookup, DnsRecordSeen, OutsideSeen, ResponseSeen};
use crate::start::ChainStart;

/// A resource with settings.
pub(crate) fn resource(id: &str, settings: &[(&str, &str)]) -> Part {
    let mut one = MapResource::new(id);
    settings.iter().for_each(|(name, text)| one.set(name, *text));
    Part(one)
}

/// A resource that may be a part of another one.
#[derive(Clone)]
pub(crate) struct Part(MapResource);

impl Part {
    pub(crate) fn of(mut self, whole: &str) -> Self {
        self.0.of = Some(whole.to_owned());
        self
    }

    pub(crate) fn arn(mut self, arn: &str) -> Self {
        self.0.arn = Some(arn.to_owned());
        self
    }

    pub(crate) fn noted(mut self, noted: &[(&str, &str)]) -> Self {
        self.0.noted.extend(noted.iter().map(|(name, text)| ((*name).to_owned(), (*text).to_owned())));
        self
    }
}

/// A small account.
#[derive(Clone, Default)]
pub(crate) struct Account {
    all: BTreeMap<MapKind, Result<Vec<MapResource>, String>>,
}

pub(crate) const ARN: &str = "arn:aws:lambda:ap-northeast-2:123456789012:function:backend-dev";
pub(crate) const GRANT: &str = r#"Allow lambda:InvokeFunction to {"Service":"apigateway.amazonaws.com"} if {"ArnLike":{"AWS:SourceArn":"arn:aws:execute-api:ap-northeast-2:123456789012:a1/*"}}"#;
pub(crate) const CERTIFICATE: &str = "arn:aws:acm:ap-northeast-2:123456789012:certificate/c1";

impl Account {
    /// The chain of the story, in order.
    pub(crate) fn story() -> Self {
        let method = |path: &str| {
            let settings = [("type", "AWS_PROXY"), ("target", ARN), ("timeout", "29000 ms"), ("authorization", "NONE")];
            resource(&format!("a1/ANY {path}"), &settings).of("a1")
        };
        let domain = [
            ("endpoint", "REGIONAL"),
            ("certificate", CERTIFICATE),
            ("address", "d-x1.execute-api.ap-northeast-2.amazonaws.com"),
            ("status", "AVAILABLE"),
        ];
        let certificate = [
            ("name", "example.one"),
            ("names", "*.example.one, example.one"),
            ("status", "ISSUED"),
            ("type", "AMAZON_ISSUED"),
            ("expires", "2025-07-01T00:00:00Z"),
        ];
        Self::default()
            .with(MapKind::DomainName, resource("dev.example.one", &domain))
            .with(MapKind::DomainMapping, resource("dev.example.one/", &[("stage", "a1/dev")]).of("dev.example.one"))
            .with(MapKind::RestApi, resource("a1", &[("name", "backend-dev"), ("endpoint", "EDGE")]))
            .with(MapKind::RestStage, resource("a1/dev", &[("deployment", "d1")]).of("a1"))
            .with(MapKind::RestIntegration, method("/"))
            .with(MapKind::RestIntegration, method("/{proxy+}"))
            .with(MapKind::Function, resource("backend-dev", &[("timeout", "20 s")]).noted(&[("state", "Active")]))
            .with(MapKind::FunctionPolicy, resource("backend-dev", &[("statement gw", GRANT)]).of("backend-dev"))
            .with(MapKind::FunctionConcurrency, resource("unrelated", &[]).of("unrelated"))
            .with(MapKind::Certificate, resource("c1", &certificate).arn(CERTIFICATE).noted(&[("in_use", "yes")]))
            .with(MapKind::HttpApi, resource("unrelated", &[]))
            .with(MapKind::Secret, resource("unrelated", &[]))
    }

    pub(crate) fn with(mut self, kind: MapKind, one: Part) -> Self {
        if let Ok(all) = self.all.entry(kind).or_insert_with(|| Ok(vec![])) {
            all.push(one.0);
        }
        self
    }

    /// The same with none of a kind.
    pub(crate) fn without(mut self, kind: MapKind) -> Self {
        self.all.insert(kind, Ok(vec![]));
        self
    }

    /// The same with one setting of one resource changed; removed where there is no text.
    pub(crate) fn set(mut self, kind: MapKind, id: &str, name: &str, text: Option<&str>) -> Self {
        let all = self.all.get_mut(&kind).and_then(|all| all.as_mut().ok()).expect("the kind");
        let one = all.iter_mut().find(|one| one.id == id).expect("the resource");
        match text {
            Some(text) => one.set(name, text),
            None => drop(one.settings.remove(name)),
        }
        self
    }

    /// The same with a kind that may not be read.
    pub(crate) fn denied(mut self, kind: MapKind, why: &str) -> Self {
        self.all.insert(kind, Err(why.to_owned()));
        self
    }

    pub(crate) fn snapshots(&self) -> Vec<MapSnapshot> {
        let region = "ap-northeast-2";
        let one = |(kind, all): (&MapKind, &Result<Vec<MapResource>, String>)| match all {
            Ok(all) => MapSnapshot::of(*kind, region, all.clone()),
            Err(why) => MapSnapshot::unknown(*kind, region, why),
        };
        self.all.iter().map(one).collect()
    }

    /// What is seen of it from a start, at noon of 20 December 2024 UTC.
    pub(crate) fn seen(&self, host: &str, path: &str) -> ChainSeen {
        let mut seen = outside_only(host, path);
        let inside = InsideSeen::of(ChainStart::of(host), path, self.snapshots());
        seen.inside = Some(InsideSeen { account: Some("123456789012".to_owned()), ..inside });
        seen
    }

    /// The same of the story's domain name.
    pub(crate) fn dev(&self) -> ChainSeen {
        self.seen("dev.example.one", "/")
    }
}

pub(crate) fn at() -> DateTime<Utc> {
    "2024-12-20T12:00:00Z".parse().expect("a time")
}

/// A chain of which nothing was seen yet.
pub(crate) fn outside_only(host: &str, path: &str) -> ChainSeen {
    let (host, path) = (Some(host.to_owned()), path.to_owned());
    ChainSeen { at: at(), host, path, outside: None, inside: None }
}

/// The same with an answer: its status, `x-amzn-errortype` and body.
pub(crate) fn answered(mut seen: ChainSeen, status: u16, error: &str, body: &str) -> ChainSeen {
    let mut headers = vec![("apigw-requestid".to_owned(), "r1".to_owned())];
    if !error.is_empty() {
        headers.push(("x-amzn-errortype".to_owned(), error.to_owned()));
    }
    let answer = ResponseSeen {
        url: format!("https://{}{}", seen.host.clone().unwrap_or_default(), seen.path),
        origin: None,
        status: Some(status),
        headers,
        body_start: body.to_owned(),
        problem: None,
        ttfb: Some(Duration::from_millis(40)),
        untrusted: None,
    };
    seen.outside.get_or_insert_with(OutsideSeen::default).https.push(answer);
    seen
}

/// The same with a CNAME at the zone's server; `None` for a name that does not exist.
pub(crate) fn with_cname(mut seen: ChainSeen, name: &str, value: Option<&str>) -> ChainSeen {
    let record = |value: &str| DnsRecordSeen {
        owner: name.to_owned(),
        kind: "CNAME".to_owned(),
        value: value.to_owned(),
        ttl: 300,
    };
    let lookup = DnsLookup {
        server: "192.0.2.53".to_owned(),
        name: name.to_owned(),
        kind: "CNAME".to_owned(),
        unchecked: false,
        authoritative: true,
        answer: value.map_or(DnsAnswer::NoName { negative_ttl: None }, |value| DnsAnswer::Records(vec![record(value)])),
        took: Duration::from_millis(3),
    };
    let dns = &mut seen.outside.get_or_insert_with(OutsideSeen::default).dns;
    dns.zone = Some("example.one".to_owned());
    dns.further.push(lookup);
    seen
}

/// A hop of what is seen, in one line: its state and its summary.
pub(crate) fn said(link: Link, seen: &ChainSeen) -> String {
    let Hop { state, summary, .. } = link.judge(seen);
    let state = serde_json::to_string(&state).expect("JSON");
    let text = format!("{}: {summary}", state.trim_matches('"'));
    text.trim_end_matches([' ', ':']).to_owned()
}
