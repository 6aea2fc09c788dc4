//! The codes that CloudWatch has for services, beside the names that are on the bill.

/// Each code with the name of its service on the bill.
///
/// Not all codes are here. `AmazonEC2` counts instances and what the bill calls `EC2 - Other` together, and `AWSDataTransfer` counts what
/// the bill books to each service that sent it: neither has one line on the bill that it could be held against.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Codes {
    service: std::collections::BTreeMap<String, String>,
}

/// The name on the bill of a service, by the code that the metric `EstimatedCharges` has for it (`AWSLambda`); `None` for a code that
/// is not known, or that is not one service of the bill.
pub fn billed_name(code: &str) -> Option<String> {
    // A test rules out that the table cannot be read.
    let codes: Codes = toml::from_str(include_str!("service_codes.toml")).ok()?;
    codes.service.get(code).cloned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_service_of_the_bill_that_it_counts_or_none() {
        for (code, name) in [
            ("AWSLambda", Some("AWS Lambda")),
            ("AmazonRDS", Some("Amazon Relational Database Service")),
            ("AmazonCloudWatch", Some("AmazonCloudWatch")),
            ("AmazonEC2", None),
            ("AWSDataTransfer", None),
            ("", None),
        ] {
            assert_eq!(billed_name(code).as_deref(), name, "{code}");
        }
    }
}
