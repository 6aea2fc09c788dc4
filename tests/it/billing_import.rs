//! `monitor billing import`, and the source that reads exports, as a whole program.

use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use chrono::NaiveDate;
use serde_json::{Value, json};
use store::{Durability, Store};
use tempfile::TempDir;

use crate::support::program::{Output, monitor};
use crate::support::stack::{Emulator, aws_env};
use crate::world::repository;

const NAMES: &str =
    "BilledCost,BillingCurrency,ChargeCategory,ChargePeriodStart,ServiceName,SubAccountId,ResourceId,Tags\n";

/// A folder with a configuration that watches with `read`, and one file `export.csv` of these rows.
fn folder(read: &str, rows: &str) -> TempDir {
    let folder = TempDir::new().expect("a folder");
    let tables = format!("[watch.spend]\nevery = \"6h\"\nread.{read}\n[receiver.me]\nvia.stdout = {{}}\n");
    fs::write(folder.path().join("alerts.toml"), tables).expect("the configuration");
    fs::write(folder.path().join("export.csv"), format!("{NAMES}{rows}")).expect("the export");
    folder
}

fn import(folder: &TempDir, args: &[&str]) -> Output {
    monitor(folder.path()).args(["billing", "import"]).args(args).run()
}

/// What the store says of December 2024: source and sums of each day.
async fn december(folder: &Path) -> Vec<(String, String, Vec<String>)> {
    let path = folder.join("monitor.db");
    if !path.exists() {
        return vec![];
    }
    let store = Store::open_read_only(&path).await.expect("the store");
    let day = |text: &str| text.parse::<NaiveDate>().expect("a day");
    let days = store.bill_lines(day("2024-12-01"), day("2025-01-01")).await.expect("lines");
    let line = |(key, charged): (&billing::line::ChargeKey, &billing::line::ChargeAmount)| {
        format!("{} {} {} {}", key.service, key.record_type, charged.amount, key.currency)
    };
    days.into_iter().map(|(source, day)| (source, day.day.to_string(), day.lines.iter().map(line).collect())).collect()
}

const ROWS: &str = "0.81,USD,Usage,2024-12-01T00:00:00Z,Amazon Relational Database Service,111122223333,arn:a,\"{\"\"team\"\": \"\"a, b\"\"}\"
0.40,USD,Usage,2024-12-01T05:00:00Z,Amazon Relational Database Service,111122223333,arn:a,
10,USD,Purchase,2024-12-01T00:00:00Z,AWS Support (Developer),111122223333,NULL,
1.21,USD,Tax,2024-12-02T00:00:00Z,AWS Lambda,444455556666,NULL,
";

#[tokio::test]
async fn an_export_is_taken_once_however_often_it_is_imported() {
    let folder = folder("cost_explorer = {}", ROWS);
    let dry = import(&folder, &["export.csv", "--dry-run"]);
    assert_eq!((dry.code, folder.path().join("monitor.db").exists()), (Some(0), false), "{}", dry.stderr);
    assert!(
        dry.stdout.contains("2024-12  12.42 USD  (4 rows)") && dry.stdout.ends_with("Nothing was written.\n"),
        "{}",
        dry.stdout
    );

    let first = import(&folder, &["export.csv", "--format", "json"]);
    assert_eq!(first.code, Some(0), "{}", first.stderr);
    let said: Value = serde_json::from_str(&first.stdout).expect("JSON");
    assert_eq!(
        said["months"],
        json!([{"month": "2024-12", "rows": 4, "sums": [{"currency": "USD", "amount": "12.42"}], "settled": true}])
    );
    assert_eq!(
        (&said["days"], &said["lines"], &said["accounts"]),
        (&json!(2), &json!(3), &json!(["111122223333", "444455556666"]))
    );
    assert_eq!((&said["written"]["changed_days"], &said["skipped"]), (&json!(2), &json!([])));

    let again = import(&folder, &["export.csv"]);
    assert!(again.code == Some(0) && again.stdout.contains("nothing changed"), "{again:?}");
    let known = december(folder.path()).await;
    let rds = "Amazon Relational Database Service Usage 1.21 USD".to_owned();
    assert_eq!(
        known[0],
        ("import".into(), "2024-12-01".into(), vec!["AWS Support (Developer) Fee 10 USD".into(), rds])
    );
    assert_eq!(known[1], ("import".into(), "2024-12-02".into(), vec!["AWS Lambda Tax 1.21 USD".into()]));

    let report = monitor(folder.path()).args(["report", "--month", "2024-12"]).run();
    assert!(report.code == Some(0) && report.stdout.contains("12.42 USD"), "{report:?}");
}

#[tokio::test]
async fn rows_that_cannot_be_used_are_told_with_their_sum() {
    let bad = "many,USD,Usage,2024-12-03,S,,,\n7.5,USD,Usage,someday,S,,,\n2,KRW,Usage,1/2/2024,S,,,\n1,2\n3,EUR,Usage,2024-12-03,S,,,\n";
    let folder = folder("cost_explorer = {}", &format!("{ROWS}{bad}"));
    let output = import(&folder, &["export.csv"]);
    assert_eq!(output.code, Some(2), "{}", output.stderr);
    for line in [
        "2024-12  3.00 EUR + 12.42 USD  (5 rows)",
        "Skipped: 1 row with an amount that is not a decimal number; export.csv row 6 (`many`)",
        "Skipped: 1 row with a time in an unknown format, 7.50 USD in all; export.csv row 7 (`someday`)",
        "Skipped: 1 row with an ambiguous day; export it as YYYY-MM-DD, 2.00 KRW in all; export.csv row 8 (`1/2/2024`)",
        "Skipped: 1 row with a wrong number of cells; export.csv row 9",
    ] {
        assert!(output.stdout.contains(line), "{line}\n{}", output.stdout);
    }
    assert!(output.stderr.contains("the sums do not include the skipped rows"), "{}", output.stderr);
    assert_eq!(december(folder.path()).await.len(), 3);
}

#[tokio::test]
async fn what_cannot_be_read_writes_nothing_and_says_why_in_one_line() {
    let folder = folder("cost_explorer = {}", ROWS);
    fs::create_dir(folder.path().join("empty")).expect("a folder");
    fs::create_dir(folder.path().join("mixed")).expect("a folder");
    fs::copy(folder.path().join("export.csv"), folder.path().join("mixed/a.csv")).expect("a copy");
    fs::write(folder.path().join("mixed/b.csv"), "<!DOCTYPE html>\n<p>Sign in</p>\n").expect("a page");
    fs::write(folder.path().join("only-bad.csv"), format!("{NAMES}x,USD,Usage,2024-12-01,S,,,\n")).expect("an export");
    for (path, said) in [
        ("empty", "this folder has no export"),
        ("mixed", "mixed/b.csv: it is a web page, not an export"),
        ("missing.csv", "missing.csv: No such file"),
        ("alerts.toml", "these are not columns of FOCUS 1.0 to 1.3, CUR 2.0 or legacy CUR"),
        ("only-bad.csv", "no row in only-bad.csv can be used"),
    ] {
        let output = import(&folder, &[path]);
        assert!(
            output.code == Some(1) && output.stderr.contains(said) && output.stderr.lines().count() == 1,
            "{path}: {output:?}"
        );
        assert_eq!(december(folder.path()).await, [], "{path}");
    }
}

const DOWNLOAD: &str =
    "\u{feff}Service,Lambda($),Tax($),Total costs($)\nService total,3,0.3,3.3\n2024-12-01,1,0.3,1.3\n2024-12-02,2,,2\n";
const MONTHS: &str = "Service,Lambda($),Total costs($)\nService total,33,33\n2024-11-01,11,11\n2024-12-01,22,22\n";

#[tokio::test]
async fn a_download_of_days_is_imported_and_one_of_months_is_reported_only() {
    let folder = folder("cost_explorer = {}", ROWS);
    fs::write(folder.path().join("days.csv"), DOWNLOAD).expect("a download");
    fs::write(folder.path().join("months.csv"), MONTHS).expect("a download");
    fs::write(folder.path().join("region.csv"), DOWNLOAD.replace("Service", "Region")).expect("a download");
    for (path, said) in [
        ("months.csv", "it has the sums of months, and their days are not known; choose the granularity \"Daily\""),
        ("region.csv", "it is grouped by `Region`, which the store has no field for"),
    ] {
        let output = import(&folder, &[path]);
        assert!(output.code == Some(1) && output.stderr.contains(said), "{output:?}");
        assert_eq!(december(folder.path()).await, [], "{path}");
    }
    let output = import(&folder, &["days.csv"]);
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    assert!(output.stdout.contains("Read 3 rows of 1 file (Cost Explorer CSV, billed costs)"), "{}", output.stdout);
    let days: Vec<Vec<String>> = december(folder.path()).await.into_iter().map(|(.., lines)| lines).collect();
    assert_eq!(days, [vec!["Lambda Unknown 1 USD", "Tax Tax 0.3 USD"], vec!["Lambda Unknown 2 USD"]]);

    let report = |args: &[&str]| monitor(folder.path()).args(["report", "--input"]).args(args).run();
    let months = report(&["months.csv"]);
    assert_eq!(months.code, Some(0), "{}", months.stderr);
    assert!(months.stdout.contains("Total 22.00 USD (settled), 11.00 USD more (+100%)"), "{}", months.stdout);
    let missing = report(&["months.csv", "--month", "2025-01"]);
    assert!(
        missing.code == Some(64) && missing.stderr.contains("has no costs of that month; it has 2024-11, 2024-12"),
        "{missing:?}"
    );
    let days = report(&["days.csv", "--format", "json"]);
    let value: Value = serde_json::from_str(&days.stdout).expect("JSON");
    crate::support::schema::holds("docs/report.schema.json", &value);
    assert_eq!((&value["total"], &value["month"]), (&json!("3.3"), &json!("2024-12")));
}

#[test]
fn more_accounts_than_five_are_counted() {
    let row = |n: u32| format!("1,USD,Usage,2024-12-01,S,11112222333{n},,\n");
    for (accounts, said) in [
        (5, "5 accounts: 111122223330, 111122223331, 111122223332, 111122223333, 111122223334."),
        (6, ", 6 accounts.\n"),
    ] {
        let folder = folder("cost_explorer = {}", &(0..accounts).map(row).collect::<String>());
        let output = import(&folder, &["export.csv", "--dry-run"]);
        assert!(output.stdout.contains(said), "{}", output.stdout);
    }
}

#[tokio::test]
async fn a_store_that_a_daemon_has_is_left_to_it() {
    let folder = folder("cost_explorer = {}", ROWS);
    let store = Store::open(&folder.path().join("monitor.db"), Durability::None).await.expect("the store");
    let output = import(&folder, &["export.csv"]);
    assert!(output.code == Some(75) && output.stderr.contains("a store belongs to one daemon"), "{output:?}");
    store.close().await;
    assert_eq!(december(folder.path()).await, []);
}

#[tokio::test]
async fn an_import_that_is_killed_has_written_everything_or_nothing() {
    let rows: String =
        (0..15_500).map(|n| format!("0.01,USD,Usage,2024-12-{:02},S,111122223333,arn:{n},\n", n % 31 + 1)).collect();
    let folder = folder("cost_explorer = {}", &rows);
    let began = Instant::now();
    assert_eq!(import(&folder, &["export.csv"]).code, Some(0));
    let whole = began.elapsed();
    assert_eq!(december(folder.path()).await.len(), 31);
    for part in 1..=12u32 {
        for end in ["monitor.db", "monitor.db-wal", "monitor.db-shm"] {
            let _ = fs::remove_file(folder.path().join(end));
        }
        let began = Instant::now();
        let mut running = monitor(folder.path()).args(["billing", "import", "export.csv"]).spawn();
        while began.elapsed() < whole * part / 12 {
            std::thread::yield_now();
        }
        running.kill9();
        drop(running);
        let days = december(folder.path()).await.len();
        assert!(days == 0 || days == 31, "{days} days after {part}/12 of the time");
    }
    let after = import(&folder, &["export.csv"]);
    assert_eq!((after.code, december(folder.path()).await.len()), (Some(0), 31), "{}", after.stderr);
}

fn once(folder: &TempDir, url: &str) -> Output {
    monitor(folder.path()).args(["run", "--once"]).envs(aws_env(url, &[])).limit(Duration::from_secs(60)).run()
}

#[tokio::test]
async fn a_watch_reads_the_exports_of_a_folder_when_they_change() {
    let exports = TempDir::new().expect("a folder");
    let folder = folder(&format!("focus_export = {{ path = \"{}\" }}", exports.path().display()), "");
    fs::write(exports.path().join("x.csv"), format!("{NAMES}{ROWS}")).expect("an export");
    let output = once(&folder, "http://127.0.0.1:1");
    assert_eq!(output.code, Some(0), "{}", output.stderr);
    let first = december(folder.path()).await;
    assert_eq!((first.len(), first[0].0.as_str()), (2, "watch.spend"));
    fs::write(exports.path().join("x.csv"), format!("{NAMES}{ROWS}5,USD,Usage,2024-12-02,S,,,\n")).expect("an export");
    assert_eq!(once(&folder, "http://127.0.0.1:1").code, Some(0));
    assert_eq!(december(folder.path()).await[1].2, ["AWS Lambda Tax 1.21 USD", "S Usage 5 USD"]);
    fs::write(exports.path().join("x.csv"), "<html>").expect("a page");
    let failed = once(&folder, "http://127.0.0.1:1");
    assert_eq!(failed.code, Some(2), "{}", failed.stderr);
    assert_eq!(december(folder.path()).await[1].2.len(), 2, "what is known stays");
}

#[tokio::test]
async fn a_watch_reads_the_newest_delivery_from_a_bucket() {
    let moto = Emulator::moto().await;
    let http = reqwest::Client::builder().no_proxy().build().expect("a client");
    let put = async |path: &str, body: Vec<u8>| {
        let answer = http.put(format!("{}/{path}", moto.url())).body(body).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path}: {answer:?}");
    };
    let location = "<CreateBucketConfiguration><LocationConstraint>ap-northeast-2</LocationConstraint></CreateBucketConfiguration>";
    put("bills", location.into()).await;
    let month = "bills/acme/focus/data/BILLING_PERIOD=2024-12";
    put(
        &format!("{month}/20241203T000000Z-a/focus-00001.snappy.parquet"),
        fs::read(repository("tests/exports/focus-double.parquet")).expect("a file"),
    )
    .await;
    put(&format!("{month}/20241202T000000Z-b/focus-00001.csv"), format!("{NAMES}{ROWS}").into_bytes()).await;
    put("bills/acme/focus/metadata/BILLING_PERIOD=2024-12/focus-Manifest.json", b"{}".to_vec()).await;
    let folder = folder("focus_export = { bucket = \"s3://bills/acme/focus\" }", "");
    // Once by the address of everything, once by that of S3 alone.
    for (all, s3) in [(moto.url(), None), ("http://127.0.0.1:1".to_owned(), Some(moto.url()))] {
        let alone = s3.map(|s3| ("AWS_ENDPOINT_URL_S3", s3));
        let output = monitor(folder.path())
            .args(["run", "--once"])
            .envs(aws_env(&all, &[]))
            .envs(alone)
            .limit(Duration::from_secs(60))
            .run();
        assert_eq!(output.code, Some(0), "{}", output.stderr);
    }
    let days: Vec<(String, usize)> =
        december(folder.path()).await.into_iter().map(|(_, day, lines)| (day, lines.len())).collect();
    assert_eq!(days, [("2024-12-01".to_owned(), 4), ("2024-12-02".to_owned(), 1), ("2024-12-03".to_owned(), 1)]);
    let report = monitor(folder.path()).args(["report", "--month", "2024-12", "--format", "json"]).run();
    assert!(report.stdout.contains("7.8241"), "{}", report.stdout);
    // Two listings, and one object fetched once: what has not changed is not read again.
    let calls: Vec<(String, u64)> = calls(folder.path()).await;
    assert_eq!(calls, [("s3:GetObject".to_owned(), 1), ("s3:ListBucket".to_owned(), 2)]);
}

/// The monitor's own calls of this month.
async fn calls(folder: &Path) -> Vec<(String, u64)> {
    let store = Store::open_read_only(&folder.join("monitor.db")).await.expect("the store");
    let month = model::calendar::Month::of(crate::world::now().date_naive());
    store
        .month(month)
        .await
        .expect("the month")
        .calls
        .into_iter()
        .map(|(operation, count, _)| (operation, count))
        .collect()
}
