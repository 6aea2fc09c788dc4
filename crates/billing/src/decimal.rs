//! The one reader of amounts and quantities as programs write them: `12.5`, `-0.0000012`, `1.23E-5`.

use rust_decimal::Decimal;

/// Digits after the point that are kept: as many as a [`Decimal`] can have.
pub const DIGITS: u32 = 28;
/// No amount needs a larger exponent; a longer one would only take time.
const MAX_EXPONENT: i64 = 1000;

/// Text that is no decimal number, or one that is too large.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a decimal number, or too large")]
pub struct NotADecimal;

/// A decimal number: `units` times 10 to the power of `-scale`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Read {
    /// The digits as one whole number.
    pub units: i128,
    /// How many of them stand behind the point, at most [`DIGITS`].
    pub scale: u32,
    /// Whether digits behind the 28th after the point were rounded away.
    pub is_rounded: bool,
}

/// Reads a number with a point, with or without an exponent. Digits behind the 28th after the point are rounded away,
/// halves away from zero: no price has them, but programs that add up binary floats leave such dust. Separators of
/// thousands are not read: in `1,234` a comma can mean either.
///
/// # Errors
/// If it is anything else, or has more than 38 digits.
pub fn read(text: &str) -> Result<Read, NotADecimal> {
    let (is_negative, digits) = match text.as_bytes() {
        [b'-', rest @ ..] => (true, rest),
        [b'+', rest @ ..] => (false, rest),
        all => (false, all),
    };
    let mut parts = digits.splitn(2, |byte| matches!(byte, b'e' | b'E'));
    let mantissa = parts.next().ok_or(NotADecimal)?;
    let exponent = parts.next().map_or(Ok(0), exponent)?;
    let mut parts = mantissa.splitn(2, |byte| *byte == b'.');
    let whole = parts.next().ok_or(NotADecimal)?;
    // A number without a point has no digits behind it.
    let behind: &[u8] = parts.next().unwrap_or(&[]);
    if mantissa.is_empty()
        || (whole.is_empty() && behind.is_empty())
        || !whole.iter().chain(behind).all(u8::is_ascii_digit)
    {
        return Err(NotADecimal);
    }
    let length = |digits: &[u8]| i64::try_from(digits.len()).map_err(|_| NotADecimal);
    let scale = (length(behind)? - exponent).clamp(0, i64::from(DIGITS));
    // How many digits of the number stand before the last one that is kept.
    let mut place = length(whole)? + exponent + scale;
    let (mut units, mut is_rounded, mut half) = (0i128, false, false);
    for digit in whole.iter().chain(behind).map(|byte| i128::from(byte - b'0')) {
        place -= 1;
        if place >= 0 {
            units = units.checked_mul(10).and_then(|units| units.checked_add(digit)).ok_or(NotADecimal)?;
        } else {
            is_rounded |= digit != 0;
            half |= place == -1 && digit >= 5;
        }
    }
    // Behind the last digit that was written stand zeros.
    for _ in 0..place.max(0) {
        if units == 0 {
            break;
        }
        units = units.checked_mul(10).ok_or(NotADecimal)?;
    }
    units = units.checked_add(i128::from(half)).ok_or(NotADecimal)?;
    let scale = u32::try_from(scale).map_err(|_| NotADecimal)?;
    Ok(Read { units: if is_negative { -units } else { units }, scale, is_rounded })
}

impl Read {
    /// The number as a decimal. `None` if it has more digits than one can hold.
    pub fn decimal(self) -> Option<Decimal> {
        let (mut units, mut scale) = (self.units, self.scale);
        loop {
            match Decimal::try_from_i128_with_scale(units, scale) {
                Ok(decimal) => return Some(decimal),
                Err(_) if scale > 0 && units % 10 == 0 => (units, scale) = (units / 10, scale - 1),
                Err(_) => return None,
            }
        }
    }
}

fn exponent(text: &[u8]) -> Result<i64, NotADecimal> {
    let text = std::str::from_utf8(text).map_err(|_| NotADecimal)?;
    let exponent: i64 = text.parse().map_err(|_| NotADecimal)?;
    if exponent.abs() <= MAX_EXPONENT { Ok(exponent) } else { Err(NotADecimal) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_number_is_read_as_it_is_written() {
        for (text, expected, is_rounded) in [
            ("12.5", "12.5", false),
            ("-0.0000012", "-0.0000012", false),
            ("+3.50", "3.50", false),
            (".5", "0.5", false),
            ("-.5", "-0.5", false),
            ("5.", "5", false),
            ("007.10", "7.10", false),
            ("1.2E-7", "0.00000012", false),
            ("1.23e+3", "1230", false),
            ("-4E2", "-400", false),
            ("12e2", "1200", false),
            ("0e900", "0", false),
            ("0E+10", "0", false),
            ("0.0000000000000000000000000001", "0.0000000000000000000000000001", false),
            ("0.12345678901234567890123456784", "0.1234567890123456789012345678", true),
            ("0.12345678901234567890123456785", "0.1234567890123456789012345679", true),
            ("5.551115123125783e-17", "0.0000000000000000555111512313", true),
            ("1.5E-29", "0.0000000000000000000000000000", true),
            ("1e-300", "0.0000000000000000000000000000", true),
            ("100.0000000000000000000000000000", "100.00000000000000000000000000", false),
            ("999999999999.99", "999999999999.99", false),
            ("7922816251.4264337593543950335", "7922816251.4264337593543950335", false),
        ] {
            let read = read(text).unwrap_or_else(|_| panic!("{text}"));
            assert_eq!(
                (read.decimal().unwrap().to_string().as_str(), read.is_rounded),
                (expected, is_rounded),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_number_is_refused() {
        for text in [
            "", "-", ".", "e5", "1e", "1e5.5", "1e1001", "1,5", "1,234.5", "1.234,5", "1 000", "1 0", "$5", "(5)",
            "0x10", "NaN", "inf", "1.2.3", "1_000", "--1", "+-1", "1e40", "\u{661}",
        ] {
            assert_eq!(read(text), Err(NotADecimal), "{text}");
        }
        assert_eq!(read("100000000000000000000000000000").unwrap().decimal(), None, "30 digits are no decimal");
    }
}
