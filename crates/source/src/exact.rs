//! Figures of CloudWatch, which are floating-point numbers, as exact ones.

use aws::MetricQuery;
use model::call_failure::{CallFailure, FailureKind};
use rust_decimal::Decimal;

/// A figure of a metric as an exact number.
///
/// # Errors
/// If it has none: a point that is left out would be taken for nothing.
pub(crate) fn exact(figure: f64, query: &MetricQuery) -> Result<Decimal, CallFailure> {
    Decimal::try_from(figure).map_err(|_| CallFailure {
        call: "cloudwatch:GetMetricStatistics".to_owned(),
        resource: query.subject(),
        kind: FailureKind::Refused,
        said: format!(
            "an answer that cannot be read: `{figure}` is not a figure of {} {}",
            query.namespace, query.metric
        ),
        next_step: "the response was not used; monitor retries automatically".to_owned(),
    })
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
    }
}
