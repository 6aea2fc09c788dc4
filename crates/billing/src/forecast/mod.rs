//! How a month will end, from nothing but the days before.
//!
//! Each series is taken apart into bookings (support fees, tax, credits: `bookings`) and use. What use will cost is said in sixteen simple
//! ways (`view`); each counts by how it did at this point of earlier months, on this series and on the whole account (`combine`). How far
//! off that was at this point of earlier months gives the interval (`interval`).

mod bookings;
mod combine;
mod interval;
mod study;
mod view;

use chrono::{Datelike, NaiveDate};
use model::calendar::Month;
use rust_decimal::Decimal;
use rust_decimal::prelude::FromPrimitive;
use serde::Serialize;
use study::{Rest, rests};

use super::series::Series;

/// How a month will end, as far as that can be known at the beginning of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// Nothing of this UTC day or a later one was looked at.
    pub as_of: NaiveDate,
    /// The month that day lies in.
    pub month: Month,
    /// The whole bill.
    pub total: Estimate,
    /// Each series that has a figure before that day, dearest first, then by name.
    pub series: Vec<SeriesEstimate>,
}

/// What a whole month will cost, in the currency of the bill.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize)]
pub struct Estimate {
    /// As likely too low as too high.
    pub forecast: Decimal,
    /// The lower end of an interval that holds the month's cost in four of five cases.
    pub low: Decimal,
    /// Its upper end.
    pub high: Decimal,
}

/// What one series will cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeriesEstimate {
    /// Its name on the bill.
    pub name: String,
    /// What it will cost.
    #[serde(flatten)]
    pub estimate: Estimate,
}

/// Says how the month that `as_of` lies in will end, reading only the days before it.
pub fn forecast(series: &[Series], as_of: NaiveDate) -> Forecast {
    let month = Month::of(as_of);
    let known: Vec<&Series> = series.iter().filter(|one| one.days.range(..as_of).next().is_some()).collect();
    let so_far = |one: &Series| one.days.range(month.first_day()..as_of).fold(Decimal::ZERO, |sum, (_, amount)| sum.saturating_add(*amount));
    let Some((rests, total)) = rests(&known, as_of) else {
        return Forecast { as_of, month, total: Estimate::default(), series: Vec::new() };
    };
    let mut estimates: Vec<SeriesEstimate> =
        known.iter().zip(rests).map(|(one, rest)| SeriesEstimate { name: one.name.clone(), estimate: estimate(so_far(one), rest) }).collect();
    estimates.sort_by(|a, b| b.estimate.forecast.cmp(&a.estimate.forecast).then_with(|| a.name.cmp(&b.name)));
    let booked = known.iter().fold(Decimal::ZERO, |sum, one| sum.saturating_add(so_far(one)));
    Forecast { as_of, month, total: estimate(booked, total), series: estimates }
}

/// How good a forecast of a month that is over was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Score {
    /// The month.
    pub month: Month,
    /// The UTC day of the month at whose beginning it was forecast.
    pub as_of: NaiveDate,
    /// What the month cost, exactly.
    pub actual: Decimal,
    /// What was forecast for the whole bill.
    pub forecast: Estimate,
    /// What the same days said if every day of the month were like the mean of its days so far.
    pub run_rate: Decimal,
}

impl Score {
    /// Whether the month ended within the interval.
    pub fn held(&self) -> bool {
        (self.forecast.low..=self.forecast.high).contains(&self.actual)
    }

    /// How far the forecast was off, as a share of what the month cost. `None` if that was nothing.
    pub fn off(&self) -> Option<Decimal> {
        self.share(self.forecast.forecast)
    }

    /// How far the run rate was off.
    pub fn run_rate_off(&self) -> Option<Decimal> {
        self.share(self.run_rate)
    }

    fn share(&self, said: Decimal) -> Option<Decimal> {
        said.checked_sub(self.actual)?.abs().checked_div(self.actual.abs()).map(|share| share.round_dp(4))
    }
}

/// Forecasts a month that is over, as it would have been done at the beginning of its day `day` (such as 8 or 15), and compares. `None` if the
/// month has no such day but the first, nothing is known of the days before, or the bill does not reach the month's end.
pub fn score(series: &[Series], month: Month, day: u32) -> Option<Score> {
    let as_of = month.first_day().with_day(day).filter(|as_of| *as_of > month.first_day())?;
    let last = series.iter().filter_map(|one| one.days.last_key_value()).map(|(date, _)| *date).max()?;
    let sum = |to: NaiveDate| {
        let each = |one: &Series| one.days.range(month.first_day()..to).fold(Decimal::ZERO, |sum, (_, amount)| sum.saturating_add(*amount));
        series.iter().fold(Decimal::ZERO, |sum, one| sum.saturating_add(each(one)))
    };
    let known = series.iter().any(|one| one.days.range(..as_of).next().is_some());
    if !known || last.succ_opt()? < month.end() {
        return None;
    }
    let days = Decimal::from((month.end() - month.first_day()).num_days());
    let run_rate = (sum(as_of).checked_mul(days)? / Decimal::from(day - 1)).round_dp(10);
    Some(Score { month, as_of, actual: sum(month.end()), forecast: forecast(series, as_of).total, run_rate })
}

/// What is booked exactly, and what is expected to come.
fn estimate(so_far: Decimal, rest: Rest) -> Estimate {
    // Statistics have no more digits than these to give.
    let exact = |value: f64| so_far.saturating_add(Decimal::from_f64(value).unwrap_or_default().round_dp(10));
    let forecast = exact(rest.middle);
    Estimate { forecast, low: exact(rest.low).min(forecast), high: exact(rest.high).max(forecast) }
}

#[cfg(test)]
mod tests;
