//! Early figures, which exist before the bill: CloudWatch's estimate of the charges, and usage at the region's prices.
//! They cover days that are missing from the bill or provisional; the bill's amount of a settled day always takes
//! precedence.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use model::calendar::Month;
use model::money::{read_kept, read_optional_kept};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::free_tier::{FreeTierQuantity, FreeTierUsage};

/// An early figure of a day that ended longer ago than this is not used: the bill should have the day by then.
pub const STALE: TimeDelta = TimeDelta::days(4);

/// Where an early figure comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EarlyOrigin {
    /// The metric `EstimatedCharges`: AWS's estimate of the month so far, some hours late. It has no single days: a
    /// rise today may belong to days before.
    Charges,
    /// Usage at list prices: a lower bound of the cost of the services it covers.
    Usage,
}

/// What one service, or everything, costs by an early figure, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EarlyCost {
    /// In the UTC month up to then.
    #[serde(deserialize_with = "read_kept")]
    pub month_to_date: Decimal,
    /// On the day; `None` if the origin has no single days.
    #[serde(default, deserialize_with = "read_optional_kept")]
    pub today: Option<Decimal>,
}

/// What one source knows early of a UTC day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EarlyFigure {
    /// Where it comes from.
    pub origin: EarlyOrigin,
    /// The UTC day.
    pub day: NaiveDate,
    /// The time of the figure, UTC.
    pub as_of: DateTime<Utc>,
    /// By the name on the bill.
    pub services: BTreeMap<String, EarlyCost>,
    /// Everything together, where the origin counts that.
    pub total: Option<EarlyCost>,
    /// How much of the free tier is used in the month up to then, where the origin counts that.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub free: BTreeMap<FreeTierQuantity, FreeTierUsage>,
}

impl EarlyCost {
    fn plus(self, other: Self) -> Option<Self> {
        let today = match (self.today, other.today) {
            (Some(one), Some(more)) => Some(one.checked_add(more)?),
            _ => None,
        };
        Some(Self { month_to_date: self.month_to_date.checked_add(other.month_to_date)?, today })
    }
}

impl EarlyFigure {
    /// The same with what another region of the account used on the day. Only the sum of both is as late as the earlier
    /// one. The free tier is the account's, and there once. `None` if an amount is too large.
    #[must_use]
    pub fn plus(mut self, other: Self) -> Option<Self> {
        for (service, cost) in other.services {
            let sum = match self.services.remove(&service) {
                Some(known) => known.plus(cost)?,
                None => cost,
            };
            self.services.insert(service, sum);
        }
        self.total = match (self.total, other.total) {
            (Some(one), Some(more)) => Some(one.plus(more)?),
            _ => None,
        };
        for (quantity, usage) in other.free {
            let known = self.free.entry(quantity).or_insert(FreeTierUsage { used: Decimal::ZERO, free: usage.free });
            known.used = known.used.checked_add(usage.used)?;
        }
        self.as_of = self.as_of.min(other.as_of);
        Some(self)
    }
}

/// The points of a counter that restarts on the 1st of each month, limited to those of the current month. On the first
/// day, the counter may still show the previous month for some hours; points before it falls are ignored.
pub fn since_reset(points: &[(DateTime<Utc>, Decimal)]) -> Vec<(DateTime<Utc>, Decimal)> {
    use chrono::Datelike;
    let mut sorted = points.to_vec();
    sorted.sort();
    let mut before: Option<(Month, Decimal)> = None;
    let mut good = Vec::new();
    for (at, counted) in sorted {
        let day = at.date_naive();
        let is_left_over = before.is_some_and(|(month, last)| {
            month != Month::of(day) && day.day() == 1 && !last.is_zero() && counted >= last
        });
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
    fn two_regions_add_up_and_share_the_free_tier() {
        let figure = |hour: u32, month: i64, today: i64, used: i64| EarlyFigure {
            origin: EarlyOrigin::Usage,
            day: NaiveDate::from_ymd_opt(2024, 12, 3).unwrap(),
            as_of: NaiveDate::from_ymd_opt(2024, 12, 3).unwrap().and_hms_opt(hour, 0, 0).unwrap().and_utc(),
            services: [("AWS Lambda".to_owned(), EarlyCost { month_to_date: month.into(), today: Some(today.into()) })]
                .into(),
            total: None,
            free: [(FreeTierQuantity::LambdaRequests, FreeTierUsage { used: used.into(), free: 100.into() })].into(),
        };
        assert_eq!(figure(9, 5, 1, 30).plus(figure(8, 7, 2, 40)), Some(figure(8, 12, 3, 70)));
        let mut too_large = figure(9, 5, 1, 30);
        too_large.services.insert("AWS Lambda".to_owned(), EarlyCost { month_to_date: Decimal::MAX, today: None });
        assert_eq!(too_large.plus(figure(8, 7, 2, 40)), None);
    }

    #[test]
    fn the_count_of_the_month_before_is_not_taken_for_the_new_ones() {
        check(
            &[(30, 6, 290), (31, 18, 300), (32, 3, 1), (32, 9, 2)],
            &[(30, 6, 290), (31, 18, 300), (32, 3, 1), (32, 9, 2)],
        );
        // It goes on for some hours into the 1st.
        check(
            &[(31, 18, 300), (32, 3, 300), (32, 5, 302), (32, 9, 2), (32, 21, 4)],
            &[(31, 18, 300), (32, 9, 2), (32, 21, 4)],
        );
        // On the 2nd whatever is counted is the new month's.
        check(&[(31, 18, 3), (32, 9, 5), (33, 3, 9)], &[(31, 18, 3), (33, 3, 9)]);
        // A month that cost nothing leaves nothing over.
        check(&[(31, 18, 0), (32, 9, 5)], &[(31, 18, 0), (32, 9, 5)]);
        check(&[(32, 9, 5)], &[(32, 9, 5)]);
        check(&[], &[]);
    }
}
