//! The prediction interval of a forecast.

use super::super::dense::weighted_quantile;

/// What the rest of the month will cost.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RemainderForecast {
    pub(super) middle: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

impl RemainderForecast {
    /// The same with an interval that holds another forecast of it.
    pub(super) fn with(self, other: f64) -> Self {
        Self { low: self.low.min(other), high: self.high.max(other), ..self }
    }
}

/// How far off a backtest was, in units of what a day usually costs.
#[derive(Debug, Clone, Copy)]
pub(super) struct Residual {
    /// The actual cost of a day minus the forecast, relative to the usual cost of a day.
    pub(super) off: f64,
    /// How much it counts: overlapping backtests of one stretch of days count as one.
    pub(super) weight: f64,
}

/// What an interval is made from.
pub(super) struct Spread<'a> {
    /// The forecast of the rest.
    pub(super) middle: f64,
    /// What the rest costs if every day of it is like the last week.
    pub(super) lasting: f64,
    /// The bill of the month so far.
    pub(super) so_far: f64,
    /// What the days that are left usually cost.
    pub(super) usual: f64,
    /// The most that a day has cost, and how many are left.
    pub(super) biggest: f64,
    pub(super) left: f64,
    /// How far off a day may be where little is known, as a share of the usual.
    pub(super) prior: f64,
    /// Whether no day was ever below zero.
    pub(super) never_negative: bool,
    /// The residuals of the series, and those of all.
    pub(super) own: &'a [Residual],
    pub(super) pool: &'a [Residual],
}

/// What the prior counts, in independent backtests; the residuals of all series count as much.
const PRIOR_WEIGHT: f64 = 1.5;
/// An interval does not reach further above the forecast than this share of it, unless a day as dear as that was seen.
const REACH: f64 = 1.4;

/// Dearer days than any so far, by this factor, are always possible: it keeps the forecast within its interval.
const DEARER: f64 = 1.1;

/// The forecast does not stand nearer to an end of its interval than this share of it.
const FROM_END: f64 = 0.1;

/// The interval around what is expected: the residuals of the same method on past days, shrunk towards those of all
/// series and a fixed one. It also holds what comes if all goes on as it was in the last week, which the residuals of a
/// long quiet time before hide.
pub(super) fn interval(spread: &Spread) -> RemainderForecast {
    let middle = spread.middle;
    let mut residuals: Vec<(f64, f64)> = spread.own.iter().map(|one| (one.off, one.weight)).collect();
    let pooled: f64 = spread.pool.iter().map(|one| one.weight).sum();
    if pooled > 0.0 {
        residuals.extend(spread.pool.iter().map(|one| (one.off, one.weight * PRIOR_WEIGHT / pooled)));
    }
    residuals.extend((0..9).map(|at| (spread.prior * f64::from(at - 4) / 4.0, PRIOR_WEIGHT / 9.0)));
    let below = weighted_quantile(&mut residuals, 0.1).unwrap_or(0.0).min(0.0) * spread.usual;
    let above = weighted_quantile(&mut residuals, 0.9).unwrap_or(0.0).max(0.0) * spread.usual;
    let floor = if spread.never_negative { 0.0 } else { f64::NEG_INFINITY };
    let reach = (REACH * (spread.so_far + middle).abs()).max(spread.biggest);
    let most = (middle + reach).min((DEARER * spread.left * spread.biggest).max(middle));
    let (low, high) = ((middle + below).max(floor).min(middle), (middle + above).min(most));
    let spread = RemainderForecast { middle, low, high }.with(spread.lasting.max(floor));
    let gap = (spread.high - spread.low) * FROM_END;
    RemainderForecast {
        middle,
        low: spread.low.min((middle - gap).max(floor.min(middle))),
        high: spread.high.max((middle + gap).min(most)),
    }
}
