//! What the map says of one chain, read by following its edges: from a domain name to its mappings, from there to one
//! API, and so on. It is read with the readers of the kinds, and never more than the chain needs.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use ::chain::domain::within;
use ::chain::{ApiProtocol, ChainPath, ChainStart, PathStep, covers};
use account::map::{MapKind, MapResource, MapSnapshot, SnapshotPart};
use aws::AwsClients;
use aws::describing::DescribePace;
use chrono::{DateTime, Utc};
use futures::future::join_all;
use model::call_failure::{CallFailure, FailureKind};
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::asked::{AskedCalls, MapStop};
use super::context::MapContext;
use super::kinds::{
    certificates, dns_records, dns_zones, domain_mappings, domain_names, function_aliases, function_concurrency,
    function_policies, function_urls, functions, http_apis, http_integrations, http_routes, http_stages, lambda_limits,
    rest_apis, rest_integrations, rest_stages, secrets,
};

/// The most certificates of one name that are looked at, and the most functions whose URLs are.
const MOST_CERTIFICATES: usize = 3;
const MOST_FUNCTIONS: usize = 40;
/// The most zones of one name whose records are read.
const MOST_ZONES: usize = 3;
/// Where certificates of the edge are.
const EDGE: &str = "us-east-1";

/// The calls that reading a chain may make, as an IAM policy names them.
pub const CHAIN_CALLS: &[&str] = &[
    "acm:DescribeCertificate",
    "acm:ListCertificates",
    "apigateway:GET",
    "lambda:GetAccountSettings",
    "lambda:GetFunctionConcurrency",
    "lambda:GetFunctionConfiguration",
    "lambda:GetPolicy",
    "lambda:ListAliases",
    "lambda:ListFunctionUrlConfigs",
    "lambda:ListFunctions",
    "logs:FilterLogEvents",
    "route53:ListHostedZones",
    "route53:ListResourceRecordSets",
    "secretsmanager:ListSecrets",
];

/// Reads what the map says of one chain. It only describes.
pub struct ChainReader {
    account: AwsClients,
    /// The account in the Region of the edge; `None` where that is its own.
    edge: Option<AwsClients>,
    start: ChainStart,
    path: String,
    now: DateTime<Utc>,
    key: Option<account::map::DigestKey>,
    snapshots: Vec<MapSnapshot>,
    took: BTreeMap<MapKind, Duration>,
    calls: AtomicUsize,
}

/// What was read of a chain.
#[derive(Debug, Clone, Default)]
pub struct ChainReading {
    /// The snapshots, of what the chain needs alone.
    pub snapshots: Vec<MapSnapshot>,
    /// How long the calls of a kind took.
    pub took: BTreeMap<MapKind, Duration>,
    /// How many calls were made.
    pub calls: usize,
}

/// What one call or a few came to.
struct ReadStep {
    snapshot: MapSnapshot,
    took: Duration,
}

impl ChainReader {
    /// A reader that has made no call yet. `edge` is the same account in us-east-1, where `account` is elsewhere.
    pub fn new(
        account: &AwsClients,
        edge: Option<&AwsClients>,
        start: ChainStart,
        path: &str,
        now: DateTime<Utc>,
    ) -> Self {
        // A person waits: the pace of a daemon would take longer than the calls.
        let at_once =
            |clients: &AwsClients| AwsClients { describe_pace: Arc::new(DescribePace::unbounded()), ..clients.clone() };
        Self {
            account: at_once(account),
            edge: edge.map(at_once),
            start,
            path: path.to_owned(),
            now,
            key: (account.random_key)().map(account::map::DigestKey),
            snapshots: vec![],
            took: BTreeMap::new(),
            calls: AtomicUsize::new(0),
        }
    }

    /// Reads the domain name, its mappings and the certificates of the name.
    pub async fn read_name(&mut self) {
        let ChainStart::Domain(host) = self.start.clone() else { return };
        let (domain, listed, zones) =
            tokio::join!(self.domain(&host), self.certificates_of(&self.account, &host), self.zones(&host));
        let wildcard = host.split_once('.').map(|(_, parent)| format!("*.{parent}"));
        let domain = match (domain.first().map(is_empty), wildcard) {
            (Some(true), Some(wildcard)) => self.domain(&wildcard).await,
            _ => domain,
        };
        let used = domain.iter().flat_map(|step| &step.snapshot.resources).find_map(|one| one.setting("certificate"));
        let certificates = match used.map(str::to_owned) {
            Some(arn) => vec![self.certificates(vec![arn]).await],
            None => self.fitting(&host, listed).await,
        };
        self.keep(domain.into_iter().chain(certificates).chain(zones));
    }

    /// The certificates of the name that are known so far.
    pub fn certificates_read(&self) -> impl Iterator<Item = &MapResource> {
        self.snapshots.iter().filter(|one| one.kind == MapKind::Certificate).flat_map(|one| &one.resources)
    }

    /// Reads what is behind the name: API, stage, routes, function.
    pub async fn read_below(&mut self) {
        if let ChainStart::FunctionUrl { host, .. } = self.start.clone() {
            let urls = self.urls(&host).await;
            self.keep(urls);
        }
        let id = match &self.start {
            ChainStart::DefaultEndpoint { api, .. } => Some(api.clone()),
            _ => self.known().mapping.found().and_then(api_of),
        };
        match id {
            Some(id) => {
                let apis = self.api(&id).await;
                self.keep(apis);
            }
            // A mapping that is missing could be to any API: they are listed, so that the only one can be named.
            None if matches!(&self.known().mapping, PathStep::Absent) => {
                let apis = self.all_apis().await;
                self.keep(apis);
            }
            None => {}
        }
        if let Some(api) = self.known().api.found() {
            let (id, protocol) = (api.resource.id.clone(), api.protocol);
            let below = self.below_api(&id, protocol).await;
            self.keep(below);
        }
        if let Some(target) = self.known().target.found() {
            let target = target.clone();
            let function = self.function(&target.name, &target.qualified()).await;
            self.keep(function);
        }
    }

    /// What was read so far.
    pub fn reading(&self) -> ChainReading {
        let calls = self.calls.load(Ordering::Relaxed);
        ChainReading { snapshots: self.snapshots.clone(), took: self.took.clone(), calls }
    }

    /// The path as far as it is known.
    pub fn known(&self) -> ChainPath {
        ChainPath::of(self.start.clone(), &self.path, &self.snapshots)
    }

    fn keep(&mut self, steps: impl IntoIterator<Item = ReadStep>) {
        for ReadStep { snapshot, took } in steps {
            let known = self.took.entry(snapshot.kind).or_default();
            *known = took.max(*known);
            self.snapshots.push(snapshot);
        }
    }

    /// Reads with one context of its own, so that steps do not wait for each other.
    async fn ask<F>(&self, account: &AwsClients, kind: MapKind, whole: Option<&str>, read: F) -> ReadStep
    where
        F: AsyncFnOnce(&MapContext<'_>) -> Result<Vec<MapResource>, MapStop>,
    {
        let asked = Mutex::new(AskedCalls::default());
        let kinds: Vec<MapKind> = MapKind::ALL.iter().map(|(_, kind)| *kind).collect();
        let (started, now) = (self.now, self.now);
        let look =
            MapContext { account, kinds: &kinds, started, now, asked: &asked, key: self.key.as_ref(), before: None };
        let begun = Instant::now();
        let found = read(&look).await;
        let took = begun.elapsed();
        self.calls.fetch_add(asked.lock().await.made(), Ordering::Relaxed);
        let mut snapshot = match found {
            Ok(found) => {
                let of = |one: MapResource| MapResource { of: one.of.or_else(|| whole.map(str::to_owned)), ..one };
                MapSnapshot::of(kind, &account.region, found.into_iter().map(of).collect())
            }
            Err(MapStop::Failed(failure)) => MapSnapshot::unknown(kind, &account.region, why(&failure)),
            Err(MapStop::Wait(_)) => {
                MapSnapshot::unknown(kind, &account.region, "AWS asked to slow down; run it again in a minute")
            }
        };
        let part = SnapshotPart { read: Some(self.now), mark: String::new() };
        snapshot.parts.extend(whole.map(|whole| (whole.to_owned(), part)));
        ReadStep { snapshot, took }
    }

    async fn domain(&self, host: &str) -> Vec<ReadStep> {
        let account = &self.account;
        let is_new = AtomicUsize::new(1);
        let name = self.ask(account, MapKind::DomainName, None, async |look| {
            let found = domain_names::one(look, host).await?;
            is_new.store(usize::from(found.as_ref().is_none_or(|(_, is_new)| *is_new)), Ordering::Relaxed);
            Ok(found.into_iter().map(|(one, _)| one).collect())
        });
        let name = name.await;
        if is_empty(&name) {
            return vec![name];
        }
        let is_new = is_new.load(Ordering::Relaxed) == 1;
        let mappings = self.ask(account, MapKind::DomainMapping, Some(host), async |look| {
            domain_mappings::of_one(look, host, is_new).await
        });
        let mappings = mappings.await;
        vec![name, mappings]
    }

    /// The zones of Route 53 that a host is in by their names, and what points somewhere in them.
    async fn zones(&self, host: &str) -> Vec<ReadStep> {
        let account = &self.account;
        let global = |mut step: ReadStep| {
            step.snapshot.region = dns_zones::REGION.to_owned();
            step
        };
        let zones = self.ask(account, MapKind::DnsZone, None, async |look| {
            let mut all = dns_zones::read(look).await?.resources;
            all.retain(|zone| zone.setting("name").is_some_and(|name| within(host, name.trim_end_matches('.'))));
            Ok(all)
        });
        let zones = global(zones.await);
        let ids: Vec<String> = zones.snapshot.resources.iter().map(|zone| zone.id.clone()).collect();
        let one = async |id: &String| {
            self.ask(account, MapKind::DnsRecord, Some(id), async |look| dns_records::of_zone(look, id).await).await
        };
        let records = join_all(ids.iter().take(MOST_ZONES).map(one)).await;
        [zones].into_iter().chain(records.into_iter().map(global)).collect()
    }

    /// The certificates of a Region that cover a host, as the list has them.
    async fn certificates_of(&self, account: &AwsClients, host: &str) -> ReadStep {
        self.ask(account, MapKind::Certificate, None, async |look| {
            let mut all = certificates::read(look).await?.resources;
            let names = |one: &MapResource| {
                let names = one.setting("names").or(one.setting("name")).unwrap_or_default().to_owned();
                names.split(", ").any(|name| covers(name, host))
            };
            all.retain(|one| names(one) || one.setting("has_more_names") == Some("yes"));
            Ok(all)
        })
        .await
    }

    /// The certificates of a host in detail: of its Region, else of the edge.
    async fn fitting(&self, host: &str, listed: ReadStep) -> Vec<ReadStep> {
        let mut all = listed;
        if is_empty(&all)
            && let Some(edge) = &self.edge
        {
            let there = self.certificates_of(edge, host).await;
            if !there.snapshot.resources.is_empty() {
                all = there;
            }
        }
        let mut found = all.snapshot.resources.clone();
        let rank = |one: &MapResource| match one.setting("status") {
            Some("ISSUED") => 0,
            Some("PENDING_VALIDATION") => 1,
            _ => 2,
        };
        found.sort_by_key(rank);
        let arns: Vec<String> = found.into_iter().filter_map(|one| one.arn).take(MOST_CERTIFICATES).collect();
        if arns.is_empty() { vec![all] } else { vec![self.certificates(arns).await] }
    }

    /// Certificates in detail, all of the Region of the first.
    async fn certificates(&self, arns: Vec<String>) -> ReadStep {
        let region = arns.first().and_then(|arn| arn.split(':').nth(3)).unwrap_or_default().to_owned();
        let account = match &self.edge {
            Some(edge) if region == EDGE => edge,
            _ => &self.account,
        };
        self.ask(account, MapKind::Certificate, None, async |look| {
            let mut all = Vec::new();
            for arn in &arns {
                all.extend(certificates::one(look, arn).await?);
            }
            Ok(all)
        })
        .await
    }

    /// An API of which the kind is not known.
    async fn api(&self, id: &str) -> Vec<ReadStep> {
        let account = &self.account;
        let (rest, http) = tokio::join!(
            self.ask(account, MapKind::RestApi, None, async |look| {
                Ok(rest_apis::one(look, id).await?.into_iter().collect())
            }),
            self.ask(account, MapKind::HttpApi, None, async |look| {
                Ok(http_apis::one(look, id).await?.into_iter().collect())
            })
        );
        vec![rest, http]
    }

    async fn all_apis(&self) -> Vec<ReadStep> {
        let account = &self.account;
        let (rest, http) = tokio::join!(
            self.ask(account, MapKind::RestApi, None, async |look| Ok(rest_apis::read(look).await?.resources)),
            self.ask(account, MapKind::HttpApi, None, async |look| Ok(http_apis::read(look).await?.resources))
        );
        vec![rest, http]
    }

    async fn below_api(&self, id: &str, protocol: ApiProtocol) -> Vec<ReadStep> {
        let (account, whole) = (&self.account, Some(id));
        if protocol == ApiProtocol::Rest {
            let (stages, methods) = tokio::join!(
                self.ask(account, MapKind::RestStage, whole, async |look| rest_stages::of_one(look, id).await),
                self.ask(account, MapKind::RestIntegration, whole, async |look| {
                    rest_integrations::of_one(look, id).await
                })
            );
            return vec![stages, methods];
        }
        let (stages, routes, integrations) = tokio::join!(
            self.ask(account, MapKind::HttpStage, whole, async |look| http_stages::of_one(look, id).await),
            self.ask(account, MapKind::HttpRoute, whole, async |look| http_routes::of_one(look, id).await),
            self.ask(account, MapKind::HttpIntegration, whole, async |look| {
                http_integrations::of_one(look, id).await
            })
        );
        vec![stages, routes, integrations]
    }

    async fn function(&self, name: &str, qualified: &str) -> Vec<ReadStep> {
        let (account, whole) = (&self.account, Some(name));
        let (function, policy, concurrency, aliases, secrets, limits) = tokio::join!(
            self.ask(account, MapKind::Function, None, async |look| {
                Ok(functions::one(look, name).await?.into_iter().collect())
            }),
            self.ask(account, MapKind::FunctionPolicy, Some(qualified), async |look| {
                function_policies::of_one(look, qualified).await
            }),
            self.ask(account, MapKind::FunctionConcurrency, whole, async |look| {
                Ok(match function_concurrency::reserved(look, name).await {
                    Err(stop) if stop.is_absent() => vec![],
                    found => vec![found?],
                })
            }),
            self.ask(account, MapKind::FunctionAlias, whole, async |look| {
                match function_aliases::of_one(look, name).await {
                    Err(stop) if stop.is_absent() => Ok(vec![]),
                    found => found,
                }
            }),
            self.ask(account, MapKind::Secret, None, async |look| Ok(secrets::read(look).await?.resources)),
            self.ask(account, MapKind::LambdaLimit, None, async |look| Ok(lambda_limits::read(look).await?.resources))
        );
        vec![function, policy, concurrency, aliases, secrets, limits]
    }

    /// The function URL of a host: AWS has no call that finds it by its address.
    async fn urls(&self, host: &str) -> Vec<ReadStep> {
        let account = &self.account;
        let names = self.ask(account, MapKind::FunctionUrl, None, async |look| {
            let names = functions::names(look).await?;
            Ok(names.into_iter().map(|(name, _)| MapResource::new(name)).collect())
        });
        let names = names.await;
        if names.snapshot.unknown.is_some() {
            return vec![names];
        }
        let all: Vec<String> = names.snapshot.resources.into_iter().map(|one| one.id).collect();
        let one = async |name: &str| {
            self.ask(account, MapKind::FunctionUrl, Some(name), async |look| function_urls::of_one(look, name).await)
                .await
        };
        let mut read = join_all(all.iter().take(MOST_FUNCTIONS).map(|name| one(name))).await;
        let is_it = |url: &MapResource| url.setting("url").is_some_and(|url| url.contains(host));
        let is_found = read.iter().flat_map(|step| &step.snapshot.resources).any(is_it);
        if !is_found && all.len() > MOST_FUNCTIONS {
            let why =
                format!("the URLs of {MOST_FUNCTIONS} of {} functions were looked at, and none is this one", all.len());
            let snapshot = MapSnapshot::unknown(MapKind::FunctionUrl, &account.region, why);
            read.push(ReadStep { snapshot, took: Duration::ZERO });
        }
        read
    }
}

/// Whether a step was read and found nothing.
fn is_empty(step: &ReadStep) -> bool {
    step.snapshot.unknown.is_none() && step.snapshot.resources.is_empty()
}

/// The API that a mapping leads to.
fn api_of(mapping: &MapResource) -> Option<String> {
    mapping.setting("stage")?.split('/').next().filter(|id| !id.is_empty()).map(str::to_owned)
}

/// Why something is unknown, with the permission that is missing.
fn why(failure: &CallFailure) -> String {
    let CallFailure { call, said, .. } = failure;
    match failure.kind {
        FailureKind::Denied => format!("{call} is not allowed for these credentials ({said}); allow {call}"),
        _ => format!("{call} failed: {said}"),
    }
}
