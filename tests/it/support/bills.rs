//! Made-up bills of many kinds: what AWS accounts cost by day, with known causes and from fixed seeds.

use std::collections::BTreeMap;

use billing::series::CostSeries;
use chrono::{Datelike, Days, NaiveDate};
use fastrand::Rng;
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;

/// A made-up bill.
pub(crate) struct Bill {
    /// As a monitor would see it.
    pub(crate) seen: Vec<CostSeries>,
    /// As it really was: days that nobody saw are there.
    pub(crate) true_bill: Vec<CostSeries>,
    /// Its first day.
    pub(crate) first: NaiveDate,
    /// The day after its last.
    pub(crate) end: NaiveDate,
}

/// The kinds that forecasts and limits were tuned on.
pub(crate) const TUNED: [&str; 13] = [
    "start-up",
    "seven services",
    "steady",
    "weekly",
    "growth",
    "batch",
    "free tier",
    "fees",
    "start and stop",
    "heavy tail",
    "gaps",
    "swaps",
    "wandering",
];
/// The kinds that nothing was tuned on.
pub(crate) const HELD_OUT: [&str; 4] = ["holidays", "small shop", "office hours", "storage"];

/// The bill of a kind.
pub(crate) fn bill(kind: &str, seed: u64) -> Bill {
    let salt = kind.bytes().fold(17u64, |salt, byte| salt.wrapping_mul(31).wrapping_add(u64::from(byte)));
    let mut maker = Maker::new(Rng::with_seed(seed.wrapping_mul(7919).wrapping_add(salt)));
    match kind {
        "start-up" => {
            for stage in ["prod", "dev", "test"] {
                let from = maker.day_within(0.0, 0.4);
                let until = if stage == "prod" { usize::MAX } else { maker.day_within(0.6, 1.3) };
                maker.add(&format!("RDS {stage}"), |m| m.between(from, until, |m| m.steady(0.85, 0.005)));
            }
            maker.add("Lambda", |m| m.free_tier(0.02, 0.2, 0.45));
            maker.add("API Gateway", |m| m.noisy(0.12, 0.25));
            maker.add("CloudWatch", |m| m.free_tier(0.09, 0.15, 0.3));
            maker.add("Secrets Manager", |m| m.steady(0.0133, 0.0));
            maker.add("S3", |m| m.storage(0.03, 0.002));
            maker.add("Route 53", |m| m.fee(1, 0.5, 0));
            maker.add("Tax", |m| m.fee(1, 3.4, 0));
        }
        "steady" => {
            for (at, level) in [31.0, 12.0, 7.5, 3.0, 0.9, 0.2].into_iter().enumerate() {
                let noise = [0.01, 0.002, 0.03, 0.05, 0.1, 0.0][at];
                maker.add(&format!("Service {at}"), |m| m.steady(level, noise));
            }
            maker.add("EC2", |m| m.machines(2.4, 6, 0.012));
        }
        "seven services" => {
            maker.add("EC2", |m| m.machines(2.4, 5, 0.01));
            maker.add("RDS", |m| m.steady(6.2, 0.01));
            maker.add("Lambda", |m| m.weekly(1.4, 0.07, 0.7));
            maker.add("S3", |m| m.storage(1.1, 0.002));
            maker.add("CloudWatch", |m| m.free_tier(0.6, 0.06, 0.2));
            maker.add("DynamoDB", |m| m.growing(0.9, 0.09, 0.003));
            maker.add("Transfer", |m| m.wandering(0.7, 0.02, 0.12));
        }
        "weekly" => {
            for at in 0..7 {
                let (level, noise, rest) = (maker.size(8.0, 1.0), maker.uniform(0.03, 0.15), maker.uniform(0.25, 0.8));
                maker.add(&format!("Service {at}"), |m| m.weekly(level, noise, rest));
            }
            maker.add("Support", |m| m.fee(6, 29.0, 1));
        }
        "growth" => {
            for at in 0..7 {
                let (level, noise, rate) =
                    (maker.size(5.0, 1.0), maker.uniform(0.03, 0.15), maker.uniform(-0.002, 0.012));
                maker.add(&format!("Service {at}"), |m| m.growing(level, noise, rate));
            }
        }
        "batch" => {
            for at in 0..5 {
                let (level, often) = (maker.size(12.0, 0.8), maker.uniform(0.1, 0.6));
                maker.add(&format!("Batch {at}"), |m| m.bursty(level, often));
            }
            maker.add("EC2", |m| m.steady(14.0, 0.02));
            maker.add("Transfer", |m| m.noisy(2.0, 0.5));
        }
        "free tier" => {
            for at in 0..6 {
                let (level, used_up, noise) = (maker.size(2.0, 1.0), maker.uniform(0.1, 1.1), maker.uniform(0.05, 0.3));
                maker.add(&format!("Service {at}"), |m| m.free_tier(level, noise, used_up));
            }
            maker.add("RDS", |m| m.steady(1.2, 0.01));
        }
        "fees" => {
            maker.add("Tax", |m| m.fee(1, 41.0, 0));
            maker.add("Support", |m| m.fee(6, 100.0, 1));
            maker.add("Marketplace", |m| m.fee(3, 60.0, 0));
            maker.add("Domain", |m| m.fee(17, 12.0, 2));
            maker.add("Credits", |m| m.fee(6, -35.0, 1));
            maker.add("EC2", |m| m.machines(3.1, 4, 0.01));
            maker.add("S3", |m| m.storage(2.2, 0.003));
            maker.add("Lambda", |m| m.weekly(1.1, 0.1, 0.5));
        }
        "start and stop" => {
            for at in 0..8 {
                let (level, noise) = (maker.size(4.0, 0.9), maker.uniform(0.0, 0.08));
                maker.add(&format!("Resource {at}"), |m| m.on_and_off(level, noise, 0.03));
            }
            maker.add("EC2", |m| m.steady(9.0, 0.02));
        }
        "heavy tail" => {
            for at in 0..96 {
                let (level, kind) = (maker.size(0.6, 2.2), maker.rng.usize(0..10));
                maker.add(&format!("Item {at:02}"), |m| m.any(kind, level));
            }
        }
        "gaps" => {
            for at in 0..6 {
                let (level, kind) = (maker.size(4.0, 1.0), maker.rng.usize(0..8));
                maker.add(&format!("Service {at}"), |m| m.any(kind, level));
            }
            maker.add("EC2", |m| m.steady(11.0, 0.03));
            return maker.with_gaps(0.05);
        }
        "swaps" => {
            for at in 0..6 {
                let (level, noise) = (maker.size(6.0, 0.7), maker.uniform(0.0, 0.04));
                let change = maker.day_within(0.1, 0.9);
                let factor = maker.uniform(0.6, 1.2);
                maker.add(&format!("Old {at}"), |m| m.between(0, change, |m| m.steady(level, noise)));
                maker.add(&format!("New {at}"), |m| m.between(change, usize::MAX, |m| m.steady(level * factor, noise)));
            }
            maker.add("Transfer", |m| m.noisy(3.0, 0.3));
        }
        "wandering" => {
            for at in 0..7 {
                let (level, step, noise) = (maker.size(5.0, 1.0), maker.uniform(0.01, 0.06), maker.uniform(0.02, 0.2));
                maker.add(&format!("Service {at}"), |m| m.wandering(level, step, noise));
            }
        }
        "holidays" => {
            for at in 0..6 {
                let (level, noise, dip) = (maker.size(6.0, 0.8), maker.uniform(0.03, 0.15), maker.uniform(0.4, 0.9));
                maker.add(&format!("Service {at}"), |m| {
                    let mut days = m.weekly(level, noise, 0.7);
                    for (day, value) in days.iter_mut().enumerate() {
                        let date = m.date(day);
                        if (date.month() == 12 && date.day() > 21)
                            || (date.month() == 1 && date.day() < 6)
                            || date.month() == 8
                        {
                            *value *= dip;
                        }
                    }
                    days
                });
            }
            maker.add("Tax", |m| m.fee(2, 30.0, 1));
        }
        "small shop" => {
            for at in 0..24 {
                let (level, kind) = (maker.size(0.4, 1.8), maker.rng.usize(0..10));
                maker.add(&format!("Item {at:02}"), |m| m.any(kind, level));
            }
            maker.add("RDS", |m| m.machines(1.9, 2, 0.006));
        }
        "office hours" => {
            for at in 0..6 {
                let (level, noise, rest) = (maker.size(5.0, 0.8), maker.uniform(0.02, 0.12), maker.uniform(0.0, 0.15));
                maker.add(&format!("Service {at}"), |m| m.weekly(level, noise, rest));
            }
            maker.add("Savings", |m| m.fee(1, 90.0, 0));
        }
        "storage" => {
            for at in 0..5 {
                let (level, rate) = (maker.size(5.0, 1.0), maker.uniform(-0.002, 0.006));
                maker.add(&format!("Storage {at}"), |m| m.storage(level, rate));
            }
            maker.add("Restore", |m| m.bursty(9.0, 0.06));
            maker.add("Transfer", |m| m.wandering(2.0, 0.04, 0.35));
            maker.add("Credits", |m| m.fee(28, -20.0, 0));
        }
        _ => panic!("no such kind: {kind}"),
    }
    maker.bill()
}

type Amounts = Vec<f64>;

struct Maker {
    rng: Rng,
    first: NaiveDate,
    days: usize,
    items: BTreeMap<String, Amounts>,
}

impl Maker {
    fn new(mut rng: Rng) -> Self {
        let year = rng.i32(2021..2026);
        let month = rng.u32(1..13);
        // Not every account begins on the first of a month.
        let day = if rng.bool() { 1 } else { rng.u32(1..29) };
        let first = NaiveDate::from_ymd_opt(year, month, day).expect("a date");
        let months = rng.u32(6..15);
        let end = first.with_day(1).expect("a first").checked_add_months(chrono::Months::new(months)).expect("a date");
        Self { rng, first, days: (end - first).num_days() as usize, items: BTreeMap::new() }
    }

    fn date(&self, day: usize) -> NaiveDate {
        self.first + Days::new(day as u64)
    }

    fn add(&mut self, name: &str, make: impl FnOnce(&mut Self) -> Amounts) {
        let amounts = make(self);
        self.items.insert(name.to_owned(), amounts);
    }

    fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.rng.f64()
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.rng.f64()).sum::<f64>() - 6.0
    }

    /// A level around `middle`, with a long tail.
    fn size(&mut self, middle: f64, spread: f64) -> f64 {
        middle * (spread * self.normal()).exp()
    }

    fn day_within(&mut self, low: f64, high: f64) -> usize {
        (self.days as f64 * self.uniform(low, high)) as usize
    }

    fn steady(&mut self, level: f64, noise: f64) -> Amounts {
        (0..self.days).map(|_| level * (noise * self.normal()).exp()).collect()
    }

    fn noisy(&mut self, level: f64, noise: f64) -> Amounts {
        self.steady(level, noise)
    }

    fn between(&mut self, from: usize, until: usize, make: impl FnOnce(&mut Self) -> Amounts) -> Amounts {
        make(self)
            .into_iter()
            .enumerate()
            .map(|(day, value)| if day >= from && day < until { value } else { 0.0 })
            .collect()
    }

    /// So many machines of the same price; now and then one more or less.
    fn machines(&mut self, price: f64, count: i32, change: f64) -> Amounts {
        let mut count = count;
        (0..self.days)
            .map(|_| {
                if self.rng.f64() < change {
                    count = (count + if self.rng.bool() { 1 } else { -1 }).max(1);
                }
                price * f64::from(count)
            })
            .collect()
    }

    fn weekly(&mut self, level: f64, noise: f64, weekend: f64) -> Amounts {
        let factors: Vec<f64> =
            (0..7).map(|day| if day >= 5 { weekend } else { 1.0 + 0.06 * f64::from(day - 2) }).collect();
        (0..self.days)
            .map(|day| {
                level
                    * factors[self.date(day).weekday().num_days_from_monday() as usize]
                    * (noise * self.normal()).exp()
            })
            .collect()
    }

    fn growing(&mut self, level: f64, noise: f64, rate: f64) -> Amounts {
        (0..self.days).map(|day| level * (rate * day as f64 + noise * self.normal()).exp()).collect()
    }

    fn wandering(&mut self, level: f64, step: f64, noise: f64) -> Amounts {
        let mut at = 0.0;
        (0..self.days)
            .map(|_| {
                at += step * self.normal();
                level * (at + noise * self.normal()).exp()
            })
            .collect()
    }

    /// Nothing on most days, much on some.
    fn bursty(&mut self, level: f64, often: f64) -> Amounts {
        (0..self.days).map(|_| if self.rng.f64() < often { level * (0.6 * self.normal()).exp() } else { 0.0 }).collect()
    }

    /// Nothing until the month's free amount is used up, which takes `used_up` of a month.
    fn free_tier(&mut self, level: f64, noise: f64, used_up: f64) -> Amounts {
        let free = level * 30.0 * used_up;
        let mut used = 0.0;
        (0..self.days)
            .map(|day| {
                if self.date(day).day() == 1 {
                    used = 0.0;
                }
                let before = (used - free).max(0.0);
                used += level * (noise * self.normal()).exp();
                (used - free).max(0.0) - before
            })
            .collect()
    }

    /// One amount a month, up to `late` days after its day.
    fn fee(&mut self, on: u32, level: f64, late: u32) -> Amounts {
        let mut today = on;
        (0..self.days)
            .map(|day| {
                if self.date(day).day() == 1 {
                    today = on + self.rng.u32(0..=late);
                }
                if self.date(day).day() == today { level * (0.03 * self.normal()).exp() } else { 0.0 }
            })
            .collect()
    }

    fn on_and_off(&mut self, level: f64, noise: f64, change: f64) -> Amounts {
        let mut on = self.rng.bool();
        (0..self.days)
            .map(|_| {
                if self.rng.f64() < change {
                    on = !on;
                }
                if on { level * (noise * self.normal()).exp() } else { 0.0 }
            })
            .collect()
    }

    /// Priced by the month: a day of February is dearer than one of March.
    fn storage(&mut self, level: f64, rate: f64) -> Amounts {
        (0..self.days)
            .map(|day| {
                let date = self.date(day);
                let next = date.with_day(1).expect("a first") + chrono::Months::new(1);
                let days = (next - date.with_day(1).expect("a first")).num_days() as f64;
                level * 30.0 / days * (rate * day as f64).exp()
            })
            .collect()
    }

    fn spikes(&mut self, level: f64, noise: f64) -> Amounts {
        (0..self.days)
            .map(|_| {
                level * (noise * self.normal()).exp() * if self.rng.f64() < 0.02 { self.uniform(2.0, 8.0) } else { 1.0 }
            })
            .collect()
    }

    fn any(&mut self, kind: usize, level: f64) -> Amounts {
        let noise = self.uniform(0.0, 0.2);
        match kind {
            0 => self.steady(level, noise * 0.2),
            1 => self.noisy(level, noise * 2.5),
            2 => self.machines(level / 2.0, 2, 0.02),
            3 => self.free_tier(level, noise, 0.5),
            4 => self.growing(level, noise, 0.005),
            5 => self.on_and_off(level, noise * 0.5, 0.02),
            6 => self.spikes(level, noise),
            7 => self.wandering(level, 0.04, noise),
            8 => self.bursty(level * 4.0, 0.15),
            _ => {
                let on = self.rng.u32(1..29);
                self.fee(on, level * 20.0, 0)
            }
        }
    }

    fn bill(self) -> Bill {
        let first = self.first;
        let exact = |value: f64| Decimal::from_f64(value).expect("an amount").round_dp(10);
        let series = |(name, amounts): (&String, &Amounts)| CostSeries {
            name: name.clone(),
            // AWS leaves out what cost nothing.
            days: amounts
                .iter()
                .enumerate()
                .map(|(day, value)| (self.date(day), exact(*value)))
                .filter(|(_, amount)| !amount.is_zero())
                .collect(),
        };
        let true_bill: Vec<CostSeries> = self.items.iter().map(series).collect();
        Bill { seen: true_bill.clone(), true_bill, first, end: self.date(self.days) }
    }

    /// The same, but some days nobody saw.
    fn with_gaps(mut self, often: f64) -> Bill {
        let lost: Vec<NaiveDate> = (0..self.days)
            .filter(|_| self.rng.f64() < often)
            .collect::<Vec<_>>()
            .into_iter()
            .map(|day| self.date(day))
            .collect();
        let mut bill = self.bill();
        for series in &mut bill.seen {
            series.days.retain(|day, _| !lost.contains(day));
        }
        bill
    }
}
