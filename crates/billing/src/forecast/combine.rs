//! Combines the models: equal weights, moved by backtests as far as there are independent ones.

use super::super::dense::{DailySeries, DayRangeIndex, weighted_quantile};
use super::levels::{CALENDAR, Horizon, LEVELS, levels};

/// One backtest: what the models said on a day of the past, and the actual cost of a day after it.
#[derive(Debug, Clone, Copy)]
pub(super) struct BacktestOrigin {
    /// The day before which everything was known.
    pub(super) now: usize,
    /// The days that were forecast.
    pub(super) days: usize,
    levels: [Option<f64>; LEVELS],
    came: f64,
}

/// How a weighted set of values is made one.
#[derive(Debug, Clone, Copy)]
pub(super) enum Mean {
    /// The middle of the weight, which a single wild model does not move: right for one series.
    Middle,
    /// All of it, so that bursts count: right for many series as one.
    Whole,
}

/// Backtests are not older than this.
const MEMORY: usize = 180;
/// Days known before the first backtest.
const FIRST: usize = 4;
/// A backtest covers the whole horizon, or so many days.
const SHORTEST: usize = 5;
/// How much more a better model counts.
const POWER: i32 = 4;
/// So many independent backtests count as much as none at all.
const PRIOR: f64 = 1.0;

/// Backtests on past days, each over as many days as the forecast, as far as these are known.
pub(super) fn backtests(
    base: &DailySeries,
    begins: usize,
    months: &[DayRangeIndex],
    horizon: Horizon,
) -> Vec<BacktestOrigin> {
    let first = (begins + FIRST).max(horizon.now.saturating_sub(MEMORY));
    let origin = |now: usize| {
        let days = horizon.days.min(horizon.now - now);
        let levels = levels(base, begins, months, Horizon { now, from: now, days });
        BacktestOrigin { now, days, levels, came: base.sum(now, now + days) / days as f64 }
    };
    (first..(horizon.now + 1).saturating_sub(horizon.days.min(SHORTEST)).max(first)).map(origin).collect()
}

/// The weight of each model.
pub(super) fn weights(origins: &[BacktestOrigin], days: usize) -> [f64; LEVELS] {
    // By model: its errors, those of all models on the same days, and on how many.
    let mut sums = [(0.0, 0.0, 0.0); LEVELS];
    for origin in origins {
        let errors = origin.levels.map(|said| said.map(|said| (said - origin.came).abs()));
        let (sum, count) =
            errors.iter().take(CALENDAR).flatten().fold((0.0, 0.0), |(sum, count), error| (sum + error, count + 1.0));
        for (error, (own, all, days)) in errors.iter().zip(&mut sums).filter_map(|(e, sums)| e.map(|e| (e, sums))) {
            *own += error;
            *all += sum / count;
            *days += 1.0;
        }
    }
    let mut weights = sums.map(|(own, all, count)| {
        let independent = count / days.max(1) as f64;
        let share = independent / (independent + PRIOR);
        let loss = if all > 0.0 { own / all } else { 1.0 };
        (share * loss + (1.0 - share) + 0.02).powi(-POWER)
    });
    if let (Some(weight), Some((.., count))) = (weights.get_mut(CALENDAR), sums.get(CALENDAR)) {
        // Months that are alike are the exception: this must be seen before it counts.
        *weight = if *count > 0.0 { *weight } else { 0.0 };
    }
    weights
}

/// The models made one; zero if none says anything.
pub(super) fn combined(said: &[Option<f64>; LEVELS], weights: &[f64; LEVELS], mean: Mean) -> f64 {
    let mut known: Vec<(f64, f64)> =
        said.iter().zip(weights).filter_map(|(said, weight)| said.map(|said| (said, *weight))).collect();
    match mean {
        Mean::Middle => {
            let shares = [0.3, 0.4, 0.5, 0.6, 0.7];
            let sum: Option<f64> = shares.iter().map(|share| weighted_quantile(&mut known, *share)).sum();
            sum.unwrap_or(0.0) / shares.len() as f64
        }
        Mean::Whole => {
            let weight: f64 = known.iter().map(|(_, weight)| weight).sum();
            if weight > 0.0 { known.iter().map(|(said, weight)| said * weight).sum::<f64>() / weight } else { 0.0 }
        }
    }
}

/// What a series would have been said to cost a day, on each past day.
pub(super) fn past(origins: &[BacktestOrigin], weights: &[f64; LEVELS], mean: Mean) -> Vec<(usize, f64)> {
    origins.iter().map(|origin| (origin.now, combined(&origin.levels, weights, mean))).collect()
}
