//! Figures that come before the bill does: CloudWatch's estimate of the charges, and what was used at the region's prices. They say
//! something of days that the bill does not know yet, or knows only provisionally; what the bill says of a settled day always wins.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use super::usage::{FreeQuantity, FreeUse};
use crate::core::calendar::Month;
use crate::core::history::History;
use crate::core::observation::DayCost;

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
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Early {
    /// In the UTC month up to then.
    pub month_to_date: Decimal,
    /// On the day; `None` where the origin does not tell days apart.
    pub today: Option<Decimal>,
}

/// What one source knows early of a UTC day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
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

/// Which figure an amount is, and how things stood when it was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// The bill's.
    Bill,
    /// An early one.
    Early(Origin, DateTime<Utc>),
}

impl fmt::Display for By {
    /// The end of a sentence: `by CloudWatch's estimate at 14:00 UTC`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bill => f.write_str("by the bill"),
            Self::Early(Origin::Charges, as_of) => write!(f, "by CloudWatch's estimate at {} UTC", as_of.format("%H:%M")),
            Self::Early(Origin::Usage, _) => f.write_str("by what was used, at the region's list price"),
        }
    }
}

/// The best that is known of what something costs, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Best {
    /// The largest figure that the bill does not contradict.
    pub amount: Decimal,
    /// Which one that is.
    pub by: By,
    /// What the bill says, so far.
    pub billed: Option<Decimal>,
    /// The largest early figure, whatever the bill says.
    pub early: Option<(By, Decimal)>,
}

impl Best {
    /// An early figure that is over a limit, where the bill is too.
    pub fn confirmed_over(&self, limit: Decimal) -> Option<(By, Decimal)> {
        self.early.filter(|(_, early)| *early > limit && self.billed.is_some_and(|billed| billed > limit))
    }

    /// An early figure that is over a limit, where what is known by now is not.
    pub fn withdrawn_under(&self, limit: Decimal) -> Option<(By, Decimal)> {
        self.early.filter(|(_, early)| *early > limit && self.amount <= limit)
    }

    /// How things stood when the early figure was made, UTC, where it is the best there is.
    pub fn as_of(&self) -> Option<DateTime<Utc>> {
        match self.by {
            By::Bill => None,
            By::Early(_, as_of) => Some(as_of),
        }
    }

    /// Whether the bill does not say as much.
    pub fn is_early(&self) -> bool {
        self.by != By::Bill
    }

    /// Whether it is an early figure that is over a limit, and the bill's is not yet.
    pub fn is_early_over(&self, limit: Decimal) -> bool {
        self.is_early() && self.amount > limit && self.billed.is_none_or(|billed| billed <= limit)
    }
}

/// The best that is known of one UTC day, of a service or of everything (`None`). `None` if nothing is known, or the bill is in another
/// currency than US dollars.
pub fn best_day(history: &History, service: Option<&str>, day: NaiveDate) -> Option<Best> {
    let bill = billed(history, day);
    let billed = match bill {
        Some(bill) => Some(bill.usd(service)?),
        None => None,
    };
    let early = used_on(history, service, day, bill);
    let settled = bill.is_some_and(|bill| bill.settled);
    let (by, amount) = match (billed, early) {
        (Some(billed), Some((by, early))) if early > billed && !settled => (by, early),
        (Some(billed), _) => (By::Bill, billed),
        (None, Some(early)) => early,
        (None, None) => return None,
    };
    Some(Best { amount, by, billed, early })
}

/// The best that is known of the UTC month that `today` lies in, up to then: as [`best_day`].
pub fn best_month(history: &History, service: Option<&str>, today: NaiveDate) -> Option<Best> {
    let month = Month::of(today);
    let days: Vec<&DayCost> = history.costs().days(today).take_while(|cost| month.contains(cost.day)).collect();
    let mut sum = Decimal::ZERO;
    for day in &days {
        sum = sum.saturating_add(day.usd(service)?);
    }
    let billed = (!days.is_empty()).then_some(sum);
    let by_charges = charged_in(history, service, today, &days);
    let by_usage = used_in(history, service, today, &days);
    // Of what is known now, and of what had been taken to be so.
    let largest = |of: fn(&Claim) -> Decimal| {
        let claims = [&by_charges, &by_usage].into_iter().flatten();
        claims.map(|claim| (claim.by, of(claim))).reduce(|known, other| if other.1 > known.1 { other } else { known })
    };
    let early = largest(|claim| claim.claimed);
    let (by, amount) = match (billed, largest(|claim| claim.stands)) {
        (Some(billed), Some((by, early))) if early > billed => (by, early),
        (Some(billed), _) => (By::Bill, billed),
        (None, Some(early)) => early,
        (None, None) => return None,
    };
    Some(Best { amount, by, billed, early })
}

/// The services that early figures of the month of `today` name.
pub fn services(history: &History, today: NaiveDate) -> BTreeSet<String> {
    let figures = history.early(today).take_while(|figure| Month::of(today).contains(figure.day));
    figures.flat_map(|figure| figure.services.keys().cloned()).collect()
}

/// The newest figure of how much of the free tier is used in the month of `today`, of each quantity; of several sources the one that has
/// seen the most.
pub fn free_use(history: &History, today: NaiveDate) -> BTreeMap<FreeQuantity, (DateTime<Utc>, FreeUse)> {
    let mut newest: BTreeMap<FreeQuantity, (DateTime<Utc>, FreeUse)> = BTreeMap::new();
    let month = Month::of(today);
    for figure in history.early(today).take_while(|figure| month.contains(figure.day)) {
        for (quantity, used) in &figure.free {
            let known = newest.entry(*quantity).or_insert((figure.as_of, *used));
            if known.1.used < used.used {
                *known = (figure.as_of, *used);
            }
        }
    }
    newest
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

/// What an early figure claims, and what of it stands beside what the bill has settled.
struct Claim {
    by: By,
    claimed: Decimal,
    stands: Decimal,
}

fn billed(history: &History, day: NaiveDate) -> Option<&DayCost> {
    history.costs().days(day).next().filter(|cost| cost.day == day)
}

/// What was used on a day. Where everything is asked for, the services that are not on the bill yet, or with less than was used, come on
/// top of what is.
fn used_on(history: &History, service: Option<&str>, day: NaiveDate, bill: Option<&DayCost>) -> Option<(By, Decimal)> {
    let used = history.early(day).take_while(|figure| figure.day == day).filter(|figure| figure.origin == Origin::Usage);
    let amount = |figure: &EarlyFigure| match service {
        Some(service) => figure.services.get(service).and_then(|early| early.today),
        None => {
            let known = bill.map_or(Some(Decimal::ZERO), |bill| bill.usd(None))?;
            let more = |(service, early): (&String, &Early)| {
                let billed = bill.and_then(|bill| bill.usd(Some(service))).unwrap_or_default();
                early.today.unwrap_or_default().saturating_sub(billed).max(Decimal::ZERO)
            };
            Some(figure.services.iter().map(more).fold(known, Decimal::saturating_add))
        }
    };
    let all = used.filter_map(|figure| Some((By::Early(Origin::Usage, figure.as_of), amount(figure)?)));
    all.reduce(|known, other| if other.1 > known.1 { other } else { known })
}

/// The month day by day: what is settled as it is on the bill, everything else with what was used, if that is more. What was used before
/// the days that are remembered, and is not on the bill either, is in the first figure that is.
fn used_in(history: &History, service: Option<&str>, today: NaiveDate, days: &[&DayCost]) -> Option<Claim> {
    let month = Month::of(today);
    let figures = || history.early(today).take_while(|figure| month.contains(figure.day)).filter(|figure| figure.origin == Origin::Usage);
    let newest = figures().next()?;
    let first = figures().map(|figure| figure.day).min()?;
    let before = |figure: &EarlyFigure| match service {
        Some(service) => figure.services.get(service).map(|early| early.month_to_date.saturating_sub(early.today.unwrap_or_default())),
        None => {
            let all = figure.services.values().map(|early| early.month_to_date.saturating_sub(early.today.unwrap_or_default()));
            Some(all.fold(Decimal::ZERO, Decimal::saturating_add))
        }
    };
    let earlier: Vec<&&DayCost> = days.iter().filter(|cost| cost.day < first).collect();
    let billed_before = earlier.iter().filter_map(|cost| cost.usd(service)).fold(Decimal::ZERO, Decimal::saturating_add);
    let used_before = figures().filter(|figure| figure.day == first).filter_map(before).max().unwrap_or_default();
    let mut claimed = billed_before.max(used_before);
    let mut stands = if earlier.is_empty() { used_before } else { billed_before };
    let mut seen = false;
    for day in first.iter_days().take_while(|day| *day <= today) {
        let best = best_day(history, service, day);
        if let Some(best) = best {
            seen |= best.early.is_some();
            stands = stands.saturating_add(best.amount);
            claimed = claimed.saturating_add(best.early.map_or(best.amount, |(_, early)| early.max(best.amount)));
        }
    }
    seen.then_some(Claim { by: By::Early(Origin::Usage, newest.as_of), claimed, stands })
}

/// CloudWatch's count of the month. Where the bill has settled the month up to a day with less than the count was on that day, the count
/// is that much too high, then and since.
fn charged_in(history: &History, service: Option<&str>, today: NaiveDate, days: &[&DayCost]) -> Option<Claim> {
    let month = Month::of(today);
    let of = |figure: &EarlyFigure| match service {
        Some(service) => figure.services.get(service).map(|early| early.month_to_date),
        None => figure.total.map(|early| early.month_to_date),
    };
    let counts: Vec<(NaiveDate, DateTime<Utc>, Decimal)> = history
        .early(today)
        .take_while(|figure| month.contains(figure.day))
        .filter(|figure| figure.origin == Origin::Charges)
        .filter_map(|figure| Some((figure.day, figure.as_of, of(figure)?)))
        .collect();
    let (_, as_of, claimed) = counts.iter().max_by_key(|(_, as_of, _)| *as_of).copied()?;
    let mut settled = days.iter().rev().zip(month.first_day().iter_days()).take_while(|(cost, day)| cost.day == *day && cost.settled);
    let mut sum = Decimal::ZERO;
    let mut too_high = Decimal::ZERO;
    // The last settled day for which there is a count of that day says how far the count is off.
    for (cost, day) in settled.by_ref() {
        sum = sum.saturating_add(cost.usd(service).unwrap_or_default());
        if let Some((_, _, counted)) = counts.iter().filter(|(of, ..)| *of == day).max_by_key(|(_, as_of, _)| *as_of) {
            too_high = counted.saturating_sub(sum).max(Decimal::ZERO);
        }
    }
    Some(Claim { by: By::Early(Origin::Charges, as_of), claimed, stands: claimed.saturating_sub(too_high) })
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
