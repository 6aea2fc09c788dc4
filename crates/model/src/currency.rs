//! Formats amounts with thousands separators and the decimals of their currency, optionally with a second currency.

use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer, de};

use super::money::Money;

/// Currencies with another number of decimals than two; ISO 4217, list one.
const DECIMALS: &[(u32, &[&str])] = &[
    (
        0,
        &[
            "BIF", "CLP", "DJF", "GNF", "ISK", "JPY", "KMF", "KRW", "PYG", "RWF", "UGX", "UYI", "VND", "VUV", "XAF",
            "XOF", "XPF",
        ],
    ),
    (3, &["BHD", "IQD", "JOD", "KWD", "LYD", "OMR", "TND"]),
    (4, &["CLF", "UYW"]),
];

/// The other currencies of the list that are in use.
const TWO_DECIMALS: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK \
    DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL \
    MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD \
    SSP STN SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG";

/// How many decimals a currency has; `None` if the code is none of ISO 4217.
pub fn decimals(code: &str) -> Option<u32> {
    let odd = DECIMALS.iter().find(|(_, codes)| codes.contains(&code)).map(|(decimals, _)| *decimals);
    odd.or_else(|| TWO_DECIMALS.split_whitespace().any(|known| known == code).then_some(2))
}

/// A number with so many decimals, halves away from zero, and a comma between thousands: `36,685`, `-1,234.50`.
pub fn grouped(number: Decimal, decimals: u32) -> String {
    let rounded = number.round_dp_with_strategy(decimals, RoundingStrategy::MidpointAwayFromZero);
    let text = format!("{:.*}", decimals as usize, rounded.abs());
    let (whole, fraction) =
        text.split_once('.').map_or((text.as_str(), None), |(whole, fraction)| (whole, Some(fraction)));
    let mut out = String::from(if rounded.is_sign_negative() && !rounded.is_zero() { "-" } else { "" });
    for (place, digit) in whole.chars().enumerate() {
        if place > 0 && (whole.len() - place).is_multiple_of(3) {
            out.push(',');
        }
        out.push(digit);
    }
    fraction.into_iter().for_each(|fraction| out.extend(['.'].into_iter().chain(fraction.chars())));
    out
}

/// An amount without its currency, as an invoice prints it; what is too small for that keeps more decimals, so that a
/// small price does not read as nothing.
pub fn shown(amount: Decimal, code: &str) -> String {
    let usual = decimals(code).unwrap_or(2);
    let smallest = Decimal::new(5, usual + 1);
    grouped(amount, if !amount.is_zero() && amount.abs() < smallest { usual + 2 } else { usual })
}

/// A second currency, and how much of it a US dollar is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExchangeRate {
    /// ISO 4217 code.
    pub code: String,
    /// So much of it for one US dollar; more than nothing.
    pub per_usd: UnitsPerUsd,
}

impl ExchangeRate {
    /// An amount of US dollars in this currency, rounded to its decimals; `None` if it is too large for 28 digits.
    pub fn of_usd(&self, amount: Decimal) -> Option<String> {
        let there = amount.checked_mul(self.per_usd.0)?;
        Some(format!("{} {}", grouped(there, decimals(&self.code).unwrap_or(2)), self.code))
    }
}

/// `25.30 USD`, and in brackets the same in the second currency if it is US dollars.
pub fn with_second(amount: Decimal, code: &str, rate: Option<&ExchangeRate>) -> String {
    let first = format!("{} {code}", shown(amount, code));
    match rate.filter(|rate| code == Money::USD && rate.code != code).and_then(|rate| rate.of_usd(amount)) {
        Some(second) => format!("{first} ({second})"),
        None => first,
    }
}

/// A price of one US dollar as a user types it: `"1450"` or `1450`. A float such as `0.92` is refused, since it is
/// already rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnitsPerUsd(pub Decimal);

/// The most that is taken for one US dollar; the weakest currencies stand at some hundred thousand.
const MOST: Decimal = Decimal::from_parts(1_000_000_000, 0, 0, false, 0);

impl<'de> Deserialize<'de> for UnitsPerUsd {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = UnitsPerUsd;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a positive number in quotes, such as \"1450\" or \"0.92\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<UnitsPerUsd, E> {
                let price =
                    Decimal::from_str_exact(text.trim()).ok().filter(|price| *price > Decimal::ZERO && *price <= MOST);
                price.map(UnitsPerUsd).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<UnitsPerUsd, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_u64<E: de::Error>(self, number: u64) -> Result<UnitsPerUsd, E> {
                self.visit_str(&number.to_string())
            }
        }
        from.deserialize_any(Visitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn number(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    #[test]
    fn thousands_are_separated_and_halves_rounded_away_from_zero() {
        for (given, decimals, written) in [
            ("36685", 0, "36,685"),
            ("999.5", 0, "1,000"),
            ("-1234.505", 2, "-1,234.51"),
            ("-0.001", 2, "0.00"),
            ("1234567.1", 3, "1,234,567.100"),
            ("12", 2, "12.00"),
            ("-123456", 0, "-123,456"),
        ] {
            assert_eq!(grouped(number(given), decimals), written);
        }
    }

    #[test]
    fn us_dollars_have_a_second_currency_with_its_own_decimals_and_others_have_none() {
        let rate = |code: &str, per_usd| ExchangeRate { code: code.to_owned(), per_usd: UnitsPerUsd(number(per_usd)) };
        for (amount, code, rate, written) in [
            ("25.30", "USD", Some(rate("KRW", "1450")), "25.30 USD (36,685 KRW)"),
            ("25.30", "USD", Some(rate("KWD", "0.3")), "25.30 USD (7.590 KWD)"),
            ("25.30", "USD", Some(rate("EUR", "0.92")), "25.30 USD (23.28 EUR)"),
            ("-3.455", "USD", Some(rate("JPY", "150")), "-3.46 USD (-518 JPY)"),
            ("25.30", "CNY", Some(rate("KRW", "1450")), "25.30 CNY"),
            ("36685", "KRW", Some(rate("KRW", "1450")), "36,685 KRW"),
            ("0.0014", "USD", None, "0.0014 USD"),
            (
                "79228162514264337593543950335",
                "USD",
                Some(rate("KRW", "1450")),
                "79,228,162,514,264,337,593,543,950,335.00 USD",
            ),
        ] {
            assert_eq!(with_second(number(amount), code, rate.as_ref()), written);
        }
    }

    #[test]
    fn a_code_of_no_currency_has_no_decimals() {
        for (code, known) in [
            ("KRW", Some(0)),
            ("USD", Some(2)),
            ("KWD", Some(3)),
            ("KRX", None),
            ("usd", None),
            ("", None),
            ("US", None),
            ("AED AFN", None),
        ] {
            assert_eq!(decimals(code), known, "{code}");
        }
    }

    #[test]
    fn a_rate_is_a_positive_number_that_is_not_rounded() {
        for (json, read) in [
            ("\"1450\"", Some("1450")),
            ("1450", Some("1450")),
            ("\"0.92\"", Some("0.92")),
            ("0.92", None),
            ("\"0\"", None),
            ("\"-1\"", None),
            ("\"x\"", None),
        ] {
            assert_eq!(serde_json::from_str::<UnitsPerUsd>(json).ok().map(|read| read.0), read.map(number), "{json}");
        }
    }
}
