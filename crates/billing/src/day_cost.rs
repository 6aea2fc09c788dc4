//! The cost of one UTC day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::de::Error as _;
use serde::{Deserialize, Deserializer, Serialize};

use model::money::{Money, Totals, kept};

/// The costs of one UTC day from one response.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct DayCost {
    /// The UTC day.
    pub day: NaiveDate,
    /// Cost Explorer's `Estimated` for this day, unchanged.
    pub estimated: bool,
    /// Whether the figure is old enough (or confirmed) to be compared with other days.
    pub settled: bool,
    /// Exact amount per service, everything included; a service that is absent cost nothing, as far as this answer
    /// goes. What a service is billed in a second currency has a line of its own, named `Service (CUR)`.
    pub services: BTreeMap<String, Money>,
    /// The parts of these amounts that are not usage, by service (as in `services`) and record type: tax, credits,
    /// refunds, support.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty", deserialize_with = "read_records")]
    pub records: BTreeMap<String, BTreeMap<String, Decimal>>,
}

fn read_records<'de, D: Deserializer<'de>>(from: D) -> Result<BTreeMap<String, BTreeMap<String, Decimal>>, D::Error> {
    let records = BTreeMap::<String, BTreeMap<String, Decimal>>::deserialize(from)?;
    for amount in records.values().flat_map(BTreeMap::values) {
        kept(*amount).map_err(D::Error::custom)?;
    }
    Ok(records)
}

impl DayCost {
    /// A day nothing is known of yet.
    pub fn new(day: NaiveDate, estimated: bool, settled: bool) -> Self {
        Self { day, estimated, settled, services: BTreeMap::new(), records: BTreeMap::new() }
    }

    /// Adds an amount of a service. Another currency than the service has so far makes a line of its own: nothing is
    /// mixed.
    pub fn add(&mut self, service: &str, record_type: &str, money: &Money) {
        let clashes = self.services.get(service).is_some_and(|known| known.currency != money.currency);
        let line = if clashes { format!("{service} ({})", money.currency) } else { service.to_owned() };
        let sum = self
            .services
            .entry(line.clone())
            .or_insert_with(|| Money { amount: Decimal::ZERO, currency: money.currency.clone() });
        sum.amount += money.amount;
        if record_type != Self::USAGE {
            *self.records.entry(line).or_default().entry(record_type.to_owned()).or_default() += money.amount;
        }
    }

    /// The record type of what is used.
    pub const USAGE: &'static str = "Usage";

    /// What a service, or everything (`None`), cost on this day in US dollars. `None` if it was billed in another
    /// currency.
    pub fn usd(&self, service: Option<&str>) -> Option<Decimal> {
        let Some(service) = service else {
            let mut totals = Totals::default();
            self.services.values().for_each(|money| totals.add(money));
            return totals.only(Money::USD);
        };
        match self.services.get(service) {
            None => Some(Decimal::ZERO),
            Some(money) => (money.currency == Money::USD).then_some(money.amount),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_of_the_store_with_an_amount_that_no_answer_adds_up_to_cannot_be_read() {
        let day = |service: &str, tax: &str| {
            let body = format!(
                r#"{{"day":"2025-01-01","estimated":false,"settled":true,"services":{{"S3":{{"amount":"{service}","currency":"USD"}}}},"records":{{"S3":{{"Tax":"{tax}"}}}}}}"#
            );
            serde_json::from_str::<DayCost>(&body).map_err(|error| error.to_string())
        };
        assert_eq!(
            day("999999999999999999", "-1").unwrap().usd(None),
            Some(Decimal::from(999_999_999_999_999_999_u64))
        );
        for (service, tax, value) in
            [("1000000000000000000", "1", "1000000000000000000"), ("1", "-2000000000000000000", "-2000000000000000000")]
        {
            let said = day(service, tax).unwrap_err();
            assert!(said.contains(&format!("`{value}` is too large for an amount")), "{said}");
        }
    }
}
