//! The best known cost of a day or a month: from the bill, or from an early figure that the bill does not contradict.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use chrono::{DateTime, NaiveDate, Utc};
use model::calendar::Month;
use model::money::checked_sum;
use rust_decimal::Decimal;

use crate::day_cost::DayCost;
use crate::early::{EarlyCost, EarlyFigure, EarlyOrigin};
use crate::free_tier::{FreeTierQuantity, FreeTierUsage};
use crate::ledger::Ledger;

/// The basis of an amount, with the time of an early figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FigureBasis {
    /// The bill's.
    Bill,
    /// An early one.
    Early(EarlyOrigin, DateTime<Utc>),
}

impl fmt::Display for FigureBasis {
    /// The end of a sentence: `by CloudWatch's estimate at 14:00 UTC`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bill => f.write_str("according to the bill"),
            Self::Early(EarlyOrigin::Charges, as_of) => {
                write!(f, "according to CloudWatch's estimate at {} UTC", as_of.format("%H:%M"))
            }
            Self::Early(EarlyOrigin::Usage, _) => f.write_str("according to usage at the region's list price"),
        }
    }
}

/// The best that is known of what something costs, in US dollars.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BestKnownCost {
    /// The largest figure that the bill does not contradict.
    pub amount: Decimal,
    /// Which one that is.
    pub by: FigureBasis,
    /// The amount on the bill so far.
    pub billed: Option<Decimal>,
    /// The largest early figure, even if the bill has more.
    pub early: Option<(FigureBasis, Decimal)>,
}

impl BestKnownCost {
    /// An early figure that is over a limit, where the bill is too.
    pub fn confirmed_over(&self, limit: Decimal) -> Option<(FigureBasis, Decimal)> {
        self.early.filter(|(_, early)| *early > limit && self.billed.is_some_and(|billed| billed > limit))
    }

    /// An early figure above a limit that the current amount is not above.
    pub fn withdrawn_under(&self, limit: Decimal) -> Option<(FigureBasis, Decimal)> {
        self.early.filter(|(_, early)| *early > limit && self.amount <= limit)
    }

    /// The time of the early figure, UTC, if it is the best known amount.
    pub fn as_of(&self) -> Option<DateTime<Utc>> {
        match self.by {
            FigureBasis::Bill => None,
            FigureBasis::Early(_, as_of) => Some(as_of),
        }
    }

    /// Whether the early figure is larger than the amount on the bill.
    pub fn is_early(&self) -> bool {
        self.by != FigureBasis::Bill
    }

    /// Whether it is an early figure that is over a limit, and the bill's is not yet.
    pub fn is_early_over(&self, limit: Decimal) -> bool {
        self.is_early() && self.amount > limit && self.billed.is_none_or(|billed| billed <= limit)
    }
}

/// The best that is known of one UTC day, of a service or of everything (`None`). `None` if nothing is known, or the
/// bill is in another currency than US dollars.
pub fn best_day(ledger: &Ledger, service: Option<&str>, day: NaiveDate) -> Option<BestKnownCost> {
    let bill = billed(ledger, day);
    let billed = match bill {
        Some(bill) => Some(bill.usd(service)?),
        None => None,
    };
    let early = used_on(ledger, service, day, bill);
    let settled = bill.is_some_and(|bill| bill.settled);
    let (by, amount) = match (billed, early) {
        (Some(billed), Some((by, early))) if early > billed && !settled => (by, early),
        (Some(billed), _) => (FigureBasis::Bill, billed),
        (None, Some(early)) => early,
        (None, None) => return None,
    };
    Some(BestKnownCost { amount, by, billed, early })
}

/// The best known cost of the UTC month of `today`, up to then; see [`best_day`].
pub fn best_month(ledger: &Ledger, service: Option<&str>, today: NaiveDate) -> Option<BestKnownCost> {
    let month = Month::of(today);
    let days: Vec<&DayCost> = ledger.costs().days(today).take_while(|cost| month.contains(cost.day)).collect();
    let mut sum = Decimal::ZERO;
    for day in &days {
        // A sum that is no amount is not known.
        sum = sum.checked_add(day.usd(service)?)?;
    }
    let billed = (!days.is_empty()).then_some(sum);
    let by_charges = charged_in(ledger, service, today, &days);
    let by_usage = used_in(ledger, service, today, &days);
    // Of what is known now, and of what had been taken to be so.
    let largest = |of: fn(&EarlyClaim) -> Decimal| {
        let claims = [&by_charges, &by_usage].into_iter().flatten();
        claims.map(|claim| (claim.by, of(claim))).reduce(|known, other| if other.1 > known.1 { other } else { known })
    };
    let early = largest(|claim| claim.claimed);
    let (by, amount) = match (billed, largest(|claim| claim.stands)) {
        (Some(billed), Some((by, early))) if early > billed => (by, early),
        (Some(billed), _) => (FigureBasis::Bill, billed),
        (None, Some(early)) => early,
        (None, None) => return None,
    };
    Some(BestKnownCost { amount, by, billed, early })
}

/// The services that early figures of the month of `today` name.
pub fn services(ledger: &Ledger, today: NaiveDate) -> BTreeSet<String> {
    let figures = ledger.early(today).take_while(|figure| Month::of(today).contains(figure.day));
    figures.flat_map(|figure| figure.services.keys().cloned()).collect()
}

/// The newest figure of how much of the free tier is used in the month of `today`, of each quantity; of several sources
/// the one that has seen the most.
pub fn free_use(ledger: &Ledger, today: NaiveDate) -> BTreeMap<FreeTierQuantity, (DateTime<Utc>, FreeTierUsage)> {
    let mut newest: BTreeMap<FreeTierQuantity, (DateTime<Utc>, FreeTierUsage)> = BTreeMap::new();
    let month = Month::of(today);
    for figure in ledger.early(today).take_while(|figure| month.contains(figure.day)) {
        for (quantity, used) in &figure.free {
            let known = newest.entry(*quantity).or_insert((figure.as_of, *used));
            if known.1.used < used.used {
                *known = (figure.as_of, *used);
            }
        }
    }
    newest
}

/// What an early figure claims, and what of it stands beside what the bill has settled.
struct EarlyClaim {
    by: FigureBasis,
    claimed: Decimal,
    stands: Decimal,
}

fn billed(ledger: &Ledger, day: NaiveDate) -> Option<&DayCost> {
    ledger.costs().days(day).next().filter(|cost| cost.day == day)
}

/// What was used on a day. Where everything is asked for, the services that are not on the bill yet, or with less than
/// was used, come on top of what is.
fn used_on(
    ledger: &Ledger,
    service: Option<&str>,
    day: NaiveDate,
    bill: Option<&DayCost>,
) -> Option<(FigureBasis, Decimal)> {
    let used =
        ledger.early(day).take_while(|figure| figure.day == day).filter(|figure| figure.origin == EarlyOrigin::Usage);
    let amount = |figure: &EarlyFigure| match service {
        Some(service) => figure.services.get(service).and_then(|early| early.today),
        None => {
            let known = bill.map_or(Some(Decimal::ZERO), |bill| bill.usd(None))?;
            let more = |(service, early): (&String, &EarlyCost)| {
                // A service that is not on the bill yet, or of which the figure has no single days, adds nothing to it.
                let billed = bill.and_then(|bill| bill.usd(Some(service))).unwrap_or_default();
                (early.today.unwrap_or_default() - billed).max(Decimal::ZERO)
            };
            checked_sum(figure.services.iter().map(more).chain([known]))
        }
    };
    let all = used.filter_map(|figure| Some((FigureBasis::Early(EarlyOrigin::Usage, figure.as_of), amount(figure)?)));
    all.reduce(|known, other| if other.1 > known.1 { other } else { known })
}

/// The month day by day: what is settled as it is on the bill, everything else with what was used, if that is more.
/// What was used before the days that are remembered, and is not on the bill either, is in the first figure that is.
fn used_in(ledger: &Ledger, service: Option<&str>, today: NaiveDate, days: &[&DayCost]) -> Option<EarlyClaim> {
    let month = Month::of(today);
    let figures = || {
        ledger
            .early(today)
            .take_while(|figure| month.contains(figure.day))
            .filter(|figure| figure.origin == EarlyOrigin::Usage)
    };
    let newest = figures().next()?;
    let first = figures().map(|figure| figure.day).min()?;
    let before = |figure: &EarlyFigure| match service {
        Some(service) => {
            figure.services.get(service).map(|early| early.month_to_date - early.today.unwrap_or_default())
        }
        None => {
            checked_sum(figure.services.values().map(|early| early.month_to_date - early.today.unwrap_or_default()))
        }
    };
    let earlier: Vec<&&DayCost> = days.iter().filter(|cost| cost.day < first).collect();
    // A day that was billed in another currency makes the month unknown in dollars.
    let billed_before = checked_sum(earlier.iter().map(|cost| cost.usd(service)).collect::<Option<Vec<Decimal>>>()?)?;
    let used_before = figures().filter(|figure| figure.day == first).filter_map(before).max().unwrap_or_default();
    let mut claimed = billed_before.max(used_before);
    let mut stands = if earlier.is_empty() { used_before } else { billed_before };
    let mut seen = false;
    for day in first.iter_days().take_while(|day| *day <= today) {
        let best = best_day(ledger, service, day);
        if let Some(best) = best {
            seen |= best.early.is_some();
            stands = stands.checked_add(best.amount)?;
            claimed = claimed.checked_add(best.early.map_or(best.amount, |(_, early)| early.max(best.amount)))?;
        }
    }
    seen.then_some(EarlyClaim { by: FigureBasis::Early(EarlyOrigin::Usage, newest.as_of), claimed, stands })
}

/// CloudWatch's count of the month. Where the bill has settled the month up to a day with less than the count was on
/// that day, the count is that much too high, then and since.
fn charged_in(ledger: &Ledger, service: Option<&str>, today: NaiveDate, days: &[&DayCost]) -> Option<EarlyClaim> {
    let month = Month::of(today);
    let of = |figure: &EarlyFigure| match service {
        Some(service) => figure.services.get(service).map(|early| early.month_to_date),
        None => figure.total.map(|early| early.month_to_date),
    };
    let counts: Vec<(NaiveDate, DateTime<Utc>, Decimal)> = ledger
        .early(today)
        .take_while(|figure| month.contains(figure.day))
        .filter(|figure| figure.origin == EarlyOrigin::Charges)
        .filter_map(|figure| Some((figure.day, figure.as_of, of(figure)?)))
        .collect();
    let (_, as_of, claimed) = counts.iter().max_by_key(|(_, as_of, _)| *as_of).copied()?;
    let mut settled =
        days.iter().rev().zip(month.first_day().iter_days()).take_while(|(cost, day)| cost.day == *day && cost.settled);
    let mut sum = Decimal::ZERO;
    let mut too_high = Decimal::ZERO;
    // The last settled day for which there is a count of that day says how far the count is off.
    for (cost, day) in settled.by_ref() {
        sum = sum.checked_add(cost.usd(service)?)?;
        if let Some((_, _, counted)) = counts.iter().filter(|(of, ..)| *of == day).max_by_key(|(_, as_of, _)| *as_of) {
            too_high = counted.checked_sub(sum)?.max(Decimal::ZERO);
        }
    }
    Some(EarlyClaim {
        by: FigureBasis::Early(EarlyOrigin::Charges, as_of),
        claimed,
        stands: claimed.checked_sub(too_high)?,
    })
}

#[cfg(test)]
mod tests {
    use model::money::Money;

    use super::*;

    #[test]
    fn a_month_that_adds_up_to_more_than_an_amount_holds_is_not_known() {
        let seen: DateTime<Utc> = "2025-03-04T00:00:00Z".parse().unwrap();
        let mut ledger = Ledger::default();
        for (day, amount) in [("2025-03-01", Decimal::MAX), ("2025-03-02", Decimal::TEN)] {
            let mut cost = DayCost::new(day.parse().unwrap(), false, true);
            cost.add("EC2", DayCost::USAGE, &Money::usd(amount));
            ledger.record_cost(seen, &cost);
        }
        assert_eq!(best_month(&ledger, Some("EC2"), "2025-03-03".parse().unwrap()), None);
        assert!(best_month(&ledger, Some("EC2"), "2025-03-01".parse().unwrap()).is_some());
    }
}
