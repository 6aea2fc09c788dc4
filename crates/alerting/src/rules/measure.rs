//! A figure, its limit, and how many times the one is the other.

use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// A figure with the limit it was held against, in the same unit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MeasuredValue {
    /// The measured value.
    pub value: Decimal,
    /// The limit that it has passed.
    pub limit: Decimal,
}

impl MeasuredValue {
    /// Whether the figure is so many times the limit; a limit of zero has no multiple.
    pub fn reaches(self, times: Times) -> bool {
        times.0.checked_mul(self.limit).is_some_and(|at| !self.limit.is_zero() && self.value >= at)
    }

    /// A figure that was never money.
    pub(super) fn of_floats(value: f64, limit: f64) -> Option<Self> {
        Some(Self { value: Decimal::try_from(value).ok()?, limit: Decimal::try_from(limit).ok()? })
    }
}

/// A factor of at least one, as in `"2x"`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Times(pub Decimal);

impl<'de> Deserialize<'de> for Times {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let factor: Option<Decimal> = text.strip_suffix('x').and_then(|factor| factor.parse().ok());
        match factor {
            Some(factor) if factor >= Decimal::ONE && factor <= Decimal::from(1_000_000) => Ok(Self(factor)),
            _ => Err(serde::de::Error::custom(format!(
                "`{text}` is not a factor of at least 1, such as \"2x\" or \"1.5x\""
            ))),
        }
    }
}
