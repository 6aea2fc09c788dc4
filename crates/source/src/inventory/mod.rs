//! `read.inventory`: billed resources, and which of them are idle. Each kind of resource is one file and one line in
//! the table below; a kind that cannot be read is unknown, and the others are still read.

mod addresses;
mod load_balancers;
mod log_groups;
mod look;
mod nat_gateways;
mod provisioned_concurrency;
mod rds_instances;
mod volumes;

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use account::inventory::{Inventory, Resource, ResourceKind};
use alerting::observation::ObservationBody;
use async_trait::async_trait;
use aws::AwsClients;
use aws::policy::RequiredCall;
use aws::prices::PriceTable;
use chrono::{DateTime, Utc};
use model::call_failure::{CallFailure, FailureKind};
use model::glob::NamePattern;
use model::settings::TableReader;
use model::span::Span;

use self::look::{IdleSinceById, InventoryContext};
use crate::finder::FunctionFinder;
use crate::poll::{PollBuilder, PollOutput, Source, stored};
use crate::retry::Retry;

macro_rules! kinds {
    ($($module:ident: $kind:ident),* $(,)?) => {
        /// The calls that a kind makes, as an IAM policy names them.
        fn calls_of(kind: ResourceKind) -> &'static [&'static str] {
            match kind { $(ResourceKind::$kind => $module::CALLS),* }
        }

        /// Everything of a kind.
        async fn read(kind: ResourceKind, look: &InventoryContext<'_>) -> Result<Vec<Resource>, CallFailure> {
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

/// The calls that `read.inventory` makes for a kind, as an IAM policy names them.
pub fn inventory_calls(kind: ResourceKind) -> &'static [&'static str] {
    calls_of(kind)
}

/// The settings of `read.inventory`.
#[derive(Debug, Clone)]
pub struct InventorySettings {
    kinds: Vec<ResourceKind>,
    /// So long without use is idle.
    idle_after: Span,
    /// The functions whose provisioned concurrency is looked at.
    functions: Vec<NamePattern>,
}

impl InventorySettings {
    pub(super) fn read(settings: &mut TableReader<'_, '_>) -> Option<Self> {
        let kinds = match settings.has("kinds") {
            true => settings.words("kinds", "a kind of resource", ResourceKind::ALL),
            false => Some(ResourceKind::ALL.iter().map(|(_, kind)| *kind).collect()),
        };
        let idle_after = settings.or("idle_after", Span::days(14));
        let functions =
            if settings.has("functions") { settings.some("functions") } else { "*".parse().ok().map(|all| vec![all]) };
        let (kinds, idle_after, functions) = (kinds?, idle_after?, functions?);
        if idle_after < Span::days(1) || idle_after > Span::days(365) {
            settings.problem(
                "idle_after",
                format!("`idle_after` must be between a day and a year: {idle_after}"),
                "usage is counted in days",
                Some("write \"14d\"".to_owned()),
            );
            return None;
        }
        Some(Self { kinds, idle_after, functions })
    }

    /// The same for another region, which need not have every function that is named.
    pub(super) fn elsewhere(self) -> Option<Self> {
        let functions = self.functions.into_iter().map(NamePattern::where_found).collect();
        Some(Self { functions, ..self })
    }

    pub(super) fn functions(&self) -> &[NamePattern] {
        &self.functions
    }

    pub(super) fn kinds(&self) -> &[ResourceKind] {
        &self.kinds
    }

    pub(super) fn calls(&self) -> Vec<RequiredCall> {
        let mut calls: Vec<&'static str> = Vec::new();
        for call in self.kinds.iter().flat_map(|kind| calls_of(*kind)) {
            if !calls.contains(call) {
                calls.push(call);
            }
        }
        RequiredCall::all(&calls)
    }

    pub(super) fn source(self, name: String, account: &AwsClients) -> impl Source + use<> {
        InventorySource {
            name,
            settings: self,
            prices: Arc::clone(&account.prices),
            account: account.clone(),
            remembered: BTreeMap::new(),
            pending: VecDeque::new(),
            retry: Retry::default(),
            failed: false,
            finder: FunctionFinder::default(),
        }
    }
}

struct InventorySource {
    name: String,
    settings: InventorySettings,
    account: AwsClients,
    prices: Arc<PriceTable>,
    remembered: BTreeMap<ResourceKind, IdleSinceById>,
    /// The kinds that this poll has not read yet.
    pending: VecDeque<ResourceKind>,
    /// The tries of the first of them.
    retry: Retry,
    /// Whether an earlier part of this poll has failed.
    failed: bool,
    finder: FunctionFinder,
}

#[async_trait]
impl Source for InventorySource {
    fn name(&self) -> &str {
        &self.name
    }

    fn restore(&mut self, cursors: BTreeMap<String, String>) {
        for (_, kind) in ResourceKind::ALL {
            let known = cursors.get(kind.word()).and_then(|value| stored(&self.name, kind.word(), value));
            self.remembered.extend(known.map(|known| (*kind, known)));
        }
    }

    async fn poll(&mut self, now: DateTime<Utc>) -> PollOutput {
        self.pending = self.settings.kinds.iter().copied().collect();
        self.retry = Retry::default();
        self.failed = false;
        self.read_pending(now).await
    }

    async fn go_on(&mut self, now: DateTime<Utc>) -> PollOutput {
        self.read_pending(now).await
    }
}

impl InventorySource {
    /// Reads the kinds that are not read yet.
    async fn read_pending(&mut self, now: DateTime<Utc>) -> PollOutput {
        let mut poll = PollBuilder::new(&self.name, now);
        let mut hopeless: Option<CallFailure> = None;
        while let Some(kind) = self.pending.pop_front() {
            let look = InventoryContext {
                account: &self.account,
                prices: &self.prices,
                now,
                idle_after: self.settings.idle_after,
                functions: &self.settings.functions,
                finder: &self.finder,
                source: &self.name,
                remembered: self.remembered.get(&kind),
            };
            let answer = match &hopeless {
                None => read(kind, &look).await,
                Some(failure) => Err(failure.clone()),
            };
            let (resources, unknown) = match answer {
                Ok(mut resources) => {
                    resources.sort_by(|a, b| a.id.cmp(&b.id));
                    let idle: IdleSinceById = resources
                        .iter()
                        .filter_map(|resource| Some((resource.id.clone(), resource.idle()?.since)))
                        .collect();
                    if self.remembered.get(&kind) != Some(&idle) {
                        poll.gathered.cursors.push((kind.word().to_owned(), serde_json::json!(idle).to_string()));
                        self.remembered.insert(kind, idle);
                    }
                    (resources, None)
                }
                Err(failure) => {
                    if let Some(at) = self.retry.after(&failure, now) {
                        self.pending.push_front(kind);
                        self.failed |= poll.gathered.failed();
                        poll.gathered.go_on_at = Some(at);
                        return poll.part();
                    }
                    let why = format!("{}: {}", failure.call, failure.said);
                    if hopeless.is_none() {
                        // Without credentials, or without a network, no other kind can be read either.
                        hopeless = is_hopeless(failure.kind).then(|| failure.clone());
                        poll.failed(failure);
                    }
                    (vec![], Some(why))
                }
            };
            self.retry = Retry::default();
            poll.saw(
                now,
                ObservationBody::Inventory(Inventory { kind, region: self.account.region.clone(), resources, unknown }),
            );
        }
        if self.failed { poll.part() } else { poll.done() }
    }
}

fn is_hopeless(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::NoCredentials | FailureKind::BadCredentials)
}

#[cfg(test)]
mod tests;
