//! Amounts as exports spell them, read and added without rounding.

use std::str::FromStr;

use rust_decimal::Decimal;

/// Decimals that are kept.
const DECIMALS: u32 = 28;

/// An amount in units of 10^-28, so that any number of them can be added exactly, up to 17 thousand million either way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Exact(i128);

/// Text that is no amount, or one too large to be added up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoAmount;

impl Exact {
    /// Reads a number with a point, with or without an exponent: `12.5`, `-0.0000012`, `1.23E-5`. Says whether digits behind the 28th
    /// decimal were lost. Separators of thousands are not read: in `1,234` a comma can mean either.
    ///
    /// # Errors
    /// If it is anything else.
    pub fn read(text: &str) -> Result<(Self, bool), NoAmount> {
        let (negative, digits) = match text.as_bytes() {
            [b'-', rest @ ..] => (true, rest),
            [b'+', rest @ ..] => (false, rest),
            all => (false, all),
        };
        let end = digits.iter().position(|byte| matches!(byte, b'e' | b'E'));
        let (mantissa, exponent) = match end {
            None => (digits, 0),
            Some(at) => (digits.get(..at).ok_or(NoAmount)?, exponent(digits.get(at + 1..).ok_or(NoAmount)?)?),
        };
        let point = mantissa.iter().position(|byte| *byte == b'.').unwrap_or(mantissa.len());
        let whole = mantissa.get(..point).unwrap_or_default();
        let decimals = mantissa.get(point + 1..).unwrap_or_default();
        let all = || whole.iter().chain(decimals);
        if whole.is_empty() && decimals.is_empty() || !all().all(u8::is_ascii_digit) {
            return Err(NoAmount);
        }
        // The place of a digit is the power of ten that it counts in units of 10^-28.
        let mut place = i64::try_from(whole.len()).map_err(|_| NoAmount)? + exponent + i64::from(DECIMALS);
        let (mut units, mut lost, mut half) = (0i128, false, false);
        for digit in all().map(|byte| i128::from(byte - b'0')) {
            place -= 1;
            if place >= 0 {
                units = units.checked_mul(10).and_then(|units| units.checked_add(digit)).ok_or(NoAmount)?;
            } else {
                lost |= digit != 0;
                half |= place == -1 && digit >= 5;
            }
        }
        // Behind the last digit that was written stand zeros.
        for _ in 0..place.max(0) {
            if units == 0 {
                break;
            }
            units = units.checked_mul(10).ok_or(NoAmount)?;
        }
        units = units.checked_add(i128::from(half)).ok_or(NoAmount)?;
        Ok((Self(if negative { -units } else { units }), lost))
    }

    /// The sum; `None` where it is too large.
    pub fn plus(self, other: Self) -> Option<Self> {
        self.0.checked_add(other.0).map(Self)
    }

    /// The amount as a decimal, and whether it has more digits than one can hold: then it is rounded to those that fit.
    pub fn decimal(self) -> (Decimal, bool) {
        let (mut units, mut scale, mut rounded) = (self.0, DECIMALS, false);
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

fn exponent(text: &[u8]) -> Result<i64, NoAmount> {
    let text = std::str::from_utf8(text).map_err(|_| NoAmount)?;
    // No amount needs more; a longer one would only take time.
    i64::from_str(text).ok().filter(|exponent| (-1000..=1000).contains(exponent)).ok_or(NoAmount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_read_as_it_is_written() {
        for (text, read, lost) in [
            ("12.5", "12.5", false),
            ("-0.0000012", "-0.0000012", false),
            ("+3", "3", false),
            (".5", "0.5", false),
            ("5.", "5", false),
            ("007.10", "7.1", false),
            ("1.23E-5", "0.0000123", false),
            ("1.23e+3", "1230", false),
            ("-4E2", "-400", false),
            ("0e900", "0", false),
            ("0.0000000000000000000000000001", "0.0000000000000000000000000001", false),
            ("0.12345678901234567890123456784", "0.1234567890123456789012345678", true),
            ("0.12345678901234567890123456785", "0.1234567890123456789012345679", true),
            ("1.5E-29", "0", true),
            ("1E-1000", "0", true),
            ("0.50000000000000000000000000000000000000", "0.5", false),
            ("7922816251.4264337593543950335", "7922816251.4264337593543950335", false),
        ] {
            let (amount, was_lost) = Exact::read(text).unwrap_or_else(|_| panic!("{text}"));
            assert_eq!((amount.decimal().0.to_string().as_str(), was_lost), (read, lost), "{text}");
        }
    }

    #[test]
    fn what_is_no_amount_is_refused() {
        for text in ["", "-", ".", "e5", "1,234.5", "1.234,5", "1 000", "$5", "(5)", "0x10", "NaN", "inf", "1.2.3", "1e", "1e1001", "--1", "20000000000", "١"]
        {
            assert_eq!(Exact::read(text), Err(NoAmount), "{text}");
        }
    }

    #[test]
    fn sums_are_exact_where_a_decimal_would_round() {
        let read = |text| Exact::read(text).unwrap().0;
        let sum = read("12345678.9").plus(read("0.0000000000000000000000000001")).unwrap();
        assert_eq!(sum.plus(read("-12345678.9")).unwrap().decimal(), ("0.0000000000000000000000000001".parse().unwrap(), false));
        assert_eq!(sum.decimal(), ("12345678.9".parse().unwrap(), true), "it has 36 digits");
        assert_eq!(read("17000000000").plus(read("17000000000")), None);
    }
}
