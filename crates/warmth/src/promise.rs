//! How surely a share of cold starts stays below a target.

/// What is expected, from a replay of the past.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Expectation {
    /// Cold starts in the replay; a mean of several, so not whole.
    pub cold: f64,
    /// Calls in the replay.
    pub calls: f64,
    /// Calls that are expected.
    pub coming: f64,
    /// In how many calls of which nothing is known one cold start is expected.
    pub one_in: f64,
}

/// Cold starts come in bursts: the count of a day varies by this factor more than a Poisson number.
const BURSTS: f64 = 2.0;
/// For how many cold starts what was expected before the replay counts.
const BEFORE: f64 = 0.5;

/// The chance that there are at most this many cold starts: the negative binomial distribution, which a Poisson number
/// has whose mean was estimated from a replay.
pub fn chance_of_at_most(most: i64, expected: Expectation) -> f64 {
    if most < 0 {
        return 0.0;
    }
    let shape = expected.cold.max(0.0) / BURSTS + BEFORE / BURSTS;
    let longer = (BURSTS * expected.coming / (expected.calls + BEFORE * expected.one_in)).max(1e-9);
    let mean = shape * longer;
    let variance = mean * (1.0 + longer);
    if mean > 200.0 {
        return normal_below((most as f64 + 0.5 - mean) / variance.sqrt());
    }
    let stays = 1.0 / (1.0 + longer);
    let mut each = stays.powf(shape);
    let mut sum = each;
    for count in 0..most.min(2_000) {
        let count = count as f64;
        each *= (shape + count) / (count + 1.0) * (1.0 - stays);
        sum += each;
    }
    sum.clamp(0.0, 1.0)
}

/// The normal distribution function (Abramowitz and Stegun 26.2.17; the error is below 1e-7).
pub fn normal_below(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let poly =
        t * (0.319_381_530 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let tail = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * poly;
    if z >= 0.0 { 1.0 - tail } else { tail }
}
