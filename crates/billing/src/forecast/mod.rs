//! Forecasts what a month will cost from the days before.
//!
//! Each series is split into one-off charges (support fees, tax, credits: `bookings`) and usage. Five simple models say
//! what a day of usage costs (`levels`); they count the same until backtests over as many days as are left say otherwise
//! (`combine`). The residuals of these backtests give the prediction interval (`interval`).

mod bookings;
mod combine;
mod interval;
mod levels;
mod study;
mod unknown;

use chrono::{Datelike, NaiveDate};
use interval::RemainderForecast;
use model::calendar::Month;
use model::money::{FigureError, checked_sum, from_statistics};
use rust_decimal::Decimal;
use serde::Serialize;
use study::rests;
pub use unknown::NoForecast;

use super::series::CostSeries;

/// How a month will end, as far as that can be known at the beginning of a day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Forecast {
    /// Only days before this UTC day were used.
    pub as_of: NaiveDate,
    /// The month of that day.
    pub month: Month,
    /// The whole bill.
    pub total: IntervalForecast,
    /// Each series that has a figure before that day, dearest first, then by name.
    pub series: Vec<SeriesForecast>,
}

/// What a whole month will cost, in the currency of the bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct IntervalForecast {
    /// As likely too low as too high.
    pub forecast: Decimal,
    /// The lower end of an interval that holds the month's cost in four of five cases.
    pub low: Decimal,
    /// Its upper end.
    pub high: Decimal,
}

/// What one series will cost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SeriesForecast {
    /// Its name on the bill.
    pub name: String,
    /// Its forecast.
    #[serde(flatten)]
    pub estimate: IntervalForecast,
}

/// The whole bill, in an error.
const WHOLE_BILL: &str = "the whole bill";

/// Forecasts how the month that `as_of` lies in will end. It reads only the days before `as_of`.
///
/// # Errors
/// If no day before is known, too few are, or only old ones, or any figure of the forecast is no amount: then the sum of
/// all is none either.
pub fn forecast(series: &[CostSeries], as_of: NaiveDate) -> Result<Forecast, NoForecast> {
    let month = Month::of(as_of);
    let known: Vec<&CostSeries> = series.iter().filter(|one| one.days.range(..as_of).next().is_some()).collect();
    let (rests, total) = rests(&known, as_of)?;
    let mut estimates = Vec::with_capacity(known.len());
    let mut booked = Vec::with_capacity(known.len());
    for (one, rest) in known.iter().zip(rests) {
        let so_far = checked_sum(one.days.range(month.first_day()..as_of).map(|(_, amount)| *amount));
        let so_far = so_far.ok_or_else(|| NoForecast::SumTooLarge(one.name.clone()))?;
        estimates.push(SeriesForecast { name: one.name.clone(), estimate: estimate(&one.name, so_far, rest)? });
        booked.push(so_far);
    }
    estimates.sort_by(|a, b| b.estimate.forecast.cmp(&a.estimate.forecast).then_with(|| a.name.cmp(&b.name)));
    let booked = checked_sum(booked).ok_or_else(|| NoForecast::SumTooLarge(WHOLE_BILL.to_owned()))?;
    Ok(Forecast { as_of, month, total: estimate(WHOLE_BILL, booked, total)?, series: estimates })
}

/// How good a forecast of a month that is over was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct BacktestScore {
    /// The month.
    pub month: Month,
    /// The UTC day of the month at whose beginning it was forecast.
    pub as_of: NaiveDate,
    /// What the month cost, exactly.
    pub actual: Decimal,
    /// The forecast for the whole bill.
    pub forecast: IntervalForecast,
    /// The forecast if every day of the month cost the mean of its days so far.
    pub run_rate: Decimal,
}

impl BacktestScore {
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

/// Forecasts a month that is over, as it would have been done at the beginning of its day `day` (such as 8 or 15), and
/// compares. `None` if the month has no such day but the first, nothing is known of the days before, the bill does not
/// reach the month's end, or the month could not have been forecast.
pub fn score(series: &[CostSeries], month: Month, day: u32) -> Option<BacktestScore> {
    let as_of = month.first_day().with_day(day).filter(|as_of| *as_of > month.first_day())?;
    let last = series.iter().filter_map(|one| one.days.last_key_value()).map(|(date, _)| *date).max()?;
    let sum = |to: NaiveDate| {
        checked_sum(series.iter().flat_map(|one| one.days.range(month.first_day()..to)).map(|(_, amount)| *amount))
    };
    let known = series.iter().any(|one| one.days.range(..as_of).next().is_some());
    if !known || last.succ_opt()? < month.end() {
        return None;
    }
    let days = Decimal::from((month.end() - month.first_day()).num_days());
    let run_rate = (sum(as_of)?.checked_mul(days)? / Decimal::from(day - 1)).round_dp(10);
    Some(BacktestScore {
        month,
        as_of,
        actual: sum(month.end())?,
        forecast: forecast(series, as_of).ok()?.total,
        run_rate,
    })
}

/// What is booked exactly, and what is expected to come.
fn estimate(name: &str, so_far: Decimal, rest: RemainderForecast) -> Result<IntervalForecast, NoForecast> {
    let exact = |value: f64| {
        let sum = from_statistics(value).and_then(|rest| so_far.checked_add(rest).ok_or(FigureError::TooLarge));
        sum.map_err(|why| NoForecast::FigureError(name.to_owned(), why))
    };
    let forecast = exact(rest.middle)?;
    Ok(IntervalForecast { forecast, low: exact(rest.low)?.min(forecast), high: exact(rest.high)?.max(forecast) })
}

#[cfg(test)]
mod tests;
