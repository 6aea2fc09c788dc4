//! Reads "Download CSV" of Cost Explorer: a row for each day or month, a column for each group, and their totals.
//!
//! ```text
//! "Service","Lambda($)","S3($)","Total costs($)"
//! "Service total","3","0.5","3.5"
//! "2025-03-01","1","","1"
//! ```
//!
//! By linked account there are two lines of names: the ids, and below them the names.

use std::collections::{BTreeMap, BTreeSet};

use chrono::NaiveDate;

use super::cost_table::{CostTable, Granularity, GroupCost, GroupDimension, granularity};
pub use super::download_cells::DownloadError;
use super::download_cells::{AmountColumn, Amounts, DownloadRow, in_row, no_day, refused, shown};
use super::download_totals::{check_totals, check_unnamed_total, find_total_column, is_total};
use super::moment::{self, DayOrder, DayOrders, ParsedDay, SlashedDay};
use super::money;

/// The most lines of names above the first row.
const MOST_HEADERS: usize = 2;

fn is_period_or_total(row: &DownloadRow) -> bool {
    is_total(row.cell(0)) || moment::read(row.cell(0)).is_some()
}

/// There is no line of names at the top, or there are too many lines.
fn no_header<T>(headers: &[DownloadRow], rows: &[DownloadRow]) -> Result<T, DownloadError> {
    let has_currency = |row: &DownloadRow| (1..row.cells.len()).any(|place| with_currency(row.cell(place)).1.is_some());
    match headers.iter().position(has_currency).and_then(|at| headers.get(at).zip(headers.get(at.checked_sub(1)?))) {
        Some((header, last)) => {
            let why = format!("the names of the columns stand in row {}; delete the lines above them", header.line);
            in_row(last.line, why)
        }
        None => no_day(headers.get(MOST_HEADERS).or(rows.first())),
    }
}

/// Reads a download.
///
/// # Errors
/// If anything in it is not understood, or its totals are not the sums of its cells.
pub fn read(text: &[u8]) -> Result<CostTable, DownloadError> {
    let rows = rows(text)?;
    if let Some(row) = rows.first().filter(|row| row.cells.len() == 1 && row.cell(0).contains([';', '\t'])) {
        return in_row(row.line, "its columns are not separated by commas; export it with commas");
    }
    let is_of_body = |(at, row): (usize, &DownloadRow)| is_period_or_total(row) || (at > 0 && row.has_amounts());
    let first_of_body = rows.iter().enumerate().position(is_of_body);
    let (headers, body) = rows.split_at(first_of_body.unwrap_or(rows.len()));
    let Some(header) = headers.first().filter(|_| headers.len() <= MOST_HEADERS) else {
        return no_header(headers, &rows);
    };
    let mut columns = columns(headers)?;
    let width = columns.len() + 1;
    let mut totals: Option<&DownloadRow> = None;
    let mut periods: Vec<&DownloadRow> = Vec::new();
    for row in body {
        if row.cells.len() != width {
            let why = format!("it has {} fields, but the header has {width}", row.cells.len());
            return in_row(row.line, why);
        }
        // What the row of totals is called depends on the language of the console. What it holds is checked below.
        let may_be_total = periods.is_empty() || row.line == body.last().map_or(0, |last| last.line);
        let is_unnamed_total = moment::read(row.cell(0)).is_none() && may_be_total && row.has_amounts();
        if !is_total(row.cell(0)) && !is_unnamed_total {
            periods.push(row);
        } else if let Some(other) = totals.replace(row) {
            if let Some(unnamed) = [other, row].into_iter().find(|row| !is_total(row.cell(0))) {
                return no_day(Some(unnamed));
            }
            return in_row(row.line, format!("it is a row of totals, as row {} is", other.line));
        }
    }
    if periods.is_empty() {
        return refused("it has no row with a day");
    }
    let (days, granularity) = days(&periods)?;
    let mut amounts = Amounts::default();
    for row in &periods {
        amounts.read(row, &columns)?;
    }
    if let Some(row) = totals {
        amounts.read(row, &columns)?;
    }
    amounts.settle()?;
    if let Some(row) = totals.filter(|row| !is_total(row.cell(0))) {
        check_unnamed_total(&amounts, &columns, &periods, row)?;
    }
    find_total_column(&amounts, &mut columns, &periods)?;
    check_totals(&amounts, &columns, &periods, totals)?;
    Ok(table(&amounts, &columns, header, &periods, &days, granularity))
}

fn rows(text: &[u8]) -> Result<Vec<DownloadRow>, DownloadError> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().flexible(true).has_headers(false).from_reader(text);
    let mut rows = Vec::new();
    for record in reader.records() {
        let cells = match record {
            Ok(cells) => cells,
            Err(error) => {
                return in_row(error.position().map_or(1, csv::Position::line), "it is no CSV in UTF-8");
            }
        };
        // Spreadsheets write rows of commas below a table.
        if cells.iter().any(|cell| !cell.trim().is_empty()) {
            rows.push(DownloadRow { line: cells.position().map_or(1, csv::Position::line), cells });
        }
    }
    Ok(rows)
}

fn columns(headers: &[DownloadRow]) -> Result<Vec<AmountColumn>, DownloadError> {
    let width = headers.iter().map(|row| row.cells.len()).max().unwrap_or_default();
    let mut columns = Vec::new();
    for place in 1..width {
        let cells: Vec<(&str, Option<&str>)> = headers.iter().map(|row| with_currency(row.cell(place))).collect();
        let last = cells.iter().rev().find(|(name, _)| !name.is_empty());
        let Some((name, _)) = last else {
            return refused(format!("column {} has no name", place + 1));
        };
        let id = cells.iter().map(|(name, _)| *name).find(|name| !name.is_empty()).unwrap_or(name);
        let currency = cells.iter().find_map(|(_, currency)| *currency).unwrap_or_default().to_owned();
        let is_total =
            cells.iter().any(|(name, _)| matches!(name.to_ascii_lowercase().as_str(), "total costs" | "total cost"));
        columns.push(AmountColumn { name: (*name).to_owned(), id: id.to_owned(), currency, is_total });
    }
    let all = columns.iter().find(|column| column.is_total).map(|column| column.currency.clone()).unwrap_or_default();
    let mut seen = BTreeSet::new();
    for column in &mut columns {
        // A name that ends in another unit than a currency is one of quantities: `BoxUsage (Hrs)`.
        if column.currency.is_empty() && !column.name.ends_with(')') {
            column.currency.clone_from(&all);
        }
        if column.currency.is_empty() {
            let why = "has no currency such as `($)` behind its name; download costs and not quantities";
            return refused(format!("the column {} {why}", shown(&column.name)));
        }
        if !seen.insert(if column.is_total { String::new() } else { column.id.clone() }) {
            return refused(format!("the column {} appears twice; keep only one of them", shown(&column.name)));
        }
    }
    if columns.is_empty() { refused("the header has only one column") } else { Ok(columns) }
}

/// A name without the currency behind it: `Lambda($)`, `prod ($)`, `Lambda (USD)`.
fn with_currency(cell: &str) -> (&str, Option<&str>) {
    let Some((name, unit)) = cell.strip_suffix(')').and_then(|cell| cell.rsplit_once('(')) else {
        return (cell, None);
    };
    let is_code = unit.len() == 3 && unit.bytes().all(|byte| byte.is_ascii_uppercase());
    match money::currency_of(unit).or(is_code.then_some(unit)) {
        Some(currency) => (name.trim_end(), Some(currency)),
        None => (cell, None),
    }
}

/// The day of each row, and how long the periods are.
fn days(periods: &[&DownloadRow]) -> Result<(Vec<NaiveDate>, Granularity), DownloadError> {
    let mut parsed = Vec::new();
    let mut orders = DayOrders::default();
    let mut seen = BTreeMap::new();
    for row in periods {
        let text = row.cell(0);
        let Some(day) = moment::read(text) else {
            return no_day(Some(row));
        };
        if let Some(other) = seen.insert(text, row.line) {
            return in_row(row.line, format!("{} is in row {other} too", shown(text)));
        }
        if let ParsedDay::Slashed(days) = &day {
            orders.learn(days, |_| true);
        }
        parsed.push(day);
    }
    let has_hours = periods.iter().any(|row| row.cell(0).contains(':'));
    let of_order = |order: Option<DayOrder>| -> Option<Vec<NaiveDate>> {
        let day = |days: &SlashedDay| match order {
            None => orders.day(days),
            Some(order) => DayOrder::ALL.iter().zip(days).find(|(known, _)| **known == order).and_then(|(_, day)| *day),
        };
        let days = parsed.iter().map(|parsed| match parsed {
            ParsedDay::Day(day) => Some(*day),
            ParsedDay::Slashed(days) => day(days),
        });
        days.collect()
    };
    let with_granularity = |days: Vec<NaiveDate>| {
        let of = if has_hours { Some(Granularity::Daily) } else { granularity(&days.iter().copied().collect()) };
        of.map(|granularity| (days, granularity))
    };
    if let Some(days) = of_order(None) {
        return match with_granularity(days) {
            Some(found) => Ok(found),
            None => refused("its dates are neither days in a row nor the first days of months"),
        };
    }
    // Read in the wrong order, days are no longer in a row.
    let mut possible = DayOrder::ALL.into_iter().filter_map(|order| with_granularity(of_order(Some(order))?));
    match (possible.next(), possible.next()) {
        (Some(found), None) => Ok(found),
        _ => {
            let (row, why) = (periods.first(), "can be month and day, or day and month; write days as 2025-12-31");
            let text = row.map(|row| shown(row.cell(0))).unwrap_or_default();
            in_row(row.map_or(1, |row| row.line), format!("{text} {why}"))
        }
    }
}

fn table(
    amounts: &Amounts,
    columns: &[AmountColumn],
    header: &DownloadRow,
    periods: &[&DownloadRow],
    days: &[NaiveDate],
    granularity: Granularity,
) -> CostTable {
    let has_groups = columns.iter().any(|column| !column.is_total);
    let dimension = GroupDimension::named(header.cell(0));
    let mut table = CostTable {
        granularity,
        dimensions: if has_groups { vec![dimension.clone()] } else { vec![] },
        periods: days.iter().map(|day| (*day, None)).collect(),
        costs: Vec::new(),
        account_names: BTreeMap::new(),
        goes_on: false,
    };
    for (column, place) in columns.iter().zip(1..).filter(|(column, _)| !column.is_total || !has_groups) {
        let group = match &dimension {
            GroupDimension::Account => {
                let (id, name) = account(column);
                table.account_names.insert(id.clone(), name);
                id
            }
            _ => column.name.clone(),
        };
        for (row, day) in periods.iter().zip(days) {
            let Some((amount, rounded)) = amounts.cells.get(&(row.line, place)) else { continue };
            let group = if has_groups { vec![group.clone()] } else { vec![] };
            let currency = column.currency.clone();
            table.costs.push(GroupCost { day: *day, group, amount: *amount, rounded: *rounded, currency });
        }
    }
    table
}

/// The id and the name of an account, which are two lines of the header, or one text: `prod (111122223333)`.
fn account(column: &AmountColumn) -> (String, String) {
    let is_id = |text: &str| text.len() == 12 && text.bytes().all(|byte| byte.is_ascii_digit());
    let parts = |text: &str| -> Option<(String, String)> {
        let (name, id) = text.strip_suffix(')')?.rsplit_once('(')?;
        is_id(id).then(|| (id.to_owned(), name.trim_end().to_owned()))
    };
    if is_id(&column.id) {
        return (column.id.clone(), column.name.clone());
    }
    parts(&column.name).unwrap_or_else(|| (column.name.clone(), column.name.clone()))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Granularity, dimensions, and day, group, amount and currency of each cost.
    fn check(text: &str, expected: &str) {
        let shown = match read(text.as_bytes()) {
            Err(why) => format!("refused: {why}"),
            Ok(table) => {
                let cost = |cost: &GroupCost| {
                    format!("{} {} {} {}", cost.day, cost.group.join("/"), cost.amount.decimal().0, cost.currency)
                };
                let costs: Vec<String> = table.costs.iter().map(cost).collect();
                format!("{:?} {:?}: {}", table.granularity, table.dimensions, costs.join(", "))
            }
        };
        assert_eq!(shown, expected, "{text}");
    }

    #[test]
    fn a_download_is_read_without_its_totals() {
        for (text, expected) in [
            (
                "\u{feff}\"Service\",\"Lambda($)\",\"Polly ( Neural)($)\",\"Total costs($)\"\r\n\"Service total\",\"3\",\"4.1e-7\",\"3.00000041\"\r\n\"2025-03-30\",\"1\",\"\",\"1\"\r\n\"2025-03-31\",\"2\",\"4.1e-7\",\"2.00000041\"\r\n",
                "Daily [Service]: 2025-03-30 Lambda 1 USD, 2025-03-31 Lambda 2 USD, 2025-03-31 Polly ( Neural) 0.00000041 USD",
            ),
            (
                "Service,Tax ($),Total costs ($)\n2025-03-01,-1.5,-1.5\n2025-04-01,,0\n,,\nService total,-1.5,-1.5\n",
                "Monthly [Service]: 2025-03-01 Tax -1.5 USD",
            ),
            (
                "Linked account,111122223333,444455556666,Total costs($)\nLinked account name,prod ($),dev ($),\nLinked account total,3,1,4\n2025-03-01,1,1,2\n2025-04-01,2,,2\n",
                "Monthly [Account]: 2025-03-01 111122223333 1 USD, 2025-04-01 111122223333 2 USD, 2025-03-01 444455556666 1 USD",
            ),
            (
                "Linked account,prod (111122223333)($),Total costs($)\n2025-03-02,1,1\n",
                "Daily [Account]: 2025-03-02 111122223333 1 USD",
            ),
            ("Region,eu-west-1($)\n2025-03-02,1\n", "Daily [Other(\"Region\")]: 2025-03-02 eu-west-1 1 USD"),
            (",Total costs($)\n2025-03-02,1\n", "Daily []: 2025-03-02  1 USD"),
            // Saved by a spreadsheet.
            (
                "Service,S3($),Total costs($)\nService total,\"$2,001.50 \",\"$2,001.50 \"\n3/30/25,\"$2,000.00 \",\"$2,000.00 \"\n3/31/25,$1.50 ,$1.50 \n",
                "Daily [Service]: 2025-03-30 S3 2000 USD, 2025-03-31 S3 1.5 USD",
            ),
            // In another language, a total is known by its amounts.
            (
                "서비스,Lambda($),S3($),총 비용($)\n서비스 합계,3,4,7\n2025-03-02,1,2,3\n2025-03-03,2,2,4\n",
                "Daily [Other(\"서비스\")]: 2025-03-02 Lambda 1 USD, 2025-03-03 Lambda 2 USD, 2025-03-02 S3 2 USD, 2025-03-03 S3 2 USD",
            ),
            (
                "Service,Lambda($),S3($),Gesamtkosten($)\n2025-03-02,1,2,3\n2025-03-03,2,,2\nService-Gesamtbetrag,3,2,5\n",
                "Daily [Service]: 2025-03-02 Lambda 1 USD, 2025-03-03 Lambda 2 USD, 2025-03-02 S3 2 USD",
            ),
            ("Service,S3($)\nSumme,1\n2025-03-02,1\n", "Daily [Service]: 2025-03-02 S3 1 USD"),
            (
                "Service,S3($),Tax($)\n2025-03-02,1,\n2025-03-03,,1\n",
                "Daily [Service]: 2025-03-02 S3 1 USD, 2025-03-03 Tax 1 USD",
            ),
            // Three days in a row if the month is first; the third of three months, which is no table, if it is not.
            (
                "Service,S3($)\n3/4/25,1\n3/5/25,1\n3/6/25,1\n",
                "Daily [Service]: 2025-03-04 S3 1 USD, 2025-03-05 S3 1 USD, 2025-03-06 S3 1 USD",
            ),
            (
                "Service,S3($)\n2025-03-02T00:00:00Z,1\n2025-03-02T01:00:00Z,2\n",
                "Daily [Service]: 2025-03-02 S3 1 USD, 2025-03-02 S3 2 USD",
            ),
        ] {
            check(text, expected);
        }
    }

    #[test]
    fn a_download_that_is_not_what_was_downloaded_is_refused_with_its_row() {
        for (text, why) in [
            (
                "Service,S3($),Total costs($)\nService total,5,3\n2025-03-01,1,1\n2025-03-02,2,2\n",
                "row 2: column `S3`: the total is 5, but the rows add up to 3; rows are missing or changed; download it again",
            ),
            (
                "Service,S3($),Total costs($)\n2025-03-01,1,1\n2025-03-02,2,9\n",
                "row 3: the total is 9, but the columns add up to 2; columns are missing or changed; download it again",
            ),
            ("Service,S3($),S3($)\n2025-03-01,1,1\n", "the column `S3` appears twice; keep only one of them"),
            ("Service,S3($)\n2025-03-02,1\n2025-03-02,1\n", "row 3: `2025-03-02` is in row 2 too"),
            ("Service,S3($)\n2025-03-02,1,5\n", "row 2: it has 3 fields, but the header has 2"),
            (
                "Service,S3($)\n2025-03-02,five\n",
                "row 2: column `S3`: `five` is not an amount; write it as 12.34 or 1.2E-7",
            ),
            (
                "Service,S3($)\n2025-03-02,\"1.234,56\"\n",
                "row 2: column `S3`: `1.234,56` has a decimal comma; write it with a decimal point",
            ),
            (
                "Service,S3($)\n2025-03-02,\"1,234\"\n",
                "row 2: column `S3`: `1,234` has a comma between thousands or decimals; write it without a comma",
            ),
            (
                "Usage type,BoxUsage (Hrs),Total costs($)\n2025-03-02,1,1\n",
                "the column `BoxUsage (Hrs)` has no currency such as `($)` behind its name; download costs and not quantities",
            ),
            (
                "Service,S3($)\n1/1/25,1\n2/1/25,1\n3/1/25,1\n",
                "row 2: `1/1/25` can be month and day, or day and month; write days as 2025-12-31",
            ),
            ("Service,S3($)\n2025-03-02,1\nsoon,1\n", "row 3: `soon` is neither a day nor a total"),
            (
                "Service,S3($)\n2025-03-15,1\n2025-04-15,1\n",
                "its dates are neither days in a row nor the first days of months",
            ),
            (
                "Service,S3($)\nService total,1\nService total,1\n2025-03-02,1\n",
                "row 3: it is a row of totals, as row 2 is",
            ),
            (
                "Service,S3($),Sum($)\n2025-03-02,1,1\n2025-03-03,2,2\n",
                "the column `Sum` has the same amounts as `S3`, so it can be the total; call it `Total costs($)` if it has the totals, or delete one of the columns",
            ),
            ("Service,S3($)\nSumme,2\n2025-03-02,1\n", "row 2: `Summe` is neither a day nor a total"),
            (
                "Service,S3($)\n2025.03.02.,1\n2025.03.03.,1\n",
                "row 2: `2025.03.02.` is neither a day nor a total; write days as 2025-12-31",
            ),
            (
                "Costs of March\nof all accounts\nService,S3($)\n2025-03-02,1\n",
                "row 2: the names of the columns stand in row 3; delete the lines above them",
            ),
            ("Service;S3($)\n2025-03-02;1\n", "row 1: its columns are not separated by commas; export it with commas"),
            ("Service,S3($)\n", "it has no row with a day"),
            ("a\nb\nc($)\n2025-03-02\n", "row 3: `c($)` is neither a day nor a total"),
        ] {
            check(text, &format!("refused: {why}"));
        }
    }

    #[test]
    fn totals_may_differ_by_what_rounding_leaves() {
        // Each cell has lost up to half a digit, and the total was rounded after adding.
        let text = |total: &str| {
            format!("Service,S3($)\nService total,{total}\n2025-03-01,0.33\n2025-03-02,0.33\n2025-03-03,0.33\n")
        };
        assert!(read(text("1.00").as_bytes()).is_ok());
        assert!(read(text("1.02").as_bytes()).is_err());
    }
}
