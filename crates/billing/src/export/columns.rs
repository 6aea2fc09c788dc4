//! Finds the needed columns of an export by the names in its header.

use model::redact::printable;

/// Which tables can be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum ExportDataset {
    /// FOCUS 1.0 and 1.1, with or without AWS's own columns.
    Focus10,
    /// FOCUS 1.2.
    Focus12,
    /// AWS's Cost and Usage Report 2.0.
    Cur2,
}

impl ExportDataset {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Focus10 => "FOCUS 1.0",
            Self::Focus12 => "FOCUS 1.2",
            Self::Cur2 => "CUR 2.0",
        }
    }
}

/// Which of the amounts of a row is taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum ExportMetric {
    /// What is on the invoice: `BilledCost`, and CUR's unblended cost, which is also what Cost Explorer is asked for.
    #[default]
    Billed,
    /// With upfront payments spread over the time of use: `EffectiveCost`. CUR 2.0 has no single column for it.
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
}

impl ColumnRole {
    /// All of them, in the order in which [`ExportColumns`] keeps them; the first five are needed.
    pub const ALL: [Self; 12] = [
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
    ];

    /// Whether a table without it cannot be read.
    fn is_needed(self) -> bool {
        matches!(self, Self::Amount | Self::Currency | Self::Record | Self::Start | Self::Service)
    }
}

/// Column names of FOCUS by role; the first that is there counts. 1.0 to 1.2 call all of these the same
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
    places: [Option<usize>; ColumnRole::ALL.len()],
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
        let (mut places, mut missing) = ([None; ColumnRole::ALL.len()], Vec::new());
        for (role, place) in ColumnRole::ALL.into_iter().zip(&mut places) {
            let wanted = if dataset == ExportDataset::Cur2 { of_cur(role, metric) } else { of_focus(role, metric) };
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
    pub fn places(&self) -> [Option<usize>; ColumnRole::ALL.len()] {
        self.places
    }
}

/// Which table has such columns.
fn dataset(names: &[&str], has: &dyn Fn(&str) -> bool) -> Result<ExportDataset, ColumnsError> {
    let refused = |why: String| Err(ColumnsError(why));
    if names.first().is_some_and(|first| first.starts_with('<')) {
        return refused("it is a web page, not an export; perhaps a sign-in page was saved instead".to_owned());
    }
    if has("lineItem/UnblendedCost") || has("identity/LineItemId") {
        return refused("it is a legacy Cost and Usage Report (CUR); create a data export of CUR 2.0 or FOCUS 1.2 and ask AWS to backfill it".to_owned());
    }
    if names.iter().any(|name| name.get(..10).is_some_and(|start| start.eq_ignore_ascii_case("line_item_"))) {
        return Ok(ExportDataset::Cur2);
    }
    let of_focus = [
        "BilledCost",
        "EffectiveCost",
        "ListCost",
        "BillingCurrency",
        "ChargeCategory",
        "ChargePeriodStart",
        "ServiceName",
    ];
    if of_focus.iter().filter(|name| has(name)).count() < 2 {
        return refused(format!("these are not columns of FOCUS 1.0 to 1.2 or CUR 2.0: {}", listed(names)));
    }
    // Columns that one version has and the next has not: https://focus.finops.org/focus-specification/ lists them by
    // version.
    if has("ChargeType") || has("ChargeSubcategory") {
        return refused("it is a preview version of FOCUS; export FOCUS 1.0 or 1.2".to_owned());
    }
    if ["ServiceProviderName", "HostProviderName", "AllocatedMethodId"].iter().any(|name| has(name)) {
        return refused(
            "it is FOCUS 1.3 or later, but this version of monitor reads 1.0 to 1.2; export FOCUS 1.2".to_owned(),
        );
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
