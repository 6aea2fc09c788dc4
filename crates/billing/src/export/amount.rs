//! Amounts of exports, added without rounding.

use rust_decimal::Decimal;

use crate::decimal::{self, DIGITS, NotADecimal};

/// Bits of the digits of a [`Decimal`].
const BITS: u32 = 96;

/// An amount in units of 10^-28, so that any number of them can be added exactly, up to 17 thousand million either way, far
/// below [`model::money::LARGEST`].
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
        let units = read.units.checked_mul(factor).filter(|units| *units != i128::MIN).ok_or(NotADecimal)?;
        Ok((Self(units), read.is_rounded))
    }

    /// The sum; `None` where it is too large.
    pub fn plus(self, other: Self) -> Option<Self> {
        // Of the smallest number there is no negative.
        self.0.checked_add(other.0).filter(|sum| *sum != i128::MIN).map(Self)
    }

    /// The difference without its sign; `None` where it is too large.
    pub fn distance(self, other: Self) -> Option<Self> {
        self.plus(other.negated()).map(|difference| Self(difference.0.abs()))
    }

    /// Half of the last of so many digits behind the point, at most 28.
    pub fn half_of_digit(digits: u32) -> Self {
        Self(5 * 10_i128.pow(DIGITS - 1 - digits.min(DIGITS - 1)))
    }

    /// So many times the amount; `None` where it is too large.
    pub fn times(self, count: usize) -> Option<Self> {
        let product = self.0.checked_mul(i128::try_from(count).ok()?)?;
        Some(Self(product)).filter(|product| product.0 != i128::MIN)
    }

    /// The amount with the other sign.
    #[must_use]
    pub fn negated(self) -> Self {
        Self(-self.0)
    }

    /// The amount as a decimal, and whether it has more digits than one can hold: then it is rounded to those that fit.
    pub fn decimal(self) -> (Decimal, bool) {
        let (all, mut factor, mut scale) = (self.0.unsigned_abs(), 1, DIGITS);
        // Rounded once: digit by digit, 0.45 would become 1. Without its digits behind the point the largest amount has
        // 34 bits.
        let mut units = all;
        while scale > 0 && units >> BITS != 0 {
            (factor, scale) = (factor * 10, scale - 1);
            units = (all + factor / 2) / factor;
        }
        let rounded = units * factor != all;
        while scale > 0 && units.is_multiple_of(10) {
            (units, scale) = (units / 10, scale - 1);
        }
        let part = |shift: u32| ((units >> shift) & u128::from(u32::MAX)) as u32;
        (Decimal::from_parts(part(0), part(32), part(64), self.0 < 0, scale), rounded)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

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
        assert_eq!(
            read("8106744556.1052600143325212854444444445").decimal(),
            ("8106744556.105260014332521285".parse().unwrap(), true),
            "rounded once"
        );
        assert_eq!(read("17000000000").plus(read("17000000000")), None);
        assert_eq!(read("-17000000000").plus(read("-17000000000")), None);
        assert_eq!(read("17000000000").distance(read("-1000000000")), None);
        assert_eq!(read("1.5").distance(read("-2")), Some(read("3.5")));
        assert_eq!((read("-1.5").times(3), read("17000000000").times(2)), (Some(read("-4.5")), None));
    }

    proptest! {
        /// Every amount that can be added up is written as it is read, rounded in its 29th digit at most.
        #[test]
        fn an_amount_as_a_decimal_is_that_amount(units in -i128::MAX..=i128::MAX) {
            let (decimal, rounded) = ExactAmount(units).decimal();
            let written = ExactAmount::read(&decimal.to_string()).map(|(amount, _)| amount.0);
            match written {
                Ok(written) => {
                    prop_assert!(written.abs_diff(units) <= 5 * 10_u128.pow(9), "{units} {decimal}");
                    prop_assert_eq!(rounded, written != units);
                }
                // The largest ones are rounded to what is too large.
                Err(_) => prop_assert!(rounded && units.unsigned_abs() > i128::MAX.unsigned_abs() - 10_u128.pow(10)),
            }
        }
    }
}
