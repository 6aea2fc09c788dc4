//! The cost ledger: every amount that was seen for each day, and how much of a provisional amount is certain.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use model::calendar::Month;
use model::money::Money;
use rust_decimal::Decimal;

use super::anomaly::{Episode, lasting};
use super::forecast::{Forecast, NoForecast, forecast};
use super::series::CostSeries;
use crate::day_cost::DayCost;

/// The days that are kept: thirteen months, as in Cost Explorer.
pub const DAYS: i64 = 400;
/// Days of which every value is kept that was seen; of older ones the newest stays.
const EVERY_VALUE: i64 = 31 * 2 + 14;
/// How much of a provisional figure may still go away again, as a share of it, where nothing else has been seen.
const MAY_FALL: Decimal = Decimal::from_parts(15, 0, 0, false, 2);
/// Figures below this (in the currency's unit) say nothing about how far figures fall.
const WORTH_LEARNING_FROM: Decimal = Decimal::from_parts(5, 0, 0, false, 2);
/// The whole account, beside its services.
const TOTAL: &str = "";

/// The costs of each day.
#[derive(Debug, Default)]
pub struct CostLedger {
    days: BTreeMap<NaiveDate, DayFigures>,
    /// Every service that any day has named.
    services: BTreeSet<String>,
    outlook: Mutex<Option<Arc<BillOutlook>>>,
}

/// The forecast and the anomalies computed from the settled days.
#[derive(Debug)]
pub struct BillOutlook {
    /// The number of settled days used.
    pub days: usize,
    /// The first UTC day that is not settled.
    pub known_before: NaiveDate,
    /// How the month will end, as known at the beginning of the UTC day `as_of`.
    pub forecast: Result<Forecast, NoForecast>,
    /// The day at whose beginning it was forecast.
    pub as_of: NaiveDate,
    /// What is out of the ordinary on the last settled day.
    pub episodes: Vec<Episode>,
}

/// What was said of one day.
#[derive(Debug, Default)]
struct DayFigures {
    /// Each answer that said something new, by when it was seen.
    seen: BTreeMap<DateTime<Utc>, DayCost>,
    /// By how much, as a share, provisional figures of the day fell later, by service.
    falls: BTreeMap<String, Decimal>,
}

impl DayFigures {
    fn record(&mut self, seen: DateTime<Utc>, cost: &DayCost) {
        match self.seen.get(&seen) {
            // Of two answers of the same instant it does not matter which came first.
            Some(known) if known > cost => return,
            _ => drop(self.seen.insert(seen, cost.clone())),
        }
        self.falls = self.falls();
    }

    fn newest(&self) -> Option<&DayCost> {
        self.seen.last_key_value().map(|(_, cost)| cost)
    }

    fn falls(&self) -> BTreeMap<String, Decimal> {
        let mut falls = BTreeMap::new();
        for (before, after) in self.seen.values().zip(self.seen.values().skip(1)).filter(|(before, _)| !before.settled)
        {
            for service in before.services.keys().map(String::as_str).chain([TOTAL]) {
                let named = (service != TOTAL).then_some(service);
                let Some((was, is)) =
                    before.usd(named).zip(after.usd(named)).filter(|(was, is)| *was >= WORTH_LEARNING_FROM && is < was)
                else {
                    continue;
                };
                let share = ((was - is) / was).min(Decimal::ONE);
                let known: &mut Decimal = falls.entry(service.to_owned()).or_default();
                *known = share.max(*known);
            }
        }
        falls
    }
}

impl CostLedger {
    /// Records what a source reports for a day.
    pub fn record(&mut self, seen: DateTime<Utc>, cost: &DayCost) {
        self.services
            .extend(cost.services.keys().filter(|name| !self.services.contains(*name)).cloned().collect::<Vec<_>>());
        self.days.entry(cost.day).or_default().record(seen, cost);
        *self.outlook.get_mut().unwrap_or_else(PoisonError::into_inner) = None;
    }

    /// Observations with a time in the future, from a clock that was ahead, count as seen now.
    pub fn clock_was_set_back(&mut self, now: DateTime<Utc>) {
        for figures in self.days.values_mut() {
            if let Some((_, newest)) = figures.seen.split_off(&now).pop_last() {
                figures.seen.insert(now, newest);
            }
        }
    }

    /// Drops what nothing can ask for any more.
    pub fn forget(&mut self, now: DateTime<Utc>) {
        let today = now.date_naive();
        self.days.retain(|day, _| *day >= today - TimeDelta::days(DAYS));
        for (_, figures) in self.days.range_mut(..today - TimeDelta::days(EVERY_VALUE)) {
            while figures.seen.len() > 1 {
                figures.seen.pop_first();
            }
        }
    }

    /// The newest figure of every known day up to and including `last`, latest first.
    pub fn days(&self, last: NaiveDate) -> impl DoubleEndedIterator<Item = &DayCost> {
        self.days.range(..=last).rev().filter_map(|(_, figures)| figures.newest())
    }

    /// The services that have been on the bill, by name.
    pub fn services(&self) -> impl Iterator<Item = &str> {
        self.services.iter().map(String::as_str)
    }

    /// The certain part of what a service, or everything (`None`), costs on a day, in USD: all of a settled amount, and
    /// of a provisional one what provisional figures have been seen to lose, at least 15 %. `None` if it was billed in
    /// another currency.
    pub fn certainly(&self, cost: &DayCost, service: Option<&str>) -> Option<Decimal> {
        let amount = cost.usd(service)?;
        if cost.settled {
            return Some(amount);
        }
        Some(amount - amount.abs() * self.may_fall(service))
    }

    fn may_fall(&self, service: Option<&str>) -> Decimal {
        let of = service.unwrap_or(TOTAL);
        self.days.values().filter_map(|figures| figures.falls.get(of)).copied().max().unwrap_or_default().max(MAY_FALL)
    }

    /// The forecast and the anomalies from the settled days. `None` if no day is settled. Computed
    /// once and cached until the costs change.
    pub fn outlook(&self, month: Month) -> Option<Arc<BillOutlook>> {
        let known_before = self.settled_up_to()?;
        let as_of = known_before.max(month.first_day());
        let mut remembered = self.outlook.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(outlook) = remembered.as_ref().filter(|outlook| outlook.as_of == as_of) {
            return Some(Arc::clone(outlook));
        }
        let series = self.settled_before(known_before);
        let days = self.days.values().filter(|figures| figures.newest().is_some_and(|cost| cost.settled)).count();
        let outlook = Arc::new(BillOutlook {
            days,
            known_before,
            forecast: forecast(&series, as_of),
            as_of,
            episodes: lasting(&series, known_before),
        });
        *remembered = Some(Arc::clone(&outlook));
        Some(outlook)
    }

    /// Each service's settled days before a day, in US dollars; services billed in another currency are left out.
    fn settled_before(&self, end: NaiveDate) -> Vec<CostSeries> {
        let mut series = BTreeMap::<&str, BTreeMap<NaiveDate, Decimal>>::new();
        for cost in self.days.range(..end).filter_map(|(_, figures)| figures.newest()).filter(|cost| cost.settled) {
            for (service, money) in cost.services.iter().filter(|(_, money)| money.currency == Money::USD) {
                series.entry(service).or_default().insert(cost.day, money.amount);
            }
        }
        series.into_iter().map(|(name, days)| CostSeries { name: name.to_owned(), days }).collect()
    }

    /// The first day from which on nothing is settled.
    fn settled_up_to(&self) -> Option<NaiveDate> {
        let last = self.days.iter().rev().find(|(_, figures)| figures.newest().is_some_and(|cost| cost.settled))?;
        last.0.succ_opt()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day() -> NaiveDate {
        NaiveDate::from_ymd_opt(2024, 12, 10).unwrap()
    }

    fn cost(usd: &str, settled: bool) -> DayCost {
        let mut cost = DayCost::new(day(), !settled, settled);
        cost.add("S", "Usage", &Money::usd(usd.parse().unwrap()));
        cost
    }

    /// Figures of one day in the order in which they were seen, and what the last one is certain of.
    fn check(figures: &[(&str, bool)]) -> String {
        let mut costs = CostLedger::default();
        let start = model::calendar::day_start(day());
        // Seen in another order than they were said.
        for (hour, (usd, settled)) in figures.iter().enumerate().rev() {
            costs.record(start + TimeDelta::hours(hour as i64), &cost(usd, *settled));
        }
        let last = costs.days(day()).next().unwrap().clone();
        costs.certainly(&last, Some("S")).unwrap().normalize().to_string()
    }

    #[test]
    fn a_settled_figure_is_certain_and_a_provisional_one_is_worth_what_such_figures_kept() {
        for (figures, certain) in [
            (&[("10", true)][..], "10"),
            (&[("10", false)], "8.5"),
            (&[("10", false), ("20", false)], "17"),
            // A fall by 40 % was seen: the next one may fall as far.
            (&[("10", false), ("6", false)], "3.6"),
            (&[("10", false), ("6", true)], "6"),
            // A settled figure that is restated says nothing about provisional ones.
            (&[("10", true), ("5", false)], "4.25"),
            // Fractions of a cent teach nothing.
            (&[("0.01", false), ("0.001", false)], "0.00085"),
            // A credit may grow.
            (&[("-10", false)], "-11.5"),
        ] {
            assert_eq!(check(figures), certain, "{figures:?}");
        }
    }

    #[test]
    fn of_two_figures_seen_at_the_same_instant_the_greater_counts_and_not_the_one_whose_spelling_is() {
        let seen = model::calendar::day_start(day());
        for order in [["9", "10"], ["10", "9"]] {
            let mut costs = CostLedger::default();
            order.into_iter().for_each(|usd| costs.record(seen, &cost(usd, true)));
            assert_eq!(costs.days(day()).next().unwrap().usd(None), Some(Decimal::TEN), "{order:?}");
        }
    }
}
