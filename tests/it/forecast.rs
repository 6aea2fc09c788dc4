//! `monitor forecast` and `monitor anomalies` as programs; what they find on made-up bills is in `demands`.

mod demands;

use std::fs;

use chrono::NaiveDate;
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::support::program::{Output, monitor};
use crate::support::schema;

/// A bill of 3 a day from January to 20 March, with a fee of 10 on the first of each month; on 15 March it is 6.
fn bill() -> String {
    let mut rows = String::from("series,date,amount\n");
    for (month, days) in [(1, 31), (2, 28), (3, 20)] {
        for day in 1..=days {
            let amount = if (month, day) == (3, 15) { "6" } else { "3.00" };
            rows.push_str(&format!("\"EC2, all\",2025-{month:02}-{day:02},{amount}\n"));
        }
        rows.push_str(&format!("Tax,2025-{month:02}-01,1E1\n"));
    }
    rows
}

fn run(args: &[&str], input: &str) -> Output {
    let folder = TempDir::new().expect("a folder");
    fs::write(folder.path().join("bill.csv"), bill()).expect("the bill");
    monitor(folder.path()).args(args).input(input).run()
}

fn json(output: &Output) -> Value {
    assert_eq!((output.code, output.stderr.as_str()), (Some(0), ""));
    serde_json::from_str(&output.stdout).expect("JSON")
}

#[test]
fn a_forecast_is_written_for_programs_and_for_people() {
    let value = json(&run(&["forecast", "--input", "bill.csv", "--as-of", "2025-03-11", "--format", "json"], ""));
    schema::holds("docs/forecast.schema.json", &value);
    assert_eq!((&value["as_of"], &value["month"]), (&json!("2025-03-11"), &json!("2025-03")));
    let forecasts: Vec<(&str, f64)> = value["series"]
        .as_array()
        .expect("a list")
        .iter()
        .map(|one| {
            (one["name"].as_str().expect("a name"), one["forecast"].as_str().expect("text").parse().expect("a number"))
        })
        .collect();
    assert_eq!(forecasts, [("EC2, all", 93.0), ("Tax", 10.0)]);
    assert_eq!(value["total"]["forecast"].as_str().and_then(|text| text.parse().ok()), Some(103.0));
    let text = run(&["forecast", "--input", "bill.csv", "--as-of", "2025-03-11"], "").stdout;
    for said in ["2025-03, forecast at the beginning of 2025-03-11", "Total", "103.00", "EC2, all", "93.00"] {
        assert!(text.contains(said), "`{said}` is not in:\n{text}");
    }
}

#[test]
fn an_anomaly_is_written_for_programs_and_for_people() {
    let value = json(&run(&["anomalies", "--input", "bill.csv", "--format", "json"], ""));
    schema::holds("docs/anomalies.schema.json", &value);
    let (amount, expected) = (&value["anomalies"][0]["amount"], &value["anomalies"][0]["expected"]);
    let number = |value: &Value| value.as_str().and_then(|text| text.parse::<f64>().ok());
    assert_eq!((number(amount), number(expected)), (Some(6.0), Some(3.0)));
    assert_eq!(
        value,
        json!({"anomalies": [{"series": "EC2, all", "kind": "spike", "from": "2025-03-15", "to": "2025-03-15", "amount": amount, "expected": expected}]})
    );
    let text = run(&["anomalies", "--input", "bill.csv"], "").stdout;
    assert!(text.contains("2025-03-15  2025-03-15  spike    6.00      3.00  EC2, all"), "{text}");
}

#[test]
fn a_bill_is_read_from_standard_input_too() {
    let args = |input: &'static str| ["forecast", "--input", input, "--as-of", "2025-03-11", "--format", "json"];
    assert_eq!(run(&args("-"), &bill()).stdout, run(&args("bill.csv"), "").stdout);
    let nothing = run(&["anomalies", "--input", "-"], "date,series,amount\n2025-01-01,S3,1\n");
    assert_eq!((nothing.code, nothing.stdout.as_str()), (Some(0), "No anomaly found\n"));
}

/// The bill as Cost Explorer's "Download CSV" has it.
fn download() -> String {
    let mut rows = String::from("\u{feff}\"Service\",\"EC2, all($)\",\"Tax($)\",\"Total costs($)\"\n");
    for (month, days) in [(1, 31), (2, 28), (3, 20)] {
        for day in 1..=days {
            let ec2 = if (month, day) == (3, 15) { "6" } else { "3" };
            let (tax, total) = if day == 1 { ("10", "13") } else { ("", ec2) };
            rows.push_str(&format!("\"2025-{month:02}-{day:02}\",\"{ec2}\",\"{tax}\",\"{total}\"\n"));
        }
    }
    rows
}

/// The bill as `aws ce get-cost-and-usage` has it, in two pages.
fn answer() -> String {
    let mut days = Vec::new();
    for (month, length) in [(1, 31), (2, 28), (3, 20)] {
        for day in 1..=length {
            let start = NaiveDate::from_ymd_opt(2025, month, day).expect("a day");
            let cost = |name: &str, amount: &str| json!({"Keys": [name], "Metrics": {"UnblendedCost": {"Amount": amount, "Unit": "USD"}}});
            let mut groups = vec![cost("EC2, all", if (month, day) == (3, 15) { "6" } else { "3.00" })];
            groups.extend((day == 1).then(|| cost("Tax", "1E1")));
            let period = json!({"Start": start.to_string(), "End": start.succ_opt().expect("a day").to_string()});
            days.push(json!({"TimePeriod": period, "Total": {}, "Groups": groups, "Estimated": false}));
        }
    }
    let (first, second) = days.split_at(40);
    let by = json!([{"Type": "DIMENSION", "Key": "SERVICE"}]);
    let page = |days: &[Value], token: Value| {
        json!({"GroupDefinitions": by, "ResultsByTime": days, "NextPageToken": token}).to_string()
    };
    format!("{}\n{}\n", page(first, json!("t")), page(second, json!(null)))
}

#[test]
fn a_bill_of_any_form_has_the_same_forecast_and_the_same_anomalies() {
    for args in [
        &["forecast", "--as-of", "2025-03-11", "--input", "-", "--format", "json"][..],
        &["anomalies", "--input", "-", "--format", "json"],
    ] {
        // Trailing zeros are part of an amount here, and of none in a sum of charges.
        let expected = json(&run(args, &bill().replace("3.00", "3")));
        for other in [download(), answer()] {
            assert_eq!(json(&run(args, &other)), expected, "{args:?}\n{}", other.lines().next().unwrap_or_default());
        }
    }
}

#[test]
fn a_bill_that_has_no_days_or_is_not_whole_is_refused() {
    let focus = "BilledCost,BillingCurrency,ChargeCategory,ChargePeriodStart,ServiceName\n";
    let first_page = answer().lines().next().expect("a page").to_owned();
    for (input, said) in [
        (
            "Service,S3($)\n2025-01-01,1\n2025-02-01,1\n".to_owned(),
            "cannot use standard input: it has the sums of months",
        ),
        (
            format!("{focus}1,USD,Usage,2025-01-01,S\n2,EUR,Usage,2025-01-01,S\n"),
            "cannot use standard input: it has amounts of more than one currency",
        ),
        (
            format!("{focus}1,USD,Usage,2025-01-01,S\nx,USD,Usage,2025-01-01,S\n"),
            "standard input: row 3: an amount that is not a decimal number (`x`)\nmonitor: standard input: 1 of 2 rows cannot be used",
        ),
        (first_page, "cannot read standard input: a page is missing: the last one has a `NextPageToken`"),
        ("name,age\nAnn,3\n".to_owned(), "the header `name,age` has no `date` and `series` and `amount`"),
    ] {
        let output = run(&["forecast", "--as-of", "2025-03-11", "--input", "-"], &input);
        assert!(output.code == Some(1) && output.stdout.is_empty() && output.stderr.contains(said), "{output:?}");
    }
}

#[test]
fn a_day_before_the_bill_has_no_forecast() {
    let value = json(&run(&["forecast", "--input", "bill.csv", "--as-of", "2024-12-24", "--format", "json"], ""));
    schema::holds("docs/forecast.schema.json", &value);
    assert_eq!((&value["total"], &value["series"]), (&json!(null), &json!([])));
    assert_eq!(value["unknown"], json!("no figure before 2024-12-24 is known"));
    let text = run(&["forecast", "--input", "bill.csv", "--as-of", "2024-12-24"], "");
    assert_eq!(text.stdout, "The bill has no day before 2024-12-24, so 2024-12 cannot be forecast\n");
}

#[test]
fn every_mistake_of_a_bill_is_a_line_and_nothing_is_written() {
    for command in [&["forecast", "--as-of", "2025-03-11"][..], &["anomalies"]] {
        let output = run(
            &[command, &["--input", "-", "--format", "json"]].concat(),
            "date,series,amount\n2025-01-1,S3,1\n2025-01-02,S3,\"1,5\"\n",
        );
        assert_eq!((output.code, output.stdout.as_str()), (Some(1), ""));
        let lines: Vec<&str> = output.stderr.lines().collect();
        let wanted = [
            "monitor: standard input: line 2, column `date`: `2025-01-1` is not a date; write it as 2024-12-31",
            "monitor: standard input: line 3, column `amount`: `1,5` is not an amount; write it without thousands separators, with a decimal point, as 12.34, -0.5 or 1.2E-7",
        ];
        assert_eq!(lines, wanted);
    }
}

#[test]
fn a_file_that_is_not_there_and_a_day_that_is_none_are_told() {
    let output = run(&["anomalies", "--input", "other.csv"], "");
    assert_eq!(output.code, Some(1));
    assert!(output.stderr.starts_with("monitor: cannot read other.csv: "), "{}", output.stderr);
    let output = run(&["forecast", "--input", "bill.csv", "--as-of", "2025-02-30"], "");
    assert_eq!(output.code, Some(64));
    assert!(
        output.stderr.contains("2025-02-30") && output.stderr.contains("expected a day such as 2024-12-08"),
        "{}",
        output.stderr
    );
}
