//! Amounts of exports, added without rounding.

use rust_decimal::Decimal;

use crate::decimal::{self, DIGITS, NotADecimal};

/// An amount in units of 10^-28, so that any number of them can be added exactly, up to 17 thousand million either way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct ExactAmount(i128);

impl ExactAmount {
    /// Reads an amount as [`decimal::read`] does. Says whether digits behind the 28th after the point were rounded
    /// away.
    ///
    /// # Errors
    /// If it is no number, or too large to be added up.
    pub fn read(text: &str) -> Result<(Self, bool), NotADecimal> {
        let read = decimal::read(text)?;
        let factor = 10_i128.checked_pow(DIGITS - read.scale).ok_or(NotADecimal)?;
        let units = read.units.checked_mul(factor).ok_or(NotADecimal)?;
        Ok((Self(units), read.is_rounded))
    }

    /// The sum; `None` where it is too large.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The amount with the other sign.
    #[must_use]
    pub fn negated(self) -> Self {
        Self(self.0.saturating_neg())
    }

    /// The amount as a decimal, and whether it has more digits than one can hold: then it is rounded to those that fit.
    pub fn decimal(self) -> (Decimal, bool) {
        let (mut units, mut scale, mut rounded) = (self.0, DIGITS, false);
        loop {
            if units % 10 == 0 && scale > 0 {
                (units, scale) = (units / 10, scale - 1);
                continue;
            }
            match Decimal::try_from_i128_with_scale(units, scale) {
                Ok(decimal) => return (decimal, rounded),
                Err(_) if scale == 0 => return (Decimal::MAX, true),
                Err(_) => {
                    (units, scale, rounded) = ((units + 5 * units.signum()) / 10, scale - 1, true);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_that_cannot_be_added_up_is_refused() {
        for (text, read) in [
            ("1.23E-5", Ok(("0.0000123", false))),
            ("0.12345678901234567890123456785", Ok(("0.1234567890123456789012345679", true))),
            ("7922816251.4264337593543950335", Ok(("7922816251.4264337593543950335", false))),
            ("20000000000", Err(NotADecimal)),
            ("1,234.5", Err(NotADecimal)),
        ] {
            assert_eq!(
                ExactAmount::read(text),
                read.map(|(text, lost): (&str, bool)| (ExactAmount::read(text).unwrap().0, lost)),
                "{text}"
            );
            assert_eq!(
                ExactAmount::read(text).ok().map(|(amount, _)| amount.decimal().0.to_string()),
                read.ok().map(|(text, _)| text.to_owned()),
                "{text}"
            );
        }
    }

    #[test]
    fn sums_are_exact_where_a_decimal_would_round() {
        let read = |text| ExactAmount::read(text).unwrap().0;
        let sum = read("12345678.9").plus(read("0.0000000000000000000000000001")).unwrap();
        assert_eq!(
            sum.plus(read("-12345678.9")).unwrap().decimal(),
            ("0.0000000000000000000000000001".parse().unwrap(), false)
        );
        assert_eq!(sum.decimal(), ("12345678.9".parse().unwrap(), true), "it has 36 digits");
        assert_eq!(read("17000000000").plus(read("17000000000")), None);
    }
}
