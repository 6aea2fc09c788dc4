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

/// The share of cold starts that is not exceeded at 95 %, from what a replay came to. `None` without calls.
///
/// It is the square-root bound of a Poisson number, widened as [`chance_of_at_most`] is.
pub fn upper_share(cold: u32, calls: u32) -> Option<f64> {
    let most = BURSTS * ((f64::from(cold) / BURSTS + 1.0).sqrt() + 0.8225).powi(2);
    (calls > 0).then(|| (most / f64::from(calls)).min(1.0))
}

/// The normal distribution function (Abramowitz and Stegun 26.2.17; the error is below 1e-7).
pub fn normal_below(z: f64) -> f64 {
    let t = 1.0 / (1.0 + 0.231_641_9 * z.abs());
    let poly =
        t * (0.319_381_530 + t * (-0.356_563_782 + t * (1.781_477_937 + t * (-1.821_255_978 + t * 1.330_274_429))));
    let tail = (-z * z / 2.0).exp() / (2.0 * std::f64::consts::PI).sqrt() * poly;
    if z >= 0.0 { 1.0 - tail } else { tail }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(most: i64, cold: f64, calls: f64, coming: f64, range: std::ops::Range<f64>) {
        let chance = chance_of_at_most(most, Expectation { cold, calls, coming, one_in: 150.0 });
        assert!(range.contains(&chance), "{most} {cold} {calls} {coming}: {chance}");
    }

    #[test]
    fn a_promise_needs_room_between_what_is_expected_and_what_is_allowed() {
        check(-1, 0.0, 100.0, 100.0, 0.0..0.001);
        check(0, 0.0, 20.0, 20.0, 0.8..0.95);
        check(10, 0.0, 1_000.0, 1_000.0, 0.99..1.01);
        check(10, 10.0, 1_000.0, 1_000.0, 0.4..0.75);
        check(10, 40.0, 1_000.0, 1_000.0, 0.0..0.01);
        check(100, 1_000.0, 1e6, 1e6, 0.0..0.001);
        check(2_000, 1_000.0, 1e6, 1e6, 0.99..1.01);
    }

    #[test]
    fn nothing_is_promised_of_what_is_not_known() {
        check(0, 0.0, 0.0, 1_000.0, 0.0..0.8);
    }

    #[test]
    fn the_bound_of_a_share_shrinks_with_calls() {
        let check = |cold, calls, expected: Option<f64>| {
            let bound = upper_share(cold, calls);
            let is_near = |bound: f64, expected: f64| (bound - expected).abs() < 0.0005;
            assert!(bound == expected || is_near(bound.unwrap(), expected.unwrap()), "{cold} of {calls}: {bound:?}");
        };
        check(0, 0, None);
        check(0, 5, Some(1.0));
        check(0, 1_000, Some(0.0066));
        check(10, 10_000, Some(0.0021));
        check(100, 10_000, Some(0.0127));
    }

    #[test]
    fn the_normal_distribution_has_its_known_values() {
        for (z, share) in [(0.0, 0.5), (1.645, 0.95), (-1.96, 0.025), (9.0, 1.0), (-9.0, 0.0)] {
            assert!((normal_below(z) - share).abs() < 1e-4, "{z}");
        }
    }
}
