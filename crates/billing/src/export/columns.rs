//! Finds the needed columns of an export by the names in its header.

use model::redact::printable;

/// The names of all tables of line items, for messages.
pub const TABLES: &str = "FOCUS 1.0 to 1.3, CUR 2.0 or legacy CUR";

/// Which tables can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExportDataset {
    /// FOCUS 1.0 and 1.1, with or without AWS's own columns.
    Focus10,
    /// FOCUS 1.2.
    Focus12,
    /// FOCUS 1.3.
    Focus13,
    /// AWS's Cost and Usage Report 2.0, and Athena's copy of a legacy one, which has the same names.
    Cur2,
    /// AWS's legacy Cost and Usage Report, with names such as `lineItem/UnblendedCost`.
    LegacyCur,
    /// "Download CSV" of Cost Explorer.
    CostExplorerCsv,
    /// Answers of Cost Explorer's `GetCostAndUsage`.
    CostExplorerJson,
}

impl ExportDataset {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Focus10 => "FOCUS 1.0",
            Self::Focus12 => "FOCUS 1.2",
            Self::Focus13 => "FOCUS 1.3",
            Self::Cur2 => "CUR 2.0",
            Self::LegacyCur => "legacy CUR",
            Self::CostExplorerCsv => "Cost Explorer CSV",
            Self::CostExplorerJson => "Cost Explorer JSON",
        }
    }

    /// Whether its rows are line items of AWS's own reports, with codes of products.
    pub fn is_cur(self) -> bool {
        matches!(self, Self::Cur2 | Self::LegacyCur)
    }
}

/// Which of the amounts of a row is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExportMetric {
    /// What is on the invoice: `BilledCost`, and CUR's unblended cost, which is also what Cost Explorer is asked for.
    #[default]
    Billed,
    /// With upfront payments spread over the time of use: `EffectiveCost`. CUR has no single column for it.
    Effective,
    /// Without any discount: `ListCost`, and CUR's public on-demand cost.
    List,
}

impl ExportMetric {
    /// The word by which it is chosen.
    pub fn word(self) -> &'static str {
        match self {
            Self::Billed => "billed",
            Self::Effective => "effective",
            Self::List => "list",
        }
    }
}

/// What a column is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColumnRole {
    /// The amount of money.
    Amount,
    /// Its currency.
    Currency,
    /// What kind of charge it is.
    Record,
    /// When what is charged began.
    Start,
    /// The service, by name or product code.
    Service,
    /// The usage type.
    UsageType,
    /// The account that used it.
    Account,
    /// The resource.
    Resource,
    /// How much was used.
    Quantity,
    /// The unit of that.
    Unit,
    /// When the billing period begins.
    PeriodStart,
    /// When it ends.
    PeriodEnd,
    /// The id of the line item; only to find out whether two files hold the same rows.
    LineItem,
    /// The time that the line item is for; only for the same purpose.
    Interval,
}

/// How many columns are looked for.
pub const ROLES: usize = ColumnRole::ALL.len();

impl ColumnRole {
    /// All of them, in the order in which [`ExportColumns`] keeps them; the first five are needed.
    pub const ALL: [Self; 14] = [
        Self::Amount,
        Self::Currency,
        Self::Record,
        Self::Start,
        Self::Service,
        Self::UsageType,
        Self::Account,
        Self::Resource,
        Self::Quantity,
        Self::Unit,
        Self::PeriodStart,
        Self::PeriodEnd,
        Self::LineItem,
        Self::Interval,
    ];

    /// Whether a table without it cannot be read.
    fn is_needed(self) -> bool {
        matches!(self, Self::Amount | Self::Currency | Self::Record | Self::Start | Self::Service)
    }
}

/// Column names of FOCUS by role; the first that is there counts. 1.0 to 1.3 call all of these the same
/// (<https://focus.finops.org/focus-specification/>); `x_UsageType` is AWS's own.
fn of_focus(role: ColumnRole, metric: ExportMetric) -> &'static [&'static str] {
    match role {
        ColumnRole::Amount => match metric {
            ExportMetric::Billed => &["BilledCost"],
            ExportMetric::Effective => &["EffectiveCost"],
            ExportMetric::List => &["ListCost"],
        },
        ColumnRole::Currency => &["BillingCurrency"],
        ColumnRole::Record => &["ChargeCategory"],
        ColumnRole::Start => &["ChargePeriodStart"],
        ColumnRole::Service => &["ServiceName"],
        ColumnRole::UsageType => &["x_UsageType", "SkuId"],
        ColumnRole::Account => &["SubAccountId", "BillingAccountId"],
        ColumnRole::Resource => &["ResourceId"],
        ColumnRole::Quantity => &["ConsumedQuantity"],
        ColumnRole::Unit => &["ConsumedUnit"],
        ColumnRole::PeriodStart => &["BillingPeriodStart"],
        ColumnRole::PeriodEnd => &["BillingPeriodEnd"],
        ColumnRole::LineItem => &["SkuPriceId"],
        ColumnRole::Interval => &["ChargePeriodEnd"],
    }
}

/// Column names of CUR 2.0 by role (<https://docs.aws.amazon.com/cur/latest/userguide/table-dictionary-cur2.html>).
fn of_cur(role: ColumnRole, metric: ExportMetric) -> &'static [&'static str] {
    match role {
        ColumnRole::Amount => match metric {
            ExportMetric::Billed => &["line_item_unblended_cost"],
            ExportMetric::Effective => &[],
            ExportMetric::List => &["pricing_public_on_demand_cost"],
        },
        ColumnRole::Currency => &["line_item_currency_code"],
        ColumnRole::Record => &["line_item_line_item_type"],
        ColumnRole::Start => &["line_item_usage_start_date"],
        ColumnRole::Service => &["line_item_product_code", "product_servicecode"],
        ColumnRole::UsageType => &["line_item_usage_type"],
        ColumnRole::Account => &["line_item_usage_account_id"],
        ColumnRole::Resource => &["line_item_resource_id"],
        ColumnRole::Quantity => &["line_item_usage_amount"],
        ColumnRole::Unit => &["pricing_unit"],
        ColumnRole::PeriodStart => &["bill_billing_period_start_date"],
        ColumnRole::PeriodEnd => &["bill_billing_period_end_date"],
        ColumnRole::LineItem => &["identity_line_item_id"],
        ColumnRole::Interval => &["identity_time_interval"],
    }
}

/// Column names of the legacy report by role (<https://docs.aws.amazon.com/cur/latest/userguide/data-dictionary.html>).
fn of_legacy_cur(role: ColumnRole, metric: ExportMetric) -> &'static [&'static str] {
    match role {
        ColumnRole::Amount => match metric {
            ExportMetric::Billed => &["lineItem/UnblendedCost"],
            ExportMetric::Effective => &[],
            ExportMetric::List => &["pricing/publicOnDemandCost"],
        },
        ColumnRole::Currency => &["lineItem/CurrencyCode"],
        ColumnRole::Record => &["lineItem/LineItemType"],
        ColumnRole::Start => &["lineItem/UsageStartDate"],
        ColumnRole::Service => &["lineItem/ProductCode", "product/servicecode"],
        ColumnRole::UsageType => &["lineItem/UsageType"],
        ColumnRole::Account => &["lineItem/UsageAccountId"],
        ColumnRole::Resource => &["lineItem/ResourceId"],
        ColumnRole::Quantity => &["lineItem/UsageAmount"],
        ColumnRole::Unit => &["pricing/unit"],
        ColumnRole::PeriodStart => &["bill/BillingPeriodStartDate"],
        ColumnRole::PeriodEnd => &["bill/BillingPeriodEndDate"],
        ColumnRole::LineItem => &["identity/LineItemId"],
        ColumnRole::Interval => &["identity/TimeInterval"],
    }
}

/// Why a header cannot be used, for the person who made the export.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct ColumnsError(String);

/// The positions of the columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportColumns {
    dataset: ExportDataset,
    count: usize,
    places: [Option<usize>; ROLES],
}

impl ExportColumns {
    /// Finds the columns by their names, whether they are written in capitals or not.
    ///
    /// # Errors
    /// If it is no table that is known, of a version that is not known, or without a column that is needed.
    pub fn of(names: &[impl AsRef<str>], metric: ExportMetric) -> Result<Self, ColumnsError> {
        let names: Vec<&str> = names.iter().map(|name| name.as_ref().trim_start_matches('\u{feff}').trim()).collect();
        let has = |name: &str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
        let dataset = dataset(&names, &has)?;
        let (mut places, mut missing) = ([None; ROLES], Vec::new());
        for (role, place) in ColumnRole::ALL.into_iter().zip(&mut places) {
            let wanted = match dataset {
                ExportDataset::Cur2 => of_cur(role, metric),
                ExportDataset::LegacyCur => of_legacy_cur(role, metric),
                _ => of_focus(role, metric),
            };
            if wanted.is_empty() {
                let why = format!(
                    "{} has no column for {} costs; use --metric billed, or export FOCUS",
                    dataset.name(),
                    metric.word()
                );
                return Err(ColumnsError(why));
            }
            let found: Vec<(usize, &str)> = wanted
                .iter()
                .find(|name| has(name))
                .map(|name| {
                    names
                        .iter()
                        .enumerate()
                        .filter(|(_, known)| known.eq_ignore_ascii_case(name))
                        .map(|(at, _)| (at, *name))
                        .collect()
                })
                .unwrap_or_default();
            match found.as_slice() {
                [] if role.is_needed() => missing.extend(wanted.first().map(|name| format!("`{name}`"))),
                [] => {}
                [(at, _)] => *place = Some(*at),
                [(_, name), ..] => {
                    return Err(ColumnsError(format!(
                        "the column `{name}` appears {} times; keep only one of them",
                        found.len()
                    )));
                }
            }
        }
        if !missing.is_empty() {
            let why = format!(
                "columns of {} are missing: {}; the file has {}",
                dataset.name(),
                missing.join(", "),
                listed(&names)
            );
            return Err(ColumnsError(why));
        }
        Ok(Self { dataset, count: names.len(), places })
    }

    /// Which table it is.
    pub fn dataset(&self) -> ExportDataset {
        self.dataset
    }

    /// How many columns a row has.
    pub fn count(&self) -> usize {
        self.count
    }

    /// The place of a column, counted from 0, where it is there.
    pub fn place(&self, role: ColumnRole) -> Option<usize> {
        ColumnRole::ALL.iter().zip(self.places).find(|(known, _)| **known == role).and_then(|(_, place)| place)
    }

    /// The places of all columns, in the order of [`ColumnRole::ALL`].
    pub fn places(&self) -> [Option<usize>; ROLES] {
        self.places
    }

    /// The columns of rows in which the last field is missing. Legacy reports have such rows. `None` for other tables,
    /// and where the columns that are needed are not followed by at least two others: then the field that is missing
    /// could be one of them.
    pub fn of_short_rows(&self) -> Option<Self> {
        let needed = ColumnRole::ALL.iter().zip(self.places).filter(|(role, _)| role.is_needed());
        let last = needed.filter_map(|(_, place)| place).max()?;
        let is_safe = self.dataset == ExportDataset::LegacyCur && last + 2 < self.count;
        // What stands behind the columns that can be checked is not used.
        let places = self.places.map(|place| place.filter(|place| *place <= last));
        is_safe.then(|| Self { places, count: self.count - 1, ..self.clone() })
    }
}

/// Columns of FOCUS; a table that has two of them is meant to be one.
const OF_FOCUS: [&str; 7] = [
    "BilledCost",
    "EffectiveCost",
    "ListCost",
    "BillingCurrency",
    "ChargeCategory",
    "ChargePeriodStart",
    "ServiceName",
];

fn has_prefix(names: &[&str], prefix: &str) -> bool {
    names.iter().any(|name| name.get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix)))
}

/// Whether a table with such columns is meant to be one of line items, whether it can be read or not.
pub fn is_of_line_items(names: &[impl AsRef<str>]) -> bool {
    let names: Vec<&str> = names.iter().map(AsRef::as_ref).collect();
    let has = |name: &&&str| names.iter().any(|known| known.eq_ignore_ascii_case(name));
    has_prefix(&names, "lineItem/") || has_prefix(&names, "line_item_") || OF_FOCUS.iter().filter(has).count() >= 2
}

/// Which table has such columns.
fn dataset(names: &[&str], has: &dyn Fn(&str) -> bool) -> Result<ExportDataset, ColumnsError> {
    let refused = |why: String| Err(ColumnsError(why));
    if names.first().is_some_and(|first| first.starts_with('<')) {
        return refused("it is a web page, not an export; perhaps a sign-in page was saved instead".to_owned());
    }
    if has_prefix(names, "lineItem/") {
        return Ok(ExportDataset::LegacyCur);
    }
    if has_prefix(names, "line_item_") {
        return Ok(ExportDataset::Cur2);
    }
    if let [one] = names
        && one.contains([';', '\t'])
    {
        return refused("its columns are not separated by commas; export it with commas".to_owned());
    }
    if !is_of_line_items(names) {
        return refused(format!("these are not columns of {TABLES}: {}", listed(names)));
    }
    // Columns that one version has and the next has not: https://focus.finops.org/focus-specification/ lists them by
    // version.
    if has("ChargeType") || has("ChargeSubcategory") {
        return refused("it is a preview version of FOCUS; export FOCUS 1.0 or later".to_owned());
    }
    if ["ServiceProviderName", "HostProviderName", "AllocatedMethodId"].iter().any(|name| has(name)) {
        return Ok(ExportDataset::Focus13);
    }
    Ok(if has("InvoiceId") || has("BillingAccountType") { ExportDataset::Focus12 } else { ExportDataset::Focus10 })
}

/// The first of some names, and how many more there are.
fn listed(names: &[&str]) -> String {
    const MOST: usize = 8;
    const LONGEST: usize = 40;
    let shown: Vec<String> = names
        .iter()
        .take(MOST)
        .map(|name| format!("`{}`", printable(&name.chars().take(LONGEST).collect::<String>())))
        .collect();
    let more = names.len().saturating_sub(MOST);
    if more > 0 { format!("{} and {more} more", shown.join(", ")) } else { shown.join(", ") }
}
