//! Kinds that are read whole by whole, such as the policy of each function: what is new or has changed at once, the
//! rest once a day, and no more in one poll than its share of calls.

use std::collections::{BTreeMap, BTreeSet};

use account::map::{MapKind, MapResource, MapSnapshot, SnapshotPart};
use chrono::{DateTime, TimeDelta, Utc};

use super::asked::MapStop;
use super::context::MapContext;

/// How many parts are read in a poll.
struct PartsShare {
    /// After this the parts of a whole are read again, whether or not it looks changed.
    again: TimeDelta,
    /// The most calls of one kind in its first picture.
    first: usize,
    /// And in a later poll.
    later: usize,
}

/// Details of functions, rules and zones, which show themselves whether they have changed.
const DETAILS: PartsShare = PartsShare { again: TimeDelta::hours(24), first: 40, later: 20 };
/// Stages of APIs: nothing else shows a deployment, so all are read, a share in each poll.
const STAGES: PartsShare = PartsShare { again: TimeDelta::zero(), first: 60, later: 25 };

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
        None => (due(&wholes, None, look.started, &DETAILS, DETAILS.first / calls.max(1)), 0),
        Some(before) => {
            let due = due(&wholes, Some(before), look.started, &DETAILS, DETAILS.later.min(left) / calls.max(1));
            let made = due.len() * calls;
            (due, made)
        }
    });
    read_due(look, kind, wholes, due, read).await
}

/// The stages of APIs, by the same rules but of their own share.
pub(super) async fn stages<F: Future<Output = Result<Vec<MapResource>, MapStop>>>(
    look: &MapContext<'_>,
    kind: MapKind,
    apis: Vec<String>,
    read: impl Fn(String) -> F,
) -> Result<MapSnapshot, MapStop> {
    let wholes: Vec<Whole> = apis.into_iter().map(|api| (api, String::new())).collect();
    let most = if look.before.is_none() { STAGES.first } else { STAGES.later };
    let due = look.asked.lock().await.due(kind, |_| (due(&wholes, look.before, look.started, &STAGES, most), 0));
    read_due(look, kind, wholes, due, read).await
}

/// How an API looked when its parts were last read, if its stages are not read in this poll; `stages` is their kind.
pub(super) async fn look_of_before(look: &MapContext<'_>, stages: MapKind, api: &str) -> Option<String> {
    let is_due = look.asked.lock().await.chosen(stages).is_none_or(|due| due.contains(api));
    let known = look.before.and_then(|before| before.parts.get(api));
    (!is_due).then(|| known.map(|part| part.mark.clone()).unwrap_or_default())
}

/// Reads the parts of the wholes that are due, and takes over those of the others.
async fn read_due<F: Future<Output = Result<Vec<MapResource>, MapStop>>>(
    look: &MapContext<'_>,
    kind: MapKind,
    wholes: Vec<Whole>,
    due: BTreeSet<String>,
    read: impl Fn(String) -> F,
) -> Result<MapSnapshot, MapStop> {
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
fn due(
    wholes: &[Whole],
    before: Option<&MapSnapshot>,
    now: DateTime<Utc>,
    share: &PartsShare,
    most: usize,
) -> BTreeSet<String> {
    let known = |id: &String| before.and_then(|before| before.parts.get(id));
    let mut ordered: Vec<(Option<DateTime<Utc>>, &String)> = wholes
        .iter()
        .filter_map(|(id, mark)| match known(id) {
            Some(SnapshotPart { read: Some(read), mark: was }) if was == mark => {
                (now - *read >= share.again).then_some((Some(*read), id))
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
            let found = due(&wholes, Some(&before), now, &DETAILS, most);
            assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), expected, "{most}");
        }
        let found = due(&wholes, Some(&before), now, &STAGES, 4);
        assert_eq!(found.iter().map(String::as_str).collect::<Vec<_>>(), ["changed", "never", "new", "older"]);
    }
}
