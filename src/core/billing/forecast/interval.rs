//! How far off a forecast may be.

use super::super::dense::{Line, weighted_quantile};
use super::study::Rest;

/// How far off the rest of an earlier month was.
#[derive(Debug, Clone, Copy)]
pub(super) struct Miss {
    /// From which day it was said.
    pub(super) look: usize,
    /// What came, less what was said.
    pub(super) off: f64,
    /// The size of what was left.
    pub(super) size: f64,
}

/// The interval around what is expected.
pub(super) fn interval<'a>(middle: f64, size: f64, line: &Line, own: &[Miss], others: impl Iterator<Item = &'a Miss>, left: usize, total: bool) -> Rest {
    let size = size.max(middle.abs());
    let relative = |miss: &Miss| if miss.size > 0.0 { (miss.off / miss.size).clamp(-3.0, 3.0) } else { 0.0 };
    let mut spread: Vec<(f64, f64)> = own.iter().map(|miss| (relative(miss), 1.0)).collect();
    let others: Vec<f64> = others.map(relative).collect();
    let each = 2.0 / others.len().max(1) as f64;
    spread.extend(others.into_iter().map(|miss| (miss, each)));
    let prior = if total { 0.12 } else { 0.3 } * (left as f64 / 30.0).sqrt();
    spread.extend((0..9).map(|at| (prior * f64::from(at - 4) / 4.0, 0.3)));
    let low = weighted_quantile(&mut spread, 0.1).unwrap_or(0.0).min(0.0);
    let high = weighted_quantile(&mut spread, 0.9).unwrap_or(0.0).max(0.0);
    let floor = if line.values().iter().all(|value| *value >= 0.0) { 0.0 } else { f64::NEG_INFINITY };
    Rest { middle, low: (middle + low * size).max(floor), high: middle + high * size }
}
