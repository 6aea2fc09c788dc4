//! Resources of the map, and all of one kind in a region at one time.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use model::redact::printable;
use serde::{Deserialize, Serialize};

use super::digest::{DigestKey, digest};
use super::kind::MapKind;

/// The most characters that are kept of the text of a setting.
pub const TEXT_LIMIT: usize = 300;

/// A resource of the map. Values of environment variables are never part of it.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct MapResource {
    /// Its id, or its name if commands take that; unique within its kind and region.
    pub id: String,
    /// Its ARN, where the answer has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub arn: Option<String>,
    /// The id of what it is a part of, for kinds that are parts ([`MapKind::whole`]).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub of: Option<String>,
    /// The settings that matter, by name, as short text. `None`: the answer has it, and it could not be read.
    pub settings: BTreeMap<String, Option<String>>,
    /// Its tags; `None` where the call that lists it does not give them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tags: Option<BTreeMap<String, String>>,
    /// What changes without anybody changing it, such as when a secret was last read. It is never compared.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub noted: BTreeMap<String, String>,
}

impl MapResource {
    /// A resource without settings.
    pub fn new(id: impl Into<String>) -> Self {
        Self { id: id.into(), ..Self::default() }
    }

    /// Its unique key, as subjects have it: `function/backend`.
    pub fn key(&self, kind: MapKind) -> String {
        format!("{}/{}", kind.word(), self.id)
    }

    /// A setting whose text is known.
    pub fn setting(&self, name: &str) -> Option<&str> {
        self.settings.get(name)?.as_deref()
    }

    /// What people call it: its setting `name`, else its id.
    pub fn called(&self) -> &str {
        self.setting("name").filter(|name| !name.is_empty()).unwrap_or(&self.id)
    }

    /// Sets a setting. A longer text than [`TEXT_LIMIT`] is cut, with a digest of all of it at its end, so that a
    /// change behind the cut shows.
    pub fn set(&mut self, name: &str, text: impl Into<String>) {
        // One line: patterns and policies come with line ends.
        let text = printable(&text.into());
        let text = if text.chars().count() <= TEXT_LIMIT {
            text
        } else {
            let start: String = text.chars().take(TEXT_LIMIT).collect();
            format!("{start}… ({})", digest(&DigestKey::PUBLIC, [("", text.as_str())]))
        };
        self.settings.insert(name.to_owned(), Some(text));
    }
}

/// Of one whole, how far its parts are known.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct SnapshotPart {
    /// When its parts were last read, UTC; `None` if they never were: then they are unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub read: Option<DateTime<Utc>>,
    /// What the whole looked like then; if it looks different, the parts are read again.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub mark: String,
}

/// All resources of one kind in one region, or why they are unknown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MapSnapshot {
    /// The kind.
    pub kind: MapKind,
    /// The region; `global` for a service that has none.
    pub region: String,
    /// The resources, by id.
    pub resources: Vec<MapResource>,
    /// Why it is unknown, in one line. Then `resources` is empty, which means nothing.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unknown: Option<String>,
    /// For a kind that is read whole by whole, such as the URLs of each function: how far each is known.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub parts: BTreeMap<String, SnapshotPart>,
}

impl MapSnapshot {
    /// A snapshot of resources in any order.
    pub fn of(kind: MapKind, region: &str, mut resources: Vec<MapResource>) -> Self {
        resources.sort();
        resources.dedup_by(|a, b| a.id == b.id);
        Self { kind, region: region.to_owned(), resources, unknown: None, parts: BTreeMap::new() }
    }

    /// A kind that could not be read.
    pub fn unknown(kind: MapKind, region: &str, why: impl Into<String>) -> Self {
        Self { unknown: Some(why.into()), ..Self::of(kind, region, vec![]) }
    }

    /// Whether the parts of a whole were never read.
    pub fn is_unread(&self, whole: Option<&str>) -> bool {
        whole.and_then(|whole| self.parts.get(whole)).is_some_and(|part| part.read.is_none())
    }

    /// When the parts of a whole were last read.
    pub fn read_of(&self, whole: Option<&str>) -> Option<DateTime<Utc>> {
        self.parts.get(whole?)?.read
    }
}
