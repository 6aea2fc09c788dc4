//! Figures that come before the bill does: CloudWatch's estimate of the charges, and what was used at the region's prices. They say
//! something of days that the bill does not know yet, or knows only provisionally; what the bill says of a settled day always wins.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use model::calendar::Month;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::free_tier::{FreeQuantity, FreeUse};

/// An early figure of a day that is longer over than this is not asked any more: the bill knows it, or nobody reads the bill.
pub const STALE: TimeDelta = TimeDelta::days(4);

/// Where an early figure comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// The metric `EstimatedCharges`: AWS's own count of the month so far, some hours late. It does not tell days apart: what it rises by
    /// today may belong to days before.
    Charges,
    /// What was used, at list prices: a low bound of what the services it speaks of cost.
    Usage,
}

/// What one service, or everything, costs by an early figure, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Early {
    /// In the UTC month up to then.
    pub month_to_date: Decimal,
    /// On the day; `None` where the origin does not tell days apart.
    pub today: Option<Decimal>,
}

/// What one source knows early of a UTC day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EarlyFigure {
    /// Where it comes from.
    pub origin: Origin,
    /// The UTC day.
    pub day: NaiveDate,
    /// How things stood then, UTC.
    pub as_of: DateTime<Utc>,
    /// By the name on the bill.
    pub services: BTreeMap<String, Early>,
    /// Everything together, where the origin counts that.
    pub total: Option<Early>,
    /// How much of the free tier is used in the month up to then, where the origin counts that.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub free: BTreeMap<FreeQuantity, FreeUse>,
}

/// What was read of a counter of the month that begins anew on the 1st: the points that belong to the month they stand in. On its first
/// day the last figure of the month before may still come for some hours; until the counter has fallen, such a point says nothing.
pub fn since_reset(points: &[(DateTime<Utc>, Decimal)]) -> Vec<(DateTime<Utc>, Decimal)> {
    use chrono::Datelike;
    let mut sorted = points.to_vec();
    sorted.sort();
    let mut before: Option<(Month, Decimal)> = None;
    let mut good = Vec::new();
    for (at, counted) in sorted {
        let day = at.date_naive();
        let is_left_over = before.is_some_and(|(month, last)| month != Month::of(day) && day.day() == 1 && !last.is_zero() && counted >= last);
        if !is_left_over {
            before = Some((Month::of(day), counted));
            good.push((at, counted));
        }
    }
    good
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Points as `day hour count`, of December 30th on (32 is the 1st of January), and those that count.
    #[track_caller]
    fn check(points: &[(i64, i64, i64)], good: &[(i64, i64, i64)]) {
        let point = |(day, hour, count): &(i64, i64, i64)| {
            let start: DateTime<Utc> = "2024-12-01T00:00:00Z".parse().unwrap();
            (start + TimeDelta::days(day - 1) + TimeDelta::hours(*hour), Decimal::from(*count))
        };
        let mut all: Vec<_> = points.iter().map(point).collect();
        let good: Vec<_> = good.iter().map(point).collect();
        assert_eq!(since_reset(&all), good);
        all.reverse();
        assert_eq!(since_reset(&all), good);
    }

    #[test]
    fn the_count_of_the_month_before_is_not_taken_for_the_new_ones() {
        check(&[(30, 6, 290), (31, 18, 300), (32, 3, 1), (32, 9, 2)], &[(30, 6, 290), (31, 18, 300), (32, 3, 1), (32, 9, 2)]);
        // It goes on for some hours into the 1st.
        check(&[(31, 18, 300), (32, 3, 300), (32, 5, 302), (32, 9, 2), (32, 21, 4)], &[(31, 18, 300), (32, 9, 2), (32, 21, 4)]);
        // On the 2nd whatever is counted is the new month's.
        check(&[(31, 18, 3), (32, 9, 5), (33, 3, 9)], &[(31, 18, 3), (33, 3, 9)]);
        // A month that cost nothing leaves nothing over.
        check(&[(31, 18, 0), (32, 9, 5)], &[(31, 18, 0), (32, 9, 5)]);
        check(&[(32, 9, 5)], &[(32, 9, 5)]);
        check(&[], &[]);
    }
}
