//! Files as people have them, whole and damaged, and what is read of them.

use std::fs;
use std::io::Write;
use std::path::PathBuf;

use billing::export::row::ExportRow;
use billing::line::{ChargeAmount, ChargeKey, DayCharges};
use chrono::{DateTime, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;
use tempfile::TempDir;

use super::*;

const NAMES: &str = "BilledCost,EffectiveCost,ListCost,BillingCurrency,ChargeCategory,ChargePeriodStart,ServiceName,SubAccountId,ResourceId,Tags";

fn written() -> DateTime<Utc> {
    "2025-01-05T00:00:00Z".parse().unwrap()
}

/// Reads files of one folder and gives what was read.
fn read(files: &[(&str, &[u8])], metric: ExportMetric) -> Result<ImportedBill, String> {
    let folder = TempDir::new().unwrap();
    for (name, content) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, content).unwrap();
    }
    let mut reading = ExportReader::new(metric, Arc::new(|_| {}));
    let read = find_export(folder.path()).and_then(|layout| reading.path(folder.path(), &layout));
    read.and_then(|()| reading.end())
        .map_err(|error| error.to_string().replace(&folder.path().display().to_string(), "FOLDER"))
}

/// The sums by month, and the reasons of rows that were left out, with their counts and sums.
fn shown(bill: &ImportedBill) -> String {
    let sums = |sums: &std::collections::BTreeMap<String, billing::export::amount::ExactAmount>| {
        sums.iter().map(|(currency, sum)| format!("{} {currency}", sum.decimal().0)).collect::<Vec<_>>().join(" + ")
    };
    let months: Vec<String> =
        bill.months().iter().map(|(month, of_month)| format!("{month}: {}", sums(&of_month.sums))).collect();
    let skipped: Vec<String> = bill
        .skipped()
        .iter()
        .map(|(reason, rows)| {
            format!("{} {} [{}] row {}", rows.count, reason.word(), sums(&rows.sums), rows.places[0].row)
        })
        .collect();
    [months, skipped].concat().join("; ")
}

/// One CSV file with these rows, or with another first line, means what is expected.
fn check(csv: impl AsRef<[u8]>, expected: &str) {
    let csv = csv.as_ref();
    let text = String::from_utf8_lossy(csv).into_owned();
    assert_eq!(
        read(&[("x.csv", csv)], ExportMetric::Billed).map(|bill| shown(&bill)),
        Ok(expected.to_owned()),
        "{text}"
    );
    assert_eq!(
        read(&[("x.csv.gz", &packed(csv))], ExportMetric::Billed).map(|bill| shown(&bill)),
        Ok(expected.to_owned()),
        "packed: {text}"
    );
}

/// The file is refused with these words.
fn refused(name: &str, content: &[u8], said: &str) {
    let error = read(&[(name, content)], ExportMetric::Billed).map(|bill| shown(&bill)).unwrap_err();
    assert!(error.contains(said) && error.contains(name) && !error.contains('\n'), "{error}");
}

fn packed(bytes: &[u8]) -> Vec<u8> {
    let mut packed = GzEncoder::new(Vec::new(), Compression::fast());
    packed.write_all(bytes).unwrap();
    packed.finish().unwrap()
}

fn fixture(name: &str) -> Vec<u8> {
    fs::read(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../tests/exports").join(name)).unwrap()
}

#[test]
fn csv_as_it_comes_is_read() {
    let good = "1.5,1,1,USD,Usage,2024-12-01T00:00:00Z,S,111122223333,,";
    for (csv, expected) in [
        (format!("{NAMES}\n{good}\n{good}\n"), "2024-12: 3 USD"),
        (format!("\u{feff}{NAMES}\r\n{good}\r\n"), "2024-12: 1.5 USD"),
        (format!("{NAMES}\n{good}"), "2024-12: 1.5 USD"),
        (NAMES.to_owned(), ""),
        (format!("{NAMES}\n\n{good}\n\n"), "2024-12: 1.5 USD"),
        (
            format!(
                "{NAMES}\n1.5,1,1,USD,Usage,2024-12-01,S,,,\"{{\"\"team\"\": \"\"a, b\"\",\n \"\"c\"\": \"\"d\"\"}}\"\n{good}\n"
            ),
            "2024-12: 3 USD",
        ),
        (
            format!("{NAMES}\n\"1.23E-5\",1,1,USD,Tax,2024-12-01 00:00:00 UTC,NULL,NULL,null,\\N\n"),
            "2024-12: 0.0000123 USD",
        ),
        (
            format!("{NAMES}\n{good}\n10,1,1,KRW,Usage,2025-01-31,S,444455556666,,\n"),
            "2024-12: 1.5 USD; 2025-01: 10 KRW",
        ),
        (
            format!(
                "{NAMES}\nmany,1,1,USD,Usage,2024-12-01,S,,,\n{good}\nNULL,1,1,USD,Usage,2024-12-01,S,,,\n7,1,1,USD,Usage,1/2/2024,S,,,\n"
            ),
            "2024-12: 1.5 USD; 1 no_amount [] row 4; 1 not_a_number [] row 2; 1 ambiguous_day [7 USD] row 5",
        ),
        (
            format!("{NAMES}\n{good}\n1,234.5,1,1,USD,Usage,2024-12-01,S,,,\n1,2\n{good}\n"),
            "2024-12: 3 USD; 2 cells [] row 3",
        ),
    ] {
        check(csv, expected);
    }
    // What is in a column that is not used does not count.
    let mut not_text = format!("{NAMES}\n1.5,1,1,USD,Usage,2024-12-01,S,,,").into_bytes();
    not_text.extend_from_slice(b"\xff\xfe\n");
    check(not_text, "2024-12: 1.5 USD");
}

#[test]
fn a_cell_that_is_no_text_refuses_the_file() {
    for (before, column) in [("1.5,1,1,USD,Usage,2024-12-01,AWS Lambda", 7), ("1.5,1,1,USD,Usage,2024-12-01,S,", 8)] {
        let mut not_text = format!("{NAMES}\n{before}").into_bytes();
        not_text.extend_from_slice(b"\xe9");
        not_text.resize(not_text.len() + 10 - column, b',');
        not_text.push(b'\n');
        refused("x.csv", &not_text, &format!("row 2, column {column} is not UTF-8; save the file as UTF-8"));
    }
}

#[test]
fn a_file_that_is_cut_in_its_last_row_is_refused() {
    let good = "1.5,1,1,USD,Usage,2024-12-01,S,,,";
    refused(
        "x.csv",
        format!("{NAMES}\n{good}\n1.5,1,1,US").as_bytes(),
        "the file ends in row 3; copy it again completely",
    );
    // A row that is too short and ends is another mistake; a last row may have no line end.
    check(format!("{NAMES}\n{good}\n1.5,1,1,US\n"), "2024-12: 1.5 USD; 1 cells [] row 3");
    check(format!("{NAMES}\n{good}\n{good}"), "2024-12: 3 USD");
}

#[test]
fn a_line_item_that_is_there_twice_is_refused() {
    const NAMES: &str = "identity/LineItemId,lineItem/UnblendedCost,lineItem/CurrencyCode,lineItem/LineItemType,lineItem/UsageStartDate,lineItem/ProductCode,note";
    let row = |id: &str, note: &str| format!("{id},1.5,USD,Usage,2024-12-01T00:00:00Z,AWSLambda,{note}\n");
    let twice = [NAMES, "\n", &row("a", "x"), &row("b", "x"), &row("a", "x")].concat();
    refused("x.csv", twice.as_bytes(), "row 4 is the line item of row 2 again, with the same fields; take one out");
    // Other fields make it another row, and so does an id that is missing.
    check([NAMES, "\n", &row("a", "x"), &row("a", "y"), &row("", "x"), &row("", "x")].concat(), "2024-12: 6 USD");
}

#[test]
fn what_is_no_export_is_refused_with_its_name() {
    let whole = format!("{NAMES}\n{}", "1.5,1,1,USD,Usage,2024-12-01,S,,,\n".repeat(5000));
    let gzip = packed(whole.as_bytes());
    let parquet = fixture("focus-double.parquet");
    for (name, content, said) in [
        (
            "x.csv",
            b"<!DOCTYPE html>\n<html><body>Sign in</body></html>\n".as_slice(),
            "it is a web page, not an export",
        ),
        (
            "x.csv",
            b"name,age\nAnn,3\n",
            "these are not columns of FOCUS 1.0 to 1.3, CUR 2.0 or legacy CUR: `name`, `age`",
        ),
        ("x.csv.gz", &gzip[..gzip.len() / 2], "the file ends in row"),
        ("x.csv.gz", &gzip[..gzip.len() - 4], "the file ends in row"),
        ("x.parquet", &parquet[..parquet.len() - 100], "copy it again"),
        ("x.parquet", &parquet[..6], "copy it again"),
        ("x.csv", b"PK\x03\x04rest", "it is a ZIP archive"),
        ("x.csv", b"\xff\xfeB\0i\0", "it is UTF-16"),
        ("x.csv", b"\n", "the file is empty"),
    ] {
        refused(name, content, said);
    }
    assert!(read(&[], ExportMetric::Billed).unwrap_err().contains("this folder has no export (it is empty)"));
    let other = read(&[("notes.txt", b"x"), ("empty.csv", b"")], ExportMetric::Billed).unwrap_err();
    assert!(
        other.contains("FOLDER: this folder has no export (it holds 2 other file(s), such as empty.csv, notes.txt)"),
        "{other}"
    );
    assert!(
        find_export(std::path::Path::new("/nonexistent/x.csv"))
            .unwrap_err()
            .to_string()
            .starts_with("/nonexistent/x.csv: ")
    );
}

#[test]
fn parquet_of_another_writer_is_read_whatever_its_types() {
    for name in ["focus-double.parquet", "focus-decimal.parquet"] {
        // What a file is shows at its beginning: here the name is wrong.
        for (metric, sum) in [
            (ExportMetric::Billed, "7.8241"),
            (ExportMetric::Effective, "-1.877419354839"),
            (ExportMetric::List, "12.04"),
        ] {
            let bill = read(&[("x.csv", &fixture(name))], metric).unwrap();
            assert_eq!(shown(&bill), format!("2024-12: {sum} USD"), "{name} {metric:?}");
        }
        let bill = read(&[("x.csv", &fixture(name))], ExportMetric::Billed).unwrap();
        let line = |day: &DayCharges| -> Vec<String> {
            let shown = |(key, charged): (&ChargeKey, &ChargeAmount)| {
                let quantity =
                    charged.quantity.map(|quantity| format!(" {quantity} {}", charged.unit)).unwrap_or_default();
                format!(
                    "{}/{}/{}/{} {}{quantity}",
                    key.service, key.record_type, key.usage_type, key.resource, charged.amount
                )
            };
            day.lines.iter().map(shown).collect()
        };
        let days: Vec<(String, Vec<String>)> = bill.into_days().map(|day| (day.day.to_string(), line(&day))).collect();
        let rds =
            "Amazon Relational Database Service/Usage/APN2-InstanceUsage:db.t3.micro/arn:aws:rds:db 0.81 24 Hours";
        let expected: [(&str, &[&str]); 3] = [
            (
                "2024-12-01",
                &[
                    "AWS Lambda/Credit// -5",
                    "AWS Support (Developer)/Fee// 10",
                    "Amazon Relational Database Service/Tax// 1.17",
                    rds,
                ],
            ),
            ("2024-12-02", &[rds]),
            ("2024-12-03", &["AWS Lambda/Usage/APN2-Lambda-GB-Second/arn:aws:lambda:f 0.0341 2046.5 GB-Seconds"]),
        ];
        assert_eq!(
            days,
            expected.map(|(day, lines)| (day.to_owned(), lines.iter().map(|line| (*line).to_owned()).collect())),
            "{name}"
        );
    }
}

const LEGACY: &str = "identity/LineItemId,bill/BillingPeriodStartDate,bill/BillingPeriodEndDate,lineItem/UsageAccountId,lineItem/LineItemType,lineItem/UsageStartDate,lineItem/ProductCode,lineItem/UsageType,lineItem/CurrencyCode,lineItem/UnblendedCost,lineItem/LineItemDescription,pricing/unit,resourceTags/user:team";

fn legacy(id: &str, month: &str, amount: &str) -> String {
    let end = if month == "2024-11" { "2024-12" } else { "2025-01" };
    format!(
        "{id},{month}-01T00:00:00Z,{end}-01T00:00:00Z,111122223333,Usage,{month}-02T05:00:00Z,AmazonS3,U,USD,{amount},d,GB,web\n"
    )
}

#[test]
fn a_legacy_report_is_read_with_several_months_and_rows_without_their_last_field() {
    let rows = [legacy("a", "2024-11", "3.6e-05"), legacy("b", "2024-12", "1.5")].concat();
    check(format!("{LEGACY}\n{rows}"), "2024-11: 0.000036 USD; 2024-12: 1.5 USD");
    let short = rows.replace(",web\n", "\r\n");
    check(format!("{LEGACY}\r\n{short}"), "2024-11: 0.000036 USD; 2024-12: 1.5 USD");
    // Two fields are missing; one is missing in the middle.
    let shorter = rows.replacen(",GB,web\n", "\n", 1);
    check(format!("{LEGACY}\n{shorter}"), "2024-12: 1.5 USD; 1 cells [] row 2");
    let shifted = rows.replacen("111122223333,", "", 1);
    check(format!("{LEGACY}\n{shifted}"), "2024-12: 1.5 USD; 1 cells [] row 2");
}

#[test]
fn amounts_and_days_of_spreadsheets_are_read_where_the_file_leaves_no_doubt() {
    let row = |amount: &str, day: &str| format!("{amount},1,1,USD,Usage,{day},S,,,\n");
    for (rows, expected) in [
        ([row("\"$10,100.00 \"", "4/1/25"), row("\"1,234\"", "4/13/25")], "2025-04: 11334 USD"),
        ([row("1", "4/5/25"), row("2", "4/6/25")], "2 ambiguous_day [3 USD] row 2"),
        ([row("\"1,234\"", "2025-04-01"), row("2", "2025-04-01")], "2025-04: 2 USD; 1 doubtful_amount [] row 2"),
        ([row("1", "2025-04-01"), row("\u{20ac}2.00", "2025-04-01")], "2025-04: 1 USD; 1 other_currency [] row 3"),
    ] {
        check(format!("{NAMES}\n{}", rows.concat()), expected);
    }
    for (rows, said) in [
        ([row("1.234", "2025-04-01"), row("\"1.234,56\"", "2025-04-01")], "row 3: `1.234,56` has a decimal comma"),
        ([row("1", "4/13/25"), row("1", "13/4/25")], "row 3: `13/4/25` has its month and day in another order"),
    ] {
        refused("x.csv", format!("{NAMES}\n{}", rows.concat()).as_bytes(), said);
    }
}

const DOWNLOAD: &str = "\u{feff}\"Service\",\"S3($)\",\"Tax($)\",\"Total costs($)\"\n\"Service total\",\"3\",\"1.5\",\"4.5\"\n\"2024-12-01\",\"1\",\"1.5\",\"2.5\"\n\"2024-12-02\",\"2\",\"\",\"2\"\n";

/// An answer of one day, and perhaps the token of the next page.
fn answer(day: &str, end: &str, amount: &str, token: &str) -> String {
    format!(
        r#"{{"GroupDefinitions": [{{"Type": "DIMENSION", "Key": "SERVICE"}}], "ResultsByTime": [{{"TimePeriod": {{"Start": "{day}", "End": "{end}"}}, "Total": {{}}, "Groups": [{{"Keys": ["S"], "Metrics": {{"UnblendedCost": {{"Amount": "{amount}", "Unit": "USD"}}}}}}], "Estimated": true}}]{token}}}"#
    )
}

#[test]
fn tables_of_cost_explorer_are_read() {
    check(DOWNLOAD, "2024-12: 4.5 USD");
    let (one, two) = (
        answer("2024-12-01", "2024-12-02", "1", r#", "NextPageToken": "t""#),
        answer("2024-12-02", "2024-12-03", "2.25", ""),
    );
    check(format!("{one}\n{two}"), "2024-12: 3.25 USD");
    // What is a last page here has another name in each file.
    let pages = [("a/1.json", one.as_bytes()), ("a/2.json", two.as_bytes()), ("a/x-Manifest.json", b"{}")];
    let bill = read(&pages, ExportMetric::Billed).unwrap();
    assert_eq!(shown(&bill), "2024-12: 3.25 USD");
    let days: Vec<(String, bool)> = bill.into_days().map(|day| (day.day.to_string(), day.estimated)).collect();
    assert_eq!(days, [("2024-12-01".to_owned(), true), ("2024-12-02".to_owned(), true)]);
    refused("x.json", one.as_bytes(), "a page is missing: the last one has a `NextPageToken`");
    let gzip = packed(two.as_bytes());
    refused("x.json", &gzip[..gzip.len() - 6], "the file is incomplete; copy it again completely");
    refused("x.json", &gzip[..40], "copy it again completely");
    refused("x.csv", b"date,series,amount\n2024-12-01,S,1\n", "have no currency, so it cannot be stored");
    let month = answer("2024-11-01", "2024-12-01", "9", "");
    let mixed = read(&[("a.csv", DOWNLOAD.as_bytes()), ("b.json", month.as_bytes())], ExportMetric::Billed);
    assert!(
        mixed
            .unwrap_err()
            .ends_with("b.json: it has sums of months, and another file has sums of days; read one of them at a time")
    );
    let months = "Service,S3($)\n2024-11-01,9\n2024-12-01,9\n";
    for (name, content, why) in [
        ("b.csv", months, "choose the granularity"),
        ("b.json", month.as_str(), "can be the sum of that day or of the whole month"),
    ] {
        let monthly = read(&[(name, content.as_bytes())], ExportMetric::Billed).unwrap();
        assert!(monthly.is_monthly() && monthly.into_series().unwrap_err().contains(why), "{why}");
    }
}

/// The series of one file, as `name day amount`.
fn series(content: &str, expected: Result<&str, &str>) {
    let bill = read(&[("x.csv", content.as_bytes())], ExportMetric::Billed).unwrap();
    let shown = bill.into_series().map(|all| {
        let of = |one: &billing::series::CostSeries| -> Vec<String> {
            one.days.iter().map(|(day, amount)| format!("{} {day} {amount}", one.name)).collect()
        };
        all.iter().flat_map(of).collect::<Vec<_>>().join(", ")
    });
    assert_eq!(shown.as_deref().map_err(String::as_str), expected, "{content}");
}

#[test]
fn a_bill_has_a_series_for_each_thing_that_it_tells_apart() {
    series(DOWNLOAD, Ok("S3 2024-12-01 1, S3 2024-12-02 2, Tax 2024-12-01 1.5"));
    series(
        "Linked account,111122223333,444455556666\nLinked account name,prod ($),dev ($)\n2024-12-01,1,2\n2024-12-02,,2\n",
        Ok("dev (444455556666) 2024-12-01 2, dev (444455556666) 2024-12-02 2, prod (111122223333) 2024-12-01 1"),
    );
    series("Region,eu($)\n2024-12-02,1\n", Ok("eu 2024-12-02 1"));
    series(",Total costs($)\n2024-12-02,1\n2024-12-03,0\n", Ok("Total 2024-12-02 1, Total 2024-12-03 0"));
    let row = |amount, currency| format!("{amount},1,1,{currency},Usage,2024-12-01,S,,,\n");
    series(&format!("{NAMES}\n{}{}", row("1.5", "USD"), row("2", "USD")), Ok("S 2024-12-01 3.5"));
    series(
        &format!("{NAMES}\n{}{}", row("1.5", "USD"), row("2", "EUR")),
        Err(
            "it has amounts of more than one currency, which have no sum (1.5 USD, 2 EUR); give a bill of one currency",
        ),
    );
}

#[test]
fn two_deliveries_of_a_month_beside_each_other_are_not_added_up() {
    let rows = |ids: std::ops::Range<u32>| -> String {
        let row = |id| legacy(&format!("id{id}"), "2024-12", "0.5");
        format!("{LEGACY}\n{}", ids.map(row).collect::<String>())
    };
    let both = |one: String, other: String| {
        let files = [("1.csv", one.as_bytes()), ("2.csv", other.as_bytes())];
        read(&files, ExportMetric::Billed).map(|bill| shown(&bill))
    };
    let said = both(rows(0..5000), rows(0..6000)).unwrap_err();
    assert!(said.starts_with("FOLDER/2.csv: it holds the same rows as `"), "{said}");
    assert_eq!(both(rows(0..5000), rows(5000..6000)).as_deref(), Ok("2024-12: 3000 USD"), "two parts of one delivery");
    assert_eq!(both(rows(0..3000), rows(2000..5000)).as_deref(), Ok("2024-12: 3000 USD"), "a third is the same");
}

#[test]
fn a_legacy_report_is_read_by_its_manifest() {
    let csv = |amount: &str| format!("{LEGACY}\n{}", legacy("a", "2024-12", amount));
    let (first, second) = (csv("1"), csv("2"));
    let period = "cur/acme/20241201-20250101";
    let manifest = |keys: &str| format!(r#"{{"assemblyId": "b", "reportKeys": [{keys}]}}"#);
    let names =
        [format!("{period}/z/acme-1.csv"), format!("{period}/b/acme-1.csv"), format!("{period}/acme-Manifest.json")];
    let [z, b, top] = names.each_ref().map(String::as_str);
    let good = manifest(r#""x/acme/20241201-20250101/b/acme-1.csv""#);
    let files = [(z, first.as_bytes()), (b, second.as_bytes()), (top, good.as_bytes())];
    assert_eq!(read(&files, ExportMetric::Billed).map(|bill| shown(&bill)).as_deref(), Ok("2024-12: 2 USD"));
    let more = manifest(r#""x/acme/20241201-20250101/b/acme-1.csv", "x/acme/20241201-20250101/b/acme-2.csv""#);
    let said = read(&[(b, second.as_bytes()), (top, more.as_bytes())], ExportMetric::Billed).unwrap_err();
    assert!(said.contains("acme-Manifest.json` names 2 files, but"), "{said}");
}

#[test]
fn a_damaged_parquet_file_is_an_error_and_no_panic() {
    let whole = fixture("focus-double.parquet");
    let mut refused = 0;
    for at in (0..whole.len()).step_by(5) {
        let mut damaged = whole.clone();
        damaged[at] ^= 0x55;
        refused += u32::from(read(&[("x.parquet", &damaged)], ExportMetric::Billed).is_err());
    }
    assert!(refused > 50, "{refused} of {}", whole.len() / 5);
}

/// The end of a Parquet file says how many rows it has.
#[test]
fn a_damaged_end_of_a_parquet_file_costs_no_row() {
    let whole = fixture("focus-double.parquet");
    let rows = |file: &[u8]| read(&[("x.parquet", file)], ExportMetric::Billed).map(|bill| bill.rows());
    let count = rows(&whole).unwrap();
    for (at, bits) in (whole.len() - 2000..whole.len()).flat_map(|at| [1_u8, 2, 4, 8, 16].map(|bits| (at, bits))) {
        let mut damaged = whole.clone();
        damaged[at] ^= bits;
        if let Ok(read) = rows(&damaged) {
            assert_eq!(read, count, "byte {at}, bits {bits}");
        }
    }
}

#[test]
fn a_file_whose_reading_stops_does_not_end_there() {
    struct Stops(bool);
    impl Read for Stops {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            assert!(!self.0, "stops");
            self.0 = true;
            buffer[..3].copy_from_slice(b"a,b");
            Ok(3)
        }
    }
    let mut text = Vec::new();
    let error = ReadAhead::of(Stops(false)).read_to_end(&mut text).unwrap_err();
    assert_eq!(error.to_string(), "the reading thread stopped unexpectedly");
    let mut whole = ReadAhead::of(&b"a,b"[..]);
    assert_eq!((whole.read_to_end(&mut text).unwrap(), whole.read(&mut [0]).unwrap()), (3, 0));
    assert_eq!(text, b"a,b");
}

#[test]
fn files_of_a_folder_add_up_and_a_delivery_that_was_replaced_does_not() {
    let csv = |amount: &str| format!("{NAMES}\n{amount},1,1,USD,Usage,2024-12-01,S,,,\n");
    let month = "data/BILLING_PERIOD=2024-12";
    let files = [
        (format!("{month}/20241203T000000Z-a/x-00001.csv.gz"), packed(csv("1").as_bytes())),
        (format!("{month}/20241203T000000Z-a/x-00002.csv.gz"), packed(csv("2").as_bytes())),
        (format!("{month}/20241202T000000Z-b/x-00001.csv.gz"), packed(csv("40").as_bytes())),
        ("metadata/BILLING_PERIOD=2024-12/x-Manifest.json".to_owned(), b"{}".to_vec()),
    ];
    let files: Vec<(&str, &[u8])> = files.iter().map(|(name, content)| (name.as_str(), content.as_slice())).collect();
    let bill = read(&files, ExportMetric::Billed).unwrap();
    assert_eq!((shown(&bill).as_str(), bill.files().len()), ("2024-12: 3 USD", 2));
    let twice =
        read(&[("x.csv", csv("1").as_bytes()), ("x.csv.gz", &packed(csv("1").as_bytes()))], ExportMetric::Billed)
            .unwrap_err();
    assert!(twice.contains("`x.csv` and `x.csv.gz` seem to be the same export"), "{twice}");
}

#[test]
fn a_month_is_estimated_until_its_files_were_written_after_it() {
    let csv = format!("{NAMES}\n1,1,1,USD,Usage,2024-12-01,S,,,\n1,1,1,USD,Usage,2025-01-01,S,,,\n");
    let folder = TempDir::new().unwrap();
    let path = folder.path().join("x.csv");
    fs::write(&path, csv).unwrap();
    let mut reading = ExportReader::new(ExportMetric::Billed, Arc::new(|_| {}));
    reading.file("x.csv", fs::File::open(&path).unwrap(), written()).unwrap();
    let days: Vec<(String, bool)> =
        reading.end().unwrap().into_days().map(|day| (day.day.to_string(), day.estimated)).collect();
    assert_eq!(days, [("2024-12-01".to_owned(), false), ("2025-01-01".to_owned(), true)]);
}

#[test]
fn too_many_resources_are_left_out_and_their_amounts_are_not() {
    let mut bill = ImportedBill::default();
    bill.begin("x.csv", billing::export::columns::ExportDataset::Focus12);
    let amount = billing::export::amount::ExactAmount::read("0.01").unwrap().0;
    for number in 0..300_005u64 {
        let resource = format!("arn:{number}");
        let row = ExportRow {
            day: "2024-12-01".parse().unwrap(),
            service: "S",
            record_type: "Usage",
            usage_type: "U",
            account: "A",
            resource: &resource,
            currency: "USD",
            amount,
            rounded: false,
            quantity: Some(rust_decimal::Decimal::ONE),
            unit: "Hrs",
        };
        bill.take(number + 2, Ok(row), written());
    }
    assert!(bill.without_resources() && bill.lines() == 1);
    let lines: Vec<DayCharges> = bill.into_days().collect();
    let (key, charged) = lines[0].lines.first_key_value().unwrap();
    assert_eq!(
        (key.resource.as_str(), charged.amount.to_string().as_str(), charged.quantity, charged.unit.as_str()),
        ("", "3000.05", Some(300_005.into()), "Hrs")
    );
}
