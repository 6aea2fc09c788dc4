//! Changes of resources, and how they are said.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::kind::MapKind;
use super::resource::MapResource;

/// One change of one resource.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Change {
    /// When the resource was last seen as it was before, UTC.
    pub since: DateTime<Utc>,
    /// When it was first seen as it is now, UTC.
    pub until: DateTime<Utc>,
    /// The kind of the resource.
    pub kind: MapKind,
    /// Its region; `global` for a service that has none.
    pub region: String,
    /// Its id.
    pub id: String,
    /// What people call it, where that is not the id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub called: Option<String>,
    /// Its ARN, where it is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The functions that the resource is about or leads to, by name.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub functions: Vec<String>,
    /// What changed.
    pub what: ChangeBody,
    /// The call that did it, where CloudTrail shows one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub by: Option<ChangeCall>,
}

/// What changed.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeBody {
    /// It is new.
    Created(Box<MapResource>),
    /// It is gone.
    Deleted,
    /// A setting has another text; `None` where it has none.
    Setting {
        /// The setting.
        name: String,
        /// What it was.
        from: Option<String>,
        /// What it is.
        to: Option<String>,
    },
    /// A tag has another value; `None` where there is none.
    Tag {
        /// The key of the tag.
        name: String,
        /// What it was.
        from: Option<String>,
        /// What it is.
        to: Option<String>,
    },
}

/// A call that changed something, as CloudTrail shows it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChangeCall {
    /// When it was made, UTC.
    pub at: DateTime<Utc>,
    /// The call: `UpdateFunctionConfiguration`.
    pub call: String,
    /// Who made it: the name of a user, the session of a role, or a service.
    pub who: String,
}

/// The setting whose change is a deployment.
const DEPLOYED: &str = "code_sha256";
/// Characters of a hash that people compare.
const HASH_SHOWN: usize = 12;

impl Change {
    /// Its resource, as subjects name it: `function/backend`.
    pub fn key(&self) -> String {
        format!("{}/{}", self.kind.word(), self.id)
    }

    /// What people call the resource.
    pub fn called(&self) -> &str {
        self.called.as_deref().unwrap_or(&self.id)
    }

    /// Whether it is a deployment of a function's code.
    pub fn is_deploy(&self) -> bool {
        self.kind == MapKind::Function && matches!(&self.what, ChangeBody::Setting { name, .. } if name == DEPLOYED)
    }

    /// Whether both tell of the same change; only one of them may know who made it.
    pub fn is_same(&self, other: &Self) -> bool {
        let identity = |one: &Self| (one.since, one.until, one.kind, one.region.clone(), one.id.clone());
        identity(self) == identity(other) && self.what == other.what
    }

    /// What changed: `memory 512 MB -> 256 MB`.
    pub fn words(&self) -> String {
        let shown = |text: &Option<String>| text.clone().unwrap_or_else(|| "none".to_owned());
        match &self.what {
            ChangeBody::Created(_) => "created".to_owned(),
            ChangeBody::Deleted => "deleted".to_owned(),
            ChangeBody::Setting { name, from, to } if self.is_deploy() => {
                let short = |text: &Option<String>| shown(text).chars().take(HASH_SHOWN).collect::<String>();
                format!("deploy: {name} {} -> {}", short(from), short(to))
            }
            ChangeBody::Setting { name, from, to } => {
                format!("{} {} -> {}", name.replace('_', " "), shown(from), shown(to))
            }
            ChangeBody::Tag { name, from, to } => format!("tag {name} {} -> {}", shown(from), shown(to)),
        }
    }

    /// The moment of the call, or the end of the time in which it was made.
    pub fn moment(&self) -> DateTime<Utc> {
        self.by.as_ref().map_or(self.until, |by| by.at)
    }
}

/// Each change once, the newest last. Of those that are the same, the one that names a call stays.
pub fn merged(all: impl IntoIterator<Item = Change>) -> Vec<Change> {
    let mut known: BTreeMap<Change, Option<ChangeCall>> = BTreeMap::new();
    for mut change in all {
        let by = change.by.take();
        let kept = known.entry(change).or_default();
        *kept = kept.take().or(by);
    }
    let mut all: Vec<Change> = known.into_iter().map(|(change, by)| Change { by, ..change }).collect();
    all.sort_by(|a, b| (a.moment(), a).cmp(&(b.moment(), b)));
    all
}
