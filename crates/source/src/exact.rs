//! Figures of CloudWatch, which are floating-point numbers, as exact ones.

use aws::MetricQuery;
use model::call_failure::{CallFailure, FailureKind};
use model::money::{entering, kept};
use rust_decimal::Decimal;

/// A figure of a metric as an exact number, nearer to zero than [`LARGEST_SUM`](model::money::LARGEST_SUM).
///
/// # Errors
/// If it has none, or is too large: a point that is left out would be taken for nothing.
pub(crate) fn exact(figure: f64, query: &MetricQuery) -> Result<Decimal, CallFailure> {
    let exact = Decimal::try_from(figure).ok().and_then(|exact| kept(exact).ok());
    exact.ok_or_else(|| unreadable(&format!("`{figure}`"), query))
}

/// A figure of a metric that is an amount of money.
///
/// # Errors
/// As [`exact`], and if it is [`LARGEST`](model::money::LARGEST) or more.
pub(crate) fn bounded(figure: f64, query: &MetricQuery) -> Result<Decimal, CallFailure> {
    entering(exact(figure, query)?).map_err(|_| unreadable(&format!("`{figure}`"), query))
}

/// That figures of a metric cannot be used.
pub(crate) fn unreadable(figure: &str, query: &MetricQuery) -> CallFailure {
    CallFailure {
        call: "cloudwatch:GetMetricStatistics".to_owned(),
        resource: query.subject(),
        kind: FailureKind::Refused,
        said: format!(
            "an answer that cannot be read: {figure} is not a figure of {} {}",
            query.namespace, query.metric
        ),
        next_step: "the response was not used; monitor retries automatically".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_that_is_no_exact_number_is_a_failure_and_not_left_out() {
        let query = MetricQuery::new("AWS/Billing", "EstimatedCharges", &[]);
        for (figure, expected) in
            [(0.0, Some("0")), (12.5, Some("12.5")), (f64::NAN, None), (f64::INFINITY, None), (1e300, None)]
        {
            let read = exact(figure, &query);
            assert_eq!(read.as_ref().ok().copied(), expected.map(|text| text.parse().unwrap()), "{figure}");
            assert!(read.err().is_none_or(|failure| failure.said.contains("EstimatedCharges")), "{figure}");
        }
        for (figure, is_amount, is_figure) in [
            (999_999_999_999.0, true, true),
            (1e12, false, true),
            (-1e12, false, true),
            (1e17, false, true),
            (1e18, false, false),
        ] {
            let read = bounded(figure, &query);
            assert_eq!((read.is_ok(), exact(figure, &query).is_ok()), (is_amount, is_figure), "{figure}");
            assert!(read.err().is_none_or(|failure| failure.said.contains(&format!("`{figure}` is not"))), "{figure}");
        }
    }
}
