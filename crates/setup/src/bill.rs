//! The bill of the last months, and the limits that follow from it.

use std::collections::BTreeMap;

use chrono::NaiveDate;
use model::calendar::Month;
use model::money::{Money, checked_sum};
use rust_decimal::Decimal;

/// What is known of the bill.
#[derive(Debug, Clone)]
pub enum FoundBill {
    /// Nobody agreed to pay for reading it.
    NotAsked,
    /// It was read.
    Read(BillSummary),
    /// It could not be read.
    Failed(model::call_failure::CallFailure),
}

/// Sums of a bill in US dollars.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BillSummary {
    /// The whole months, oldest first.
    pub months: Vec<(Month, Decimal)>,
    /// What each service cost in its most expensive whole month, the most expensive first.
    pub services: Vec<(String, Decimal)>,
    /// A currency other than US dollars, if there is one: then there are no limits.
    pub other_currency: Option<String>,
}

impl BillSummary {
    /// The sums of the amounts of services by day. Of the month of `today` nothing counts: it is not over.
    pub fn of<'a>(amounts: impl IntoIterator<Item = (NaiveDate, &'a str, &'a Money)>, today: NaiveDate) -> Self {
        let this_month = Month::of(today);
        let (mut months, mut services) = (BTreeMap::new(), BTreeMap::new());
        let mut other_currency = None;
        for (day, service, money) in
            amounts.into_iter().filter(|(day, ..)| Month::of(*day).end() <= this_month.first_day())
        {
            if money.currency != Money::USD {
                other_currency = Some(money.currency.clone());
                continue;
            }
            let month = Month::of(day).first_day();
            months.entry(month).or_insert_with(Vec::new).push(money.amount);
            services
                .entry(service)
                .or_insert_with(BTreeMap::new)
                .entry(month)
                .or_insert_with(Vec::new)
                .push(money.amount);
        }
        let sum = |amounts: Vec<Decimal>| checked_sum(amounts).unwrap_or(Decimal::MAX);
        let months = months.into_iter().map(|(first, amounts)| (Month::of(first), sum(amounts))).collect();
        let largest = |by_month: BTreeMap<NaiveDate, Vec<Decimal>>| by_month.into_values().map(sum).max();
        let mut services: Vec<(String, Decimal)> = services
            .into_iter()
            .filter_map(|(service, by_month)| Some((service.to_owned(), largest(by_month)?)))
            .filter(|(_, amount)| *amount > Decimal::ZERO)
            .collect();
        services.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
        Self { months, services, other_currency }
    }

    /// The most expensive whole month.
    pub fn largest(&self) -> Option<(Month, Decimal)> {
        self.months.iter().copied().max_by_key(|(_, amount)| *amount)
    }
}

/// One and a half times an amount, rounded up to two significant digits, and at least 1.
pub(super) fn limit(amount: Decimal) -> Decimal {
    let wanted = amount.checked_mul(Decimal::new(15, 1)).unwrap_or(amount);
    two_digits(wanted).max(Decimal::ONE).normalize()
}

/// What a jump must be worth: a hundredth of a month, rounded up to two significant digits, and at least 1.
pub(super) fn smallest_jump(month: Decimal) -> Decimal {
    two_digits(month / Decimal::ONE_HUNDRED).max(Decimal::ONE).normalize()
}

/// Rounded up to two significant digits.
fn two_digits(amount: Decimal) -> Decimal {
    if amount <= Decimal::ZERO {
        return Decimal::ZERO;
    }
    let (mut unit, ten) = (Decimal::new(1, 2), Decimal::TEN);
    while let Some(next) = unit.checked_mul(ten).filter(|_| amount > unit * Decimal::ONE_HUNDRED) {
        unit = next;
    }
    (amount / unit).ceil().checked_mul(unit).unwrap_or(amount)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits_have_two_digits_and_are_never_below_a_dollar() {
        for (month, expected, jump) in [
            ("0", "1", "1"),
            ("-3.20", "1", "1"),
            ("0.001", "1", "1"),
            ("0.67", "1.1", "1"),
            ("13.40", "21", "1"),
            ("66.67", "110", "1"),
            ("99.1", "150", "1"),
            ("100", "150", "1"),
            ("1234", "1900", "13"),
            ("123456.78", "190000", "1300"),
            ("999999999999", "1500000000000", "10000000000"),
        ] {
            let month: Decimal = month.parse().unwrap();
            assert_eq!(
                (limit(month).to_string(), smallest_jump(month).to_string()),
                (expected.into(), jump.into()),
                "{month}"
            );
        }
    }

    #[test]
    fn whole_months_count_and_the_current_one_does_not() {
        let day = |text: &str| text.parse::<NaiveDate>().unwrap();
        let usd = |text: &str| Money::usd(text.parse().unwrap());
        let money = [usd("1.50"), usd("2"), usd("-0.25"), usd("90"), Money { currency: "EUR".into(), ..usd("7") }];
        let amounts = [
            (day("2024-10-31"), "AWS Lambda", &money[0]),
            (day("2024-11-01"), "AWS Lambda", &money[1]),
            (day("2024-11-02"), "Tax", &money[2]),
            (day("2024-11-02"), "Amazon S3", &money[0]),
            (day("2024-12-01"), "AWS Lambda", &money[3]),
        ];
        let read = BillSummary::of(amounts, day("2024-12-20"));
        let months: Vec<String> =
            read.months.iter().map(|(month, sum)| format!("{} {sum}", month.first_day())).collect();
        assert_eq!(months, ["2024-10-01 1.50", "2024-11-01 3.25"]);
        assert_eq!(
            read.services,
            [("AWS Lambda".to_owned(), money[1].amount), ("Amazon S3".to_owned(), money[0].amount)]
        );
        assert_eq!((read.largest().map(|(_, sum)| sum), read.other_currency), (Some("3.25".parse().unwrap()), None));
        let other = BillSummary::of([(day("2024-11-01"), "x", &money[4])], day("2024-12-20"));
        assert_eq!((other.months.len(), other.other_currency.as_deref()), (0, Some("EUR")));
    }
}
