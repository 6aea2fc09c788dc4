//! Prices usage at the region's prices: the earliest estimate of what functions and logs cost.
//!
//! Every result is a lower bound of the list price. Durations are CloudWatch's sums, while Lambda bills each invocation
//! rounded up to the millisecond plus its init phase. Other use of the free tier is unknown, so the whole free tier is
//! assumed to be available. Savings Plans, discounts and credits are unknown too.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use model::calendar::Month;
use model::money::{LARGEST, checked_sum, entering};
use rust_decimal::Decimal;
use serde::Deserialize;

use super::early::{EarlyCost, EarlyFigure, EarlyOrigin};
use crate::free_tier::{FreeTierQuantity, FreeTierUsage};

/// The name of Lambda on the bill.
pub const LAMBDA: &str = "AWS Lambda";
/// The name on the bill of the service that includes CloudWatch Logs.
pub const CLOUDWATCH: &str = "AmazonCloudWatch";

/// A price that changes with how much was used in the month.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Vec<PriceTier>")]
pub struct PriceTiers(Vec<PriceTier>);

/// One step of it.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PriceTier {
    /// From this much in a month on; the first is 0.
    pub from: Decimal,
    /// US dollars for one of what is counted.
    pub usd: Decimal,
}

impl TryFrom<Vec<PriceTier>> for PriceTiers {
    type Error = &'static str;

    fn try_from(tiers: Vec<PriceTier>) -> Result<Self, Self::Error> {
        if tiers.first().is_none_or(|tier| !tier.from.is_zero()) {
            return Err("the first tier must have from = \"0\"");
        }
        if tiers.windows(2).any(|pair| matches!(pair, [one, next] if one.from >= next.from)) {
            return Err("`from` must increase from tier to tier");
        }
        if tiers.iter().any(|tier| tier.usd < Decimal::ZERO) {
            return Err("a price must not be negative");
        }
        if tiers.iter().any(|tier| tier.from >= LARGEST || tier.usd >= LARGEST) {
            return Err("`from` and `usd` must be below 1000000000000");
        }
        Ok(Self(tiers))
    }
}

impl PriceTiers {
    /// US dollars for one of what is counted at the first step.
    pub fn first(&self) -> Decimal {
        self.0.first().map(|tier| tier.usd).unwrap_or_default()
    }

    /// What it costs to go from one quantity of the month to a larger one. `None` if that is too large for an amount.
    fn between(&self, from: Decimal, to: Decimal) -> Option<Decimal> {
        let ends = self.0.iter().skip(1).map(|tier| tier.from.min(to)).chain(std::iter::once(to));
        let mut sum = Decimal::ZERO;
        for (tier, end) in self.0.iter().zip(ends) {
            let within = end.checked_sub(from.max(tier.from))?.max(Decimal::ZERO);
            sum = sum.checked_add(within.checked_mul(tier.usd)?)?;
        }
        Some(sum)
    }
}

/// What a region asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UsageRates {
    /// US dollars an invocation.
    pub request: Decimal,
    /// US dollars a GB-second on x86.
    pub x86: PriceTiers,
    /// US dollars a GB-second on arm64.
    pub arm64: PriceTiers,
    /// USD per GB-second of duration in a provisioned environment, on x86 and on arm64: less than in others, because
    /// the provisioning is billed separately. Zero if not known.
    pub provisioned: (Decimal, Decimal),
    /// US dollars a GB (2^30 bytes) of logs; `None` where it is not known.
    pub logs: Option<LogRates>,
    /// What is free in a month.
    pub free: BTreeMap<FreeTierQuantity, Decimal>,
}

/// What a GB of logs costs, by the class of its group.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
pub struct LogRates {
    /// Standard.
    pub standard: PriceTiers,
    /// Infrequent access, the cheapest.
    pub infrequent: PriceTiers,
}

/// The usage of one UTC day.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DayUsage {
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

/// GB-seconds of a duration in milliseconds at a memory in MB, not rounded up: a low bound of what is billed. `None` if
/// they are too many for a number.
pub fn gb_seconds(duration_ms: Decimal, memory_mb: u32) -> Option<Decimal> {
    duration_ms.checked_mul(Decimal::from(memory_mb))?.checked_div(Decimal::from(1024 * 1000))
}

/// GB (2^30 bytes) of so many bytes.
pub fn gb(bytes: Decimal) -> Decimal {
    // Dividing by more than one has no way to fail.
    bytes / Decimal::from(1u64 << 30)
}

/// That a day's usage, or its price, is too large for an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the usage of {0} is too large to be priced")]
pub struct UsageTooLarge(pub NaiveDate);

/// What is left of a free quantity, and what has been used of it.
struct FreeTierBalance {
    left: Decimal,
    used: Decimal,
    all: Decimal,
}

impl FreeTierBalance {
    fn of(rates: &UsageRates, quantity: FreeTierQuantity) -> Self {
        let all = rates.free.get(&quantity).copied().unwrap_or_default();
        Self { left: all, used: Decimal::ZERO, all }
    }

    /// Uses so much of it, and gives what has to be paid. `None` if the use of the month is too large for an amount.
    fn take(&mut self, quantity: Decimal) -> Option<Decimal> {
        self.used = self.used.checked_add(quantity).and_then(|used| entering(used).ok())?;
        let free = quantity.min(self.left);
        self.left -= free;
        Some(quantity - free)
    }

    fn state(&self) -> FreeTierUsage {
        FreeTierUsage { used: self.used, free: self.all }
    }
}

/// Counts a quantity through the steps of its price. What is free counts towards the steps too, which makes the rest
/// cheaper, if anything.
struct TierCounter<'a> {
    tiers: &'a PriceTiers,
    used: Decimal,
}

impl<'a> TierCounter<'a> {
    fn new(tiers: &'a PriceTiers) -> Self {
        Self { tiers, used: Decimal::ZERO }
    }

    /// What this much more costs. `None` if it is too large for an amount.
    fn add(&mut self, quantity: Decimal, free: &mut FreeTierBalance) -> Option<Decimal> {
        let to_pay = free.take(quantity)?;
        self.used = self.used.checked_add(quantity)?;
        self.tiers.between(self.used.checked_sub(to_pay)?, self.used)
    }
}

/// The month of one region so far: what is left of the free tier, and how far the prices have come.
struct MonthSoFar<'a> {
    rates: &'a UsageRates,
    requests: FreeTierBalance,
    gb_seconds: FreeTierBalance,
    ingest: FreeTierBalance,
    x86: TierCounter<'a>,
    arm64: TierCounter<'a>,
    /// Standard and infrequent access; `None` where their price is not known.
    logs: Option<(TierCounter<'a>, TierCounter<'a>)>,
    costs: BTreeMap<&'static str, Decimal>,
}

impl<'a> MonthSoFar<'a> {
    fn new(rates: &'a UsageRates) -> Self {
        let logs = rates.logs.as_ref();
        Self {
            rates,
            requests: FreeTierBalance::of(rates, FreeTierQuantity::LambdaRequests),
            gb_seconds: FreeTierBalance::of(rates, FreeTierQuantity::LambdaGbSeconds),
            ingest: FreeTierBalance::of(rates, FreeTierQuantity::LogIngest),
            x86: TierCounter::new(&rates.x86),
            arm64: TierCounter::new(&rates.arm64),
            logs: logs.map(|logs| (TierCounter::new(&logs.standard), TierCounter::new(&logs.infrequent))),
            costs: BTreeMap::new(),
        }
    }

    /// What the functions of a day cost. `None` if that is too large for an amount.
    fn lambda(&mut self, used: &DayUsage) -> Option<Decimal> {
        checked_sum([
            self.requests.take(used.requests)?.checked_mul(self.rates.request)?,
            self.x86.add(used.x86, &mut self.gb_seconds)?,
            self.arm64.add(used.arm64, &mut self.gb_seconds)?,
            // The free tier is not for these.
            used.provisioned.0.checked_mul(self.rates.provisioned.0)?,
            used.provisioned.1.checked_mul(self.rates.provisioned.1)?,
        ])
    }

    /// Adds a day, and gives what each service costs on it. `None` if anything is too large for an amount.
    fn add(&mut self, used: &DayUsage) -> Option<BTreeMap<String, EarlyCost>> {
        let mut today = vec![(LAMBDA, self.lambda(used)?)];
        if let Some((standard, cheap)) = &mut self.logs {
            let standard = standard.add(used.logs, &mut self.ingest)?;
            today.push((CLOUDWATCH, standard.checked_add(cheap.add(used.cheap_logs, &mut self.ingest)?)?));
        } else {
            self.ingest.take(used.logs.checked_add(used.cheap_logs)?)?;
        }
        let mut services = BTreeMap::new();
        for (service, today) in today {
            let sum = self.costs.entry(service).or_default();
            *sum = sum.checked_add(today).and_then(|sum| entering(sum).ok())?;
            services.insert(service.to_owned(), EarlyCost { month_to_date: *sum, today: Some(today) });
        }
        Some(services)
    }

    fn free(&self) -> BTreeMap<FreeTierQuantity, FreeTierUsage> {
        let free = [
            (FreeTierQuantity::LambdaRequests, &self.requests),
            (FreeTierQuantity::LambdaGbSeconds, &self.gb_seconds),
            (FreeTierQuantity::LogIngest, &self.ingest),
        ];
        let counted = free.into_iter().filter(|(_, free)| !free.all.is_zero());
        counted.map(|(quantity, free)| (quantity, free.state())).collect()
    }
}

/// The costs of the days of one month, in order, each as of its end (or as of now). The free tier is applied once,
/// to the days in order, and within a day to the most expensive usage first.
///
/// # Errors
/// If the usage of a day, or its price, reaches [`LARGEST`]: then nothing is known of the month.
pub fn figures(
    rates: &UsageRates,
    month: Month,
    days: &BTreeMap<NaiveDate, DayUsage>,
) -> Result<Vec<EarlyFigure>, UsageTooLarge> {
    let mut so_far = MonthSoFar::new(rates);
    let figure = |(day, used): (&NaiveDate, &DayUsage)| {
        Ok(EarlyFigure {
            origin: EarlyOrigin::Usage,
            day: *day,
            as_of: model::calendar::day_end(*day),
            services: so_far.add(used).ok_or(UsageTooLarge(*day))?,
            total: None,
            free: so_far.free(),
        })
    };
    days.iter().filter(|(day, _)| month.contains(**day)).map(figure).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn d(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    fn tiers(steps: &[(&str, &str)]) -> PriceTiers {
        PriceTiers::try_from(
            steps.iter().map(|(from, usd)| PriceTier { from: d(from), usd: d(usd) }).collect::<Vec<_>>(),
        )
        .unwrap()
    }

    /// Round prices, so that the sums can be done by heart.
    fn rates() -> UsageRates {
        UsageRates {
            request: d("0.0000002"),
            x86: tiers(&[("0", "0.00002"), ("1000000", "0.00001")]),
            arm64: tiers(&[("0", "0.000016")]),
            provisioned: (d("0.00001"), d("0.000008")),
            logs: Some(LogRates { standard: tiers(&[("0", "0.76")]), infrequent: tiers(&[("0", "0.38")]) }),
            free: [
                (FreeTierQuantity::LambdaRequests, d("1000000")),
                (FreeTierQuantity::LambdaGbSeconds, d("400000")),
                (FreeTierQuantity::LogIngest, d("5")),
            ]
            .into(),
        }
    }

    /// Days of December 2024 from the first on, as requests, x86, arm64, logs; gives what Lambda and CloudWatch cost on
    /// each day, and in the month up to it.
    fn check(days: &[(&str, &str, &str, &str)], expected: &[(&str, &str, &str, &str)]) {
        let day = |number: usize| NaiveDate::from_ymd_opt(2024, 12, number as u32 + 1).unwrap();
        let used = |(requests, x86, arm64, logs): &(&str, &str, &str, &str)| DayUsage {
            requests: d(requests),
            x86: d(x86),
            arm64: d(arm64),
            logs: d(logs),
            ..DayUsage::default()
        };
        let days = days.iter().enumerate().map(|(number, of_day)| (day(number), used(of_day))).collect();
        let figures = figures(&rates(), Month::of(day(0)), &days).unwrap();
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
        check(
            &[("0", "900000", "0", "0"), ("0", "200000", "0", "0")],
            &[("10", "10", "0", "0"), ("3", "13", "0", "0")],
        );
    }

    #[test]
    fn what_is_dearest_takes_the_free_tier_first() {
        check(&[("0", "400000", "100000", "0")], &[("1.6", "1.6", "0", "0")]);
    }

    #[test]
    fn fifty_million_invocations_in_an_hour_are_seen_whatever_was_free() {
        // 49,000,000 requests = 9.80; 50,000,000 x 100 ms at 128 MB = 625,000 GB-s, of which 225,000 are paid: 4.50.
        assert_eq!(gb_seconds(d("5000000000"), 128), Some(d("625000")));
        check(&[("50000000", "625000", "0", "0")], &[("14.3", "14.3", "0", "0")]);
    }

    #[test]
    fn what_is_kept_by_provisioned_concurrency_takes_nothing_of_the_free_tier_and_days_of_another_month_are_left_out() {
        let day: NaiveDate = "2024-12-05".parse().unwrap();
        let used = DayUsage { provisioned: (d("100000"), d("100000")), cheap_logs: d("7"), ..DayUsage::default() };
        let days = [(day, used), ("2025-01-01".parse().unwrap(), used)].into();
        let figures = figures(&rates(), Month::of(day), &days).unwrap();
        assert_eq!(figures.len(), 1);
        assert_eq!(
            (figures[0].services[LAMBDA].today, figures[0].services[CLOUDWATCH].today),
            (Some(d("1.8")), Some(d("0.76")))
        );
        assert_eq!(
            figures[0].free[&FreeTierQuantity::LambdaGbSeconds],
            FreeTierUsage { used: Decimal::ZERO, free: d("400000") }
        );
        assert_eq!(figures[0].free[&FreeTierQuantity::LogIngest], FreeTierUsage { used: d("7"), free: d("5") });
    }

    #[test]
    fn logs_without_a_price_cost_nothing_that_is_known_and_still_count() {
        let day: NaiveDate = "2024-12-05".parse().unwrap();
        let rates = UsageRates { logs: None, ..rates() };
        let figures =
            figures(&rates, Month::of(day), &[(day, DayUsage { logs: d("7"), ..DayUsage::default() })].into()).unwrap();
        assert!(!figures[0].services.contains_key(CLOUDWATCH));
        assert_eq!(figures[0].free[&FreeTierQuantity::LogIngest].used, d("7"));
    }

    #[test]
    fn a_usage_that_is_too_large_is_unknown_and_nothing_is_cut_off() {
        let (day, next): (NaiveDate, NaiveDate) = ("2024-12-05".parse().unwrap(), "2024-12-06".parse().unwrap());
        let of = |first: DayUsage, second: DayUsage| {
            figures(&rates(), Month::of(day), &[(day, first), (next, second)].into()).map(|figures| figures.len())
        };
        let (none, half) = (DayUsage::default(), d("500000000000"));
        for (first, second, expected) in [
            (DayUsage { requests: d("999999999999"), ..none }, none, Ok(2)),
            (DayUsage { requests: d("1000000000000"), ..none }, none, Err(UsageTooLarge(day))),
            (DayUsage { requests: half, ..none }, DayUsage { requests: half, ..none }, Err(UsageTooLarge(next))),
            (DayUsage { x86: Decimal::MAX, ..none }, none, Err(UsageTooLarge(day))),
            (DayUsage { arm64: half, ..none }, DayUsage { x86: half, ..none }, Err(UsageTooLarge(next))),
            (DayUsage { provisioned: (Decimal::MAX, Decimal::MAX), ..none }, none, Err(UsageTooLarge(day))),
            (none, DayUsage { logs: Decimal::MAX, cheap_logs: Decimal::MAX, ..none }, Err(UsageTooLarge(next))),
        ] {
            assert_eq!(of(first, second), expected, "{first:?} {second:?}");
        }
        assert_eq!(gb_seconds(Decimal::MAX, u32::MAX), None);
        assert_eq!(UsageTooLarge(day).to_string(), "the usage of 2024-12-05 is too large to be priced");
    }

    #[test]
    fn the_steps_of_a_price_begin_at_nothing_and_rise() {
        for (steps, why) in [
            (vec![], "from = \"0\""),
            (vec![("1", "1")], "from = \"0\""),
            (vec![("0", "1"), ("5", "1"), ("5", "1")], "must increase"),
            (vec![("0", "-1")], "negative"),
            (vec![("0", "1000000000000")], "below 1000000000000"),
            (vec![("0", "1"), ("1000000000000", "1")], "below 1000000000000"),
        ] {
            let steps: Vec<PriceTier> =
                steps.into_iter().map(|(from, usd)| PriceTier { from: d(from), usd: d(usd) }).collect();
            assert!(PriceTiers::try_from(steps).unwrap_err().contains(why));
        }
    }
}
