//! ARNs within answers.

use serde_json::Value;

/// What an integration calls: the ARN of the function within the address that API Gateway has for it, else the address.
/// <https://docs.aws.amazon.com/apigateway/latest/api/API_Integration.html>
pub(super) fn target(address: &Value) -> Option<String> {
    let address = address.as_str()?;
    let function = address
        .split_once("/functions/")
        .and_then(|(_, rest)| rest.strip_suffix("/invocations"))
        .filter(|arn| arn.starts_with("arn:"));
    Some(function.unwrap_or(address).to_owned())
}

/// A function with the qualifier that an ARN has: `shop:live`, or `shop` without one.
pub(super) fn qualified(function: &str, arn: &str) -> String {
    match arn.split(':').nth(7) {
        Some(qualifier) if !qualifier.is_empty() => format!("{function}:{qualifier}"),
        _ => function.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_function_is_found_in_the_address_of_an_integration() {
        let arn = "arn:aws:lambda:us-east-1:1:function:shop:live";
        for (address, expected) in [
            (format!("arn:aws:apigateway:us-east-1:lambda:path/2015-03-31/functions/{arn}/invocations"), Some(arn)),
            (arn.to_owned(), Some(arn)),
            (
                "https://example.com/functions/x/invocations".to_owned(),
                Some("https://example.com/functions/x/invocations"),
            ),
        ] {
            assert_eq!(target(&address.into()).as_deref(), expected);
        }
        assert_eq!(target(&serde_json::json!(1)), None);
        assert_eq!(qualified("shop", arn), "shop:live");
        assert_eq!(qualified("shop", "arn:aws:lambda:us-east-1:1:function:shop"), "shop");
    }
}
