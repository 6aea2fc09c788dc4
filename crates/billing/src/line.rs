//! The lines of a bill: what was charged on one UTC day, by everything a source can tell apart.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use model::money::Money;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::day_cost::DayCost;

/// What a line is charged for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Charge {
    /// What was used, and what belongs to using it: discounted usage, savings plans, support, subscriptions and other fees.
    Usage,
    /// Tax.
    Tax,
    /// What lowers the bill afterwards: credits, refunds and discounts that have a line of their own.
    Credit,
}

impl Charge {
    /// Cost Explorer's `RECORD_TYPE`, and FOCUS's `ChargeCategory`, sorted into three. A type that AWS adds later counts as usage: it
    /// keeps its own line under its own name, and its amount is in every sum.
    pub fn of_record_type(record_type: &str) -> Self {
        match record_type {
            "Tax" => Self::Tax,
            "Credit" | "Refund" => Self::Credit,
            other if other.ends_with("Discount") || other.ends_with("DISCOUNT") => Self::Credit,
            _ => Self::Usage,
        }
    }
}

/// What tells one line of a day from another.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct LineKey {
    /// The name on the bill: `AWS Lambda`.
    pub service: String,
    /// The record type as the source spells it: `Usage`, `Tax`, `Credit`, `Refund`, `Support`.
    pub record_type: String,
    /// As the bill spells it, such as `APN2-Lambda-GB-Second`; empty where the source does not say.
    pub usage_type: String,
    /// Account id of twelve digits, of the account that used it; empty where the source does not say.
    pub account: String,
    /// ARN or id of what was used; empty where the source does not say.
    pub resource: String,
    /// ISO 4217 code.
    pub currency: String,
}

/// How much a line is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Charged {
    /// The exact amount, negative for what is given back.
    pub amount: Decimal,
    /// How much was used, in `unit`; `None` where the source does not say.
    pub quantity: Option<Decimal>,
    /// Such as `Lambda-GB-Second` or `Hrs`; empty where the source does not say.
    pub unit: String,
}

impl Charged {
    /// Adds another charge of the same line. Quantities of different units have no sum.
    pub fn add(&mut self, other: &Self) {
        self.amount = self.amount.saturating_add(other.amount);
        self.quantity = self.quantity.zip(other.quantity).filter(|_| self.unit == other.unit).and_then(|(a, b)| a.checked_add(b));
        if self.quantity.is_none() {
            self.unit.clear();
        }
    }
}

/// Everything one source says of one UTC day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayLines {
    /// The UTC day.
    pub day: NaiveDate,
    /// The source's own word that the figures may still change.
    pub estimated: bool,
    /// The lines, by key.
    #[serde(with = "as_list")]
    pub lines: BTreeMap<LineKey, Charged>,
}

impl DayLines {
    /// A day without lines.
    pub fn new(day: NaiveDate) -> Self {
        Self { day, estimated: false, lines: BTreeMap::new() }
    }

    /// Adds a charge to its line.
    pub fn add(&mut self, key: LineKey, charged: Charged) {
        match self.lines.get_mut(&key) {
            Some(known) => known.add(&charged),
            None => drop(self.lines.insert(key, charged)),
        }
    }

    /// The day by service: what the rules and the sums of the report are made of.
    pub fn day_cost(&self, settled: bool) -> DayCost {
        let mut cost = DayCost::new(self.day, self.estimated, settled);
        for (key, charged) in &self.lines {
            let money = Money { amount: charged.amount, currency: key.currency.clone() };
            cost.add(&key.service, &key.record_type, &money);
        }
        cost
    }
}

/// JSON has no maps with keys like these.
mod as_list {
    use super::{BTreeMap, Charged, Deserialize, LineKey, Serialize};

    pub(super) fn serialize<S: serde::Serializer>(lines: &BTreeMap<LineKey, Charged>, to: S) -> Result<S::Ok, S::Error> {
        lines.iter().collect::<Vec<_>>().serialize(to)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(from: D) -> Result<BTreeMap<LineKey, Charged>, D::Error> {
        Vec::<(LineKey, Charged)>::deserialize(from).map(|list| list.into_iter().collect())
    }
}
