//! The prices of calls, pings, functions and logs. They are in `prices.toml`, each with the day it was read; a file of
//! the user can replace and add prices.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use billing::free_tier::FreeTierQuantity;
use billing::usage::{LogRates, PriceTiers, UsageRates, gb_seconds};
use chrono::NaiveDate;
use model::money::{kept, read_entering};
use rust_decimal::Decimal;
use serde::Deserialize;

/// The price table.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PriceTable {
    call: Vec<CallPrice>,
    lambda: Vec<LambdaPrice>,
    resource: Vec<ResourcePrice>,
    logs: Vec<LogPrice>,
    free: Vec<FreeTier>,
}

/// The price of one API request.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CallPrice {
    /// As in an IAM policy: `ce:GetCostAndUsage`.
    pub operation: String,
    /// US dollars per request.
    #[serde(deserialize_with = "price")]
    pub usd: Decimal,
    /// When it was read.
    pub read: NaiveDate,
    /// Where it was read.
    pub source: String,
    /// What to know about it.
    #[serde(default)]
    pub note: String,
}

/// The price of running a function in a region.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LambdaPrice {
    /// The region.
    pub region: String,
    /// US dollars per invocation.
    #[serde(deserialize_with = "price")]
    pub per_request: Decimal,
    /// US dollars per GB-second on x86, by GB-seconds a month.
    pub x86: PriceTiers,
    /// The same on arm64.
    pub arm64: PriceTiers,
    /// What provisioned concurrency costs; `None` where it was not read.
    #[serde(default)]
    pub provisioned: Option<ProvisionedPricing>,
    /// When it was read.
    pub read: NaiveDate,
    /// Where it was read.
    pub source: String,
    /// What to know about it.
    #[serde(default)]
    pub note: String,
}

/// The price of a resource in a region.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResourcePrice {
    /// As in reports, `rds_instance`; storage of a database is `rds_storage`.
    #[serde(deserialize_with = "resource_kind")]
    pub kind: String,
    /// As AWS spells it, for a database with its engine: `db.t4g.micro postgres`. Empty where there is only one.
    pub class: String,
    /// The region.
    #[serde(deserialize_with = "region")]
    pub region: String,
    /// The unit of the price.
    pub unit: PriceUnit,
    /// US dollars for a unit.
    #[serde(deserialize_with = "price")]
    pub usd: Decimal,
    /// When it was read.
    pub read: NaiveDate,
    /// The public source of the price; the note says where it was read if that is different.
    pub source: String,
    /// What to know about it.
    #[serde(default)]
    pub note: String,
}

/// What a price is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PriceUnit {
    /// An hour of it.
    Hour,
    /// A GB of 2^30 bytes for a month.
    GbMonth,
    /// A GB of memory for a second.
    GbSecond,
}

impl PriceUnit {
    /// How many there are in a month of 730 hours, for one thing of one GB.
    fn a_month(self) -> Decimal {
        match self {
            Self::Hour => Decimal::from(730),
            Self::GbMonth => Decimal::ONE,
            Self::GbSecond => Decimal::from(730 * 3600),
        }
    }
}

/// The price of provisioned concurrency, by architecture.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvisionedPricing {
    /// On x86.
    pub x86: ProvisionedPrice,
    /// On arm64.
    pub arm64: ProvisionedPrice,
}

/// US dollars per GB-second of provisioned concurrency.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProvisionedPrice {
    /// While the environment is allocated.
    #[serde(deserialize_with = "price")]
    pub kept: Decimal,
    /// Additionally, while it runs.
    #[serde(deserialize_with = "price")]
    pub run: Decimal,
}

/// The price of taking logs in, in a region.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LogPrice {
    /// The region.
    pub region: String,
    /// US dollars per GB of the standard class, by GB a month.
    pub standard: PriceTiers,
    /// The same for infrequent access.
    pub infrequent: PriceTiers,
    /// When it was read.
    pub read: NaiveDate,
    /// Where it was read.
    pub source: String,
    /// What to know about it.
    #[serde(default)]
    pub note: String,
}

/// What is free every month.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FreeTier {
    /// What is counted.
    pub quantity: FreeTierQuantity,
    /// So much a month, in what is counted.
    #[serde(deserialize_with = "price")]
    pub monthly: Decimal,
    /// When it was read.
    pub read: NaiveDate,
    /// Where it was read.
    pub source: String,
    /// What to know about it.
    #[serde(default)]
    pub note: String,
}

/// An amount that is not negative, and not too large for one.
fn price<'de, D: serde::Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
    let amount = read_entering(from)?;
    if amount < Decimal::ZERO {
        Err(serde::de::Error::custom(format!("a price must not be negative, and `{amount}` is")))
    } else {
        Ok(amount)
    }
}

/// What `[[resource]]` prices are for. A price of anything else would never be used.
const RESOURCE_KINDS: &[&str] = &[
    "rds_instance",
    "rds_storage",
    "nat_gateway",
    "load_balancer",
    "address",
    "volume",
    "provisioned_concurrency",
    "log_group",
];

fn resource_kind<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let kind = String::deserialize(from)?;
    if RESOURCE_KINDS.contains(&kind.as_str()) {
        return Ok(kind);
    }
    Err(serde::de::Error::custom(format!(
        "`{kind}` is not a kind of resource that has a price; write one of {}",
        RESOURCE_KINDS.join(", ")
    )))
}

fn region<'de, D: serde::Deserializer<'de>>(from: D) -> Result<String, D::Error> {
    let region = String::deserialize(from)?;
    if region.trim().is_empty() || region.contains(char::is_whitespace) {
        return Err(serde::de::Error::custom(format!("`{region}` is not a region; write one such as `us-east-1`")));
    }
    Ok(region)
}

impl ResourcePrice {
    fn key(&self) -> (String, String, String) {
        (self.kind.clone(), self.class.clone(), self.region.clone())
    }
}

/// Two prices of the same resource contradict each other, and one of them would be dropped.
fn no_two(own: &[ResourcePrice]) -> Result<(), String> {
    let mut known = BTreeSet::new();
    match own.iter().find(|price| !known.insert(price.key())) {
        None => Ok(()),
        Some(twice) => Err(format!(
            "there are two [[resource]] prices of kind `{}`, class `{}`, in `{}`; leave one of them out",
            twice.kind, twice.class, twice.region
        )),
    }
}

impl PriceTable {
    /// The price of `count` resources, or GB, of a kind and class for a month of 730 hours. `None` if the table has
    /// none, or it is too large for an amount.
    pub fn monthly(&self, kind: &str, class: &str, region: &str, count: Decimal) -> Option<Decimal> {
        let price =
            self.resource.iter().find(|price| price.kind == kind && price.class == class && price.region == region)?;
        let monthly = price.usd.checked_mul(price.unit.a_month())?.checked_mul(count)?;
        kept(monthly).ok()
    }

    /// The table that comes with the program.
    ///
    /// # Errors
    /// If the table is malformed, which a test rules out.
    pub fn built_in() -> Result<Self, toml::de::Error> {
        toml::from_str(include_str!("prices.toml"))
    }

    /// The table that comes with the program, with a file of the user's own over it: what has the same key is replaced.
    ///
    /// # Errors
    /// In one line, with the place and the value, if the file cannot be read.
    pub fn with_file(path: &Path) -> Result<Self, String> {
        let text = std::fs::read_to_string(path)
            .map_err(|error| format!("the prices at {} cannot be read: {error}", path.display()))?;
        let built_in = Self::built_in()
            .map_err(|error| format!("the built-in price table cannot be read: {}", error.message()))?;
        built_in.with(&text).map_err(|why| format!("the prices at {} cannot be used: {why}", path.display()))
    }

    fn with(mut self, text: &str) -> Result<Self, String> {
        let own: Self = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |at| at.start);
            let line = text.get(..start).unwrap_or_default().matches('\n').count() + 1;
            let stands: String = text.lines().nth(line - 1).unwrap_or_default().trim().chars().take(100).collect();
            format!(
                "line {line}, `{stands}`: {}; docs/configuration.md describes the format of prices.toml",
                error.message().trim().replace('\n', " ")
            )
        })?;
        no_two(&own.resource)?;
        replace(&mut self.resource, own.resource, ResourcePrice::key);
        replace(&mut self.call, own.call, |price| price.operation.clone());
        replace(&mut self.lambda, own.lambda, |price| price.region.clone());
        replace(&mut self.logs, own.logs, |price| price.region.clone());
        replace(&mut self.free, own.free, |free| free.quantity);
        Ok(self)
    }

    /// The price of a request. `None` if the table does not know the operation.
    pub fn call(&self, operation: &str) -> Option<Decimal> {
        self.call.iter().find(|price| price.operation == operation).map(|price| price.usd)
    }

    /// What an invocation cost, by its billed milliseconds and memory in MB. `None` for a region the table does not
    /// know, and for a price that is too large for an amount.
    pub fn invocation(&self, region: &str, billed_ms: u64, memory_mb: u32) -> Option<Decimal> {
        let price = self.lambda.iter().find(|price| price.region == region)?;
        let used = gb_seconds(Decimal::from(billed_ms), memory_mb)?.checked_mul(price.x86.first())?;
        price.per_request.checked_add(used).and_then(|usd| kept(usd).ok())
    }

    /// US dollars a GB-second for keeping an environment of provisioned concurrency, on x86. `None` for a region whose
    /// price was not read.
    pub fn provisioned_kept(&self, region: &str) -> Option<Decimal> {
        let price = self.lambda.iter().find(|price| price.region == region)?;
        price.provisioned.as_ref().map(|provisioned| provisioned.x86.kept)
    }

    /// What is asked in a region for what functions and logs use. `None` for a region whose functions the table does
    /// not know.
    pub fn rates(&self, region: &str) -> Option<UsageRates> {
        let lambda = self.lambda.iter().find(|price| price.region == region)?;
        let logs = self.logs.iter().find(|price| price.region == region);
        let provisioned = lambda.provisioned.as_ref().map(|provisioned| (provisioned.x86.run, provisioned.arm64.run));
        Some(UsageRates {
            request: lambda.per_request,
            x86: lambda.x86.clone(),
            arm64: lambda.arm64.clone(),
            provisioned: provisioned.unwrap_or_default(),
            logs: logs.map(|logs| LogRates { standard: logs.standard.clone(), infrequent: logs.infrequent.clone() }),
            free: self.free.iter().map(|free| (free.quantity, free.monthly)).collect(),
        })
    }

    /// The regions whose functions the table knows, in order.
    pub fn regions(&self) -> Vec<&str> {
        let mut regions: Vec<&str> = self.lambda.iter().map(|price| price.region.as_str()).collect();
        regions.sort_unstable();
        regions
    }
}

/// Puts rows over those with the same key.
fn replace<T, K: Ord>(known: &mut Vec<T>, own: Vec<T>, key: impl Fn(&T) -> K) {
    let own: BTreeMap<K, T> = own.into_iter().map(|row| (key(&row), row)).collect();
    known.retain(|row| !own.contains_key(&key(row)));
    known.extend(own.into_values());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_that_comes_with_the_program_can_be_read() {
        let prices = PriceTable::built_in().unwrap();
        assert_eq!(prices.call("ce:GetCostAndUsage"), Some(Decimal::new(1, 2)));
        assert_eq!(prices.call("ce:Unheard"), None);
        // 30 s at 512 MB: 15 GB-s x 0.0000166667 + 0.0000002.
        assert_eq!(prices.invocation("ap-northeast-2", 30_000, 512), Some("0.0002502005".parse().unwrap()));
        assert_eq!(prices.invocation("mars-north-1", 1, 128), None);
        for region in ["us-east-1", "ap-northeast-2"] {
            let rates = prices.rates(region).unwrap();
            assert_eq!(rates.free[&FreeTierQuantity::LambdaGbSeconds], Decimal::from(400_000), "{region}");
            assert!(rates.logs.is_some() && rates.arm64.first() < rates.x86.first(), "{region}");
        }
        assert!(prices.rates("mars-north-1").is_none());
    }

    #[test]
    fn a_file_of_the_users_own_adds_to_the_table_and_replaces_what_has_the_same_key() {
        let row = |region: &str, usd: &str| {
            format!(
                "[[lambda]]\nregion = \"{region}\"\nper_request = \"0.0000003\"\nx86 = [{{ from = \"0\", usd = \"{usd}\" }}]\n\
                 arm64 = [{{ from = \"0\", usd = \"1\" }}]\nread = \"2026-11-01\"\nsource = \"our contract\"\n"
            )
        };
        let prices =
            PriceTable::built_in().unwrap().with(&(row("mars-north-1", "2") + &row("us-east-1", "3"))).unwrap();
        assert_eq!(prices.regions(), ["ap-northeast-2", "mars-north-1", "us-east-1"]);
        assert_eq!(prices.rates("us-east-1").unwrap().x86.first(), Decimal::from(3));
        assert!(prices.rates("mars-north-1").unwrap().logs.is_none());
        assert_eq!(prices.call("ce:GetCostAndUsage"), Some(Decimal::new(1, 2)));
    }

    #[test]
    fn a_mistake_in_the_users_own_file_is_told_with_its_line() {
        for (text, line, why) in [
            (
                "[[call]]\noperation = \"x\"\nusd = \"-1\"\nread = \"2026-11-01\"\nsource = \"\"\n",
                "line 3, `usd = \"-1\"`",
                "must not be negative",
            ),
            ("[[call]]\noperation = \"x\"\nusd = \"much\"\n", "line 3, `usd = \"much\"`", "much"),
            ("\n[[cal]]\n", "line 2, `[[cal]]`", "unknown field"),
            ("[[free]]\nquantity = \"storage\"\n", "line 2, `quantity = \"storage\"`", "unknown variant"),
            ("[[logs]]\nregion = \"r\"\nstandard = []\n", "line 3, `standard = []`", "from = \"0\""),
            ("[[resource]]\nkind = \"lamp\"\n", "line 2, `kind = \"lamp\"`", "write one of rds_instance, "),
            (
                "[[resource]]\nkind = \"volume\"\nclass = \"gp3\"\nregion = \"\"\n",
                "line 4, `region = \"\"`",
                "such as `us-east-1`",
            ),
            ("[[resource]]\nkind = \"volume\"\nunit = \"day\"\n", "line 3, `unit = \"day\"`", "gb_month"),
            ("[[resource]]\nkind = \"volume\"\nusd = \"-0.1\"\n", "line 3, `usd = \"-0.1\"`", "must not be negative"),
        ] {
            let said = PriceTable::built_in().unwrap().with(text).unwrap_err();
            assert!(said.contains(line) && said.contains(why) && !said.contains('\n'), "{said}");
        }
    }

    /// The rows of a table with the price of one thing each: kind, class, region, unit and US dollars.
    fn resources(rows: &[[&str; 5]]) -> String {
        let row = |[kind, class, region, unit, usd]: &[&str; 5]| {
            format!(
                "[[resource]]\nkind = \"{kind}\"\nclass = \"{class}\"\nregion = \"{region}\"\nunit = \"{unit}\"\nusd = \"{usd}\"\n\
                 read = \"2026-11-01\"\nsource = \"our contract\"\n"
            )
        };
        rows.iter().map(row).collect()
    }

    #[test]
    fn a_resource_price_of_the_users_own_is_used_and_stands_above_the_built_in_one() {
        let own = resources(&[
            ["nat_gateway", "", "us-east-1", "hour", "0.01"],
            ["volume", "gp3", "mars-north-1", "gb_month", "0.5"],
        ]);
        let prices = PriceTable::built_in().unwrap().with(&own).unwrap();
        for (kind, class, region, usd) in [
            ("nat_gateway", "", "us-east-1", Some("7.30")),
            ("volume", "gp3", "mars-north-1", Some("0.5")),
            // What the file does not name stays as it is built in.
            ("nat_gateway", "", "ap-northeast-2", Some("43.07")),
            ("nat_gateway", "", "mars-north-1", None),
        ] {
            assert_eq!(
                prices.monthly(kind, class, region, Decimal::ONE),
                usd.map(|usd| usd.parse().unwrap()),
                "{kind} {region}"
            );
        }
    }

    #[test]
    fn a_price_that_is_too_large_is_refused_and_a_product_that_is_too_large_is_unknown() {
        let with = |usd: &str| {
            PriceTable::built_in().unwrap().with(&resources(&[["nat_gateway", "", "us-east-1", "hour", usd]]))
        };
        let said = with("1000000000000").unwrap_err();
        assert!(said.starts_with("line ") && said.contains("`1000000000000` is too large for an amount"), "{said}");
        let prices = with("999999999999").unwrap();
        for (count, usd) in [
            (Decimal::ONE, Some("729999999999270")),
            (Decimal::from(1000), Some("729999999999270000")),
            (Decimal::from(2000), None),
            (Decimal::MAX, None),
        ] {
            let monthly = prices.monthly("nat_gateway", "", "us-east-1", count);
            assert_eq!(monthly, usd.map(|usd| usd.parse().unwrap()), "{count}");
        }
        let dear = |per_request: &str, tier: &str| {
            let row = format!(
                "[[lambda]]\nregion = \"r\"\nper_request = \"{per_request}\"\nx86 = [{{ from = \"0\", usd = \"{tier}\" }}]\narm64 = [{{ from = \"0\", usd = \"0\" }}]\nread = \"2025-01-01\"\nsource = \"s\"\n"
            );
            PriceTable::built_in().unwrap().with(&row)
        };
        assert_eq!(dear("1", "999999999999").unwrap().invocation("r", u64::MAX, u32::MAX), None);
        assert_eq!(dear("1", "2").unwrap().invocation("r", 1000, 1024), Some(Decimal::from(3)));
        assert!(dear("1000000000000", "1").unwrap_err().contains("too large"));
        assert!(dear("1", "1000000000000").unwrap_err().contains("must be below 1000000000000"));
    }

    #[test]
    fn two_prices_of_one_thing_are_refused() {
        let row = ["volume", "gp3", "us-east-1", "gb_month", "1"];
        let said = PriceTable::built_in().unwrap().with(&resources(&[row, row])).unwrap_err();
        assert!(said.contains("two [[resource]] prices of kind `volume`, class `gp3`, in `us-east-1`"), "{said}");
    }

    #[test]
    fn a_month_of_a_thing_is_730_hours_at_the_price_of_its_region() {
        let prices = PriceTable::built_in().unwrap();
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
            assert_eq!(
                prices.monthly(kind, class, region, count.parse().unwrap()),
                usd.map(|usd| usd.parse().unwrap()),
                "{kind} {class} {region}"
            );
        }
    }
}
