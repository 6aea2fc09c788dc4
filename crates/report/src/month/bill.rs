//! The bill in the report: charges, cost drivers and the forecast.

use std::collections::{BTreeMap, BTreeSet};

use account::inventory::Inventory;
use alerting::month_rows::MonthRows;
use billing::day_cost::DayCost;
use billing::explain::{PeriodCost, reasons, sides};
use billing::forecast::{NoForecast, forecast, score};
use billing::line::DayCharges;
use billing::series::CostSeries;
use chrono::{DateTime, NaiveDate, Utc};
use model::calendar::Month;
use rust_decimal::Decimal;

use super::form::{DayLine, ForecastScore, ForecastSection, Restatement, ServiceForecast, ServiceLine, ServiceReason};
use super::resources::{ResourceLine, resources_of};

/// Reasons that stand at the top of a report.
const MOST_REASONS: usize = 3;
/// Things that are listed behind one service, dearest first.
const MOST_RESOURCES: usize = 50;
/// The day of a finished month on which its forecast is judged: the middle, when it can still be of use.
const JUDGED_ON: u32 = 15;

/// Each service of this month or the month before, most expensive first, with its cost drivers.
pub(super) fn services(rows: &MonthRows, month: Month) -> Vec<ServiceLine> {
    let lines = |month: Month| rows.lines.iter().filter(move |lines| month.contains(lines.day));
    let now = sides(&rows.days, lines(month));
    let before = sides(&rows.days_before, lines(month.previous()));
    let keys: BTreeSet<&(String, String)> = now.keys().chain(before.keys()).collect();
    let nothing = PeriodCost::default();
    let mut all: Vec<ServiceLine> = Vec::new();
    for key in keys {
        let (is, was) = (now.get(key).unwrap_or(&nothing), before.get(key).unwrap_or(&nothing));
        let is_known = !rows.days_before.is_empty();
        all.push(ServiceLine {
            service: key.0.clone(),
            amount: is.amount,
            previous: is_known.then_some(was.amount),
            currency: key.1.clone(),
            reasons: if is_known { reasons(was, is) } else { vec![] },
            resources: vec![],
        });
    }
    all.sort_by(|a, b| b.amount.cmp(&a.amount).then_with(|| a.service.cmp(&b.service)));
    all
}

/// The resources of a service: those of an inventory, with the amounts on the bill if it lists them, and those that
/// only the bill names.
pub(super) fn resources(
    service: &str,
    inventories: &[&Inventory],
    lines: &[DayCharges],
    month: Month,
    now: DateTime<Utc>,
) -> Vec<ResourceLine> {
    let of_service = lines
        .iter()
        .filter(|day| month.contains(day.day))
        .flat_map(|day| &day.lines)
        .filter(|(key, _)| key.service == service);
    let mut billed = BTreeMap::<&str, Decimal>::new();
    for (key, charged) in of_service.filter(|(key, _)| !key.resource.is_empty()) {
        *billed.entry(&key.resource).or_default() += charged.amount;
    }
    let mut all = resources_of(service, inventories, month, now);
    for line in &mut all {
        // A bill names a thing by its ARN, which ends in what the inventory calls it.
        let named = billed
            .keys()
            .copied()
            .find(|arn| *arn == line.id || arn.rsplit([':', '/']).next() == Some(line.id.as_str()));
        if let Some(amount) = named.and_then(|arn| billed.remove(arn)) {
            line.amount = Some(amount);
        }
    }
    let only_billed = billed.into_iter().filter(|(_, amount)| !amount.is_zero());
    all.extend(only_billed.map(|(id, amount)| ResourceLine {
        id: id.to_owned(),
        amount: Some(amount),
        note: "from the bill".to_owned(),
    }));
    all.sort_by(|a, b| b.amount.cmp(&a.amount).then_with(|| a.id.cmp(&b.id)));
    all.truncate(MOST_RESOURCES);
    all
}

/// The reasons that move the total most, in its currency.
pub(super) fn main_reasons(services: &[ServiceLine], currency: Option<&str>) -> Vec<ServiceReason> {
    let all = services.iter().filter(|line| currency == Some(line.currency.as_str()));
    let mut all: Vec<ServiceReason> = all
        .flat_map(|line| {
            line.reasons.iter().map(|reason| ServiceReason { service: line.service.clone(), reason: reason.clone() })
        })
        .collect();
    all.sort_by(|a, b| b.reason.amount.abs().cmp(&a.reason.amount.abs()).then_with(|| a.service.cmp(&b.service)));
    all.truncate(MOST_REASONS);
    all
}

/// Each day of the month, in the report's currency.
pub(super) fn daily(days: &[DayCost], currency: Option<&str>) -> Vec<DayLine> {
    let Some(currency) = currency else { return vec![] };
    let in_currency = |day: &DayCost| {
        let services = day.services.iter().filter(|(_, money)| money.currency == currency);
        services.map(|(service, money)| (service.clone(), money.amount)).collect()
    };
    days.iter().map(|day| DayLine { day: day.day, settled: day.settled, services: in_currency(day) }).collect()
}

/// The linked accounts that the lines of the month name.
pub(super) fn accounts(lines: &[DayCharges], month: Month) -> Vec<String> {
    let of_month = lines.iter().filter(|day| month.contains(day.day));
    let named: BTreeSet<&String> = of_month
        .flat_map(|day| day.lines.keys().map(|key| &key.account))
        .filter(|account| !account.is_empty())
        .collect();
    named.into_iter().cloned().collect()
}

/// What changed of days that had been called settled, oldest day first.
pub(super) fn restatements(figures: &[(DateTime<Utc>, DayCost)]) -> Vec<Restatement> {
    let mut days = BTreeMap::<NaiveDate, Vec<&(DateTime<Utc>, DayCost)>>::new();
    figures.iter().for_each(|figure| days.entry(figure.1.day).or_default().push(figure));
    let mut all = Vec::new();
    for (day, mut figures) in days {
        figures.sort_by_key(|(seen, _)| *seen);
        for pair in figures.windows(2) {
            let [(_, was), (seen, is)] = pair else { continue };
            if !was.settled {
                continue;
            }
            let services: BTreeSet<&String> = was.services.keys().chain(is.services.keys()).collect();
            for service in services {
                let amount = |cost: &DayCost| cost.services.get(service).map(|money| money.amount).unwrap_or_default();
                let (before, after) = (amount(was), amount(is));
                if before != after {
                    all.push(Restatement { day, service: service.clone(), seen: *seen, before, after });
                }
            }
        }
    }
    all
}

/// How the month will end, from its settled days and those of the months before.
pub(super) fn foretell(rows: &MonthRows, month: Month, currency: Option<&str>, now: DateTime<Utc>) -> ForecastSection {
    let Some(currency) = currency else { return ForecastSection::default() };
    let end = rows.past.iter().rev().find(|day| day.settled).and_then(|day| day.day.succ_opt());
    let Some(known_before) = end else { return ForecastSection::default() };
    let series = series(&rows.past, currency, known_before);
    // The month itself once it is over and settled, else the one before.
    let over = if known_before >= month.end() { month } else { month.previous() };
    let mut lines = ForecastSection { score: judged(&series, over, &rows.past), ..ForecastSection::default() };
    // Nothing is foretold of a month that is over, or has not begun.
    if known_before >= month.end() || Month::of(now.date_naive()) != month {
        return lines;
    }
    let as_of = known_before.max(month.first_day());
    let foretold = match forecast(&series, as_of) {
        Ok(foretold) => foretold,
        // Of a month before which nothing was billed there is nothing to say.
        Err(NoForecast::NoDays(_)) => return lines,
        Err(why) => return ForecastSection { unknown: Some(why.to_string()), ..lines },
    };
    lines.as_of = Some(as_of);
    lines.total = Some(foretold.total);
    lines.services = foretold
        .series
        .iter()
        .map(|one| ServiceForecast { service: one.name.clone(), foretold: one.estimate })
        .collect();
    lines
        .services
        .sort_by(|a, b| b.foretold.forecast.cmp(&a.foretold.forecast).then_with(|| a.service.cmp(&b.service)));
    lines
}

fn series(days: &[DayCost], currency: &str, end: NaiveDate) -> Vec<CostSeries> {
    let mut all = BTreeMap::<&str, BTreeMap<NaiveDate, Decimal>>::new();
    for day in days.iter().filter(|day| day.settled && day.day < end) {
        for (service, money) in day.services.iter().filter(|(_, money)| money.currency == currency) {
            all.entry(service).or_default().insert(day.day, money.amount);
        }
    }
    all.into_iter().map(|(name, days)| CostSeries { name: name.to_owned(), days }).collect()
}

/// How a month that is over had been foretold in its middle. `None` unless every day of it is settled, and something
/// was known before.
fn judged(series: &[CostSeries], month: Month, days: &[DayCost]) -> Option<ForecastScore> {
    let known = days.iter().filter(|day| month.contains(day.day) && day.settled).count();
    let length = (month.end() - month.first_day()).num_days();
    if i64::try_from(known).ok()? != length || !days.iter().any(|day| day.day < month.first_day()) {
        return None;
    }
    let score = score(series, month, JUDGED_ON)?;
    let percent = |share: Option<Decimal>| share.map(|share| (share * Decimal::ONE_HUNDRED).round_dp(1));
    Some(ForecastScore {
        month,
        as_of: score.as_of,
        forecast: score.forecast.forecast,
        naive: score.run_rate,
        actual: score.actual,
        error_percent: percent(score.off()),
        naive_error_percent: percent(score.run_rate_off()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use model::calendar::day_start;
    use model::money::Money;

    fn cost(day: &str, usd: &str, settled: bool) -> DayCost {
        let mut cost = DayCost::new(day.parse().unwrap(), !settled, settled);
        cost.add("S", "Usage", &Money::usd(usd.parse().unwrap()));
        cost
    }

    /// Figures of one day in the order in which they were seen, and what of that is a restatement.
    fn check(figures: &[(&str, bool)]) -> Vec<String> {
        let seen = |hour: usize| day_start("2024-12-05".parse().unwrap()) + chrono::TimeDelta::hours(hour as i64);
        let figures: Vec<_> = figures
            .iter()
            .enumerate()
            .map(|(hour, (usd, settled))| (seen(hour), cost("2024-12-01", usd, *settled)))
            .collect();
        restatements(&figures).iter().map(|one| format!("{} {} {}", one.service, one.before, one.after)).collect()
    }

    #[test]
    fn a_settled_day_that_changes_is_restated_and_a_provisional_one_only_grows() {
        for (figures, restated) in [
            (&[("1", false), ("2", false), ("3", true)][..], &[][..]),
            (&[("1", false), ("3", true), ("4", true), ("4", true)], &["S 3 4"]),
            (&[("3", true), ("4", true), ("2", true)], &["S 3 4", "S 4 2"]),
            (&[("3", true)], &[]),
        ] {
            assert_eq!(check(figures), restated, "{figures:?}");
        }
    }
}
