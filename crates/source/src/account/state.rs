//! What the source keeps between polls: its cursors.

use std::collections::BTreeMap;

use account::map::{Change, DigestKey, MapKind, MapResource, MapSnapshot};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use crate::poll::stored;

/// The form of snapshots. A version that reads other settings has another one, so that they are not taken for changes.
const FORM: u32 = 1;
/// The keys of the cursors beside those of the kinds.
const SEEN: &str = "seen";
const KEY: &str = "key";
const WAITING: &str = "waiting";

/// A snapshot as it is stored.
#[derive(Serialize, Deserialize)]
struct StoredSnapshot {
    form: u32,
    snapshot: MapSnapshot,
}

/// What was known at the end of the last poll.
#[derive(Default)]
pub(super) struct MapState {
    /// The last snapshot of each kind.
    pub(super) known: BTreeMap<MapKind, MapSnapshot>,
    /// When the poll began that read each kind last, UTC.
    pub(super) seen: BTreeMap<MapKind, DateTime<Utc>>,
    /// The key of digests.
    pub(super) key: Option<DigestKey>,
    /// Changes whose calls may still show.
    pub(super) waiting: Vec<Change>,
}

impl MapState {
    pub(super) fn restore(&mut self, source: &str, cursors: &BTreeMap<String, String>) {
        let text = |key: &str| cursors.get(key).map(String::as_str);
        for (_, kind) in MapKind::ALL {
            let read = text(kind.word()).and_then(|text| stored::<Option<StoredSnapshot>>(source, kind.word(), text));
            if let Some(read) = read.flatten().filter(|read| read.form == FORM && read.snapshot.kind == *kind) {
                self.known.insert(*kind, read.snapshot);
            }
        }
        self.seen = text(SEEN).and_then(|text| stored(source, SEEN, text)).unwrap_or_default();
        self.key = text(KEY).and_then(|text| stored(source, KEY, text));
        self.waiting = text(WAITING).and_then(|text| stored(source, WAITING, text)).unwrap_or_default();
    }

    /// The cursors that move from this state to `next`.
    pub(super) fn moved(&self, next: &Self) -> Vec<(String, String)> {
        let mut cursors = Vec::new();
        for (kind, snapshot) in &next.known {
            if self.known.get(kind) != Some(snapshot) {
                let stored = StoredSnapshot { form: FORM, snapshot: snapshot.clone() };
                cursors.push((kind.word().to_owned(), serde_json::json!(stored).to_string()));
            }
        }
        // A kind that is no longer read is no longer known.
        let dropped = self.known.keys().filter(|kind| !next.known.contains_key(kind));
        cursors.extend(dropped.map(|kind| (kind.word().to_owned(), "null".to_owned())));
        let others = [
            (SEEN, serde_json::json!(self.seen), serde_json::json!(next.seen)),
            (KEY, serde_json::json!(self.key), serde_json::json!(next.key)),
            (WAITING, serde_json::json!(self.waiting), serde_json::json!(next.waiting)),
        ];
        let moved = others.into_iter().filter(|(_, was, is)| was != is);
        cursors.extend(moved.map(|(key, _, is)| (key.to_owned(), is.to_string())));
        cursors
    }
}

/// What a source of the map has stored of its picture.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StoredMap {
    /// When the poll began that read a kind last, UTC; `None` if none has.
    pub read: Option<DateTime<Utc>>,
    /// The kinds that may not be read, each with the reason.
    pub unknown: Vec<(MapKind, String)>,
    /// The resources of the kinds that were read.
    pub resources: BTreeMap<MapKind, Vec<MapResource>>,
}

/// What the cursors of a source say, as the store has them. A kind whose cursor cannot be read is unknown: the source
/// begins it anew.
pub fn stored_map(cursors: &[(String, String)]) -> StoredMap {
    let unknown = |(key, text): &(String, String)| {
        let (_, kind) = MapKind::ALL.iter().find(|(_, kind)| kind.word() == key)?;
        match serde_json::from_str::<Option<StoredSnapshot>>(text) {
            Ok(stored) => Some((*kind, stored?.snapshot.unknown?)),
            Err(_) => Some((*kind, "its last picture cannot be read; the next poll begins it anew".to_owned())),
        }
    };
    let seen = cursors.iter().find(|(key, _)| key == SEEN).map(|(_, text)| serde_json::from_str(text));
    let seen: BTreeMap<MapKind, DateTime<Utc>> = seen.and_then(Result::ok).unwrap_or_default();
    let resources = |(key, text): &(String, String)| {
        let (_, kind) = MapKind::ALL.iter().find(|(_, kind)| kind.word() == key)?;
        // One that cannot be read is told above.
        let stored = serde_json::from_str::<Option<StoredSnapshot>>(text).ok()??;
        Some((*kind, stored.snapshot.resources))
    };
    StoredMap {
        read: seen.into_values().max(),
        unknown: cursors.iter().filter_map(unknown).collect(),
        resources: cursors.iter().filter_map(resources).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stored_picture_that_cannot_be_read_is_unknown_and_not_passed_over() {
        let cursors = |text: &str| vec![(MapKind::Function.word().to_owned(), text.to_owned())];
        assert_eq!(stored_map(&cursors("null")).unknown, vec![]);
        let unknown = stored_map(&cursors("{\"form\":")).unknown;
        assert!(matches!(&unknown[..], [(MapKind::Function, why)] if why.contains("cannot be read")), "{unknown:?}");
    }
}
