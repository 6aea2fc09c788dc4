//! Each file below `tests/logs/` is the copy of a log, in the folder of its verdict: what `monitor diagnose` must make
//! of it. Verdicts that a careful reader would accept as well stand in `also.txt`. The logs are made up, in the shapes
//! that the runtimes and the tools that copy logs have.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::PathBuf;

use lambda_log::diagnosis::Cause;
use lambda_log::health::HealthReader;
use lambda_log::reader::FunctionLimits;
use model::redact::LONGEST_EXCERPT;

use crate::world::repository;

const HEALTHY: &str = "healthy";

/// Verdict, name and text of every log, in order.
pub(crate) fn logs() -> Vec<(String, String, String)> {
    let entries =
        |folder: PathBuf| fs::read_dir(folder).expect("a folder").map(|entry| entry.expect("an entry").path());
    let mut logs = Vec::new();
    for folder in entries(repository("tests/logs")).filter(|path| path.is_dir()) {
        let verdict = folder.file_name().expect("a name").to_string_lossy().into_owned();
        for file in entries(folder) {
            let name = file.file_stem().expect("a name").to_string_lossy().into_owned();
            logs.push((verdict.clone(), name, fs::read_to_string(file).expect("a text")));
        }
    }
    logs.sort();
    logs
}

/// What else is accepted, by `<verdict>/<name>`.
pub(crate) fn also() -> BTreeMap<String, Vec<String>> {
    let text = fs::read_to_string(repository("tests/logs/also.txt")).expect("a text");
    let lines = text.lines().filter(|line| !line.starts_with('#')).filter_map(|line| line.split_once(": "));
    lines.map(|(log, codes)| (log.to_owned(), codes.split(' ').map(str::to_owned).collect())).collect()
}

#[test]
fn every_labelled_log_gets_its_verdict() {
    let also = also();
    let mut wrong = Vec::new();
    for (verdict, name, text) in logs() {
        let log = format!("{verdict}/{name}");
        let mut checkup = HealthReader::new(None, FunctionLimits::default());
        text.lines().for_each(|line| checkup.line(line));
        let (lines, functions) = checkup.end();
        if lines.read() != text.lines().count() as u64 || lines.unparsed > 0 {
            wrong.push(format!("{log}: {} lines, counted as {lines:?}", text.lines().count()));
        }
        let found: Vec<&str> =
            functions.values().map(|health| health.verdict().map_or(HEALTHY, |(cause, _)| cause.code())).collect();
        let accepted = |code: &&str| {
            *code == verdict || also.get(&log).is_some_and(|codes| codes.iter().any(|other| other == code))
        };
        if found.len() != 1 || !found.iter().all(accepted) {
            wrong.push(format!("{log}: {found:?}"));
        }
        for (cause, seen) in functions.values().flat_map(|health| &health.causes) {
            let fit = |line: &String| {
                !line.is_empty() && line.chars().count() <= LONGEST_EXCERPT && !line.chars().any(char::is_control)
            };
            // What shows only over time has no line of its own.
            let over_time =
                matches!(cause, Cause::ColdStartEveryInvocation | Cause::MemoryPressure | Cause::SlowColdStart);
            if !seen.evidence.iter().all(fit) || (seen.evidence.is_empty() && !over_time) {
                wrong.push(format!("{log}: {} is shown by {:#?}", cause.code(), seen.evidence));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_cause_has_a_log_and_every_log_a_known_verdict() {
    let folders: BTreeSet<String> = logs().into_iter().map(|(verdict, ..)| verdict).collect();
    // One normal cold start is never a verdict.
    let causes = Cause::ALL.iter().map(|(code, _)| *code).filter(|code| *code != "cold_start").chain([HEALTHY]);
    assert_eq!(folders, causes.map(str::to_owned).collect());
    let names: BTreeSet<String> = logs().into_iter().map(|(verdict, name, _)| format!("{verdict}/{name}")).collect();
    assert!(also().keys().all(|log| names.contains(log)), "a log of also.txt is not there");
}
