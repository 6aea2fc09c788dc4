//! `monitor forecast` and `monitor anomalies` as programs; what they find on made-up bills is in `demands`.

mod demands;

use std::fs;

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
