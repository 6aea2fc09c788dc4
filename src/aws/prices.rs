//! What calls, pings and things cost. The figures stand in `prices.toml`, each with the day it was read.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Deserialize;

/// The price table.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Prices {
    call: Vec<CallPrice>,
    lambda: Vec<LambdaPrice>,
    resource: Vec<ResourcePrice>,
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

/// The price of a thing in a region.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourcePrice {
    /// As in reports, `rds_instance`; storage of a database is `rds_storage`.
    pub kind: String,
    /// As AWS spells it, for a database with its engine: `db.t4g.micro postgres`. Empty where there is only one.
    pub class: String,
    /// The region.
    pub region: String,
    /// What it is asked for.
    pub unit: Unit,
    /// US dollars for a unit.
    pub usd: Decimal,
    /// When it was read.
    pub read: NaiveDate,
    /// Where it is written down; the note says where it was read if that is not the same.
    pub source: String,
    /// What to know about it.
    pub note: String,
}

/// What a price is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Unit {
    /// An hour of it.
    Hour,
    /// A GB of 2^30 bytes for a month.
    GbMonth,
    /// A GB of memory for a second.
    GbSecond,
}

impl Unit {
    /// How many there are in a month of 730 hours, for one thing of one GB.
    fn a_month(self) -> Decimal {
        match self {
            Self::Hour => Decimal::from(730),
            Self::GbMonth => Decimal::ONE,
            Self::GbSecond => Decimal::from(730 * 3600),
        }
    }
}

impl Prices {
    /// What `count` things, or GB, of a kind and class cost in a month of 730 hours. `None` if the table does not know.
    pub fn monthly(&self, kind: &str, class: &str, region: &str, count: Decimal) -> Option<Decimal> {
        let price = self.resource.iter().find(|price| price.kind == kind && price.class == class && price.region == region)?;
        price.usd.checked_mul(price.unit.a_month())?.checked_mul(count)
    }

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

    #[test]
    fn a_month_of_a_thing_is_730_hours_at_the_price_of_its_region() {
        let prices = Prices::built_in().unwrap();
        for (kind, class, region, count, usd) in [
            ("nat_gateway", "", "us-east-1", "1", Some("32.85")),
            ("nat_gateway", "", "ap-northeast-2", "1", Some("43.07")),
            ("address", "", "ap-northeast-2", "1", Some("3.65")),
            ("rds_instance", "db.t4g.micro postgres", "ap-northeast-2", "1", Some("18.25")),
            ("rds_storage", "gp2", "ap-northeast-2", "20", Some("2.62")),
            ("volume", "gp3", "ap-northeast-2", "100", Some("9.12")),
            // 0.5 GB for 2,628,000 s at 0.0000041667.
            ("provisioned_concurrency", "", "us-east-1", "0.5", Some("5.4750438")),
            ("rds_instance", "db.x2g.16xlarge postgres", "us-east-1", "1", None),
            ("nat_gateway", "", "mars-north-1", "1", None),
        ] {
            assert_eq!(prices.monthly(kind, class, region, count.parse().unwrap()), usd.map(|usd| usd.parse().unwrap()), "{kind} {class} {region}");
        }
    }
}
