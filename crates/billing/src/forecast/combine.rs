//! Combines forecasts: the weight of a model comes from its backtests at this point of earlier months.

use super::super::dense::weighted_quantile;
use super::view::WAYS;

/// One backtest: the predictions of the models on a day of an earlier month, and the actual cost.
#[derive(Debug, Clone)]
pub(super) struct BacktestOrigin {
    /// The day before which everything was known.
    pub(super) now: usize,
    /// The month, by number.
    pub(super) month: usize,
    /// The prediction of each model for the rest of the month without one-off charges.
    pub(super) ways: [Option<f64>; WAYS],
    /// Bookings that were expected.
    pub(super) bookings: f64,
    /// What the rest of the month cost, bookings included.
    pub(super) came: f64,
    /// The size against which an error is large or small.
    pub(super) size: f64,
    /// The same, from what was known then.
    pub(super) said_size: f64,
}

/// Errors of each way, and the sizes they belong to.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct ModelLosses {
    /// Sum of errors, and of sizes, by way.
    pub(super) sums: [(f64, f64); WAYS],
}

impl ModelLosses {
    /// The errors of some looks.
    pub(super) fn of<'a>(looks: impl Iterator<Item = &'a BacktestOrigin>) -> Self {
        let mut losses = Self::default();
        for look in looks {
            for (way, (errors, sizes)) in look.ways.iter().zip(&mut losses.sums) {
                if let Some(said) = way {
                    *errors += (look.came - look.bookings - said).abs();
                    *sizes += look.size;
                }
            }
        }
        losses
    }
}

/// How well each way does where nothing is known: relative errors of the rest, at a point of the month.
pub(super) type ModelPrior = [f64; WAYS];

/// Weight of what is generally known of the ways, in looks at the series itself.
const PRIOR: f64 = 0.5;
/// Weight of how the ways did on the whole account, in looks at the series itself.
const ACCOUNT: f64 = 1.0;
/// How much more a better way counts.
const POWER: i32 = 5;

/// The weight of each way.
pub(super) fn weights(own: &ModelLosses, looks: f64, account: &ModelLosses, prior: &ModelPrior) -> [f64; WAYS] {
    let mut weights = [0.0; WAYS];
    for ((weight, prior), (own, account)) in weights.iter_mut().zip(prior).zip(own.sums.iter().zip(&account.sums)) {
        let mut sum = PRIOR * prior;
        let mut count = PRIOR;
        for (losses, trust) in [(own, looks), (account, ACCOUNT)] {
            if losses.1 > 0.0 && trust > 0.0 {
                sum += trust * (losses.0 / losses.1).min(3.0);
                count += trust;
            }
        }
        *weight = (sum / count + 0.005).powi(-POWER);
    }
    weights
}

/// The ways made one.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct CombinedForecast {
    /// The mean of the middle of the weight, which neither a single wild way moves nor a toss between two equals.
    pub(super) middle: f64,
    /// How far apart the ways are.
    pub(super) apart: f64,
}

/// Combines the predictions. `None` if no model has one.
pub(super) fn combined(ways: &[Option<f64>; WAYS], weights: &[f64; WAYS]) -> Option<CombinedForecast> {
    let mut said: Vec<(f64, f64)> =
        ways.iter().zip(weights).filter_map(|(way, weight)| way.map(|way| (way, *weight))).collect();
    let shares = [0.3, 0.4, 0.5, 0.6, 0.7];
    let sum: Option<f64> = shares.iter().map(|share| weighted_quantile(&mut said, *share)).sum();
    let apart = weighted_quantile(&mut said, 0.85)? - weighted_quantile(&mut said, 0.15)?;
    sum.map(|sum| CombinedForecast { middle: sum / shares.len() as f64, apart })
}
