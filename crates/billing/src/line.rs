//! The charges of a bill on one UTC day, by every dimension that a source provides.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use model::money::{Money, read_kept};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::day_cost::DayCost;

/// What a line is charged for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChargeCategory {
    /// Usage and related charges: discounted usage, Savings Plans, support, subscriptions and other fees.
    Usage,
    /// Tax.
    Tax,
    /// What lowers the bill afterwards: credits, refunds and discounts that have a line of their own.
    Credit,
}

impl ChargeCategory {
    /// Cost Explorer's `RECORD_TYPE`, and FOCUS's `ChargeCategory`, sorted into three. A type that AWS adds later
    /// counts as usage: it keeps its own line under its own name, and its amount is in every sum.
    pub fn of_record_type(record_type: &str) -> Self {
        match record_type {
            "Tax" => Self::Tax,
            "Credit" | "Refund" => Self::Credit,
            other if other.ends_with("Discount") || other.ends_with("DISCOUNT") => Self::Credit,
            _ => Self::Usage,
        }
    }
}

/// The key of a charge within one day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct ChargeKey {
    /// The name on the bill: `AWS Lambda`.
    pub service: String,
    /// The record type as the source spells it: `Usage`, `Tax`, `Credit`, `Refund`, `Support`.
    pub record_type: String,
    /// As on the bill, such as `APN2-Lambda-GB-Second`; empty if the source has none.
    pub usage_type: String,
    /// The id (twelve digits) of the account that used it; empty if the source has none.
    pub account: String,
    /// The ARN or id of the resource; empty if the source has none.
    pub resource: String,
    /// ISO 4217 code.
    pub currency: String,
}

/// How much a line is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChargeAmount {
    /// The exact amount, negative for what is given back.
    #[serde(deserialize_with = "read_kept")]
    pub amount: Decimal,
    /// The quantity, in `unit`; `None` if the source has none, or it is too large for a number of 28 digits.
    pub quantity: Option<Decimal>,
    /// Such as `Lambda-GB-Second` or `Hrs`; empty if the source has none.
    pub unit: String,
}

impl ChargeAmount {
    /// Adds another charge of the same line. Quantities of different units have no sum.
    pub fn add(&mut self, other: &Self) {
        self.amount += other.amount;
        self.quantity =
            self.quantity.zip(other.quantity).filter(|_| self.unit == other.unit).and_then(|(a, b)| a.checked_add(b));
        if self.quantity.is_none() {
            self.unit.clear();
        }
    }
}

/// All charges that one source reports for one UTC day.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DayCharges {
    /// The UTC day.
    pub day: NaiveDate,
    /// The source's own word that the figures may still change.
    pub estimated: bool,
    /// The lines, by key.
    #[serde(with = "as_list")]
    pub lines: BTreeMap<ChargeKey, ChargeAmount>,
}

impl DayCharges {
    /// A day without lines.
    pub fn new(day: NaiveDate) -> Self {
        Self { day, estimated: false, lines: BTreeMap::new() }
    }

    /// Adds a charge to its line.
    pub fn add(&mut self, key: ChargeKey, charged: ChargeAmount) {
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
    use super::{BTreeMap, ChargeAmount, ChargeKey, Deserialize, Serialize};

    pub(super) fn serialize<S: serde::Serializer>(
        lines: &BTreeMap<ChargeKey, ChargeAmount>,
        to: S,
    ) -> Result<S::Ok, S::Error> {
        lines.iter().collect::<Vec<_>>().serialize(to)
    }

    pub(super) fn deserialize<'de, D: serde::Deserializer<'de>>(
        from: D,
    ) -> Result<BTreeMap<ChargeKey, ChargeAmount>, D::Error> {
        Vec::<(ChargeKey, ChargeAmount)>::deserialize(from).map(|list| list.into_iter().collect())
    }
}
