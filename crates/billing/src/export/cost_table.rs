//! What Cost Explorer shows: the cost of each group in each day or month. It has no line items.

use std::collections::{BTreeMap, BTreeSet};

use chrono::{Datelike, NaiveDate};

use super::amount::ExactAmount;

/// The length of the periods of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Granularity {
    /// Days; hours are added up.
    Daily,
    /// Calendar months, the first and the last perhaps cut. Their days are not known.
    Monthly,
}

/// What a table is grouped by.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum GroupDimension {
    /// The service.
    Service,
    /// The linked account.
    Account,
    /// The usage type.
    UsageType,
    /// The kind of charge.
    RecordType,
    /// Something that charges in the store have no field for, by its name: a region, a tag.
    Other(String),
}

impl GroupDimension {
    /// Recognizes a dimension by the name that the console or the API gives it.
    pub fn named(name: &str) -> Self {
        match name.trim().to_ascii_lowercase().as_str() {
            "service" => Self::Service,
            "linked account" | "linked account name" | "linked_account" => Self::Account,
            "usage type" | "usage_type" => Self::UsageType,
            "charge type" | "record_type" => Self::RecordType,
            _ => Self::Other(name.trim().to_owned()),
        }
    }
}

/// The cost of a group in a period.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupCost {
    /// The first UTC day of the period.
    pub day: NaiveDate,
    /// The value of each dimension of the table, in their order; for an account its id.
    pub group: Vec<String>,
    /// The amount.
    pub amount: ExactAmount,
    /// The amount had more than 28 decimal places.
    pub rounded: bool,
    /// ISO 4217 code.
    pub currency: String,
}

/// A table of Cost Explorer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostTable {
    /// The length of its periods.
    pub granularity: Granularity,
    /// What it is grouped by; empty for the sum of everything.
    pub dimensions: Vec<GroupDimension>,
    /// The periods by first day, with Cost Explorer's `Estimated` where the table has it.
    pub periods: BTreeMap<NaiveDate, Option<bool>>,
    /// The costs. What is not there cost nothing.
    pub costs: Vec<GroupCost>,
    /// Names of accounts by id, where the table has them.
    pub account_names: BTreeMap<String, String>,
    /// The answer has a page that is not there.
    pub goes_on: bool,
}

/// The length of the periods that begin on these days, if they are dates of days or of months. One first of a month
/// alone is taken for a month, because its days are not known then.
pub(super) fn granularity(days: &BTreeSet<NaiveDate>) -> Option<Granularity> {
    // The range of a table can begin within a month.
    if !days.is_empty()
        && days.iter().skip(1).all(|day| day.day() == 1)
        && (days.len() > 1 || days.iter().all(|day| day.day() == 1))
    {
        return Some(Granularity::Monthly);
    }
    let same_month =
        |pair: (&NaiveDate, &NaiveDate)| (pair.0.year(), pair.0.month()) == (pair.1.year(), pair.1.month());
    let is_daily = days.len() == 1 || days.iter().zip(days.iter().skip(1)).any(same_month);
    is_daily.then_some(Granularity::Daily)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_and_months_are_told_apart_by_their_dates() {
        for (days, expected) in [
            (&["2025-03-01", "2025-04-01"][..], Some(Granularity::Monthly)),
            (&["2025-03-01"], Some(Granularity::Monthly)),
            (&["2025-03-15", "2025-04-01", "2025-05-01"], Some(Granularity::Monthly)),
            (&["2025-03-31", "2025-04-01"], Some(Granularity::Monthly)),
            (&["2025-03-31", "2025-04-01", "2025-04-02"], Some(Granularity::Daily)),
            (&["2025-03-15"], Some(Granularity::Daily)),
            (&["2025-03-15", "2025-03-20"], Some(Granularity::Daily)),
            (&["2025-03-15", "2025-04-15", "2025-05-15"], None),
            (&[], None),
        ] {
            let days: BTreeSet<NaiveDate> = days.iter().map(|day| day.parse().unwrap()).collect();
            assert_eq!(granularity(&days), expected, "{days:?}");
        }
    }
}
