//! The bill: the total and its change, the services, the days, and the resources behind the largest amounts.

use std::collections::BTreeMap;

use billing::explain::{CostDriver, CostDriverKind};
use chrono::{Days as Calendar, NaiveDate};
use model::currency::shown;
use model::money::checked_sum;
use model::page::{DaySparkline, HIGHEST, PageTable, Section, SectionPart, SparklineLevels, TableCell};
use rust_decimal::Decimal;
use rust_decimal::prelude::ToPrimitive;

use super::super::words::{Catalog, say};
use super::{MOST_ROWS, SectionWriter};
use crate::month::{DayLine, ServiceLine};

/// Services whose amounts stay below this in both months are counted together.
const SHOWN_FROM: Decimal = Decimal::from_parts(5, 0, 0, false, 3);
/// The days are shown of so many services.
const WITH_DAYS: usize = 5;
/// So many things are listed that stand behind the amounts.
const MOST_THINGS: usize = 10;
/// So many accounts are listed; more are counted.
const MOST_ACCOUNTS: usize = 5;

impl SectionWriter<'_> {
    /// The total and its cost drivers.
    pub(super) fn lead(&self) -> Vec<String> {
        let (words, report) = (&self.words, self.report);
        let mut said = match (report.total, report.days) {
            (Some(total), Some(days)) => {
                let state = if report.settled {
                    say!(words, "settled")
                } else {
                    say!(words, "not-settled", first = words.day(days.first), last = words.day(days.last))
                };
                vec![say!(
                    words,
                    "total",
                    amount = self.amount(total, self.currency()),
                    state = state,
                    change = self.change(total)
                )]
            }
            (None, Some(_)) => vec![say!(words, "two-currencies")],
            _ => {
                let known = match self.style.known {
                    Some(known) => {
                        say!(words, "known-days", first = known.first.to_string(), last = known.last.to_string())
                    }
                    None => String::new(),
                };
                vec![
                    format!("{} {known}", say!(words, "nothing-known")).trim_end().to_owned(),
                    say!(words, "what-to-do"),
                ]
            }
        };
        match report.accounts.len() {
            0 => {}
            count @ 1..=MOST_ACCOUNTS => {
                said.push(say!(words, "accounts", count = count, list = report.accounts.join(", ")));
            }
            count => said.push(say!(words, "many-accounts", count = count)),
        }
        if !report.reasons.is_empty() {
            said.push(say!(words, "why"));
            said.extend(report.reasons.iter().map(|one| format!("- {}", self.reason(&one.service, &one.reason))));
        }
        said
    }

    fn change(&self, total: Decimal) -> String {
        let words = &self.words;
        let month = words.month(self.report.month.previous());
        let Some(before) = self.report.previous_total else { return say!(words, "before-unknown", month = month) };
        let change = total - before;
        let percent = (before > Decimal::ZERO).then(|| (change * Decimal::ONE_HUNDRED).checked_div(before)).flatten();
        let percent = percent.map(|percent| format!(" ({}%)", Catalog::percent(percent))).unwrap_or_default();
        let (amount, before) = (self.amount(change.abs(), self.currency()), self.amount(before, self.currency()));
        match change.cmp(&Decimal::ZERO) {
            std::cmp::Ordering::Greater => {
                say!(words, "more-than", change = amount, percent = percent, month = month, before = before)
            }
            std::cmp::Ordering::Less => {
                say!(words, "less-than", change = amount, percent = percent, month = month, before = before)
            }
            std::cmp::Ordering::Equal => say!(words, "same-as", month = month),
        }
    }

    /// `+20.10 USD: Amazon RDS, more was used (APN2-InstanceUsage:db.t3)`.
    fn reason(&self, service: &str, reason: &CostDriver) -> String {
        let words = &self.words;
        let more = reason.amount > Decimal::ZERO;
        let why = match reason.kind {
            CostDriverKind::Usage if more => say!(words, "usage-more"),
            CostDriverKind::Usage => say!(words, "usage-less"),
            CostDriverKind::Price if more => say!(words, "price-more"),
            CostDriverKind::Price => say!(words, "price-less"),
            CostDriverKind::New => say!(words, "new"),
            CostDriverKind::Gone => say!(words, "gone"),
            CostDriverKind::Tax => say!(words, "tax"),
            CostDriverKind::Credit => say!(words, "credit"),
            CostDriverKind::Refund => say!(words, "refund"),
            CostDriverKind::Discount => say!(words, "discount"),
            CostDriverKind::Support => say!(words, "support"),
            CostDriverKind::Commitment => say!(words, "commitment"),
            CostDriverKind::OneTime => say!(words, "one-time"),
        };
        let sign = if more { "+" } else { "" };
        let of = if reason.usage_type.is_empty() { String::new() } else { format!(" ({})", reason.usage_type) };
        // A service has one currency, except where the bill has two.
        let currency = self
            .report
            .services
            .iter()
            .find(|line| line.service == service)
            .map_or(self.currency(), |line| line.currency.as_str());
        format!(
            "{sign}{}: {service}, {why}{of}",
            self.amount(reason.amount, self.report.currency.as_deref().unwrap_or(currency))
        )
    }

    pub(super) fn services(&self) -> Option<Section> {
        let (words, report) = (&self.words, self.report);
        let figure = |title: String| format!("#{title}");
        let mut titles = vec![
            say!(words, "service"),
            figure(say!(words, "amount")),
            figure(say!(words, "month-before")),
            figure(say!(words, "change")),
            String::new(),
        ];
        let with_days = report.daily.iter().any(|day| !day.services.is_empty());
        if with_days {
            titles.push(say!(words, "days"));
        }
        let mut table = PageTable::new(&titles);
        let (worth, small): (Vec<&ServiceLine>, Vec<&ServiceLine>) =
            report.services.iter().partition(|line| is_worth_a_row(line));
        let dearest = worth.iter().map(|line| line.amount).max().unwrap_or_default();
        for (place, line) in worth.iter().take(MOST_ROWS).enumerate() {
            let (before, change) = match line.previous {
                Some(before) => (shown(before, &line.currency), Catalog::change(line.amount - before, &line.currency)),
                None => (say!(words, "unknown"), say!(words, "unknown")),
            };
            let mut cells: Vec<TableCell> = vec![
                line.service.as_str().into(),
                self.amount(line.amount, &line.currency).into(),
                before.into(),
                change.into(),
                TableCell::Bar(share(line.amount, dearest)),
            ];
            if with_days {
                let is_in_them = place < WITH_DAYS && report.currency.as_deref() == Some(line.currency.as_str());
                cells.push(if is_in_them {
                    TableCell::Days(self.levels(|day| of_service(day, &line.service)))
                } else {
                    "".into()
                });
            }
            table.row(cells);
        }
        let mut parts = if table.rows.is_empty() { vec![] } else { vec![SectionPart::Table(table)] };
        let folded = worth.get(MOST_ROWS..).unwrap_or_default();
        if !folded.is_empty() {
            parts.push(SectionPart::Said(say!(
                words,
                "more-services",
                count = folded.len(),
                amount = self.sum(folded)
            )));
        }
        if !small.is_empty() {
            parts.push(SectionPart::Said(say!(words, "small-services", count = small.len())));
        }
        self.section(say!(words, "services"), parts)
    }

    /// The sum of several services, currency by currency.
    fn sum(&self, lines: &[&ServiceLine]) -> String {
        let mut sums = BTreeMap::<&str, Decimal>::new();
        for line in lines {
            *sums.entry(&line.currency).or_default() += line.amount;
        }
        sums.iter().map(|(currency, sum)| self.amount(*sum, currency)).collect::<Vec<_>>().join(", ")
    }

    pub(super) fn days(&self) -> Option<Section> {
        let (words, report) = (&self.words, self.report);
        let total = |day: &DayLine| checked_sum(day.services.values().copied());
        let dearest = report
            .daily
            .iter()
            .filter_map(|day| Some((total(day)?, day.day)))
            .max_by_key(|(amount, day)| (*amount, std::cmp::Reverse(*day)))?;
        let mut caption = vec![say!(
            words,
            "dearest-day",
            day = words.day(dearest.1),
            amount = self.amount(dearest.0, self.currency())
        )];
        let unsettled: Vec<NaiveDate> = report.daily.iter().filter(|day| !day.settled).map(|day| day.day).collect();
        if !unsettled.is_empty() {
            caption.push(say!(words, "unsettled-days", days = self.ranges(&unsettled)));
        }
        let missing: Vec<NaiveDate> = self
            .all_days()
            .filter(|day| *day <= report.daily.last().map_or(*day, |last| last.day) && self.day(*day).is_none())
            .collect();
        if !missing.is_empty() {
            caption.push(say!(words, "missing-days", days = self.ranges(&missing)));
        }
        self.section(
            say!(words, "day-by-day"),
            vec![SectionPart::Days(DaySparkline { levels: self.levels(total), caption: caption.join(" ") })],
        )
    }

    fn all_days(&self) -> impl Iterator<Item = NaiveDate> {
        let month = self.report.month;
        (0..31)
            .filter_map(move |ahead| month.first_day().checked_add_days(Calendar::new(ahead)))
            .filter(move |day| month.contains(*day))
    }

    fn day(&self, day: NaiveDate) -> Option<&DayLine> {
        self.report.daily.iter().find(|line| line.day == day)
    }

    /// Each day of the month against the dearest of them.
    fn levels(&self, amount: impl Fn(&DayLine) -> Option<Decimal>) -> SparklineLevels {
        let amounts: Vec<Option<Decimal>> = self.all_days().map(|day| self.day(day).and_then(&amount)).collect();
        let highest = amounts.iter().flatten().max().copied().unwrap_or_default();
        let level = |amount: Decimal| {
            let share = (highest > Decimal::ZERO)
                .then(|| amount.checked_mul(Decimal::from(HIGHEST))?.checked_div(highest))
                .flatten();
            share.and_then(|share| share.round().to_u8()).unwrap_or(0).min(HIGHEST)
        };
        amounts.into_iter().map(|amount| amount.map(level)).collect()
    }

    /// Days in order, those that follow each other as one: `1–3 Dec, 7 Dec`.
    fn ranges(&self, days: &[NaiveDate]) -> String {
        let mut ranges: Vec<(NaiveDate, NaiveDate)> = Vec::new();
        for day in days {
            match ranges.last_mut().filter(|(_, last)| last.succ_opt() == Some(*day)) {
                Some(range) => range.1 = *day,
                None => ranges.push((*day, *day)),
            }
        }
        let range = |(first, last): &(NaiveDate, NaiveDate)| {
            if first == last {
                self.words.day(*first)
            } else {
                say!(self.words, "from-to", first = self.words.day(*first), last = self.words.day(*last))
            }
        };
        ranges.iter().map(range).collect::<Vec<_>>().join(", ")
    }

    /// The resources behind the largest amounts, as far as known.
    pub(super) fn things(&self) -> Option<Section> {
        let words = &self.words;
        let all = || self.report.services.iter().flat_map(|line| line.resources.iter().map(move |thing| (line, thing)));
        let mut table = PageTable::new(&[
            say!(words, "service"),
            say!(words, "thing"),
            format!("#{}", say!(words, "amount")),
            say!(words, "note"),
        ]);
        for (line, thing) in all().take(MOST_THINGS) {
            let amount =
                thing.amount.map_or_else(|| say!(words, "unknown"), |amount| self.amount(amount, &line.currency));
            table.row([line.service.clone(), thing.id.clone(), amount, thing.note.clone()].map(TableCell::from));
        }
        let left = all().count().saturating_sub(MOST_THINGS);
        let mut parts = if table.rows.is_empty() { vec![] } else { vec![SectionPart::Table(table)] };
        if left > 0 {
            parts.push(SectionPart::Said(say!(words, "more-rows", count = left)));
        }
        self.section(say!(words, "things"), parts)
    }
}

fn is_worth_a_row(line: &ServiceLine) -> bool {
    line.amount.abs() >= SHOWN_FROM || line.previous.unwrap_or_default().abs() >= SHOWN_FROM
}

/// A day that is known and does not name the service cost nothing for it.
fn of_service(day: &DayLine, service: &str) -> Option<Decimal> {
    Some(day.services.get(service).copied().unwrap_or_default())
}

/// Percent of the dearest, at least one of what costs anything.
fn share(amount: Decimal, dearest: Decimal) -> u8 {
    if amount <= Decimal::ZERO {
        return 0;
    }
    let share = amount.checked_mul(Decimal::ONE_HUNDRED).and_then(|hundredfold| hundredfold.checked_div(dearest));
    share.and_then(|share| share.round().to_u8()).unwrap_or(0).clamp(1, 100)
}
