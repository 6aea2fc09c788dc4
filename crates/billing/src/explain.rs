//! Explains the change of an amount by cost drivers that add up exactly.

use std::collections::{BTreeMap, BTreeSet};

use model::money::kept;
use rust_decimal::Decimal;
use serde::Serialize;

use super::line::{ChargeAmount, DayCharges};
use crate::day_cost::DayCost;

/// What kind of part a change has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum CostDriverKind {
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
    /// Credits.
    Credit,
    /// Refunds.
    Refund,
    /// Discounts that have a line of their own.
    Discount,
    /// Fees of a support plan.
    Support,
    /// What reservations, Savings Plans and subscriptions cost, upfront or each month, less the use that they pay for.
    Commitment,
    /// Charges outside of the billing cycle.
    OneTime,
}

impl CostDriverKind {
    /// The kind of a charge by its service and its record type, as Cost Explorer, CUR or FOCUS spell it. `None` for what
    /// was used: what changed of that is a question of quantities and prices. Use that a reservation or a Savings Plan
    /// pays for is use, too.
    fn of_charge(service: &str, record_type: &str) -> Option<Self> {
        Some(match record_type {
            "Tax" => Self::Tax,
            "Credit" => Self::Credit,
            "Refund" => Self::Refund,
            "Support" => Self::Support,
            other
                if other
                    .get(other.len().saturating_sub(8)..)
                    .is_some_and(|end| end.eq_ignore_ascii_case("discount")) =>
            {
                Self::Discount
            }
            "Usage" | "Fee" if service.starts_with("AWS Support") => Self::Support,
            "Fee" | "RIFee" | "Recurring" | "Upfront" | "Commitment" => Self::Commitment,
            "SavingsPlanRecurringFee" | "SavingsPlanUpfrontFee" | "SavingsPlanNegation" => Self::Commitment,
            "Recurring reservation fee"
            | "Upfront reservation fee"
            | "Savings Plan Recurring Fee"
            | "Savings Plan Upfront Fee"
            | "Savings Plan Negation" => Self::Commitment,
            "Other" | "Other out-of-cycle charges" | "OutOfCycleCharge" => Self::OneTime,
            _ => return None,
        })
    }
}

/// One part of a change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CostDriver {
    /// Its kind.
    pub kind: CostDriverKind,
    /// The usage type as the bill spells it; empty where the lines of the bill are not known that finely, and for what
    /// is not use.
    pub usage_type: String,
    /// How much of the change it is, in the currency of the service; all reasons of a service add up to `amount -
    /// previous`, exactly.
    pub amount: Decimal,
}

/// The cost of a service in one period, in as much detail as known.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PeriodCost {
    /// Exact amount, everything included.
    pub amount: Decimal,
    /// What of it is no use, by kind.
    pub besides: BTreeMap<CostDriverKind, Decimal>,
    /// Its usage by usage type; empty if the charges are not known.
    pub used: BTreeMap<String, ChargeAmount>,
}

/// How much of the amount of a period may be missing from its lines before the lines are no longer compared with those
/// of another.
const UNCOVERED: Decimal = Decimal::from_parts(1, 0, 0, false, 2);
/// Digits after the point that a part is rounded to; what rounding leaves is in the other part, so that nothing is
/// lost.
const DIGITS: u32 = 10;

impl PeriodCost {
    fn usage(&self) -> Decimal {
        self.besides.values().fold(self.amount, |rest, amount| rest - amount)
    }

    fn beside(&self, kind: CostDriverKind) -> Decimal {
        self.besides.get(&kind).copied().unwrap_or_default()
    }

    fn add(&mut self, kind: CostDriverKind, amount: Decimal) {
        *self.besides.entry(kind).or_default() += amount;
    }

    /// What of the usage the lines do not tell.
    fn untold(&self) -> Decimal {
        self.used.values().fold(self.usage(), |rest, line| rest - line.amount)
    }

    /// Whether the lines are (nearly) everything there is; a period that cost nothing has none.
    fn is_told_apart(&self) -> bool {
        self.untold().abs() <= self.usage().abs() * UNCOVERED
    }
}

/// The cost drivers of a service between two periods, largest first. They add up to the difference exactly.
pub fn reasons(before: &PeriodCost, now: &PeriodCost) -> Vec<CostDriver> {
    let mut reasons = Vec::new();
    let mut because = |kind, usage_type: &str, amount: Decimal| {
        if !amount.is_zero() {
            reasons.push(CostDriver { kind, usage_type: usage_type.to_owned(), amount });
        }
    };
    let besides: BTreeSet<CostDriverKind> = before.besides.keys().chain(now.besides.keys()).copied().collect();
    for kind in besides {
        because(kind, "", now.beside(kind) - before.beside(kind));
    }
    if before.is_told_apart() && now.is_told_apart() {
        let types: BTreeSet<&String> = before.used.keys().chain(now.used.keys()).collect();
        for usage_type in types {
            match (before.used.get(usage_type), now.used.get(usage_type)) {
                (None, Some(line)) => because(CostDriverKind::New, usage_type, line.amount),
                (Some(line), None) => because(CostDriverKind::Gone, usage_type, -line.amount),
                (Some(was), Some(is)) => {
                    let change = is.amount - was.amount;
                    let volume = volume(was, is).unwrap_or(change);
                    because(CostDriverKind::Usage, usage_type, volume);
                    because(CostDriverKind::Price, usage_type, change - volume);
                }
                (None, None) => {}
            }
        }
        because(CostDriverKind::Usage, "", now.untold() - before.untold());
    } else {
        let change = now.usage() - before.usage();
        let kind = if before.usage().is_zero() {
            CostDriverKind::New
        } else if now.usage().is_zero() {
            CostDriverKind::Gone
        } else {
            CostDriverKind::Usage
        };
        because(kind, "", change);
    }
    reasons.sort_by(|a, b| {
        b.amount.abs().cmp(&a.amount.abs()).then_with(|| (a.kind, &a.usage_type).cmp(&(b.kind, &b.usage_type)))
    });
    reasons
}

/// What the difference in quantity would have cost at the price of before. `None` where quantities cannot be compared,
/// or it would be more than any amount: then nothing is known of a price, and everything counts as usage.
fn volume(was: &ChargeAmount, is: &ChargeAmount) -> Option<Decimal> {
    let (was_quantity, quantity) =
        was.quantity.zip(is.quantity).filter(|(was, _)| was.is_sign_positive() && !was.is_zero())?;
    if was.unit != is.unit {
        return None;
    }
    let more = quantity.checked_sub(was_quantity)?;
    // Where the product has no room, the price is divided first.
    let exact = was.amount.checked_mul(more).and_then(|product| product.checked_div(was_quantity));
    exact
        .or_else(|| was.amount.checked_div(was_quantity)?.checked_mul(more))
        .and_then(|part| kept(part.round_dp(DIGITS)).ok())
}

/// The cost of each service and currency over some days, by usage type and by what is no use.
pub fn sides<'a>(
    days: impl IntoIterator<Item = &'a DayCost>,
    lines: impl IntoIterator<Item = &'a DayCharges>,
) -> BTreeMap<(String, String), PeriodCost> {
    let mut sides = BTreeMap::<(String, String), PeriodCost>::new();
    for day in days {
        for (service, money) in &day.services {
            let side = sides.entry((service.clone(), money.currency.clone())).or_default();
            side.amount += money.amount;
            for (record_type, amount) in day.records.get(service).into_iter().flatten() {
                if let Some(kind) = CostDriverKind::of_charge(service, record_type) {
                    side.add(kind, *amount);
                }
            }
            // Cost Explorer books tax as a service of this name.
            if service == TAX && !day.records.contains_key(service) {
                side.add(CostDriverKind::Tax, money.amount);
            }
        }
    }
    for (key, charged) in lines.into_iter().flat_map(|day| &day.lines) {
        if CostDriverKind::of_charge(&key.service, &key.record_type).is_some() {
            continue;
        }
        let Some(side) = sides.get_mut(&(key.service.clone(), key.currency.clone())) else { continue };
        match side.used.get_mut(&key.usage_type) {
            Some(known) => known.add(charged),
            None => drop(side.used.insert(key.usage_type.clone(), charged.clone())),
        }
    }
    sides
}

/// The service name of tax.
pub const TAX: &str = "Tax";

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::line::ChargeKey;

    fn amount(text: &str) -> Decimal {
        text.parse().unwrap()
    }

    /// `usage type, amount, quantity` and so on; `tax` and `credit` are those; `rest` has no line.
    fn side(lines: &[(&str, &str, &str)]) -> PeriodCost {
        let mut side = PeriodCost::default();
        for (name, usd, quantity) in lines {
            side.amount += amount(usd);
            match *name {
                "tax" => side.add(CostDriverKind::Tax, amount(usd)),
                "credit" => side.add(CostDriverKind::Credit, amount(usd)),
                "rest" => {}
                name => drop(side.used.insert(
                    name.into(),
                    ChargeAmount { amount: amount(usd), quantity: quantity.parse().ok(), unit: "Hrs".into() },
                )),
            }
        }
        side
    }

    fn check(before: &[(&str, &str, &str)], now: &[(&str, &str, &str)]) -> String {
        let (before, now) = (side(before), side(now));
        let found = reasons(&before, &now);
        assert_eq!(
            found.iter().map(|reason| reason.amount).sum::<Decimal>(),
            now.amount - before.amount,
            "{before:?} -> {now:?}"
        );
        let shown = |reason: &CostDriver| {
            format!("{:?} {} {}", reason.kind, reason.usage_type, reason.amount.normalize()).replace("  ", " ")
        };
        found.iter().map(shown).collect::<Vec<_>>().join(", ")
    }

    #[test]
    fn a_change_is_said_in_parts_that_add_up() {
        for (before, now, said) in [
            // Twice the hours at the same price; then the same hours at twice the price; then both.
            (&[("db", "10", "100")][..], &[("db", "20", "200")][..], "Usage db 10"),
            (&[("db", "10", "100")], &[("db", "20", "100")], "Price db 10"),
            (&[("db", "10", "100")], &[("db", "30", "150")], "Price db 15, Usage db 5"),
            // More hours at a lower price: the parts have different signs.
            (&[("db", "10", "100")], &[("db", "12", "200")], "Usage db 10, Price db -8"),
            // A free tier that is used up.
            (&[("req", "0", "900000")], &[("req", "3", "1015000")], "Price req 3"),
            (&[("a", "1", "1")], &[("b", "2", "1")], "New b 2, Gone a -1"),
            (&[], &[("db", "24.25", "720")], "New db 24.25"),
            (&[("db", "24.25", "720")], &[], "Gone db -24.25"),
            (
                &[("db", "1", "1"), ("tax", "1", "")],
                &[("db", "1", "1"), ("tax", "1.50", ""), ("credit", "-5", "")],
                "Credit -5, Tax 0.5",
            ),
            // Quantities that are not known say nothing of a price.
            (&[("db", "1", "")], &[("db", "3", "7")], "Usage db 2"),
            // A third cannot be written down: what rounding leaves is in the other part.
            (&[("x", "1", "3")], &[("x", "1", "4")], "Usage x 0.3333333333, Price x -0.3333333333"),
            // Half the lines of a month say nothing about the whole of it.
            (&[("db", "5", "50"), ("rest", "5", "")], &[("db", "20", "200")], "Usage 10"),
            (&[("db", "100", "50"), ("rest", "0.5", "")], &[("db", "100", "50")], "Usage -0.5"),
            (&[("rest", "5", "")], &[], "Gone -5"),
            (&[("db", "1", "1")], &[("db", "1", "1")], ""),
        ] {
            assert_eq!(check(before, now), said, "{before:?} -> {now:?}");
        }
    }

    /// Two months of one service, each with charges of `record type, usage type, amount, hours`, and its cost drivers.
    fn of_charges(service: &str, before: &[(&str, &str, &str, &str)], now: &[(&str, &str, &str, &str)]) -> String {
        let month = |first: &str, charges: &[(&str, &str, &str, &str)]| {
            let mut day = DayCharges::new(first.parse().unwrap());
            for (record_type, usage_type, usd, hours) in charges {
                let key = ChargeKey {
                    service: service.into(),
                    record_type: (*record_type).into(),
                    usage_type: (*usage_type).into(),
                    account: String::new(),
                    resource: String::new(),
                    currency: "USD".into(),
                };
                let quantity = hours.parse().ok();
                day.add(key, ChargeAmount { amount: amount(usd), quantity, unit: "Hrs".into() });
            }
            let side = sides([&day.day_cost(true)], [&day]).into_values().next().unwrap_or_default();
            (side, charges.iter().map(|(_, _, usd, _)| amount(usd)).sum::<Decimal>())
        };
        let ((before, was), (now, is)) = (month("2025-02-01", before), month("2025-03-01", now));
        let found = reasons(&before, &now);
        assert_eq!(found.iter().map(|reason| reason.amount).sum::<Decimal>(), is - was, "{service}");
        let shown =
            |reason: &CostDriver| format!("{:?} {} {}", reason.kind, reason.usage_type, reason.amount.normalize());
        found.iter().map(|reason| shown(reason).replace("  ", " ")).collect::<Vec<_>>().join(", ")
    }

    /// <https://docs.aws.amazon.com/aws-cost-management/latest/APIReference/API_CostDriver.html> lists them.
    #[test]
    fn every_driver_type_of_aws_has_a_cost_driver() {
        let box_hours = ("Usage", "BoxUsage:m5.large", "96", "1000");
        for (aws, service, before, now, expected) in [
            (
                "USAGE_CHANGE",
                "EC2",
                &[box_hours][..],
                &[("Usage", "BoxUsage:m5.large", "144", "1500")][..],
                "Usage BoxUsage:m5.large 48",
            ),
            ("TAX", "EC2", &[("Tax", "", "9.6", "")], &[("Tax", "", "14.4", "")], "Tax 4.8"),
            ("CREDIT", "EC2", &[("Credit", "", "-50", "")], &[("Credit", "", "-20", "")], "Credit 30"),
            ("REFUND", "EC2", &[box_hours], &[box_hours, ("Refund", "", "-96", "")], "Refund -96"),
            (
                "SUPPORT_FEE",
                "AWS Support (Business)",
                &[("Support", "", "100", "")],
                &[("Support", "", "129", "")],
                "Support 29",
            ),
            ("SUPPORT_FEE", "AWS Support (Developer)", &[("Fee", "", "29", "")], &[], "Support -29"),
            ("BUNDLED_DISCOUNT", "EC2", &[box_hours], &[box_hours, ("BundledDiscount", "", "-3", "")], "Discount -3"),
            (
                "RI_VOLUME_DISCOUNT",
                "EC2",
                &[("RI Volume Discount", "", "-5", "")],
                &[("RI Volume Discount", "", "-8", "")],
                "Discount -3",
            ),
            ("UPFRONT_RESERVATION_FEE", "EC2", &[], &[("Upfront", "", "500", "")], "Commitment 500"),
            ("UPFRONT_RESERVATION_FEE", "EC2", &[("Fee", "HeavyUsage:m5.large", "500", "1")], &[], "Commitment -500"),
            (
                "RECURRING_RESERVATION_FEE",
                "EC2",
                &[("RIFee", "HeavyUsage:m5.large", "40", "720")],
                &[("RIFee", "HeavyUsage:m5.large", "80", "1440")],
                "Commitment 40",
            ),
            // The hours are the same and cost nothing any more: the fee stands in its own line.
            (
                "RESERVATION_USAGE",
                "EC2",
                &[box_hours],
                &[("DiscountedUsage", "BoxUsage:m5.large", "0", "1000"), ("Recurring", "", "60", "")],
                "Price BoxUsage:m5.large -96, Commitment 60",
            ),
            // The hours stand at their price, and the plan takes it off again.
            (
                "SAVINGS_PLAN_USAGE",
                "EC2",
                &[box_hours],
                &[
                    ("SavingsPlanCoveredUsage", "BoxUsage:m5.large", "96", "1000"),
                    ("SavingsPlanNegation", "", "-96", ""),
                ],
                "Commitment -96",
            ),
            (
                "SAVINGS_PLAN_RECURRING_FEE",
                "Savings Plans for AWS Compute usage",
                &[],
                &[("SavingsPlanRecurringFee", "ComputeSP", "70", "720")],
                "Commitment 70",
            ),
            ("COMMITMENT", "EC2", &[], &[("Commitment", "", "12", "")], "Commitment 12"),
            (
                "OUT_OF_CYCLE_CHARGE",
                "Amazon Registrar",
                &[],
                &[("Other out-of-cycle charges", "", "13", "")],
                "OneTime 13",
            ),
        ] {
            assert_eq!(of_charges(service, before, now), expected, "{aws}");
        }
    }

    proptest! {
        #[test]
        fn reasons_always_add_up_to_the_last_digit(
            before in prop::collection::vec((0usize..6, -1_000_000_000_000i64..1_000_000_000_000, prop::option::of(-5i64..1_000_000)), 0..8),
            now in prop::collection::vec((0usize..6, -1_000_000_000_000i64..1_000_000_000_000, prop::option::of(-5i64..1_000_000)), 0..8),
        ) {
            let build = |lines: Vec<(usize, i64, Option<i64>)>| {
                let mut side = PeriodCost::default();
                for (name, mantissa, quantity) in lines {
                    let amount = Decimal::new(mantissa, 10);
                    side.amount += amount;
                    match name {
                        0 => side.add(CostDriverKind::Tax, amount),
                        1 => side.add(CostDriverKind::Refund, amount),
                        2 => {}
                        name => side.used.entry(name.to_string()).or_insert_with(|| ChargeAmount { quantity: Some(Decimal::ZERO), ..ChargeAmount::default() })
                            .add(&ChargeAmount { amount, quantity: quantity.map(|quantity| Decimal::new(quantity, 3)), unit: String::new() }),
                    }
                }
                side
            };
            let (before, now) = (build(before), build(now));
            let sum: Decimal = reasons(&before, &now).iter().map(|reason| reason.amount).sum();
            prop_assert_eq!(sum, now.amount - before.amount);
        }
    }
}
