//! What was used, at the region's prices: the earliest word on what functions and logs cost.
//!
//! Everything here is a low bound of the list price. Of a duration only what CloudWatch adds up is known, and Lambda bills each
//! invocation rounded up to the millisecond and its start-up besides; whoever else uses the free tier is not known, so all of it is taken
//! to be there. What a Savings Plan, a discount or a credit takes off the bill is not known either.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use model::calendar::Month;
use rust_decimal::Decimal;
use serde::Deserialize;

use super::early::{Early, EarlyFigure, Origin};
use crate::free_tier::{FreeQuantity, FreeUse};

/// Lambda, as it is on the bill.
pub const LAMBDA: &str = "AWS Lambda";
/// What CloudWatch Logs is part of, as it is on the bill.
pub const CLOUDWATCH: &str = "AmazonCloudWatch";

/// A price that changes with how much was used in the month.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<Tier>")]
pub struct Tiers(Vec<Tier>);

/// One step of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tier {
    /// From this much in a month on; the first is 0.
    pub from: Decimal,
    /// US dollars for one of what is counted.
    pub usd: Decimal,
}

impl TryFrom<Vec<Tier>> for Tiers {
    type Error = &'static str;

    fn try_from(tiers: Vec<Tier>) -> Result<Self, Self::Error> {
        if tiers.first().is_none_or(|tier| !tier.from.is_zero()) {
            return Err("the first step of a price begins with from = \"0\"");
        }
        if tiers.windows(2).any(|pair| matches!(pair, [one, next] if one.from >= next.from)) {
            return Err("each step of a price begins with more than the one before it");
        }
        if tiers.iter().any(|tier| tier.usd < Decimal::ZERO) {
            return Err("a price cannot be negative");
        }
        Ok(Self(tiers))
    }
}

impl Tiers {
    /// US dollars for one of what is counted at the first step.
    pub fn first(&self) -> Decimal {
        self.0.first().map(|tier| tier.usd).unwrap_or_default()
    }

    /// What it costs to go from one quantity of the month to a larger one.
    fn between(&self, from: Decimal, to: Decimal) -> Decimal {
        let ends = self.0.iter().skip(1).map(|tier| tier.from).chain(std::iter::once(Decimal::MAX));
        let part = |(tier, end): (&Tier, Decimal)| {
            let within = to.min(end).saturating_sub(from.max(tier.from)).max(Decimal::ZERO);
            within.saturating_mul(tier.usd)
        };
        self.0.iter().zip(ends).map(part).fold(Decimal::ZERO, Decimal::saturating_add)
    }
}

/// What a region asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rates {
    /// US dollars an invocation.
    pub request: Decimal,
    /// US dollars a GB-second on x86.
    pub x86: Tiers,
    /// US dollars a GB-second on arm64.
    pub arm64: Tiers,
    /// US dollars a GB-second in an environment that was kept by provisioned concurrency, on x86 and on arm64: less than in others, since
    /// the keeping is paid besides. Zero where it is not known.
    pub provisioned: (Decimal, Decimal),
    /// US dollars a GB (2^30 bytes) of logs; `None` where it is not known.
    pub logs: Option<LogRates>,
    /// What is free in a month.
    pub free: BTreeMap<FreeQuantity, Decimal>,
}

/// What a GB of logs costs, by the class of its group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LogRates {
    /// Standard.
    pub standard: Tiers,
    /// Infrequent access, the cheapest.
    pub infrequent: Tiers,
}

/// What was used on one UTC day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayUse {
    /// Invocations.
    pub requests: Decimal,
    /// GB-seconds on x86.
    pub x86: Decimal,
    /// GB-seconds on arm64.
    pub arm64: Decimal,
    /// GB-seconds of functions with provisioned concurrency, on x86 and on arm64.
    pub provisioned: (Decimal, Decimal),
    /// GB of logs of the standard class.
    pub logs: Decimal,
    /// GB of logs of a class that costs less, or may.
    pub cheap_logs: Decimal,
}

/// GB-seconds of a duration in milliseconds at a memory in MB, not rounded up: a low bound of what is billed.
pub fn gb_seconds(duration_ms: Decimal, memory_mb: u32) -> Decimal {
    duration_ms.saturating_mul(Decimal::from(memory_mb)).checked_div(Decimal::from(1024 * 1000)).unwrap_or_default()
}

/// GB of so many bytes.
pub fn gb(bytes: Decimal) -> Decimal {
    bytes.checked_div(Decimal::from(1u64 << 30)).unwrap_or_default()
}

/// What is left of a free quantity, and what has been used of it.
struct Free {
    left: Decimal,
    used: Decimal,
    all: Decimal,
}

impl Free {
    fn of(rates: &Rates, quantity: FreeQuantity) -> Self {
        let all = rates.free.get(&quantity).copied().unwrap_or_default();
        Self { left: all, used: Decimal::ZERO, all }
    }

    /// Uses so much of it, and gives what has to be paid.
    fn take(&mut self, quantity: Decimal) -> Decimal {
        self.used = self.used.saturating_add(quantity);
        let free = quantity.min(self.left);
        self.left = self.left.saturating_sub(free);
        quantity.saturating_sub(free)
    }

    fn state(&self) -> FreeUse {
        FreeUse { used: self.used, free: self.all }
    }
}

/// Counts a quantity through the steps of its price. What is free counts towards the steps too, which makes the rest cheaper, if anything.
struct Counter<'a> {
    tiers: &'a Tiers,
    used: Decimal,
}

impl<'a> Counter<'a> {
    fn new(tiers: &'a Tiers) -> Self {
        Self { tiers, used: Decimal::ZERO }
    }

    fn add(&mut self, quantity: Decimal, free: &mut Free) -> Decimal {
        let to_pay = free.take(quantity);
        self.used = self.used.saturating_add(quantity);
        self.tiers.between(self.used.saturating_sub(to_pay), self.used)
    }
}

/// What the days of one month cost, in the order of the days, each as it stood at its end (or stands now). The free tier is applied once,
/// to the days as they come, and within a day to what is dearest first.
pub fn figures(rates: &Rates, month: Month, days: &BTreeMap<NaiveDate, DayUse>) -> Vec<EarlyFigure> {
    let (mut requests, mut gb_seconds) = (Free::of(rates, FreeQuantity::LambdaRequests), Free::of(rates, FreeQuantity::LambdaGbSeconds));
    let mut ingest = Free::of(rates, FreeQuantity::LogIngest);
    let (mut x86, mut arm64) = (Counter::new(&rates.x86), Counter::new(&rates.arm64));
    let mut logs = rates.logs.as_ref().map(|logs| (Counter::new(&logs.standard), Counter::new(&logs.infrequent)));
    let mut so_far: BTreeMap<&str, Decimal> = BTreeMap::new();
    let mut all = Vec::new();
    for (day, used) in days.iter().filter(|(day, _)| month.contains(**day)) {
        let mut lambda = requests.take(used.requests).saturating_mul(rates.request);
        lambda = lambda.saturating_add(x86.add(used.x86, &mut gb_seconds));
        lambda = lambda.saturating_add(arm64.add(used.arm64, &mut gb_seconds));
        // The free tier is not for these.
        lambda = lambda.saturating_add(used.provisioned.0.saturating_mul(rates.provisioned.0));
        lambda = lambda.saturating_add(used.provisioned.1.saturating_mul(rates.provisioned.1));
        let mut costs = vec![(LAMBDA, lambda)];
        if let Some((standard, cheap)) = &mut logs {
            costs.push((CLOUDWATCH, standard.add(used.logs, &mut ingest).saturating_add(cheap.add(used.cheap_logs, &mut ingest))));
        } else {
            ingest.take(used.logs.saturating_add(used.cheap_logs));
        }
        let mut services = BTreeMap::new();
        for (service, today) in costs {
            let sum = so_far.entry(service).or_default();
            *sum = sum.saturating_add(today);
            services.insert(service.to_owned(), Early { month_to_date: *sum, today: Some(today) });
        }
        let free = [(FreeQuantity::LambdaRequests, &requests), (FreeQuantity::LambdaGbSeconds, &gb_seconds), (FreeQuantity::LogIngest, &ingest)];
        all.push(EarlyFigure {
            origin: Origin::Usage,
            day: *day,
            as_of: model::calendar::day_end(*day),
            services,
            total: None,
            free: free.into_iter().filter(|(_, free)| !free.all.is_zero()).map(|(quantity, free)| (quantity, free.state())).collect(),
        });
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn tiers(steps: &[(&str, &str)]) -> Tiers {
        Tiers::try_from(steps.iter().map(|(from, usd)| Tier { from: d(from), usd: d(usd) }).collect::<Vec<_>>()).unwrap()
    }

    /// Round prices, so that the sums can be done by heart.
    fn rates() -> Rates {
        Rates {
            request: d("0.0000002"),
            x86: tiers(&[("0", "0.00002"), ("1000000", "0.00001")]),
            arm64: tiers(&[("0", "0.000016")]),
            provisioned: (d("0.00001"), d("0.000008")),
            logs: Some(LogRates { standard: tiers(&[("0", "0.76")]), infrequent: tiers(&[("0", "0.38")]) }),
            free: [(FreeQuantity::LambdaRequests, d("1000000")), (FreeQuantity::LambdaGbSeconds, d("400000")), (FreeQuantity::LogIngest, d("5"))].into(),
        }
    }

    /// Days of December 2024 from the first on, as requests, x86, arm64, logs; gives what Lambda and CloudWatch cost on each day, and
    /// in the month up to it.
    fn check(days: &[(&str, &str, &str, &str)], expected: &[(&str, &str, &str, &str)]) {
        let day = |number: usize| NaiveDate::from_ymd_opt(2024, 12, number as u32 + 1).unwrap();
        let used = |(requests, x86, arm64, logs): &(&str, &str, &str, &str)| DayUse {
            requests: d(requests),
            x86: d(x86),
            arm64: d(arm64),
            logs: d(logs),
            ..DayUse::default()
        };
        let days = days.iter().enumerate().map(|(number, of_day)| (day(number), used(of_day))).collect();
        let figures = figures(&rates(), Month::of(day(0)), &days);
        let of = |figure: &EarlyFigure, service: &str| {
            let early = &figure.services[service];
            (early.today.unwrap(), early.month_to_date)
        };
        let found: Vec<_> = figures.iter().map(|figure| (of(figure, LAMBDA), of(figure, CLOUDWATCH))).collect();
        let expected: Vec<_> = expected.iter().map(|(l, lm, c, cm)| ((d(l), d(lm)), (d(c), d(cm)))).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn the_free_tier_is_used_up_once_a_month_in_the_order_of_the_days() {
        check(
            &[("600000", "300000", "0", "4"), ("600000", "200000", "0", "2"), ("1000000", "100000", "50000", "1")],
            &[
                ("0", "0", "0", "0"),
                // 200,000 requests = 0.04; 100,000 GB-s = 2.00; 1 GB = 0.76.
                ("2.04", "2.04", "0.76", "0.76"),
                // 1,000,000 requests = 0.20; 100,000 GB-s = 2.00; 50,000 on arm64 = 0.80; 1 GB = 0.76.
                ("3", "5.04", "0.76", "1.52"),
            ],
        );
    }

    #[test]
    fn a_price_falls_where_its_next_step_begins() {
        // 600,000 paid at 0.00002 up to the million, and 500,000 at 0.00001.
        check(&[("0", "1500000", "0", "0")], &[("17", "17", "0", "0")]);
        check(&[("0", "900000", "0", "0"), ("0", "200000", "0", "0")], &[("10", "10", "0", "0"), ("3", "13", "0", "0")]);
    }

    #[test]
    fn what_is_dearest_takes_the_free_tier_first() {
        check(&[("0", "400000", "100000", "0")], &[("1.6", "1.6", "0", "0")]);
    }

    #[test]
    fn fifty_million_invocations_in_an_hour_are_seen_whatever_was_free() {
        // 49,000,000 requests = 9.80; 50,000,000 x 100 ms at 128 MB = 625,000 GB-s, of which 225,000 are paid: 4.50.
        let gb_s = gb_seconds(d("5000000000"), 128);
        assert_eq!(gb_s, d("625000"));
        check(&[("50000000", "625000", "0", "0")], &[("14.3", "14.3", "0", "0")]);
    }

    #[test]
    fn what_is_kept_by_provisioned_concurrency_takes_nothing_of_the_free_tier_and_days_of_another_month_are_left_out() {
        let day: NaiveDate = "2024-12-05".parse().unwrap();
        let used = DayUse { provisioned: (d("100000"), d("100000")), cheap_logs: d("7"), ..DayUse::default() };
        let days = [(day, used), ("2025-01-01".parse().unwrap(), used)].into();
        let figures = figures(&rates(), Month::of(day), &days);
        assert_eq!(figures.len(), 1);
        assert_eq!((figures[0].services[LAMBDA].today, figures[0].services[CLOUDWATCH].today), (Some(d("1.8")), Some(d("0.76"))));
        assert_eq!(figures[0].free[&FreeQuantity::LambdaGbSeconds], FreeUse { used: Decimal::ZERO, free: d("400000") });
        assert_eq!(figures[0].free[&FreeQuantity::LogIngest], FreeUse { used: d("7"), free: d("5") });
    }

    #[test]
    fn logs_without_a_price_cost_nothing_that_is_known_and_still_count() {
        let day: NaiveDate = "2024-12-05".parse().unwrap();
        let rates = Rates { logs: None, ..rates() };
        let figures = figures(&rates, Month::of(day), &[(day, DayUse { logs: d("7"), ..DayUse::default() })].into());
        assert!(!figures[0].services.contains_key(CLOUDWATCH));
        assert_eq!(figures[0].free[&FreeQuantity::LogIngest].used, d("7"));
    }

    #[test]
    fn no_quantity_is_too_large() {
        let day: NaiveDate = "2024-12-05".parse().unwrap();
        let max = Decimal::MAX;
        let used = DayUse { requests: max, x86: max, arm64: max, provisioned: (max, max), logs: max, cheap_logs: max };
        let days = [(day, used), (day.succ_opt().unwrap(), used)].into();
        assert_eq!(figures(&rates(), Month::of(day), &days).len(), 2);
        assert!(gb_seconds(max, u32::MAX) > Decimal::ZERO);
    }

    #[test]
    fn the_steps_of_a_price_begin_at_nothing_and_rise() {
        for (steps, why) in [
            (vec![], "from = \"0\""),
            (vec![("1", "1")], "from = \"0\""),
            (vec![("0", "1"), ("5", "1"), ("5", "1")], "more than the one before"),
            (vec![("0", "-1")], "negative"),
        ] {
            let steps: Vec<Tier> = steps.into_iter().map(|(from, usd)| Tier { from: d(from), usd: d(usd) }).collect();
            assert!(Tiers::try_from(steps).unwrap_err().contains(why));
        }
    }
}
