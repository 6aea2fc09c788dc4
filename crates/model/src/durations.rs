//! A small histogram of invocation durations that can be merged, stored in one row and queried for quantiles.
//!
//! The buckets are those of HDR histograms: every power of two is divided into 32 of the same width, so that a bucket
//! is never wider than a 32nd of its values, and its number follows from the bits of the duration. All arithmetic is on
//! integers: the same durations give the same histogram on every machine, in any order and in any number of parts.

use std::collections::BTreeMap;
use std::fmt;

use serde::de::{self, MapAccess};
use serde::ser::SerializeMap;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// Each power of two has this many buckets, as a power of two.
const PRECISION: u32 = 5;
/// Durations below this many microseconds, 64, have a bucket for each microsecond.
const EXACT: u64 = 2 << PRECISION;
/// The last bucket; it ends with the largest number of 32 bits: 71 minutes, where AWS ends an invocation after 15.
const LAST: u16 = 895;
/// The name of the longest duration in the stored form.
const LONGEST: &str = "longest";

/// Durations of invocations, counted by length. At most 896 buckets; a few hundred bytes for what a function usually
/// does.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DurationHistogram {
    /// Number of a bucket and how many durations are in it, by number; a bucket that is not there is empty.
    buckets: Vec<(u16, u64)>,
    /// The longest of them in microseconds, exactly.
    longest: u64,
}

impl DurationHistogram {
    /// Counts a duration in milliseconds, to the microsecond. What is no duration, negative or not a number, is not
    /// counted.
    pub fn add(&mut self, ms: f64) {
        if ms.is_finite() && ms >= 0.0 {
            let microseconds = (ms * 1000.0).round() as u64;
            self.longest = self.longest.max(microseconds);
            self.count_in(bucket(microseconds), 1);
        }
    }

    /// Counts everything that another one has counted.
    pub fn merge(&mut self, other: &Self) {
        self.longest = self.longest.max(other.longest);
        for (bucket, count) in &other.buckets {
            self.count_in(*bucket, *count);
        }
    }

    fn count_in(&mut self, bucket: u16, more: u64) {
        match self.buckets.binary_search_by_key(&bucket, |(known, _)| *known) {
            Ok(at) => {
                self.buckets.iter_mut().skip(at).take(1).for_each(|(_, count)| *count = count.saturating_add(more));
            }
            Err(at) => self.buckets.insert(at, (bucket, more)),
        }
    }

    /// How many durations were counted.
    pub fn count(&self) -> u64 {
        self.buckets.iter().fold(0, |sum, (_, count)| sum.saturating_add(*count))
    }

    /// The duration in milliseconds that `percent` of all durations do not exceed (the nearest rank): never less than
    /// it is, and at most a 32nd more. 100 or more gives the longest, exactly. `None` if nothing was counted.
    pub fn quantile(&self, percent: u8) -> Option<f64> {
        let count = u128::from(self.count());
        if count == 0 {
            return None;
        }
        let rank = (count * u128::from(percent.min(100))).div_ceil(100).max(1);
        let mut below = 0;
        let reached = self.buckets.iter().find(|(_, in_bucket)| {
            below += u128::from(*in_bucket);
            below >= rank
        });
        let longest = if percent >= 100 { None } else { reached.map(|(bucket, _)| upper_end(*bucket)) };
        Some(longest.unwrap_or(self.longest).min(self.longest) as f64 / 1000.0)
    }
}

/// The bucket a duration belongs to.
fn bucket(microseconds: u64) -> u16 {
    let microseconds = microseconds.min(u64::from(u32::MAX));
    let shift = if microseconds < EXACT { 0 } else { microseconds.ilog2() - PRECISION };
    u16::try_from((u64::from(shift) << PRECISION) + (microseconds >> shift)).unwrap_or(LAST)
}

/// The longest duration of a bucket, in microseconds.
fn upper_end(bucket: u16) -> u64 {
    let bucket = u64::from(bucket);
    if bucket < EXACT {
        return bucket;
    }
    let shift = (bucket >> PRECISION) - 1;
    ((bucket - (shift << PRECISION) + 1) << shift) - 1
}

/// As in `{"longest":30030000,"352":3}`: each bucket with its count.
impl Serialize for DurationHistogram {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        let mut map = to.serialize_map(None)?;
        if !self.buckets.is_empty() {
            map.serialize_entry(LONGEST, &self.longest)?;
        }
        for (bucket, count) in &self.buckets {
            map.serialize_entry(bucket, count)?;
        }
        map.end()
    }
}

impl<'de> Deserialize<'de> for DurationHistogram {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl<'de> de::Visitor<'de> for Visitor {
            type Value = DurationHistogram;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map from duration buckets to counts")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<DurationHistogram, A::Error> {
                let mut longest = 0;
                let mut buckets = BTreeMap::new();
                while let Some((key, count)) = map.next_entry::<String, u64>()? {
                    if key == LONGEST {
                        longest = count;
                    } else {
                        let bucket = key.parse().ok().filter(|bucket| *bucket <= LAST);
                        let bucket: u16 = bucket
                            .ok_or_else(|| de::Error::invalid_value(de::Unexpected::Str(&key), &"a bucket number"))?;
                        buckets.insert(bucket, count);
                    }
                }
                Ok(DurationHistogram {
                    buckets: buckets.into_iter().filter(|(_, count)| *count > 0).collect(),
                    longest,
                })
            }
        }
        from.deserialize_map(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn of(durations: &[f64]) -> DurationHistogram {
        let mut all = DurationHistogram::default();
        durations.iter().for_each(|ms| all.add(*ms));
        all
    }

    #[test]
    fn buckets_follow_one_another_without_a_gap() {
        let mut last = 0;
        for microseconds in
            (0..100_000).chain((17..32).flat_map(|power| [(1 << power) - 1, 1 << power, (1 << power) + 1]))
        {
            let here = bucket(microseconds);
            assert!(
                here == last || here == last + 1 || microseconds > 100_000,
                "{microseconds} µs are in {here}, after {last}"
            );
            assert!(upper_end(here) >= microseconds, "{here} ends at {}", upper_end(here));
            assert!(here == 0 || upper_end(here - 1) < microseconds, "{microseconds} µs belong into {}", here - 1);
            last = here;
        }
        assert_eq!((bucket(u64::from(u32::MAX)), bucket(u64::MAX), upper_end(LAST)), (LAST, LAST, u64::from(u32::MAX)));
    }

    #[test]
    fn quantiles_are_nearest_ranks_and_the_longest_is_exact() {
        let hundred: Vec<f64> = (1..=100).map(|ms| f64::from(ms) * 1000.0).collect();
        for (durations, percent, from, to) in [
            (hundred.as_slice(), 50, 50_000.0, 51_600.0),
            (&hundred, 95, 95_000.0, 98_000.0),
            (&hundred, 99, 99_000.0, 100_000.0),
            (&hundred, 100, 100_000.0, 100_000.0),
            (&hundred, 255, 100_000.0, 100_000.0),
            (&hundred, 0, 1000.0, 1032.0),
            (&[30_034.05], 50, 30_034.05, 30_034.05),
            (&[11.81, 11.82, 5248.31], 50, 11.82, 12.2),
            (&[0.0], 50, 0.0, 0.0),
            (&[5_000_000.0], 50, 4_294_967.295, 4_294_967.295),
            (&[5_000_000.0], 100, 5_000_000.0, 5_000_000.0),
        ] {
            let quantile = of(durations).quantile(percent).unwrap();
            assert!((from..=to).contains(&quantile), "p{percent} of {durations:?} is {quantile}");
        }
        assert_eq!(DurationHistogram::default().quantile(50), None);
    }

    #[test]
    fn what_is_no_duration_is_not_counted() {
        assert_eq!(of(&[f64::NAN, -1.0, f64::INFINITY]), DurationHistogram::default());
    }

    #[test]
    fn the_stored_form_is_short_and_refuses_what_it_cannot_be() {
        let stored = serde_json::to_string(&of(&[30_034.05, 11.81, 11.82])).unwrap();
        assert_eq!(stored, r#"{"longest":30034050,"302":2,"665":1}"#);
        assert_eq!(serde_json::to_string(&DurationHistogram::default()).unwrap(), "{}");
        for wrong in [r#"{"896":1}"#, r#"{"x":1}"#, r#"{"1":-1}"#, "[]"] {
            assert!(serde_json::from_str::<DurationHistogram>(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn a_quantile_is_at_most_five_percent_above_the_sorted_list(mut microseconds in prop::collection::vec(0u32..1_000_000_000, 1..200), percent in 1u8..=100) {
            let all = of(&microseconds.iter().map(|us| f64::from(*us) / 1000.0).collect::<Vec<_>>());
            microseconds.sort_unstable();
            let rank = (microseconds.len() * usize::from(percent)).div_ceil(100);
            let exact = f64::from(microseconds[rank - 1]) / 1000.0;
            let quantile = all.quantile(percent).unwrap();
            prop_assert!(quantile >= exact && quantile <= exact * 1.05, "{quantile} for {exact}");
            prop_assert_eq!(all.quantile(100), microseconds.last().map(|us| f64::from(*us) / 1000.0));
            prop_assert_eq!(all.count(), microseconds.len() as u64);
        }

        #[test]
        fn parts_in_any_order_add_up_to_the_whole(durations in prop::collection::vec(0.0f64..1_000_000.0, 0..200), cut in 0usize..200) {
            let (first, second) = durations.split_at(cut.min(durations.len()));
            let (mut forth, mut back) = (of(first), of(second));
            forth.merge(&of(second));
            back.merge(&of(first));
            prop_assert_eq!(&forth, &back);
            prop_assert_eq!(&forth, &of(&durations));
            let again: DurationHistogram = serde_json::from_str(&serde_json::to_string(&forth).unwrap()).unwrap();
            prop_assert_eq!(again, forth);
        }

        #[test]
        fn however_many_durations_there_are_the_buckets_stay_few(durations in prop::collection::vec(0.0f64..1e12, 0..2000)) {
            prop_assert!(of(&durations).buckets.len() <= usize::from(LAST) + 1);
        }
    }
}
