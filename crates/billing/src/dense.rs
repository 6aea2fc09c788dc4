//! A bill as daily numbers without gaps, for statistics. Only this module converts exact amounts to binary floats
//! and back.

use chrono::{NaiveDate, TimeDelta};
use model::calendar::Month;
use rust_decimal::prelude::ToPrimitive;

use super::series::CostSeries;

/// The days of a bill, numbered from 0, and its months.
#[derive(Debug, Clone)]
pub(super) struct DayIndex {
    first: NaiveDate,
    /// So many days are known: every later one is not.
    pub(super) known: usize,
    /// Days within on which no series has a figure, in order.
    pub(super) gaps: Vec<usize>,
    /// Every month that the known days and the one asked about touch, with the numbers of its first day and of the one
    /// after its last.
    pub(super) months: Vec<DayRangeIndex>,
}

/// Days of a month by number; the first may be negative where the bill begins within the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct DayRangeIndex {
    /// Its first day.
    pub(super) start: isize,
    /// The day after its last.
    pub(super) end: isize,
}

/// More days than any bill has: 200 years. A single mistyped year must not fill the memory.
const MOST_DAYS: i64 = 73_050;

impl DayIndex {
    /// The days from the first figure to the last before `before`, and the months up to that of `month_of`. `None` if
    /// there is no figure.
    pub(super) fn new(series: &[&CostSeries], before: NaiveDate, month_of: NaiveDate) -> Option<Self> {
        let dates = || series.iter().filter_map(|one| one.days.range(..before).next_back()).map(|(date, _)| *date);
        let last = dates().max()?;
        let earliest = last.checked_sub_signed(TimeDelta::days(MOST_DAYS)).unwrap_or(NaiveDate::MIN);
        let first =
            series.iter().filter_map(|one| one.days.range(earliest..before).next()).map(|(date, _)| *date).min()?;
        let known = usize::try_from((last - first).num_days()).ok()? + 1;
        let mut months = Vec::new();
        let (mut month, target) = (Month::of(first), Month::of(month_of));
        while month <= target && i64::try_from(months.len()).unwrap_or(i64::MAX) <= MOST_DAYS / 28 * 2 {
            let number = |date: NaiveDate| isize::try_from((date - first).num_days()).unwrap_or(isize::MAX);
            months.push(DayRangeIndex { start: number(month.first_day()), end: number(month.end()) });
            month = month.next();
        }
        let mut seen = vec![false; known];
        for date in series.iter().flat_map(|one| one.days.range(first..before)).map(|(date, _)| *date) {
            if let Some(day) = usize::try_from((date - first).num_days()).ok().and_then(|day| seen.get_mut(day)) {
                *day = true;
            }
        }
        let gaps = seen.iter().enumerate().filter(|(_, seen)| !**seen).map(|(day, _)| day).collect();
        Some(Self { first, known, gaps, months })
    }

    pub(super) fn date(&self, day: usize) -> NaiveDate {
        i64::try_from(day)
            .ok()
            .and_then(|days| self.first.checked_add_signed(TimeDelta::days(days)))
            .unwrap_or(self.first)
    }

    /// The number of a date; `None` before the first day.
    pub(super) fn number(&self, date: NaiveDate) -> Option<usize> {
        usize::try_from((date - self.first).num_days()).ok()
    }

    /// The figures of a series on the known days; zero where only other series have one, and the median of the seven
    /// days before where none has.
    pub(super) fn line(&self, series: &CostSeries) -> DailySeries {
        let mut values = vec![0.0; self.known];
        for (date, figure) in series.days.range(self.first..) {
            if let Some(value) = self.number(*date).and_then(|day| values.get_mut(day)) {
                // A figure that is no float makes what follows from it unknown, and not cheaper.
                *value = figure.to_f64().unwrap_or(f64::NAN);
            }
        }
        for day in &self.gaps {
            let usual = median(values.get(day.saturating_sub(7)..*day).unwrap_or(&[]));
            if let Some(value) = values.get_mut(*day) {
                *value = usual;
            }
        }
        DailySeries::new(values)
    }
}

/// Numbers by day, with their sums.
#[derive(Debug, Clone)]
pub(super) struct DailySeries {
    values: Vec<f64>,
    /// `sums[i]` is the sum of the first `i` values.
    sums: Vec<f64>,
    /// The first day that is not zero; the length if there is none.
    pub(super) begins: usize,
}

impl DailySeries {
    pub(super) fn new(values: Vec<f64>) -> Self {
        let mut sum = 0.0;
        let sums = std::iter::once(0.0)
            .chain(values.iter().map(|value| {
                sum += value;
                sum
            }))
            .collect();
        let begins = values.iter().position(|value| *value != 0.0).unwrap_or(values.len());
        Self { values, sums, begins }
    }

    pub(super) fn len(&self) -> usize {
        self.values.len()
    }

    pub(super) fn values(&self) -> &[f64] {
        &self.values
    }

    /// The value of a day; zero outside.
    pub(super) fn at(&self, day: usize) -> f64 {
        self.values.get(day).copied().unwrap_or(0.0)
    }

    /// The values of the days from `from` up to `to`, as far as there are any.
    pub(super) fn part(&self, from: usize, to: usize) -> &[f64] {
        let to = to.min(self.values.len());
        self.values.get(from.min(to)..to).unwrap_or(&[])
    }

    /// Their sum.
    pub(super) fn sum(&self, from: usize, to: usize) -> f64 {
        let at = |day: usize| self.sums.get(day.min(self.values.len())).copied().unwrap_or(0.0);
        if from < to { at(to) - at(from) } else { 0.0 }
    }

    /// Their mean; `None` of no days.
    pub(super) fn mean(&self, from: usize, to: usize) -> Option<f64> {
        let to = to.min(self.len());
        (from < to).then(|| self.sum(from, to) / (to - from) as f64)
    }
}

/// The `share` quantile of the values, interpolated; `None` for no values.
pub(super) fn quantile(values: &[f64], share: f64) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let place = share.clamp(0.0, 1.0) * sorted.len().checked_sub(1)? as f64;
    let (below, above) = (sorted.get(place.floor() as usize)?, sorted.get(place.ceil() as usize)?);
    Some(below + (above - below) * place.fract())
}

/// The middle value; zero of no values.
pub(super) fn median(values: &[f64]) -> f64 {
    quantile(values, 0.5).unwrap_or(0.0)
}

/// The same where each value counts for its weight.
pub(super) fn weighted_quantile(values: &mut [(f64, f64)], share: f64) -> Option<f64> {
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = values.iter().map(|(_, weight)| weight).sum();
    // Between the middles of the weights, so that two equal values and one of twice the weight are the same.
    let mut before: Option<(f64, f64)> = None;
    let mut sum = 0.0;
    for (value, weight) in values.iter().copied() {
        let place = sum + weight / 2.0;
        sum += weight;
        if place >= share * total {
            return Some(match before {
                Some((lower, at)) if place > at => lower + (value - lower) * (share * total - at) / (place - at),
                _ => value,
            });
        }
        before = Some((value, place));
    }
    before.map(|(value, _)| value)
}
