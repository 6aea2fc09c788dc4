//! Rows of FOCUS and CUR as literals, and what they mean.

use super::columns::{ColumnRole, ExportColumns, ExportDataset, ExportMetric};
use super::row::{CellValue, ExportRow, FileNotation, SkipReason, SkippedRow, is_in_its_columns, read};

const FOCUS: &str = "BilledCost|EffectiveCost|ListCost|BillingCurrency|BillingPeriodStart|BillingPeriodEnd|ChargeCategory|ChargePeriodStart|ServiceName|SubAccountId|ResourceId|SkuId|x_UsageType|ConsumedQuantity|ConsumedUnit";
const CUR: &str = "bill_billing_period_start_date|bill_billing_period_end_date|line_item_unblended_cost|line_item_currency_code|line_item_line_item_type|line_item_usage_start_date|line_item_product_code|line_item_usage_type|line_item_usage_account_id|line_item_resource_id|line_item_usage_amount|pricing_unit|pricing_public_on_demand_cost";

const LEGACY: &str = "identity/LineItemId|bill/PayerAccountId|bill/BillingPeriodStartDate|bill/BillingPeriodEndDate|lineItem/UsageAccountId|lineItem/LineItemType|lineItem/UsageStartDate|lineItem/ProductCode|lineItem/UsageType|lineItem/ResourceId|lineItem/UsageAmount|lineItem/CurrencyCode|lineItem/UnblendedCost|lineItem/LineItemDescription|pricing/unit|pricing/publicOnDemandCost|resourceTags/user:team";

fn split(text: &str) -> Vec<&str> {
    text.split('|').collect()
}

fn columns(names: &str, metric: ExportMetric) -> ExportColumns {
    ExportColumns::of(&split(names), metric).unwrap()
}

fn parse<'a>(columns: &ExportColumns, row: &'a str) -> Result<ExportRow<'a>, SkippedRow<'a>> {
    let cells = split(row);
    read(
        columns,
        columns.places().map(|place| place.map_or(CellValue::Absent, |at| CellValue::of(cells[at]))),
        &mut FileNotation::default(),
    )
}

/// Day, service, record type, usage type, account, resource, amount and currency, quantity and unit.
fn shown(row: &ExportRow<'_>) -> String {
    let quantity = row.quantity.map(|quantity| format!("{} {}", quantity.normalize(), row.unit)).unwrap_or_default();
    let amount = row.amount.decimal().0;
    [
        &row.day.to_string(),
        row.service,
        row.record_type,
        row.usage_type,
        row.account,
        row.resource,
        &format!("{amount} {}", row.currency),
        &quantity,
    ]
    .join("|")
}

/// The row of a table means what is expected.
fn check(names: &str, metric: ExportMetric, row: &str, expected: &str) {
    assert_eq!(parse(&columns(names, metric), row).map(|row| shown(&row)), Ok(expected.to_owned()), "{row}");
}

#[test]
fn a_row_of_focus_is_a_line_of_a_day() {
    let row = "0.0341|0.03|0.04|USD|2024-12-01T00:00:00Z|2025-01-01T00:00:00Z|Usage|2024-12-03T07:00:00Z|AWS Lambda|111122223333|arn:aws:lambda:f|SKU|APN2-Lambda-GB-Second|2046.5|GB-Seconds";
    let rest = "|AWS Lambda|Usage|APN2-Lambda-GB-Second|111122223333|arn:aws:lambda:f|";
    for (metric, amount) in
        [(ExportMetric::Billed, "0.0341"), (ExportMetric::Effective, "0.03"), (ExportMetric::List, "0.04")]
    {
        check(FOCUS, metric, row, &format!("2024-12-03{rest}{amount} USD|2046.5 GB-Seconds"));
    }
    // Names in small letters, as Athena writes them.
    check(
        &FOCUS.to_ascii_lowercase(),
        ExportMetric::Billed,
        row,
        &format!("2024-12-03{rest}0.0341 USD|2046.5 GB-Seconds"),
    );
}

#[test]
fn categories_of_focus_become_record_types() {
    for (category, record_type) in [
        ("Usage", "Usage"),
        ("Purchase", "Fee"),
        ("Tax", "Tax"),
        ("Credit", "Credit"),
        ("Adjustment", "Refund"),
        ("Gift", "Gift"),
        ("NULL", "Unknown"),
    ] {
        check(
            FOCUS,
            ExportMetric::Billed,
            &format!("-1.23E-5|||USD|||{category}|2024-12-01|||||\\N||"),
            &format!("2024-12-01|(no service)|{record_type}||||-0.0000123 USD|"),
        );
    }
}

#[test]
fn a_row_of_cur_is_a_line_of_a_day() {
    let row = |kind, code, usage_type| {
        format!(
            "2024-12-01 00:00:00|2025-01-01 00:00:00|0.81|USD|{kind}|2024-12-01 00:00:00.000|{code}|{usage_type}|111122223333|arn:aws:rds:db|744|Hrs|1.5"
        )
    };
    let usage = "APN2-InstanceUsage:db.t3.micro";
    check(
        CUR,
        ExportMetric::Billed,
        &row("Usage", "AmazonRDS", usage),
        &format!(
            "2024-12-01|Amazon Relational Database Service|Usage|{usage}|111122223333|arn:aws:rds:db|0.81 USD|744 Hrs"
        ),
    );
    check(
        CUR,
        ExportMetric::List,
        &row("Tax", "mp-x1", ""),
        "2024-12-01|mp-x1|Tax||111122223333|arn:aws:rds:db|1.5 USD|744 Hrs",
    );
}

#[test]
fn a_row_of_the_legacy_report_is_a_line_of_a_day() {
    let row = "a1|222233334444|2023-06-01T00:00:00Z|2023-07-01T00:00:00Z|111122223333|Usage|2023-06-04T05:00:00Z|AmazonS3|EU-Requests|b|7|USD|3.6e-05|text|Requests|4e-05|web";
    for (metric, amount) in [(ExportMetric::Billed, "0.000036"), (ExportMetric::List, "0.00004")] {
        let line = format!(
            "2023-06-04|Amazon Simple Storage Service|Usage|EU-Requests|111122223333|b|{amount} USD|7 Requests"
        );
        check(LEGACY, metric, row, &line);
    }
}

/// Whether a row of the legacy report with one field less stands in its columns, and what it means.
fn short(metric: ExportMetric, row: &str) -> Option<String> {
    let whole = columns(LEGACY, metric);
    let columns = whole.of_short_rows()?;
    let fields = split(row);
    assert_eq!(fields.len(), columns.count(), "{row}");
    let cells = columns.places().map(|place| place.map_or(CellValue::Absent, |at| CellValue::of(fields[at])));
    let read = read(&columns, cells, &mut FileNotation::default()).ok()?;
    is_in_its_columns(&read, &cells).then(|| shown(&read))
}

#[test]
fn a_row_whose_last_field_is_missing_is_read_and_one_whose_other_field_is_missing_is_not() {
    let fields = split(
        "a1|222233334444|2023-06-01T00:00:00Z|2023-07-01T00:00:00Z|111122223333|Usage|2023-06-04T05:00:00Z|AmazonS3|EU-Requests|b|7|USD|3.6e-05|text|Requests|4e-05|web",
    );
    let without = |place: usize| {
        let mut fields = fields.clone();
        fields.remove(place);
        fields.join("|")
    };
    // The unit stands behind what can be checked, so it is not used.
    let line = "2023-06-04|Amazon Simple Storage Service|Usage|EU-Requests|111122223333|b|0.000036 USD|7";
    assert_eq!(short(ExportMetric::Billed, &without(16)).as_deref().map(str::trim_end), Some(line));
    for place in 0..12 {
        assert_eq!(short(ExportMetric::Billed, &without(place)), None, "without field {place}");
    }
    assert_eq!(short(ExportMetric::List, &without(16)), None, "nothing stands behind the amount to prove its place");
    assert_eq!(columns(CUR, ExportMetric::Billed).of_short_rows(), None);
}

/// The days and amounts of the rows of a file, which have an effect on each other; `?` where a row stays open.
fn notation(rows: &[(&str, &str)], expected: &str) {
    let columns = columns(FOCUS, ExportMetric::Billed);
    let mut notation = FileNotation::default();
    let texts: Vec<String> =
        rows.iter().map(|(amount, start)| format!("{amount}|||USD|||Usage|{start}|S||||||")).collect();
    let mut all = Vec::new();
    // As the reader does: rows that stay open are read again at the end.
    for pass in 0..2 {
        all.clear();
        for text in &texts {
            let fields = split(text);
            let cells = columns.places().map(|place| place.map_or(CellValue::Absent, |at| CellValue::of(fields[at])));
            all.push(match read(&columns, cells, &mut notation) {
                Ok(row) => format!("{} {}", row.day, row.amount.decimal().0),
                Err(skipped) if skipped.reason.is_open() => "?".to_owned(),
                Err(skipped) => format!("{pass} {}", skipped.reason.word()),
            });
        }
    }
    assert_eq!(all.join(", "), expected, "{rows:?}");
}

#[test]
fn rows_that_leave_no_doubt_decide_about_those_that_do() {
    for (rows, expected) in [
        (&[("1", "4/5/25"), ("1", "4/13/25")][..], "2025-04-05 1, 2025-04-13 1"),
        (&[("1", "4/5/25"), ("1", "4/6/25")], "?, ?"),
        (&[("1", "13/4/25"), ("1", "4/13/25")], "1 contradiction, 1 contradiction"),
        (&[("\"10,100", "2025-04-01")], "1 not_a_number"),
        (&[("10,100", "2025-04-01"), ("$1.50 ", "2025-04-01")], "2025-04-01 10100, 2025-04-01 1.5"),
        (&[("10,100", "2025-04-01"), ("10,200.00", "2025-04-01")], "2025-04-01 10100, 2025-04-01 10200"),
        (&[("10,100", "2025-04-01"), ("12.500", "2025-04-01")], "?, 2025-04-01 12.5"),
        (&[("10,100", "2025-04-01"), ("0,5", "2025-04-01")], "?, 1 decimal_comma"),
    ] {
        notation(rows, expected);
    }
}

#[test]
fn what_began_before_the_billing_period_is_on_its_first_day() {
    for (start, day) in
        [("2024-11-30T23:00:00Z", "2024-12-01"), ("2024-12-01T00:00:00Z", "2024-12-01"), ("2024-12-31", "2024-12-31")]
    {
        let row = format!("1|1|1|USD|2024-12-01T00:00:00Z|2025-01-01T00:00:00Z|Usage|{start}|S||||||");
        check(FOCUS, ExportMetric::Billed, &row, &format!("{day}|S|Usage||||1 USD|"));
    }
}

#[test]
fn a_day_with_slashes_is_told_by_the_billing_period() {
    let row = |first, end, start| format!("1|1|1|USD|{first}|{end}|Usage|{start}|S||||||");
    for (first, end, start, day) in [
        ("12/1/2024 0:00", "1/1/2025 0:00", "12/3/2024 7:00", "2024-12-03"),
        ("1/12/2024 0:00", "1/1/2025 0:00", "3/12/2024 7:00", "2024-12-03"),
        ("2024-12-01", "2025-01-01", "12/3/2024 7:00", "2024-12-03"),
        ("2024-03-01", "2024-04-01", "12/3/2024 7:00", "2024-03-12"),
    ] {
        check(FOCUS, ExportMetric::Billed, &row(first, end, start), &format!("{day}|S|Usage||||1 USD|"));
    }
    let columns = columns(FOCUS, ExportMetric::Billed);
    for (first, end) in [("", ""), ("2024-05-01", "2024-06-01"), ("2024-01-01", "2025-01-01"), ("soon", "later")] {
        assert_eq!(
            parse(&columns, &row(first, end, "12/3/2024 7:00")).unwrap_err().reason,
            SkipReason::Ambiguous,
            "{first} to {end}"
        );
    }
}

#[test]
fn a_row_that_cannot_be_used_says_why_and_what_it_would_have_come_to() {
    let columns = columns(FOCUS, ExportMetric::Billed);
    let row = |amount, currency, start| format!("{amount}|1|1|{currency}|||Usage|{start}|S||||||");
    for (amount, currency, start, reason, cell, sum) in [
        ("NULL", "USD", "2024-12-01", SkipReason::NoAmount, "", None),
        ("1 234.5", "USD", "2024-12-01", SkipReason::NotANumber, "1 234.5", None),
        ("1,234", "USD", "2024-12-01", SkipReason::DoubtfulAmount, "1,234", None),
        ("1.234,5", "USD", "2024-12-01", SkipReason::DecimalComma, "1.234,5", None),
        ("$2.5", "KRW", "2024-12-01", SkipReason::OtherCurrency, "$2.5", None),
        ("2.5", "", "2024-12-01", SkipReason::NoCurrency, "", Some(("2.5", ""))),
        ("2.5", "USD", "null", SkipReason::NoTime, "", Some(("2.5", "USD"))),
        ("2.5", "KRW", "yesterday", SkipReason::NotATime, "yesterday", Some(("2.5", "KRW"))),
        ("2.5", "USD", "1/2/2024", SkipReason::Ambiguous, "1/2/2024", Some(("2.5", "USD"))),
    ] {
        let text = row(amount, currency, start);
        let unusable = parse(&columns, &text).unwrap_err();
        let found = unusable.amount.map(|(amount, currency)| (amount.decimal().0.to_string(), currency));
        assert_eq!(
            (unusable.reason, unusable.cell, found),
            (reason, cell, sum.map(|(sum, currency): (&str, _)| (sum.to_owned(), currency))),
            "{text}"
        );
    }
}

/// The table that has such columns, or why none has.
fn dataset(names: &str, metric: ExportMetric) -> Result<ExportDataset, String> {
    ExportColumns::of(&split(names), metric).map(|columns| columns.dataset()).map_err(|why| why.to_string())
}

#[test]
fn a_table_is_known_by_its_columns() {
    let without = |name: &str| FOCUS.replace(name, "Other");
    assert_eq!(dataset(FOCUS, ExportMetric::Billed), Ok(ExportDataset::Focus10));
    assert_eq!(dataset(&format!("\u{feff}{FOCUS}|InvoiceId"), ExportMetric::Billed), Ok(ExportDataset::Focus12));
    assert_eq!(dataset(&format!("{FOCUS}|ServiceProviderName"), ExportMetric::Billed), Ok(ExportDataset::Focus13));
    assert_eq!(dataset(CUR, ExportMetric::List), Ok(ExportDataset::Cur2));
    assert_eq!(dataset(LEGACY, ExportMetric::Billed), Ok(ExportDataset::LegacyCur));
    for (names, metric, said) in [
        (
            without("ChargePeriodStart"),
            ExportMetric::Billed,
            "columns of FOCUS 1.0 are missing: `ChargePeriodStart`; the file has `BilledCost`, `EffectiveCost`",
        ),
        (without("EffectiveCost"), ExportMetric::Effective, "missing: `EffectiveCost`"),
        (
            CUR.replace("line_item_currency_code", "x"),
            ExportMetric::Billed,
            "columns of CUR 2.0 are missing: `line_item_currency_code`",
        ),
        (
            CUR.to_owned(),
            ExportMetric::Effective,
            "CUR 2.0 has no column for effective costs; use --metric billed, or export FOCUS",
        ),
        (format!("{FOCUS}|ChargeSubcategory"), ExportMetric::Billed, "a preview version of FOCUS"),
        (format!("{FOCUS}|BilledCost"), ExportMetric::Billed, "the column `BilledCost` appears 2 times"),
        (
            "lineItem/UnblendedCost|identity/LineItemId".to_owned(),
            ExportMetric::Billed,
            "columns of legacy CUR are missing: `lineItem/CurrencyCode`, `lineItem/LineItemType`",
        ),
        (LEGACY.to_owned(), ExportMetric::Effective, "legacy CUR has no column for effective costs"),
        ("date;amount".to_owned(), ExportMetric::Billed, "its columns are not separated by commas"),
        ("<!DOCTYPE html>".to_owned(), ExportMetric::Billed, "it is a web page, not an export"),
        (
            "name|age".to_owned(),
            ExportMetric::Billed,
            "these are not columns of FOCUS 1.0 to 1.3, CUR 2.0 or legacy CUR: `name`, `age`",
        ),
        (String::new(), ExportMetric::Billed, "not columns of FOCUS"),
    ] {
        let why = dataset(&names, metric).unwrap_err();
        assert!(why.contains(said), "{why}");
    }
    assert_eq!(ColumnRole::ALL.len(), columns(FOCUS, ExportMetric::Billed).places().len());
}
