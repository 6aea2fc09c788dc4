//! What calls and pings cost. The figures stand in `prices.toml`, each with the day it was read.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;

/// The price table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    call: Vec<CallPrice>,
    lambda: Vec<LambdaPrice>,
}

/// The price of one API request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallPrice {
    /// As in an IAM policy: `ce:GetCostAndUsage`.
    pub operation: String,
    /// US dollars per request.
    pub usd: Decimal,
    /// When it was read.
    pub read: NaiveDate,
    /// Where it was read.
    pub source: String,
    /// What to know about it.
    pub note: String,
}

/// The price of running a function in a region.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LambdaPrice {
    /// The region.
    pub region: String,
    /// US dollars per invocation.
    pub per_request: Decimal,
    /// US dollars per GB-second, x86.
    pub per_gb_second: Decimal,
    /// When it was read.
    pub read: NaiveDate,
    /// Where it was read.
    pub source: String,
    /// What to know about it.
    pub note: String,
}

impl Prices {
    /// The table that comes with the program.
    ///
    /// # Errors
    /// If the table is malformed, which a test rules out.
    pub fn built_in() -> Result<Self, toml::de::Error> {
        toml::from_str(include_str!("prices.toml"))
    }

    /// The price of a request. `None` if the table does not know the operation.
    pub fn call(&self, operation: &str) -> Option<Decimal> {
        self.call.iter().find(|price| price.operation == operation).map(|price| price.usd)
    }

    /// What an invocation cost, by its billed milliseconds and memory in MB. `None` for a region the table does not know.
    pub fn invocation(&self, region: &str, billed_ms: u64, memory_mb: u32) -> Option<Decimal> {
        let price = self.lambda.iter().find(|price| price.region == region)?;
        let gb_seconds = Decimal::from(billed_ms) * Decimal::from(memory_mb) / Decimal::from(1024 * 1000);
        Some(price.per_request + gb_seconds * price.per_gb_second)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_that_comes_with_the_program_can_be_read() {
        let prices = Prices::built_in().unwrap();
        assert_eq!(prices.call("ce:GetCostAndUsage"), Some(Decimal::new(1, 2)));
        assert_eq!(prices.call("ce:Unheard"), None);
        // 30 s at 512 MB: 15 GB-s x 0.0000166667 + 0.0000002.
        assert_eq!(prices.invocation("ap-northeast-2", 30_000, 512), Some("0.0002502005".parse().unwrap()));
        assert_eq!(prices.invocation("mars-north-1", 1, 128), None);
    }
}
