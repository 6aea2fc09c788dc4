//! What stands behind a bill, and what of it is used by nobody.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use model::calendar::day_start;
use model::money::cents;
use model::span::Span;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// What was read is not taken for what is there when it is older than this.
pub const STALE: TimeDelta = TimeDelta::days(2);
/// Names that a sentence lists; more are counted.
const MOST_NAMES: usize = 6;

/// The kinds of things that are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceKind {
    /// RDS instances.
    RdsInstance,
    /// NAT gateways.
    NatGateway,
    /// Application, network and gateway load balancers.
    LoadBalancer,
    /// Elastic IP addresses.
    Address,
    /// EBS volumes.
    Volume,
    /// Provisioned concurrency of a function's version or alias.
    ProvisionedConcurrency,
    /// Log groups of CloudWatch Logs.
    LogGroup,
}

impl ResourceKind {
    /// Each kind with its word in the configuration.
    pub const ALL: &'static [(&'static str, Self)] = &[
        ("rds_instances", Self::RdsInstance),
        ("nat_gateways", Self::NatGateway),
        ("load_balancers", Self::LoadBalancer),
        ("addresses", Self::Address),
        ("volumes", Self::Volume),
        ("provisioned_concurrency", Self::ProvisionedConcurrency),
        ("log_groups", Self::LogGroup),
    ];

    /// The word for one of them, in JSON and in subjects.
    pub fn word(self) -> &'static str {
        match self {
            Self::RdsInstance => "rds_instance",
            Self::NatGateway => "nat_gateway",
            Self::LoadBalancer => "load_balancer",
            Self::Address => "address",
            Self::Volume => "volume",
            Self::ProvisionedConcurrency => "provisioned_concurrency",
            Self::LogGroup => "log_group",
        }
    }

    /// One of them, for people.
    pub fn noun(self) -> &'static str {
        match self {
            Self::RdsInstance => "RDS instance",
            Self::NatGateway => "NAT gateway",
            Self::LoadBalancer => "Load balancer",
            Self::Address => "Elastic IP address",
            Self::Volume => "EBS volume",
            Self::ProvisionedConcurrency => "Provisioned concurrency of",
            Self::LogGroup => "Log group",
        }
    }

    /// Several of them, for people, in the middle of a sentence.
    pub fn plural(self) -> &'static str {
        match self {
            Self::RdsInstance => "RDS instances",
            Self::NatGateway => "NAT gateways",
            Self::LoadBalancer => "load balancers",
            Self::Address => "Elastic IP addresses",
            Self::Volume => "EBS volumes",
            Self::ProvisionedConcurrency => "provisioned concurrency",
            Self::LogGroup => "log groups",
        }
    }

    /// The service that charges for it, by its name on the bill: Cost Explorer's dimension SERVICE.
    pub fn service(self) -> &'static str {
        match self {
            Self::RdsInstance => "Amazon Relational Database Service",
            Self::NatGateway | Self::Volume => "EC2 - Other",
            Self::LoadBalancer => "Amazon Elastic Load Balancing",
            Self::Address => "Amazon Virtual Private Cloud",
            Self::ProvisionedConcurrency => "AWS Lambda",
            Self::LogGroup => "AmazonCloudWatch",
        }
    }
}

/// Everything of one kind in one region, as one poll found it: it replaces what was known.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Inventory {
    /// The kind.
    pub kind: ResourceKind,
    /// The region.
    pub region: String,
    /// Everything of this kind there, by id.
    pub resources: Vec<Resource>,
    /// Why it could not be read, in one line. Then `resources` is empty, and nobody knows what is there.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// A thing that is paid for.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Resource {
    /// Its id, or its name where that is what a command takes; unique among those of its kind in its region.
    pub id: String,
    /// The name that people gave it, where that is not the id.
    pub name: Option<String>,
    /// What of its kind it is, as AWS spells it: `db.t4g.micro`, `gp3`; empty where there is only one.
    pub class: String,
    /// What else is known: `postgres, 20 GB gp2, single-AZ`; may be empty.
    pub note: String,
    /// Its state, as AWS spells it; empty where it has none.
    pub state: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was made, UTC, where AWS says.
    pub created: Option<DateTime<Utc>>,
    /// What it costs in a month of 730 hours by the price table, in US dollars; `None` where the table does not know all of it.
    pub monthly_usd: Option<Decimal>,
    /// Whether anybody uses it.
    pub usage: Usage,
}

/// Whether anybody uses a thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Usage {
    /// It was used, lately enough not to be called idle.
    Used,
    /// Nobody has used it for long enough to be called idle.
    Idle(Idle),
    /// Nobody can tell; the text says why.
    Unknown(String),
}

/// How long nobody has used a thing.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Idle {
    /// Since when, UTC; where AWS does not say, since it was first seen so.
    pub since: DateTime<Utc>,
    /// It may have been so for longer: nothing older is known.
    pub at_least: bool,
    /// What is so since then, as it stands before "for 21 days": `had no connection`, `has been attached to nothing`.
    pub why: String,
}

impl Idle {
    /// Whole days of it.
    pub fn days(&self, now: DateTime<Utc>) -> i64 {
        (now - self.since).num_days().max(0)
    }

    /// `had no connection for 21 days`.
    pub fn sentence(&self, now: DateTime<Utc>) -> String {
        match (self.days(now), self.at_least) {
            (0, _) => format!("{} when it was last looked at", self.why),
            (1, false) => format!("{} for a day", self.why),
            (days, false) => format!("{} for {days} days", self.why),
            (days, true) => format!("{} for at least {days} days", self.why),
        }
    }
}

impl Resource {
    /// How it is named among all resources: `rds_instance/test`.
    pub fn key(&self, kind: ResourceKind) -> String {
        format!("{}/{}", kind.word(), self.id)
    }

    /// What people call it: its name, else its id.
    pub fn called(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.id)
    }

    /// `RDS instance "test" (db.t4g.micro)`.
    pub fn title(&self, kind: ResourceKind) -> String {
        let class = if self.class.is_empty() { String::new() } else { format!(" ({})", self.class) };
        match &self.name {
            Some(name) => format!("{} \"{name}\" {}{class}", kind.noun(), self.id),
            None => format!("{} \"{}\"{class}", kind.noun(), self.id),
        }
    }

    /// How long nobody has used it, if so.
    pub fn idle(&self) -> Option<&Idle> {
        match &self.usage {
            Usage::Idle(idle) => Some(idle),
            Usage::Used | Usage::Unknown(_) => None,
        }
    }

    /// What is known of it, in a sentence: class, state, use, tags.
    pub fn sentence(&self, now: DateTime<Utc>) -> String {
        let usage = match &self.usage {
            Usage::Used => String::new(),
            Usage::Idle(idle) => idle.sentence(now),
            Usage::Unknown(why) => format!("use unknown: {why}"),
        };
        let name = self.name.as_ref().map(|name| format!("\"{name}\"")).unwrap_or_default();
        let tags: Vec<String> = self.tags.iter().filter(|(key, _)| *key != "Name").map(|(key, value)| format!("{key}={value}")).collect();
        let parts = [name, self.class.clone(), self.note.clone(), self.state.clone(), usage, tags.join(" ")];
        parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join("; ")
    }
}

/// `: about 8.10 USD a month`; nothing where the price is not known.
pub fn price_words(monthly_usd: Option<Decimal>) -> String {
    monthly_usd.map(|usd| format!(": about {} USD a month", cents(usd))).unwrap_or_default()
}

/// What to do with a thing that nobody uses, with the exact command. Whatever holds data is kept in a snapshot first.
pub fn next_step(kind: ResourceKind, resource: &Resource, region: &str) -> String {
    let id = quoted(&resource.id);
    let region = if region.is_empty() { String::new() } else { format!(" --region {}", quoted(region)) };
    match kind {
        ResourceKind::RdsInstance => format!(
            "If nobody needs it, delete it and keep a last snapshot: `aws rds delete-db-instance{region} --db-instance-identifier {id} --final-db-snapshot-identifier {}`. The snapshot costs its storage until it is deleted too.",
            quoted(&format!("{}-last", resource.id))
        ),
        ResourceKind::NatGateway => format!(
            "If nothing behind it needs the internet, delete it, then release its address: `aws ec2 delete-nat-gateway{region} --nat-gateway-id {id}`. Routes that point to it stay behind as blackholes."
        ),
        ResourceKind::LoadBalancer => {
            format!("If nothing is to be reached through it, delete it: `aws elbv2 delete-load-balancer{region} --load-balancer-arn {id}`.")
        }
        ResourceKind::Address => {
            format!("If no record points to it, give it back: `aws ec2 release-address{region} --allocation-id {id}`. The same address does not come back.")
        }
        ResourceKind::Volume => format!(
            "Keep a snapshot (`aws ec2 create-snapshot{region} --volume-id {id}`), wait until it is completed, then `aws ec2 delete-volume{region} --volume-id {id}`."
        ),
        ResourceKind::ProvisionedConcurrency => {
            let (function, qualifier) = resource.id.rsplit_once(':').unwrap_or((&resource.id, ""));
            format!(
                "If nobody is to call it, take it back: `aws lambda delete-provisioned-concurrency-config{region} --function-name {} --qualifier {}`.",
                quoted(function),
                quoted(qualifier)
            )
        }
        ResourceKind::LogGroup => format!(
            "Say how long its events are to be kept; older ones are deleted then: `aws logs put-retention-policy{region} --log-group-name {id} --retention-in-days 30`."
        ),
    }
}

/// A word that a shell takes as one.
fn quoted(word: &str) -> String {
    let plain = !word.is_empty() && word.chars().all(|c| c.is_ascii_alphanumeric() || "-_./:@".contains(c));
    if plain { word.to_owned() } else { format!("'{}'", word.replace('\'', r"'\''")) }
}

/// What a day on which a metric has no point means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// The metric has a point for every minute in which the thing is there: without one, nobody knows.
    Unknown,
    /// The metric has a point only where there was something to count.
    Nothing,
}

/// The days that were looked at, and what they have to be held against.
#[derive(Debug, Clone, Copy)]
pub struct Looked {
    /// The first day that was asked for.
    pub first: NaiveDate,
    /// Now, UTC.
    pub now: DateTime<Utc>,
    /// So long without use is idle.
    pub idle_after: Span,
    /// What a day without a point means.
    pub gap: Gap,
}

/// Whether a thing is used, by the UTC days of which a metric has a point and whether it counted anything on them. `why` stands
/// before "for 21 days".
pub fn usage(days: &BTreeMap<NaiveDate, bool>, created: Option<DateTime<Utc>>, looked: Looked, why: &str) -> Usage {
    let today = looked.now.date_naive();
    let born = created.map(|created| created.date_naive());
    // The running day can only prove that a thing is used.
    if days.get(&today) == Some(&true) {
        return Usage::Used;
    }
    let mut since = today;
    let mut known = 0;
    let mut used = false;
    for day in std::iter::successors(today.pred_opt(), NaiveDate::pred_opt).take_while(|day| *day >= looked.first) {
        if born.is_some_and(|born| day < born) {
            break;
        }
        match (days.get(&day), looked.gap) {
            (Some(true), _) => {
                used = true;
                break;
            }
            (None, Gap::Unknown) => break,
            (Some(false), _) | (None, Gap::Nothing) => (since, known) = (day, known + 1),
        }
    }
    let start = day_start(since).max(created.filter(|created| *created <= looked.now).unwrap_or(day_start(since)));
    if looked.now - start >= looked.idle_after.delta() && known > 0 {
        return Usage::Idle(Idle { since: start, at_least: !used && since <= looked.first && born.is_none_or(|born| born < since), why: why.to_owned() });
    }
    match born {
        _ if used => Usage::Used,
        Some(born) if born >= since => Usage::Unknown(match today - born {
            age if age < TimeDelta::days(1) => "it was made today".to_owned(),
            age => format!("it is only {} old", days_long(age)),
        }),
        _ if known == 0 => Usage::Unknown("its metric says nothing of the last day".to_owned()),
        _ => Usage::Unknown(format!("its metric only says something of the last {}", days_long(today - since))),
    }
}

fn days_long(length: TimeDelta) -> String {
    match length.num_days() {
        1 => "day".to_owned(),
        days => format!("{days} days"),
    }
}

/// What stands behind the bill of a service, in one sentence: `3 x db.t4g.micro: prod, dev, test; test had no connection for 21 days:
/// about 8.10 USD a month`. `None` if nothing is known of it.
pub fn summary(service: &str, inventories: &[&Inventory], now: DateTime<Utc>) -> Option<String> {
    let mut classes: BTreeMap<(ResourceKind, &str), Vec<&str>> = BTreeMap::new();
    let mut idle = Vec::new();
    for (kind, resource) in charged_by(service, inventories) {
        classes.entry((kind, &resource.class)).or_default().push(resource.called());
        if let Some(unused) = resource.idle() {
            idle.push((resource.monthly_usd, format!("{} {}{}", resource.called(), unused.sentence(now), price_words(resource.monthly_usd))));
        }
    }
    let counted = |((kind, class), names): (&(ResourceKind, &str), &Vec<&str>)| {
        let class = if class.is_empty() { kind.noun() } else { class };
        format!("{} x {class}: {}", names.len(), listed(names))
    };
    let mut parts: Vec<String> = classes.iter().map(counted).collect();
    // The dearest first; of those that cost the same, by name.
    idle.sort_by(|a, b| b.0.cmp(&a.0).then_with(|| a.1.cmp(&b.1)));
    let more = idle.len().saturating_sub(MOST_NAMES);
    parts.extend(idle.into_iter().take(MOST_NAMES).map(|(_, said)| said));
    if more > 0 {
        parts.push(format!("{more} more are used by nobody"));
    }
    (!parts.is_empty()).then(|| parts.join("; "))
}

fn listed(names: &[&str]) -> String {
    let shown: Vec<&str> = names.iter().take(MOST_NAMES).copied().collect();
    match names.len().saturating_sub(MOST_NAMES) {
        0 => shown.join(", "),
        more => format!("{} and {more} more", shown.join(", ")),
    }
}

/// Every resource that a service charges for, with its kind, in the order of the inventories.
pub fn charged_by<'a>(service: &str, inventories: &[&'a Inventory]) -> impl Iterator<Item = (ResourceKind, &'a Resource)> {
    inventories
        .iter()
        .filter(move |inventory| inventory.kind.service() == service)
        .flat_map(|inventory| inventory.resources.iter().map(|resource| (inventory.kind, resource)))
}

#[cfg(test)]
mod tests;
