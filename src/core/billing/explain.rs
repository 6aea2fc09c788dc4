//! Why an amount is not what it was before: parts that add up exactly.

use rust_decimal::Decimal;
use serde::Serialize;

/// What kind of part a change has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ReasonKind {
    /// More or less was used, at the price of before.
    Usage,
    /// The same costs more or less: another price, another tier, a free tier used up.
    Price,
    /// It was not on the bill before.
    New,
    /// It is no longer on the bill.
    Gone,
    /// Tax.
    Tax,
    /// Credits, refunds and discounts.
    Credit,
}

/// One part of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Reason {
    /// Its kind.
    pub kind: ReasonKind,
    /// The usage type as the bill spells it; empty where the lines of the bill are not known that finely, and for tax and credits.
    pub usage_type: String,
    /// How much of the change it is, in the currency of the service; all reasons of a service add up to `amount - previous`, exactly.
    pub amount: Decimal,
}
