//! `read.endpoint`: whether an endpoint answers as it should, and if not, the first broken link between its domain and
//! its function as a stranger sees it. A poll asks briefly; only where that finds something is the whole chain asked.

mod statuses;

use std::collections::BTreeSet;

use alerting::observation::{EndpointCheck, ObservationBody, PresentedCertificate};
use async_trait::async_trait;
use aws::AwsClients;
use aws::policy::RequiredCall;
use chain::seen::ChainSeen;
use chain::seen::outside::{DnsAnswer, OutsideSeen, TlsSeen};
use chain::target::ChainTarget;
use chain::{ChainStart, HopState};
use chrono::{DateTime, Utc};
use model::call_failure::{CallFailure, FailureKind};
use model::glob::NamePattern;
use model::settings::TableReader;
use probe::{ProbeOptions, ProbeSettings, Prober};
use statuses::ExpectedStatuses;
use tokio::sync::Semaphore;

use crate::poll::{PollBuilder, PollOutput, Source};

/// So many endpoints are checked at the same time: a connection takes memory, and polls of one schedule come together.
static TURNS: Semaphore = Semaphore::const_new(16);

/// The settings of `read.endpoint`.
#[derive(Debug, Clone)]
pub struct WatchedEndpoint {
    target: Box<ChainTarget>,
    expect: ExpectedAnswer,
    /// The name of the function behind it.
    function: Option<String>,
    dns: Box<ProbeSettings>,
}

/// What an answer has to be.
#[derive(Debug, Clone, Default)]
struct ExpectedAnswer {
    /// The statuses; any below 400 without them.
    status: Option<ExpectedStatuses>,
    /// What its beginning has to contain.
    body: Option<String>,
}

impl WatchedEndpoint {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let url: Option<String> = settings.required("url");
        let expect = if settings.has("expect") {
            settings.table("expect", ExpectedAnswer::read)
        } else {
            Some(ExpectedAnswer::default())
        };
        let function = if settings.has("function") { function(settings).map(Some) } else { Some(None) };
        let url = url?;
        let target = match ChainTarget::parse(&url) {
            Ok(target) => target,
            // What stands before an @ or behind a ? may be secret.
            Err(error) if url.contains(['@', '?']) => {
                settings.hidden_problem("url", error.to_string(), "not an endpoint", None);
                return None;
            }
            Err(error) => {
                settings.problem("url", error.to_string(), "not an endpoint", None);
                return None;
            }
        };
        Some(Self { target: Box::new(target), expect: expect?, function: function?, dns: Box::default() })
    }

    /// Asks the servers of `[dns]`.
    pub(crate) fn ask(&mut self, dns: &ProbeSettings) {
        *self.dns = dns.clone();
    }

    pub(super) fn url(&self) -> String {
        self.target.shown()
    }

    pub(super) fn calls(&self) -> Vec<RequiredCall> {
        vec![]
    }

    /// The same for another region. An endpoint is the same from everywhere.
    pub(super) fn elsewhere(self) -> Option<Self> {
        None
    }

    pub(super) fn functions(&self) -> &[NamePattern] {
        &[]
    }

    pub(super) fn source(self, name: String, _account: &AwsClients) -> impl Source + use<> {
        EndpointSource { name, settings: self }
    }
}

/// The function behind an endpoint, by its name or ARN. What is known of functions is known by name.
fn function(settings: &mut TableReader<'_, '_>) -> Option<String> {
    let text: String = settings.optional("function")?;
    match ChainStart::checked_function(&text) {
        Ok(ChainStart::Function { name, .. }) => Some(name),
        Ok(_) => None,
        Err(error) => {
            settings.problem("function", error.to_string(), "not a function", None);
            None
        }
    }
}

impl ExpectedAnswer {
    fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let status = if settings.has("status") { settings.optional("status").map(Some) } else { Some(None) };
        let body = if settings.has("body") { settings.optional("body").map(Some) } else { Some(None) };
        Some(Self { status: status?, body: body? })
    }

    /// What is wrong with the answer, and how it was seen.
    fn missed(&self, seen: &OutsideSeen) -> Option<(String, String)> {
        let answer = seen.https.last()?;
        let status = answer.status?;
        let line =
            format!("{} answers {status}: {}", answer.url, answer.body_start.chars().take(200).collect::<String>());
        // Redirects are followed, and one of them may be what is expected.
        let redirect = seen.https.first().and_then(|first| first.status).unwrap_or(status);
        let summary = match (&self.status, &self.body) {
            (Some(expected), _) if !expected.contains(status) && !expected.contains(redirect) => {
                format!("it answers {status}, and {expected} is expected")
            }
            (None, _) if status >= 400 => format!("it answers {status}"),
            (_, Some(body)) if !answer.body_start.contains(body.as_str()) => {
                format!("its answer does not contain `{body}`")
            }
            _ => return None,
        };
        Some((summary, line))
    }
}

struct EndpointSource {
    name: String,
    settings: WatchedEndpoint,
}

#[async_trait]
impl Source for EndpointSource {
    fn name(&self) -> &str {
        &self.name
    }

    fn asks_aws(&self) -> bool {
        false
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> PollOutput {
        let mut poll = PollBuilder::new(&self.name, now);
        match tls::trust() {
            Ok(trust) => {
                let _turn = TURNS.acquire().await;
                let prober = Prober::new(ProbeSettings::clone(&self.settings.dns), trust);
                let check = self.settings.check(&prober, now).await;
                poll.saw(now, ObservationBody::Endpoint(check));
            }
            Err(error) => poll.failed(CallFailure {
                call: "probe".to_owned(),
                resource: self.settings.target.shown(),
                kind: FailureKind::Refused,
                said: error.to_string(),
                next_step: "install root certificates, or set SSL_CERT_FILE".to_owned(),
            }),
        }
        poll.done()
    }
}

impl WatchedEndpoint {
    async fn check(&self, prober: &Prober, now: DateTime<Utc>) -> EndpointCheck {
        let options = ProbeOptions::default();
        let brief = self.judged(prober.brief(&self.target, &options).await, now);
        if brief.state == HopState::Ok {
            return brief;
        }
        self.judged(Box::pin(prober.outside(&self.target, &options)).await, now)
    }

    fn judged(&self, outside: OutsideSeen, now: DateTime<Utc>) -> EndpointCheck {
        let missed = self.expect.missed(&outside);
        let is_answered = outside.https.last().is_some_and(|answer| answer.status.is_some());
        let certificate = certificate(&outside);
        let first_byte = outside.https.last().and_then(|answer| answer.ttfb);
        let first_byte_ms = first_byte.and_then(|took| u64::try_from(took.as_millis()).ok());
        let zone = outside.dns.zone.clone();
        let reached_by = if is_answered { reached_by(&outside, certificate.as_ref()) } else { vec![] };
        let seen = ChainSeen {
            at: now,
            host: Some(self.target.host_text().to_owned()),
            path: self.target.path().to_owned(),
            outside: Some(outside),
            inside: None,
        };
        let verdict = chain::verdict(&chain::hops(&seen));
        let hop = verdict.hop.filter(|_| verdict.state != HopState::Ok);
        let mut check = EndpointCheck {
            url: self.target.shown(),
            state: verdict.state,
            link: hop.as_ref().map(|hop| hop.link),
            summary: hop.as_ref().map(|hop| hop.summary.clone()).unwrap_or_default(),
            evidence: hop.as_ref().map(|hop| hop.evidence.clone()).unwrap_or_default(),
            next_step: hop.as_ref().map(|hop| hop.next_step.clone()).unwrap_or_default(),
            until: hop.and_then(|hop| hop.until),
            certificate,
            first_byte_ms,
            zone,
            function: self.function.clone(),
            reached_by,
        };
        if check.state == HopState::Ok && !is_answered {
            check.state = HopState::Unknown;
        }
        // A broken link explains the answer. Where none is, the answer itself may be another than the expected one.
        if let (HopState::Ok, Some((summary, line))) = (check.state, missed) {
            check.state = HopState::Broken;
            check.summary = summary;
            check.evidence = vec![line];
            check.next_step =
                format!("Run `monitor doctor {}`, and look into the log of what answers.", self.target.shown());
        }
        check
    }
}

/// How an endpoint is reached. Addresses are left out: those of a gateway change all the time.
fn reached_by(outside: &OutsideSeen, certificate: Option<&PresentedCertificate>) -> Vec<String> {
    let answers = outside.dns.resolvers.iter().filter_map(|lookup| match &lookup.answer {
        DnsAnswer::Records(records) => Some(records),
        _ => None,
    });
    let aliases = answers.flatten().filter(|record| record.kind == "CNAME");
    let mut all: BTreeSet<String> = aliases.map(|record| format!("CNAME {}", record.value)).collect();
    all.extend(certificate.map(|certificate| format!("certificate by {}", certificate.issuer)));
    let server = outside.https.last().and_then(|answer| answer.header("server"));
    all.extend(server.map(|server| format!("server {server}")));
    all.into_iter().collect()
}

/// The certificate that ends first, of those that the addresses present.
fn certificate(outside: &OutsideSeen) -> Option<PresentedCertificate> {
    let leaves = outside.connections.iter().filter_map(|connection| match connection.tls.as_ref()? {
        TlsSeen::Presented { chain, .. } => chain.first(),
        TlsSeen::Failed { .. } => None,
    });
    let first = leaves.min_by_key(|leaf| leaf.not_after)?;
    Some(PresentedCertificate { until: first.not_after, issuer: first.issuer.clone() })
}

#[cfg(test)]
mod tests {
    use chain::seen::outside::{ConnectionSeen, ResponseSeen};

    use super::*;

    fn settings(expect: ExpectedAnswer) -> WatchedEndpoint {
        let target = ChainTarget::parse("https://192.0.2.1/health?key=1").unwrap();
        WatchedEndpoint { target: Box::new(target), expect, function: None, dns: Box::default() }
    }

    fn answering(status: u16, body: &str) -> OutsideSeen {
        let page = ResponseSeen {
            url: "https://192.0.2.1/health".to_owned(),
            origin: None,
            status: Some(status),
            headers: vec![],
            body_start: body.to_owned(),
            problem: None,
            ttfb: None,
            untrusted: None,
        };
        let connection = ConnectionSeen {
            address: "192.0.2.1".parse().unwrap(),
            port: 443,
            refused: None,
            took: std::time::Duration::ZERO,
            tls: None,
            tls_took: None,
        };
        OutsideSeen {
            port: 443,
            http_port: 80,
            connections: vec![connection],
            https: vec![page],
            ..OutsideSeen::default()
        }
    }

    fn check(expect: ExpectedAnswer, outside: OutsideSeen, state: HopState, summary: &str) {
        let check = settings(expect).judged(outside, DateTime::from_timestamp(1_735_266_170, 0).unwrap());
        assert_eq!((check.state, check.url.as_str()), (state, "https://192.0.2.1/health"), "{check:?}");
        assert!(check.summary.contains(summary), "{check:?}");
        assert!(state != HopState::Broken || !check.next_step.is_empty(), "{check:?}");
    }

    #[test]
    fn an_answer_is_compared_with_what_is_expected_where_no_link_is_broken() {
        let any = ExpectedAnswer::default;
        let status = |status: &str| ExpectedAnswer { status: Some(serde_json::from_str(status).unwrap()), ..any() };
        let body = |body: &str| ExpectedAnswer { body: Some(body.to_owned()), ..any() };
        check(any(), answering(200, "ok"), HopState::Ok, "");
        check(any(), answering(404, "page"), HopState::Broken, "it answers 404");
        check(status("404"), answering(404, "page"), HopState::Ok, "");
        check(status("204"), answering(200, "ok"), HopState::Broken, "it answers 200, and 204 is expected");
        check(status("[204, \"3xx\"]"), answering(302, ""), HopState::Ok, "");
        let summary = "it answers 200, and 204 or 3xx is expected";
        check(status("[204, \"3xx\"]"), answering(200, "ok"), HopState::Broken, summary);
        check(body("ok"), answering(200, "ok"), HopState::Ok, "");
        check(body("ok"), answering(200, "no"), HopState::Broken, "does not contain `ok`");
        let unseen = OutsideSeen { https: vec![], ..answering(200, "") };
        check(any(), unseen, HopState::Unknown, "");
        let gateway = "{\"message\":\"Missing Authentication Token\"}";
        check(status("200"), answering(403, gateway), HopState::Broken, "no such path or method");
    }
}
