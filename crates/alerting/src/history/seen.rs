//! A thing with the time it was seen, and which of several counts.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

/// A value with the time it was seen.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Timestamped<T> {
    /// When the source saw it.
    pub seen: DateTime<Utc>,
    /// The thing.
    pub it: T,
}

/// Puts a thing among those of the same instant, in an order that does not depend on which came first.
pub(super) fn insert<T: Ord>(at_once: &mut Vec<T>, it: T) {
    let place = at_once.partition_point(|known| *known < it);
    at_once.insert(place, it);
}

/// Keeps the newest; of two of the same instant the greater by its fields, so that the order they came in does not
/// matter.
pub(super) fn newest<K: Ord, T: Ord>(known: &mut BTreeMap<K, Timestamped<T>>, key: K, seen: DateTime<Utc>, it: T) {
    let older = known.get(&key).is_none_or(|known| (known.seen, &known.it) <= (seen, &it));
    if older {
        known.insert(key, Timestamped { seen, it });
    }
}

/// A place in the data that only ever moves forward.
pub(super) fn moved(places: &mut BTreeMap<String, DateTime<Utc>>, function: &str, at: DateTime<Utc>) {
    match places.get_mut(function) {
        Some(known) => *known = (*known).max(at),
        None => drop(places.insert(function.to_owned(), at)),
    }
}

/// Drops entries from the front of an ordered map for as long as `old` holds.
pub(super) fn drop_until<K: Ord, V>(map: &mut BTreeMap<K, V>, old: impl Fn(&K) -> bool) {
    while map.first_key_value().is_some_and(|(key, _)| old(key)) {
        map.pop_first();
    }
}
