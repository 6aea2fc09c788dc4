//! Resources, and whether they are used.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use model::money::read_optional_kept;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::kind::ResourceKind;

/// All resources of one kind in one region from one poll; it replaces the previous inventory.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Inventory {
    /// The kind.
    pub kind: ResourceKind,
    /// The region.
    pub region: String,
    /// Everything of this kind there, by id.
    pub resources: Vec<Resource>,
    /// Why it could not be read, in one line. Then `resources` is empty, and the resources are unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
}

/// A billed resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Resource {
    /// Its id, or its name if commands take that; unique within its kind and region.
    pub id: String,
    /// The name that people gave it, where that is not the id.
    pub name: Option<String>,
    /// Its class, as AWS names it: `db.t4g.micro`, `gp3`; empty if the kind has only one.
    pub class: String,
    /// What else is known: `postgres, 20 GB gp2, single-AZ`; may be empty.
    pub note: String,
    /// Its state, as AWS spells it; empty where it has none.
    pub state: String,
    /// Its tags.
    pub tags: BTreeMap<String, String>,
    /// When it was created, UTC, if known.
    pub created: Option<DateTime<Utc>>,
    /// Its price for a month of 730 hours, in USD; `None` if the price table does not have all of it.
    #[serde(default, deserialize_with = "read_optional_kept")]
    pub monthly_usd: Option<Decimal>,
    /// Whether it is used.
    pub usage: ResourceUsage,
}

/// Whether a resource is used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResourceUsage {
    /// It was used, lately enough not to be called idle.
    Used,
    /// It is idle.
    Idle(IdleSince),
    /// Unknown; the text says why.
    Unknown(String),
}

/// How long a resource has been idle.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct IdleSince {
    /// Since when, UTC; if AWS does not tell, since it was first seen idle.
    pub since: DateTime<Utc>,
    /// It may have been so for longer: nothing older is known.
    pub at_least: bool,
    /// The reason, in a form that continues with "for 21 days": `had no connections`, `has not been attached`.
    pub why: String,
}

impl IdleSince {
    /// Whole days of it.
    pub fn days(&self, now: DateTime<Utc>) -> i64 {
        (now - self.since).num_days().max(0)
    }

    /// `had no connection for 21 days`.
    pub fn sentence(&self, now: DateTime<Utc>) -> String {
        match (self.days(now), self.at_least) {
            (0, _) => format!("{} at the last check", self.why),
            (1, false) => format!("{} for a day", self.why),
            (days, false) => format!("{} for {days} days", self.why),
            (days, true) => format!("{} for at least {days} days", self.why),
        }
    }
}

impl Resource {
    /// Its unique key: `rds_instance/test`.
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

    /// Since when it is idle, if it is.
    pub fn idle(&self) -> Option<&IdleSince> {
        match &self.usage {
            ResourceUsage::Idle(idle) => Some(idle),
            ResourceUsage::Used | ResourceUsage::Unknown(_) => None,
        }
    }

    /// A description: class, state, usage, tags.
    pub fn sentence(&self, now: DateTime<Utc>) -> String {
        let usage = match &self.usage {
            ResourceUsage::Used => String::new(),
            ResourceUsage::Idle(idle) => idle.sentence(now),
            ResourceUsage::Unknown(why) => format!("usage unknown: {why}"),
        };
        let name = self.name.as_ref().map(|name| format!("\"{name}\"")).unwrap_or_default();
        let tags: Vec<String> =
            self.tags.iter().filter(|(key, _)| *key != "Name").map(|(key, value)| format!("{key}={value}")).collect();
        let parts = [name, self.class.clone(), self.note.clone(), self.state.clone(), usage, tags.join(" ")];
        parts.iter().filter(|part| !part.is_empty()).map(String::as_str).collect::<Vec<_>>().join("; ")
    }
}
