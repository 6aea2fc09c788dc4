//! Why there is no forecast.

use chrono::NaiveDate;
use model::money::FigureError;

/// Days from the first figure to the last that a forecast needs: before, a fee and a burst look like a level.
pub(super) const MIN_DAYS: usize = 3;
/// A month is not forecast from figures that are all older than so many days.
pub(super) const MAX_AGE: i64 = 31;

/// Why a month cannot be forecast.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoForecast {
    /// No series has a figure before the day.
    #[error("no figure before {0} is known")]
    NoDays(NaiveDate),
    /// The bill is too young.
    #[error("only {0} of the {MIN_DAYS} days that a forecast needs are known")]
    TooFewDays(usize),
    /// What is known says nothing of the month any more.
    #[error("the last figure is of {last}, more than {MAX_AGE} days before {as_of}; a forecast needs newer ones")]
    TooOld {
        /// The day of the forecast.
        as_of: NaiveDate,
        /// The last day with a figure.
        last: NaiveDate,
    },
    /// The sum of what is booked is too large.
    #[error("the costs of {0} add up to more than an amount can hold")]
    SumTooLarge(String),
    /// What the models give for a series, or for the whole bill, is no amount.
    #[error("{0} cannot be forecast: {1}")]
    FigureError(String, FigureError),
}
