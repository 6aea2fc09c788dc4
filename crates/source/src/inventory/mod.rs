//! `read.inventory`: what stands behind the bill, and what of it is used by nobody. Each kind of things is one file and one line in
//! the table below; a kind that may not be read only narrows what is known.

mod addresses;
mod load_balancers;
mod log_groups;
mod nat_gateways;
mod provisioned_concurrency;
mod rds_instances;
mod volumes;

use std::collections::BTreeMap;

use account::inventory::{Gap, Idle, Inventory, Looked, Resource, ResourceKind, Usage, usage};
use alerting::observation::What;
use async_trait::async_trait;
use aws::prices::Prices;
use aws::{Account, MetricQuery, Statistics};
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use model::calendar::day_start;
use model::call_failure::{CallFailure, FailureKind};
use model::glob::NamePattern;
use model::settings::Settings;
use model::span::Span;
use rust_decimal::Decimal;

use super::{Gathered, Poll, Source};

/// Metrics are asked for at least so far back, so that it can be said for how long a thing has been idle.
const LOOK_BACK: TimeDelta = TimeDelta::days(60);
/// Longer than this no metric is asked for at once: CloudWatch gives at most 1,440 points an answer.
const LONGEST: TimeDelta = TimeDelta::days(1_400);
/// Seconds per point: a UTC day.
const DAY: u32 = 86_400;

/// Since when things are idle of which AWS does not say it, by id.
type Remembered = BTreeMap<String, DateTime<Utc>>;

macro_rules! kinds {
    ($($module:ident: $kind:ident),* $(,)?) => {
        /// The calls that a kind makes, as an IAM policy names them.
        fn calls_of(kind: ResourceKind) -> &'static [&'static str] {
            match kind { $(ResourceKind::$kind => $module::CALLS),* }
        }

        /// Everything of a kind.
        async fn read(kind: ResourceKind, look: &Look<'_>) -> Result<Vec<Resource>, CallFailure> {
            match kind { $(ResourceKind::$kind => $module::read(look).await),* }
        }
    };
}

kinds! {
    rds_instances: RdsInstance,
    nat_gateways: NatGateway,
    load_balancers: LoadBalancer,
    addresses: Address,
    volumes: Volume,
    provisioned_concurrency: ProvisionedConcurrency,
    log_groups: LogGroup,
}

/// The settings of `read.inventory`.
#[derive(Debug, Clone)]
pub struct Inventories {
    kinds: Vec<ResourceKind>,
    /// So long without use is idle.
    idle_after: Span,
    /// The functions whose provisioned concurrency is looked at.
    functions: Vec<NamePattern>,
}

impl Inventories {
    pub(super) fn read(settings: &mut Settings<'_, '_>) -> Option<Self> {
        let kinds = match settings.has("kinds") {
            true => settings.words("kinds", "a kind of resource", ResourceKind::ALL),
            false => Some(ResourceKind::ALL.iter().map(|(_, kind)| *kind).collect()),
        };
        let idle_after = settings.or("idle_after", Span::days(14));
        let functions = if settings.has("functions") { settings.some("functions") } else { "*".parse().ok().map(|all| vec![all]) };
        let (kinds, idle_after, functions) = (kinds?, idle_after?, functions?);
        if idle_after < Span::days(1) || idle_after > Span::days(365) {
            settings.problem(
                "idle_after",
                format!("`{idle_after}` is not between a day and a year"),
                "use is counted by days",
                Some("write \"14d\"".to_owned()),
            );
            return None;
        }
        Some(Self { kinds, idle_after, functions })
    }

    pub(super) fn functions(&self) -> &[NamePattern] {
        &self.functions
    }

    pub(super) fn calls(&self) -> Vec<&'static str> {
        let mut calls: Vec<&'static str> = Vec::new();
        for call in self.kinds.iter().flat_map(|kind| calls_of(*kind)) {
            if !calls.contains(call) {
                calls.push(call);
            }
        }
        calls
    }

    pub(super) fn source(self, name: String, account: &Account) -> impl Source + use<> {
        // Nothing has a price if the table cannot be read, which a daemon does not even start with.
        Polled { name, settings: self, account: account.clone(), prices: Prices::built_in().ok(), remembered: BTreeMap::new() }
    }
}

struct Polled {
    name: String,
    settings: Inventories,
    account: Account,
    prices: Option<Prices>,
    remembered: BTreeMap<ResourceKind, Remembered>,
}

/// What a kind looks with.
struct Look<'a> {
    account: &'a Account,
    prices: Option<&'a Prices>,
    now: DateTime<Utc>,
    idle_after: Span,
    functions: &'a [NamePattern],
    /// What was idle before, and since when.
    remembered: Option<&'a Remembered>,
}

impl Look<'_> {
    /// What so many things, or GB, cost in a month, in US dollars.
    fn monthly(&self, kind: &str, class: &str, count: impl Into<Decimal>) -> Option<Decimal> {
        self.prices?.monthly(kind, class, &self.account.region, count.into())
    }

    /// Whether a thing is used, by a metric that counts its use. `why` stands before "for 21 days".
    async fn use_by_metric(&self, query: &MetricQuery, created: Option<DateTime<Utc>>, gap: Gap, why: &str) -> Result<Usage, CallFailure> {
        let back = (self.idle_after.delta() * 2).clamp(LOOK_BACK, LONGEST);
        let first = (self.now - back).date_naive();
        let from = day_start(first);
        let days = self.account.metrics.statistics(query, from, self.now, DAY).await?;
        let looked = Looked { first, now: self.now, idle_after: self.idle_after, gap };
        Ok(usage(&by_day(&days), created, looked, why))
    }

    /// A thing that is idle now, and nothing says since when: since it was first seen so.
    fn idle_since_seen(&self, id: &str, why: &str) -> Usage {
        let since = self.remembered.and_then(|known| known.get(id)).copied().unwrap_or(self.now).min(self.now);
        Usage::Idle(Idle { since, at_least: true, why: why.to_owned() })
    }
}

/// Whether each day with a point counted anything. A period is as long as a day, and may begin within one.
fn by_day(points: &[Statistics]) -> BTreeMap<NaiveDate, bool> {
    let mut days = BTreeMap::new();
    for point in points {
        *days.entry(point.at.date_naive()).or_insert(false) |= point.maximum > 0.0 || point.sum > 0.0;
    }
    days
}

#[async_trait]
impl Source for Polled {
    fn name(&self) -> &str {
        &self.name
    }

    fn restore(&mut self, cursors: BTreeMap<String, String>) {
        for (_, kind) in ResourceKind::ALL {
            let known = cursors.get(kind.word()).and_then(|value| serde_json::from_str(value).ok());
            self.remembered.extend(known.map(|known| (*kind, known)));
        }
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> Gathered {
        let mut poll = Poll::new(&self.name, now);
        let mut hopeless: Option<CallFailure> = None;
        for kind in self.settings.kinds.clone() {
            let look = Look {
                account: &self.account,
                prices: self.prices.as_ref(),
                now,
                idle_after: self.settings.idle_after,
                functions: &self.settings.functions,
                remembered: self.remembered.get(&kind),
            };
            let answer = match &hopeless {
                None => read(kind, &look).await,
                Some(failure) => Err(failure.clone()),
            };
            let (resources, unknown) = match answer {
                Ok(mut resources) => {
                    resources.sort_by(|a, b| a.id.cmp(&b.id));
                    let idle: Remembered = resources.iter().filter_map(|resource| Some((resource.id.clone(), resource.idle()?.since))).collect();
                    if self.remembered.get(&kind) != Some(&idle) {
                        poll.gathered.cursors.push((kind.word().to_owned(), serde_json::json!(idle).to_string()));
                        self.remembered.insert(kind, idle);
                    }
                    (resources, None)
                }
                Err(failure) => {
                    let why = format!("{}: {}", failure.call, failure.said);
                    if hopeless.is_none() {
                        // Without credentials, or without a network, no other kind can be read either.
                        hopeless = is_hopeless(failure.kind).then(|| failure.clone());
                        poll.failed(failure);
                    }
                    (vec![], Some(why))
                }
            };
            poll.saw(now, What::Inventory(Inventory { kind, region: self.account.region.clone(), resources, unknown }));
        }
        poll.done()
    }
}

fn is_hopeless(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::NoCredentials | FailureKind::BadCredentials)
}

#[cfg(test)]
mod tests;
