//! What changed from one snapshot of a kind to the next.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{DateTime, Utc};

use super::change::{Change, ChangeBody};
use super::edge::functions;
use super::resource::{MapResource, MapSnapshot};

/// The changes from a snapshot that was begun at `since` to one that was complete at `until`, by resource, then by
/// setting, then by tag. Parts of a whole were last seen when they were last read.
///
/// What is unknown on one side has not changed: a kind, the parts of a whole that were not read, a setting that could
/// not be read, tags that were not given.
pub fn changes(before: &MapSnapshot, after: &MapSnapshot, since: DateTime<Utc>, until: DateTime<Utc>) -> Vec<Change> {
    let comparable = before.kind == after.kind && before.region == after.region;
    if !comparable || before.unknown.is_some() || after.unknown.is_some() {
        return vec![];
    }
    let (old, new) = (by_id(before), by_id(after));
    let ids: BTreeSet<&str> = old.keys().chain(new.keys()).copied().collect();
    let mut all = Vec::new();
    for id in ids {
        let (old, new) = (old.get(id).copied(), new.get(id).copied());
        let Some(shown) = new.or(old) else { continue };
        let whole = shown.of.as_deref();
        let bodies = match (old, new) {
            (None, Some(new)) if !before.is_unread(whole) => vec![ChangeBody::Created(Box::new(compared(new)))],
            (Some(_), None) if !after.is_unread(whole) => vec![ChangeBody::Deleted],
            (Some(old), Some(new)) => differences(old, new),
            _ => vec![],
        };
        all.extend(bodies.into_iter().map(|what| Change {
            since: before.read_of(whole).unwrap_or(since),
            until,
            kind: after.kind,
            region: after.region.clone(),
            id: id.to_owned(),
            called: Some(shown.called().to_owned()).filter(|called| called != id),
            arn: shown.arn.clone(),
            functions: functions(after.kind, shown),
            what,
            by: None,
        }));
    }
    all
}

fn by_id(snapshot: &MapSnapshot) -> BTreeMap<&str, &MapResource> {
    let mut sorted: Vec<&MapResource> = snapshot.resources.iter().collect();
    sorted.sort_by(|a, b| b.cmp(a));
    // Of two with one id the first in order counts, however they were listed.
    sorted.into_iter().map(|resource| (resource.id.as_str(), resource)).collect()
}

/// A resource without what is never compared.
fn compared(resource: &MapResource) -> MapResource {
    MapResource { noted: BTreeMap::new(), ..resource.clone() }
}

fn differences(old: &MapResource, new: &MapResource) -> Vec<ChangeBody> {
    let names: BTreeSet<&String> = old.settings.keys().chain(new.settings.keys()).collect();
    let settings = names.into_iter().filter_map(|name| {
        let (from, to) = (old.settings.get(name), new.settings.get(name));
        let unreadable = matches!(from, Some(None)) || matches!(to, Some(None));
        (from != to && !unreadable).then(|| ChangeBody::Setting {
            name: name.clone(),
            from: from.cloned().flatten(),
            to: to.cloned().flatten(),
        })
    });
    let mut all: Vec<ChangeBody> = settings.collect();
    if let (Some(from), Some(to)) = (&old.tags, &new.tags) {
        let names: BTreeSet<&String> = from.keys().chain(to.keys()).collect();
        all.extend(names.into_iter().filter(|name| from.get(*name) != to.get(*name)).map(|name| ChangeBody::Tag {
            name: name.clone(),
            from: from.get(name).cloned(),
            to: to.get(name).cloned(),
        }));
    }
    all
}
