//! Resources, and whether they are used.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::kind::ResourceKind;

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
