//! Exact amounts with their currency.

use std::collections::BTreeMap;
use std::fmt;

use rust_decimal::prelude::FromPrimitive;
use rust_decimal::{Decimal, RoundingStrategy};
use serde::{Deserialize, Deserializer, Serialize, de};

/// Every amount that enters the program from outside is nearer to zero than this, 10^12 in the unit of its currency:
/// answers of AWS, exports, tables, prices and limits are read by [`entering`], or have a closer bound of their own.
/// What reaches it is refused with its value.
///
/// No sum can therefore overflow or stop at a largest value. An answer of a million amounts adds up to less than
/// [`LARGEST_SUM`], which is what the store may hold; a [`Decimal`] holds 7.9 * 10^28, so 7.9 * 10^10 of those sums can
/// be added before one has no room, more than any machine holds. A sum below 10^18 keeps ten digits behind the point,
/// as many as Cost Explorer writes, so it is exact. Products and quotients have no such bound: they are made with
/// checked operations, and `None` is unknown.
pub const LARGEST: Decimal = Decimal::from_parts(3_567_587_328, 232, 0, false, 0);

/// What the store may hold is nearer to zero than this, 10^18: sums of the amounts of one answer (see [`LARGEST`]).
pub const LARGEST_SUM: Decimal = Decimal::from_parts(2_808_348_672, 232_830_643, 0, false, 0);

/// An amount that is too large to be one.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{amount}` is too large for an amount; it must be below {bound}")]
pub struct AmountTooLarge {
    /// What was read.
    pub amount: Decimal,
    /// The bound that it reaches, either way.
    pub bound: Decimal,
}

/// An amount, price or limit from outside, unchanged.
///
/// # Errors
/// If its magnitude is [`LARGEST`] or more.
pub fn entering(amount: Decimal) -> Result<Decimal, AmountTooLarge> {
    below(amount, LARGEST)
}

/// An amount that the program has written, unchanged.
///
/// # Errors
/// If its magnitude is [`LARGEST_SUM`] or more.
pub fn kept(amount: Decimal) -> Result<Decimal, AmountTooLarge> {
    below(amount, LARGEST_SUM)
}

fn below(amount: Decimal, bound: Decimal) -> Result<Decimal, AmountTooLarge> {
    if amount.abs() < bound { Ok(amount) } else { Err(AmountTooLarge { amount, bound }) }
}

/// For `deserialize_with`: an amount from outside, as [`entering`].
///
/// # Errors
/// If it is no decimal number, or too large.
pub fn read_entering<'de, D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
    entering(<Decimal as Deserialize>::deserialize(from)?).map_err(de::Error::custom)
}

/// For `deserialize_with`: an amount that the program has written, as [`kept`].
///
/// # Errors
/// If it is no decimal number, or too large.
pub fn read_kept<'de, D: Deserializer<'de>>(from: D) -> Result<Decimal, D::Error> {
    kept(<Decimal as Deserialize>::deserialize(from)?).map_err(de::Error::custom)
}

/// For `deserialize_with` beside `default`: [`read_kept`] of an amount that may be missing.
///
/// # Errors
/// If there is something that is no decimal number, or too large.
pub fn read_optional_kept<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Decimal>, D::Error> {
    Option::<Decimal>::deserialize(from)?.map(kept).transpose().map_err(de::Error::custom)
}

/// An amount as a source gave it: never rounded, never a float, never without its currency.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Money {
    /// The exact amount.
    #[serde(deserialize_with = "read_kept")]
    pub amount: Decimal,
    /// ISO 4217 code as the source spells it, such as `USD`.
    pub currency: String,
}

impl Money {
    /// The currency of AWS's own price lists.
    pub const USD: &'static str = "USD";

    /// An amount of US dollars.
    pub fn usd(amount: Decimal) -> Self {
        Self { amount, currency: Self::USD.to_owned() }
    }
}

impl fmt::Display for Money {
    /// Two decimals, halves away from zero, as an invoice prints it: `25.30 USD`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", cents(self.amount), self.currency)
    }
}

/// An amount with two decimals for a reader; amounts below half a cent keep four, so that a small price does not read
/// as nothing.
pub fn cents(amount: Decimal) -> String {
    let digits = if !amount.is_zero() && amount.abs() < Decimal::new(5, 3) { 4 } else { 2 };
    format!("{:.*}", digits as usize, amount.round_dp_with_strategy(digits, RoundingStrategy::MidpointAwayFromZero))
}

/// A figure of statistics that is no amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum FigureError {
    /// It is not a number.
    #[error("the statistics give no number")]
    NotANumber,
    /// It is infinite, or reaches [`LARGEST_SUM`].
    #[error("the statistics give a number that is too large for an amount")]
    TooLarge,
}

/// Digits after the point of an amount that comes from statistics: they have no more to give.
const STATISTICS_DIGITS: u32 = 10;

/// The only way from a binary float, as statistics give it, to an amount; 10 digits after the point are kept.
///
/// # Errors
/// If it is not a number, is infinite, or is too large.
pub fn from_statistics(value: f64) -> Result<Decimal, FigureError> {
    if value.is_nan() {
        return Err(FigureError::NotANumber);
    }
    let exact = Decimal::from_f64(value).ok_or(FigureError::TooLarge)?;
    kept(exact.round_dp(STATISTICS_DIGITS)).map_err(|_| FigureError::TooLarge)
}

/// The sum of exact amounts of one currency. `None` if it has more than 28 digits.
pub fn checked_sum(amounts: impl IntoIterator<Item = Decimal>) -> Option<Decimal> {
    amounts.into_iter().try_fold(Decimal::ZERO, Decimal::checked_add)
}

/// Sums by currency, because amounts of different currencies cannot be added.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Totals(BTreeMap<String, Option<Decimal>>);

impl Totals {
    /// Adds one amount to the sum of its currency. A sum of more than 28 digits is unknown from then on.
    pub fn add(&mut self, money: &Money) {
        match self.0.get_mut(&money.currency) {
            Some(sum) => *sum = sum.and_then(|sum| sum.checked_add(money.amount)),
            None => drop(self.0.insert(money.currency.clone(), Some(money.amount))),
        }
    }

    /// The sum, if every amount so far had this one currency; zero if there was none. `None` where currencies are mixed
    /// or the sum is too large.
    pub fn only(&self, currency: &str) -> Option<Decimal> {
        let foreign = self.0.iter().any(|(code, sum)| code != currency && *sum != Some(Decimal::ZERO));
        if foreign { None } else { self.0.get(currency).copied().unwrap_or(Some(Decimal::ZERO)) }
    }

    /// Each currency with its sum, by code. `None` where the sum is too large.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<Decimal>)> {
        self.0.iter().map(|(currency, sum)| (currency.as_str(), *sum))
    }
}

/// A limit in US dollars as a user types it: `"20"` or `20`. A float such as `19.99` is refused, since it is already
/// rounded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Usd(pub Decimal);

impl fmt::Display for Usd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} USD", cents(self.0))
    }
}

impl<'de> Deserialize<'de> for Usd {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Usd;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an amount in quotes, such as \"20\" or \"0.50\"")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Usd, E> {
                let amount = Decimal::from_str_exact(text.trim())
                    .map_err(|_| E::invalid_value(de::Unexpected::Str(text), &self))?;
                if amount.is_sign_negative() && !amount.is_zero() {
                    return Err(E::custom(format!("a limit must not be negative: {text}")));
                }
                entering(amount).map(Usd).map_err(E::custom)
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Usd, E> {
                if number < 0 {
                    return Err(E::custom(format!("a limit must not be negative: {number}")));
                }
                entering(Decimal::from(number)).map(Usd).map_err(E::custom)
            }
        }
        from.deserialize_any(Visitor)
    }
}

/// The largest factor that a user can ask for.
const LARGEST_FACTOR: Decimal = Decimal::from_parts(1_000_000, 0, 0, false, 0);

/// How many times as much: `"1.5"`, `2` or `1.5`; more than once, and at most a million times.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Factor(pub Decimal);

impl<'de> Deserialize<'de> for Factor {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Visitor;
        impl de::Visitor<'_> for Visitor {
            type Value = Factor;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number above 1 and at most 1000000, such as 1.5")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Factor, E> {
                let is_factor = |factor: &Decimal| *factor > Decimal::ONE && *factor <= LARGEST_FACTOR;
                let factor = Decimal::from_str_exact(text.trim()).ok().filter(is_factor);
                factor.map(Factor).ok_or_else(|| E::invalid_value(de::Unexpected::Str(text), &self))
            }
            fn visit_i64<E: de::Error>(self, number: i64) -> Result<Factor, E> {
                self.visit_str(&number.to_string())
            }
            fn visit_f64<E: de::Error>(self, number: f64) -> Result<Factor, E> {
                self.visit_str(&number.to_string())
            }
        }
        from.deserialize_any(Visitor)
    }
}

/// A share such as `"20%"`, exact.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Percent(pub Decimal);

impl Percent {
    /// Whether `part` of `whole` is more than this share. Nothing of nothing is not.
    pub fn exceeded_by(self, part: u64, whole: u64) -> bool {
        Decimal::from(part) * Decimal::ONE_HUNDRED > self.0 * Decimal::from(whole)
    }

    /// This share of `whole`, rounded down.
    pub fn of(self, whole: u32) -> u32 {
        u32::try_from((self.0 * Decimal::from(whole) / Decimal::ONE_HUNDRED).floor()).unwrap_or(0)
    }
}

impl fmt::Display for Percent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} %", self.0.normalize())
    }
}

impl<'de> Deserialize<'de> for Percent {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        let text = String::deserialize(from)?;
        let number = text.trim().strip_suffix('%').and_then(|number| Decimal::from_str_exact(number.trim()).ok());
        match number {
            Some(percent) if percent >= Decimal::ZERO && percent <= Decimal::ONE_HUNDRED => Ok(Self(percent)),
            _ => Err(de::Error::invalid_value(de::Unexpected::Str(&text), &"a share from \"0%\" to \"100%\"")),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn an_amount_at_the_bound_is_refused_with_its_value() {
        assert_eq!((LARGEST, LARGEST_SUM), (Decimal::from(10_u64.pow(12)), Decimal::from(10_u64.pow(18))));
        for (amount, is_outside, is_kept) in [
            ("999999999999.9999999999", true, true),
            ("-999999999999.9999999999", true, true),
            ("1000000000000", false, true),
            ("-1000000000000", false, true),
            ("999999999999999999.99", false, true),
            ("1000000000000000000", false, false),
            ("-79228162514264337593543950335", false, false),
        ] {
            let amount: Decimal = amount.parse().unwrap();
            assert_eq!((entering(amount).is_ok(), kept(amount).is_ok()), (is_outside, is_kept), "{amount}");
        }
        assert_eq!(
            entering(-LARGEST).unwrap_err().to_string(),
            "`-1000000000000` is too large for an amount; it must be below 1000000000000"
        );
        let stored = serde_json::from_str::<Money>(r#"{"amount":"1000000000000000000","currency":"USD"}"#);
        let said = stored.unwrap_err().to_string();
        assert!(said.starts_with("`1000000000000000000` is too large"), "{said}");
    }

    #[test]
    fn a_limit_or_a_factor_that_no_product_has_room_for_is_refused() {
        for (limit, is_read) in [("\"999999999999.99\"", true), ("\"1000000000000\"", false), ("1000000000000", false)]
        {
            assert_eq!(serde_json::from_str::<Usd>(limit).is_ok(), is_read, "{limit}");
        }
        for (factor, is_read) in
            [("\"1000000\"", true), ("1000001", false), ("1e20", false), ("\"79228162514264337593543950335\"", false)]
        {
            assert_eq!(serde_json::from_str::<Factor>(factor).is_ok(), is_read, "{factor}");
        }
    }

    proptest! {
        /// Amounts below the bound, in units of 10^-10.
        #[test]
        fn a_sum_of_amounts_that_entered_is_that_of_whole_numbers(
            units in proptest::collection::vec(-9_999_999_999_999_999_999_999_i128..10_i128.pow(22), 0..200)
        ) {
            let amounts: Vec<Decimal> = units.iter().map(|units| Decimal::from_i128_with_scale(*units, 10)).collect();
            for amount in &amounts {
                prop_assert_eq!(entering(*amount), Ok(*amount));
            }
            let exact = Decimal::from_i128_with_scale(units.iter().sum(), 10);
            prop_assert_eq!(checked_sum(amounts.iter().copied()), Some(exact));
            prop_assert_eq!(amounts.iter().fold(Decimal::ZERO, |sum, amount| sum + amount), exact);
        }
    }

    #[test]
    fn an_amount_reads_as_an_invoice_prints_it() {
        for (exact, shown) in [
            ("25.3041927", "25.30"),
            ("0.005", "0.01"),
            ("0.0000204", "0.0000"),
            ("0.0014", "0.0014"),
            ("-3.455", "-3.46"),
            ("0", "0.00"),
        ] {
            assert_eq!(cents(exact.parse().unwrap()), shown, "{exact}");
        }
    }

    #[test]
    fn a_float_that_is_no_amount_is_never_zero() {
        for (value, amount) in [
            (0.1 + 0.2, Ok("0.3")),
            (-12.5, Ok("-12.5")),
            (0.0, Ok("0")),
            (1e15, Ok("1000000000000000")),
            (1e18, Err(FigureError::TooLarge)),
            (1e29, Err(FigureError::TooLarge)),
            (-1e300, Err(FigureError::TooLarge)),
            (f64::INFINITY, Err(FigureError::TooLarge)),
            (f64::NEG_INFINITY, Err(FigureError::TooLarge)),
            (f64::NAN, Err(FigureError::NotANumber)),
        ] {
            assert_eq!(from_statistics(value), amount.map(|text: &str| text.parse().unwrap()), "{value}");
        }
    }

    #[test]
    fn a_sum_that_is_too_large_is_not_the_largest_amount() {
        assert_eq!(checked_sum([Decimal::ONE, Decimal::TEN]), Some(Decimal::from(11)));
        assert_eq!(checked_sum([]), Some(Decimal::ZERO));
        assert_eq!(checked_sum([Decimal::MAX, Decimal::MAX]), None);
        let mut totals = Totals::default();
        [Decimal::MAX, Decimal::MAX, Decimal::NEGATIVE_ONE]
            .into_iter()
            .for_each(|amount| totals.add(&Money::usd(amount)));
        assert_eq!(totals.only("USD"), None);
        assert_eq!(totals.iter().collect::<Vec<_>>(), [("USD", None)]);
    }

    #[test]
    fn two_currencies_have_no_sum() {
        let mut totals = Totals::default();
        totals.add(&Money::usd(Decimal::ONE));
        assert_eq!(totals.only("USD"), Some(Decimal::ONE));
        totals.add(&Money { amount: Decimal::TEN, currency: "CNY".into() });
        assert_eq!(totals.only("USD"), None);
    }

    #[test]
    fn a_share_is_exceeded_only_beyond_its_exact_edge() {
        let fifth: Percent = serde_json::from_str("\"20%\"").unwrap();
        assert!(!fifth.exceeded_by(2, 10));
        assert!(fifth.exceeded_by(201, 1000));
        assert!(!fifth.exceeded_by(0, 0));
        assert_eq!(fifth.of(10), 2);
        assert_eq!(fifth.of(4), 0);
    }
}
