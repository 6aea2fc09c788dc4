//! The cost of one UTC day.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use model::money::{Money, Totals};

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
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub records: BTreeMap<String, BTreeMap<String, Decimal>>,
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
        sum.amount = sum.amount.saturating_add(money.amount);
        if record_type != Self::USAGE {
            let record = self.records.entry(line).or_default().entry(record_type.to_owned()).or_default();
            *record = record.saturating_add(money.amount);
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
