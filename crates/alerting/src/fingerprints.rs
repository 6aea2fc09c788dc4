//! The known errors of each function, to distinguish new errors from repeated ones.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

/// Errors of one function that are remembered at most. More are only met where ids slip into fingerprints; then the
/// ones not seen for longest are forgotten, because an error that keeps coming must never be called new.
pub const MOST_FINGERPRINTS: usize = 10_000;

/// An error of a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownError {
    /// The function's name.
    pub function: String,
    /// What the error is known by.
    pub fingerprint: String,
    /// When it first happened, as far as known, UTC.
    pub first: DateTime<Utc>,
    /// When it was seen for the first time, UTC.
    pub seen: DateTime<Utc>,
    /// When it was seen last, UTC.
    pub last: DateTime<Utc>,
}

/// Every known error, by function.
#[derive(Debug, Default)]
pub struct KnownErrors(BTreeMap<String, BTreeMap<String, ErrorTimes>>);

#[derive(Debug, Clone, Copy)]
struct ErrorTimes {
    first: DateTime<Utc>,
    seen: DateTime<Utc>,
    last: DateTime<Utc>,
}

impl KnownErrors {
    /// Records an occurrence of an error; keeps the earliest and the latest times, in any order of calls.
    pub fn learn(&mut self, error: KnownError) {
        let KnownError { function, fingerprint, first, seen, last } = error;
        let known = self.0.entry(function).or_default();
        if let Some(times) = known.get_mut(&fingerprint) {
            *times =
                ErrorTimes { first: times.first.min(first), seen: times.seen.min(seen), last: times.last.max(last) };
            return;
        }
        known.insert(fingerprint, ErrorTimes { first, seen, last });
        if known.len() > MOST_FINGERPRINTS {
            let oldest = known
                .iter()
                .min_by_key(|(fingerprint, times)| (times.last, *fingerprint))
                .map(|(fingerprint, _)| fingerprint.clone());
            oldest.and_then(|fingerprint| known.remove(&fingerprint));
        }
    }

    /// When an error happened for the first time, and when it was first seen.
    pub fn first(&self, function: &str, fingerprint: &str) -> Option<(DateTime<Utc>, DateTime<Utc>)> {
        self.0.get(function)?.get(fingerprint).map(|times| (times.first, times.seen))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> DateTime<Utc> {
        DateTime::from_timestamp(second, 0).unwrap()
    }

    fn met(fingerprint: &str, first: i64, seen: i64) -> KnownError {
        KnownError {
            function: "f".into(),
            fingerprint: fingerprint.into(),
            first: at(first),
            seen: at(seen),
            last: at(seen),
        }
    }

    #[test]
    fn the_earliest_times_count_whatever_the_order() {
        for order in [[(5, 9), (3, 12), (7, 8)], [(3, 12), (7, 8), (5, 9)], [(7, 8), (5, 9), (3, 12)]] {
            let mut known = KnownErrors::default();
            order.into_iter().for_each(|(first, seen)| known.learn(met("e", first, seen)));
            assert_eq!(known.first("f", "e"), Some((at(3), at(8))), "{order:?}");
            assert_eq!((known.first("g", "e"), known.first("f", "x")), (None, None));
        }
    }

    #[test]
    fn of_too_many_the_one_not_seen_for_longest_is_forgotten() {
        let mut known = KnownErrors::default();
        known.learn(met("old, and again and again", 0, 0));
        (1..MOST_FINGERPRINTS as i64).for_each(|n| known.learn(met(&format!("e{n}"), n, n)));
        known.learn(met("old, and again and again", 99_999, 99_999));
        known.learn(met("one more", 100_000, 100_000));
        assert_eq!(known.first("f", "old, and again and again"), Some((at(0), at(0))));
        assert_eq!((known.first("f", "e1"), known.first("f", "e2")), (None, Some((at(2), at(2)))));
    }
}
