//! Daily costs by series name, and their CSV format.

use std::collections::BTreeMap;
use std::fmt;

use chrono::NaiveDate;
use model::calendar;
use model::money::LARGEST;
use model::redact::printable;
use rust_decimal::Decimal;

use crate::decimal;

/// What one thing on the bill (a service, a line item) cost on each UTC day.
///
/// A day that is missing cost nothing if any other series of the same bill has a figure for it, because AWS leaves out
/// what cost nothing. A day on which no series has a figure is not known: it is never taken for zero.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CostSeries {
    /// Its name on the bill.
    pub name: String,
    /// Exact amounts by UTC day, all of one currency; credits are negative.
    pub days: BTreeMap<NaiveDate, Decimal>,
}

/// Why a text is no bill: one mistake of perhaps many.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}{}: {what}", ColumnPrefix(.column))]
pub struct BillCsvError {
    /// The line of the text, from 1.
    pub line: u64,
    /// The column's name, where it is one field's mistake.
    pub column: Option<&'static str>,
    /// The value, and what to write in its place.
    pub what: String,
}

struct ColumnPrefix<'a>(&'a Option<&'static str>);

impl fmt::Display for ColumnPrefix<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |column| write!(f, ", column `{column}`"))
    }
}

/// The columns that are read. Others are left alone.
const COLUMNS: [&str; 3] = ["date", "series", "amount"];

/// Reads a bill of the columns `date` (`YYYY-MM-DD`, a UTC day), `series` and `amount` from CSV (RFC 4180, in UTF-8, a
/// byte order mark is allowed) with a header, in any order of columns. Rows of the same day and series are added up.
/// Series come by name.
///
/// # Errors
/// All mistakes at once, by line. Then nothing has been read.
pub fn read(text: &[u8]) -> Result<Vec<CostSeries>, Vec<BillCsvError>> {
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().flexible(true).from_reader(text);
    let places = places(&mut reader).map_err(|mistake| vec![mistake])?;
    let mut days = BTreeMap::<String, BTreeMap<NaiveDate, Decimal>>::new();
    let mut mistakes = Vec::new();
    for record in reader.byte_records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                mistakes.push(BillCsvError {
                    line: error.position().map_or(1, csv::Position::line),
                    column: None,
                    what: error.to_string(),
                });
                break;
            }
        };
        // A row begins after the line ends that separate it from the one before; only the rows that hold nothing are
        // skipped by the reader.
        let line = record.position().map_or(1, csv::Position::line);
        match row(&record, places) {
            Ok((date, name, amount)) => {
                let sum = days.entry(name).or_default().entry(date).or_default();
                match sum.checked_add(amount).filter(|sum| sum.abs() < LARGEST) {
                    Some(exact) => *sum = exact,
                    None => mistakes.push(BillCsvError {
                        line,
                        column: Some("amount"),
                        what: "the rows of this day and series add up to 1000000000000 or more; check for a row in another unit".to_owned(),
                    }),
                }
            }
            Err(found) => mistakes.extend(found.into_iter().map(|(column, what)| BillCsvError { line, column, what })),
        }
    }
    if mistakes.is_empty() && days.is_empty() {
        mistakes.push(BillCsvError { line: 1, column: None, what: "the file has a header but no rows".to_owned() });
    }
    if mistakes.is_empty() {
        Ok(days.into_iter().map(|(name, days)| CostSeries { name, days }).collect())
    } else {
        Err(mistakes)
    }
}

/// Where the columns stand.
fn places(reader: &mut csv::Reader<&[u8]>) -> Result<[usize; 3], BillCsvError> {
    let mistake = |what: String| BillCsvError { line: 1, column: None, what };
    let header = reader.byte_headers().map_err(|error| mistake(error.to_string()))?;
    let names: Vec<String> = header.iter().map(|name| String::from_utf8_lossy(name).trim().to_lowercase()).collect();
    let mut found = [0; 3];
    let mut missing = Vec::new();
    for (column, place) in COLUMNS.into_iter().zip(&mut found) {
        let mut at = names.iter().enumerate().filter(|(_, name)| *name == column).map(|(at, _)| at);
        match (at.next(), at.next()) {
            (Some(one), None) => *place = one,
            (Some(_), Some(_)) => return Err(mistake(format!("the header has `{column}` twice; remove one"))),
            (None, _) => missing.push(format!("`{column}`")),
        }
    }
    if missing.is_empty() {
        return Ok(found);
    }
    if let [one] = names.as_slice()
        && one.contains([';', '\t'])
    {
        return Err(mistake("its columns are not separated by commas; export it with commas".to_owned()));
    }
    let shown = printable(&names.join(",").chars().take(80).collect::<String>());
    Err(mistake(format!(
        "the header `{shown}` has no {}; the first line must have `date,series,amount`, in any order; or give a download of Cost Explorer or an export",
        missing.join(" and ")
    )))
}

type FieldErrors = Vec<(Option<&'static str>, String)>;

fn row(record: &csv::ByteRecord, places: [usize; 3]) -> Result<(NaiveDate, String, Decimal), FieldErrors> {
    let [date, name, amount] = places.map(|place| record.get(place).map(std::str::from_utf8));
    let mut found = FieldErrors::new();
    let mut field = |column: &'static str, value: Option<Result<&str, std::str::Utf8Error>>| match value {
        None => {
            found.push((
                Some(column),
                format!(
                    "the row has only {} field(s); a name or amount that contains a comma must be quoted",
                    record.len()
                ),
            ));
            None
        }
        Some(Err(_)) => {
            found.push((Some(column), "not UTF-8; convert the file first: iconv -f LATIN1 -t UTF-8".to_owned()));
            None
        }
        Some(Ok(text)) => Some(text.trim().to_owned()),
    };
    let (date, name, amount) = (field("date", date), field("series", name), field("amount", amount));
    let mut wrong = |column: &'static str, what: String| found.push((Some(column), what));
    let date = date.and_then(|text| day(&text).map_err(|what| wrong("date", what)).ok());
    if name.as_deref() == Some("") {
        wrong("series", "is empty; every row needs a series name".to_owned());
    }
    let amount = amount.and_then(|text| exact(&text).map_err(|what| wrong("amount", what)).ok());
    match (date, name, amount) {
        (Some(date), Some(name), Some(amount)) if found.is_empty() => Ok((date, name, amount)),
        _ => Err(found),
    }
}

/// A value as it may be shown.
fn quoted(text: &str) -> String {
    let short: String = text.chars().take(40).collect();
    format!("`{}{}`", printable(&short), if short.len() < text.len() { "..." } else { "" })
}

fn day(text: &str) -> Result<NaiveDate, String> {
    calendar::day(text).ok_or_else(|| format!("{} is not a date; write it as 2024-12-31", quoted(text)))
}

/// An amount of one day, as [`decimal::read`] reads it.
fn exact(text: &str) -> Result<Decimal, String> {
    let Ok(read) = decimal::read(text) else {
        let why = if text.contains(',') { "without thousands separators, with a decimal point, " } else { "" };
        return Err(format!("{} is not an amount; write it {why}as 12.34, -0.5 or 1.2E-7", quoted(text)));
    };
    read.decimal()
        .filter(|amount| amount.abs() < LARGEST)
        .ok_or_else(|| format!("{} is too large; the amount of one day must be below 1000000000000", quoted(text)))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn errors(text: &str) -> Vec<String> {
        read(text.as_bytes()).unwrap_err().iter().map(ToString::to_string).collect()
    }

    fn one(name: &str, days: &[(&str, &str)]) -> CostSeries {
        CostSeries {
            name: name.to_owned(),
            days: days.iter().map(|(day, amount)| (day.parse().unwrap(), amount.parse().unwrap())).collect(),
        }
    }

    #[test]
    fn columns_may_stand_in_any_order_and_rows_of_a_day_are_added_up() {
        let text = "\u{feff}amount,note,Series,date\r\n0.1,,\"RDS, prod\",2024-12-01\r\n-0.05,x,S3,2024-12-02\r\n0.2,,\"RDS, prod\",2024-12-01\r\n";
        let expected = vec![one("RDS, prod", &[("2024-12-01", "0.3")]), one("S3", &[("2024-12-02", "-0.05")])];
        assert_eq!(read(text.as_bytes()), Ok(expected));
    }

    #[test]
    fn an_amount_is_read_or_the_mistake_is_named() {
        assert_eq!(exact("999999999999.99"), Ok("999999999999.99".parse().unwrap()));
        for (typed, mistake) in [
            (
                "1,5",
                "`1,5` is not an amount; write it without thousands separators, with a decimal point, as 12.34, -0.5 or 1.2E-7",
            ),
            ("x", "`x` is not an amount; write it as 12.34, -0.5 or 1.2E-7"),
            ("1000000000000", "`1000000000000` is too large; the amount of one day must be below 1000000000000"),
            ("1e30", "`1e30` is too large; the amount of one day must be below 1000000000000"),
        ] {
            assert_eq!(exact(typed), Err(mistake.to_owned()));
        }
    }

    #[test]
    fn every_mistake_is_told_with_its_place() {
        let text = "date,series,amount\n2024-12-01,S3,1\n2024-12-32,S3,x\n\n2024-12-01,\"a\nb\",1\n2024-12-1,,1\n2024-12-02,S3\n";
        assert_eq!(
            errors(text),
            [
                "line 3, column `date`: `2024-12-32` is not a date; write it as 2024-12-31",
                "line 3, column `amount`: `x` is not an amount; write it as 12.34, -0.5 or 1.2E-7",
                "line 7, column `date`: `2024-12-1` is not a date; write it as 2024-12-31",
                "line 7, column `series`: is empty; every row needs a series name",
                "line 8, column `amount`: the row has only 2 field(s); a name or amount that contains a comma must be quoted",
            ]
        );
    }

    #[test]
    fn a_file_that_is_no_bill_is_told_what_is_missing() {
        assert_eq!(
            errors(""),
            [
                "line 1: the header `` has no `date` and `series` and `amount`; the first line must have `date,series,amount`, in any order; or give a download of Cost Explorer or an export"
            ]
        );
        assert_eq!(
            errors("date,service,amount\n"),
            [
                "line 1: the header `date,service,amount` has no `series`; the first line must have `date,series,amount`, in any order; or give a download of Cost Explorer or an export"
            ]
        );
        assert_eq!(errors("date,series,amount,date\n"), ["line 1: the header has `date` twice; remove one"]);
        assert_eq!(
            errors("date;series;amount\n2024-12-01;S3;1\n"),
            ["line 1: its columns are not separated by commas; export it with commas"]
        );
        assert_eq!(errors("date,series,amount\n"), ["line 1: the file has a header but no rows"]);
    }

    #[test]
    fn what_is_not_text_is_told() {
        let mistakes = read(b"date,series,amount\n2024-12-01,caf\xe9,1\n").unwrap_err();
        assert_eq!(
            mistakes[0].to_string(),
            "line 2, column `series`: not UTF-8; convert the file first: iconv -f LATIN1 -t UTF-8"
        );
    }

    proptest! {
        #[test]
        fn whatever_the_text_it_is_read_or_refused(text in proptest::collection::vec(any::<u8>(), 0..200), rows in "[0-9eE+.,\"\n -]{0,80}") {
            let _ = read(&text);
            let _ = read(format!("date,series,amount\n2024-12-01,S3,{rows}").as_bytes());
        }
    }
}
