//! Kinds that are read whole by whole, such as the policy of each function: what is new or has changed at once, the
//! rest once a day, and no more in one poll than its share of calls.

use std::collections::{BTreeMap, BTreeSet};

use account::map::{MapKind, MapResource, MapSnapshot, SnapshotPart};
use chrono::{DateTime, TimeDelta, Utc};

use super::asked::MapStop;
use super::context::MapContext;

/// After this the parts of a whole are read again, whether or not it looks changed.
const AGAIN: TimeDelta = TimeDelta::hours(24);
/// The most calls of one kind in its first picture, and in a later poll.
const FIRST: usize = 40;
const LATER: usize = 20;

/// A whole: its id, and what it looks like. If it looks different, its parts are read again.
pub(super) type Whole = (String, String);

/// The parts of wholes. `read` gives those of one; it needs `calls` calls for that. A whole that is gone by then is left
/// out; one whose turn has not come keeps what was known of it.
pub(super) async fn parts<F: Future<Output = Result<Vec<MapResource>, MapStop>>>(
    look: &MapContext<'_>,
    kind: MapKind,
    wholes: Vec<Whole>,
    calls: usize,
    read: impl Fn(String) -> F,
) -> Result<MapSnapshot, MapStop> {
    let due = look.asked.lock().await.due(kind, |left| match look.before {
        // The first picture has a share of its own.
        None => (due(&wholes, None, look.started, FIRST / calls.max(1)), 0),
        Some(before) => {
            let due = due(&wholes, Some(before), look.started, LATER.min(left) / calls.max(1));
            let made = due.len() * calls;
            (due, made)
        }
    });
    let mut resources = Vec::new();
    let mut known = BTreeMap::new();
    for (id, mark) in wholes {
        let part = if due.contains(&id) {
            match read(id.clone()).await {
                Ok(found) => {
                    resources.extend(found.into_iter().map(|one| MapResource { of: Some(id.clone()), ..one }));
                    SnapshotPart { read: Some(look.started), mark }
                }
                Err(stop) if stop.is_absent() => continue,
                Err(stop) => return Err(stop),
            }
        } else {
            let before = look.before.into_iter().flat_map(|before| &before.resources);
            resources.extend(before.filter(|one| one.of.as_deref() == Some(id.as_str())).cloned());
            look.before.and_then(|before| before.parts.get(&id)).cloned().unwrap_or_default()
        };
        known.insert(id, part);
    }
    Ok(MapSnapshot { parts: known, ..look.snapshot(kind, resources) })
}

/// The wholes that are read now: those that were never read or look different come first, then those that were read
/// longest ago.
fn due(wholes: &[Whole], before: Option<&MapSnapshot>, now: DateTime<Utc>, most: usize) -> BTreeSet<String> {
    let known = |id: &String| before.and_then(|before| before.parts.get(id));
    let mut ordered: Vec<(Option<DateTime<Utc>>, &String)> = wholes
        .iter()
        .filter_map(|(id, mark)| match known(id) {
            Some(SnapshotPart { read: Some(read), mark: was }) if was == mark => {
                (now - *read >= AGAIN).then_some((Some(*read), id))
            }
            _ => Some((None, id)),
        })
        .collect();
    ordered.sort();
    ordered.into_iter().take(most).map(|(_, id)| id.clone()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn new_and_changed_wholes_come_first_and_old_ones_once_a_day() {
        let now: DateTime<Utc> = "2024-12-20T12:00:00Z".parse().unwrap();
        let part =
            |hours: i64, mark: &str| SnapshotPart { read: Some(now - TimeDelta::hours(hours)), mark: mark.to_owned() };
        let mut before = MapSnapshot::of(MapKind::FunctionUrl, "us-east-1", vec![]);
        before.parts = [
            ("fresh", part(1, "1")),
            ("changed", part(1, "0")),
            ("old", part(25, "1")),
            ("older", part(48, "1")),
            ("never", SnapshotPart { read: None, mark: "1".to_owned() }),
        ]
        .map(|(id, part)| (id.to_owned(), part))
        .into();
        let wholes: Vec<Whole> =
            ["changed", "fresh", "never", "new", "old", "older"].map(|id| (id.to_owned(), "1".to_owned())).into();
        for (most, expected) in [
            (9, &["changed", "never", "new", "old", "older"][..]),
            (4, &["changed", "never", "new", "older"]),
            (2, &["changed", "never"]),
            (0, &[]),
        ] {
            let found = due(&wholes, Some(&before), now, most);
            assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{most}");
        }
    }
}
