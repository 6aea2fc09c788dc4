//! No secret leaves the program. These run against the file that is shipped, too: `.ci/run` sets `MONITOR_BINARY`.

use serde_json::Value;
use tempfile::TempDir;

use crate::labelled_logs::{also, logs};
use crate::support::program::monitor;

/// Lines with what must not be shown of them: `name`, `line`, `gone`, `kept`, separated by tabs. The marks `¦` keep
/// scanners of repositories from taking invented secrets for real ones.
const TABLE: &str = include_str!("../../crates/model/src/redact/table.tsv");

#[test]
fn diagnose_prints_no_secret_of_an_error_line() {
    let table = TABLE.replace('¦', "");
    let rows: Vec<Vec<&str>> =
        table.lines().filter(|row| !row.starts_with('#')).map(|row| row.split('\t').collect()).collect();
    let secrets: Vec<&Vec<&str>> = rows.iter().filter(|row| !row[2].is_empty()).collect();
    assert!(secrets.len() > 150, "{} rows with a secret", secrets.len());
    let mut shown = 0;
    for row in &secrets {
        let (name, line, gone) = (row[0], row[1], row[2]);
        let id = "e11db634-ef8a-4258-9d46-0b5e878cd834";
        let log = format!(
            "START RequestId: {id} Version: $LATEST\n[ERROR] ConnectionError: {line}\nEND RequestId: {id}\nREPORT RequestId: {id}\tDuration: 5.00 ms\tBilled Duration: 5 ms\tMemory Size: 128 MB\tMax Memory Used: 50 MB\t\n"
        );
        let folder = TempDir::new().expect("a folder");
        let output = monitor(folder.path()).args(["diagnose"]).input(log).run();
        assert_eq!(output.code, Some(0), "{name}: {}", output.stderr);
        shown += usize::from(output.stdout.contains("ConnectionError"));
        for secret in gone.split("||").map(str::trim).filter(|secret| !secret.is_empty()) {
            assert!(!output.stdout.contains(secret), "{name}: {}", output.stdout);
        }
    }
    // Where no line is shown, none can leak: the check must have had something to check.
    assert!(shown * 10 > secrets.len() * 9, "only {shown} of {} lines were shown", secrets.len());
}

#[test]
fn check_prints_no_secret_of_a_configuration_with_a_mistake() {
    let folder = TempDir::new().expect("a folder");
    std::fs::write(
        folder.path().join("alerts.toml"),
        "[receiver.team]\nvia.slack = { WebHook = \"hunter3\", sort = 1 }\n",
    )
    .expect("a file");
    let output = monitor(folder.path()).args(["check"]).run();
    assert_eq!(output.code, Some(78), "{}", output.stderr);
    assert!(output.stderr.contains("WebHook") && !output.stderr.contains("hunter3"), "{}", output.stderr);
}

#[test]
fn a_log_filter_that_cannot_be_read_is_refused_with_its_value() {
    let folder = TempDir::new().expect("a folder");
    let output = monitor(folder.path()).args(["completions", "bash"]).env("MONITOR_LOG", "monitor=loud").run();
    assert_eq!(output.code, Some(1), "{}", output.stdout);
    assert!(output.stderr.contains("MONITOR_LOG `monitor=loud` cannot be read"), "{}", output.stderr);
}

#[test]
fn diagnose_gives_every_labelled_log_its_verdict() {
    let also = also();
    let logs = logs();
    assert!(logs.len() > 100, "{} logs", logs.len());
    let mut wrong = Vec::new();
    for (verdict, name, text) in logs {
        let folder = TempDir::new().expect("a folder");
        let output = monitor(folder.path()).args(["diagnose", "--format", "json"]).input(text).run();
        let document: Value =
            serde_json::from_str(&output.stdout).unwrap_or_else(|error| panic!("{name}: {error}: {}", output.stderr));
        let functions = document["functions"].as_array().map(Vec::as_slice).unwrap_or_default();
        let found: Vec<&str> =
            functions.iter().map(|function| function["verdict"].as_str().unwrap_or("no verdict")).collect();
        let log = format!("{verdict}/{name}");
        let accepted = |code: &&str| {
            *code == verdict || also.get(&log).is_some_and(|codes| codes.iter().any(|other| other == code))
        };
        if found.len() != 1 || !found.iter().all(accepted) {
            wrong.push(format!("{log}: {found:?}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
