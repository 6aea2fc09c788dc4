//! The prediction interval of a forecast.

use super::super::dense::{DailySeries, weighted_quantile};
use super::combine::CombinedForecast;

/// What the rest of the month will cost.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct RemainderForecast {
    pub(super) middle: f64,
    pub(super) low: f64,
    pub(super) high: f64,
}

/// How far off the rest of an earlier month was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Residual {
    /// The day of the forecast.
    pub(super) look: usize,
    /// Its month.
    pub(super) month: usize,
    /// The actual cost minus the forecast.
    pub(super) off: f64,
    /// The scale of the rest of the month.
    pub(super) size: f64,
    /// How far apart the ways were.
    pub(super) apart: f64,
}

/// What a miss is measured in: ways that do not agree make it larger.
fn unit(size: f64, apart: f64) -> f64 {
    0.05 * size + apart
}

/// The interval around what is expected.
pub(super) fn interval(
    said: CombinedForecast,
    size: f64,
    line: &DailySeries,
    own: &[Residual],
    pool: &[&Residual],
    left: usize,
    whole: bool,
) -> RemainderForecast {
    let unit_now = unit(size.max(said.middle.abs()), said.apart);
    let relative = |miss: &Residual| {
        let unit = unit(miss.size, miss.apart);
        if unit > 0.0 { (miss.off / unit).clamp(-12.0, 12.0) } else { 0.0 }
    };
    let mut spread: Vec<(f64, f64)> = own.iter().map(|miss| (relative(miss), 1.0)).collect();
    let each = if whole { 1.0 } else { 3.0 } / pool.len().max(1) as f64;
    spread.extend(pool.iter().map(|miss| (relative(miss), each)));
    let prior = (left as f64 / 15.0).sqrt();
    spread.extend((0..9).map(|at| (prior * f64::from(at - 4) / 4.0, 2.0 / 9.0)));
    // Few months say less of how wide it may get than they seem to.
    let months = own.iter().map(|miss| miss.month).collect::<std::collections::BTreeSet<usize>>().len();
    let wider = 1.0 + 0.3 / (months as f64 + 1.0);
    let low = weighted_quantile(&mut spread, 0.1).unwrap_or(0.0).min(0.0) * wider;
    let high = weighted_quantile(&mut spread, 0.9).unwrap_or(0.0).max(0.0) * wider;
    let floor = if line.values().iter().all(|value| *value >= 0.0) { 0.0 } else { f64::NEG_INFINITY };
    RemainderForecast {
        middle: said.middle,
        low: (said.middle + low * unit_now).max(floor),
        high: said.middle + high * unit_now,
    }
}
