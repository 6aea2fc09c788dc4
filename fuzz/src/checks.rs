//! What must hold for any input whatever. The fuzz targets try new inputs, and `tests/replay_corpora.rs` replays the
//! known ones; both call the functions of this file, so that an input that was once mended stays mended wherever the
//! tests run.

use std::path::PathBuf;

use billing::export::answer::{self, AnswerMetric};
use billing::export::bill::ImportedBill;
use billing::export::columns::{ExportDataset, ExportMetric};
use billing::export::skipped::SkippedRows;
use billing::export::{download, format};
use chrono::{DateTime, Datelike, TimeDelta, Utc};
use lambda_log::diagnosis::Cause;
use lambda_log::fault::FailedInvocation;
use lambda_log::health::{Health, HealthReader};
use lambda_log::line;
use lambda_log::reader::{FunctionLimits, LogReader};
use lambda_log::reading::MinuteCounter;
use lambda_log::scan::LineBlock;
use lambda_log::tally::InvocationCounts;
use model::redact::{LONGEST_EXCERPT, excerpt};
use model::settings::ConfigProblem;
use monitor::config::{self, ConfigEnvironment};
use source::billfile;
use warmth::knowledge::Timeline;
use warmth::policy::Policy;
use warmth::trace::{TraceShape, days, runs};

/// Checks one input; panics if anything does not hold.
pub type Check = fn(&[u8]);

/// Each check, under the name of its fuzz target and of the folder of its inputs.
pub const ALL: &[(&str, Check)] = &[
    ("billing_csv", billing_csv),
    ("billing_table", billing_table),
    ("config", config),
    ("lambda_copy", lambda_copy),
    ("lambda_log", lambda_log),
    ("redact", redact),
    ("warm_trace", warm_trace),
];

/// The largest that a sentence about a fault may be: an excerpt, and words around it.
const LONGEST_FINDING: usize = LONGEST_EXCERPT + 100;
/// The largest that a finding and its next step may be together.
const LONGEST_REMEDY: usize = LONGEST_FINDING + 600;
/// So many events of a copy, or a few more, show which way time goes in it.
const FIRST_LOOK: u64 = 4_010;
/// The longest name of a function: AWS allows 140 characters, and Lambda@Edge puts a region in front.
const LONGEST_NAME: usize = 170;
/// Deciding lines of one fault.
const MOST_EVIDENCE: usize = 4;

/// Any instant will do, as long as it is the same in every run.
fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_735_266_170, 0).expect("an instant of this century")
}

/// A CSV export of any content is refused in one line, or each of its rows counts, or is counted as one that does not.
pub fn billing_csv(bytes: &[u8]) {
    for metric in [ExportMetric::Billed, ExportMetric::Effective, ExportMetric::List] {
        let (mut rows, mut unusable, mut skipped) = (0u64, 0u64, SkippedRows::default());
        let read = billfile::csv::read(
            bytes,
            metric,
            |columns| {
                assert!(
                    columns.places().into_iter().flatten().all(|place| place < columns.count()),
                    "a column beyond the last: {columns:?}"
                );
            },
            |read| {
                rows += 1;
                assert!(read.number >= 2, "the first row holds the names");
                match read.row {
                    Ok(row) => {
                        assert!(
                            !row.service.is_empty() && !row.record_type.is_empty() && !row.currency.is_empty(),
                            "a line without a name: {row:?}"
                        );
                        assert!((2006..=2101).contains(&row.day.year()), "no day of a bill: {row:?}");
                        assert!(row.quantity.is_some() || row.unit.is_empty(), "a unit of nothing: {row:?}");
                        let _ = row.amount.decimal();
                    }
                    Err(row) => {
                        unusable += 1;
                        skipped.add("x.csv", read.number, &row);
                    }
                }
            },
        );
        assert_eq!(skipped.count(), unusable, "rows are lost, or counted twice");
        for place in skipped.iter().flat_map(|(_, rows)| &rows.places) {
            is_short_and_plain(&place.cell, 40);
        }
        if let Err(why) = read {
            assert!(!why.is_empty() && !why.chars().any(char::is_control), "not one line: {why:?}");
        }
    }
}

/// A table of Cost Explorer of any content is refused in one line, or all of its costs are in the days and the series
/// that are made of it.
pub fn billing_table(bytes: &[u8]) {
    let _ = format::of(bytes);
    let tables = [
        (ExportDataset::CostExplorerCsv, download::read(bytes).map_err(|why| why.to_string())),
        (ExportDataset::CostExplorerJson, answer::read(bytes, AnswerMetric::Any).map_err(|why| why.to_string())),
    ];
    for (dataset, table) in tables {
        let table = match table {
            Ok(table) => table,
            Err(why) => {
                assert!(!why.is_empty() && !why.chars().any(char::is_control), "not one line: {why:?}");
                continue;
            }
        };
        assert!(!table.periods.is_empty(), "a table without a period: {table:?}");
        for cost in &table.costs {
            assert!(table.periods.contains_key(&cost.day), "a cost of no period: {cost:?}");
            assert!(!cost.currency.is_empty(), "a cost without a currency: {cost:?}");
        }
        let mut bill = ImportedBill::default();
        if bill.take_table("x", dataset, table.clone(), now()).is_err() {
            continue;
        }
        assert_eq!(bill.rows(), table.costs.len() as u64, "costs are lost, or counted twice");
        if let Ok(series) = bill.into_series() {
            assert!(series.iter().all(|one| !one.name.is_empty()), "a series without a name: {series:?}");
        }
    }
}

/// An `alerts.toml` of any content is read, or refused with mistakes that all lie inside it and can all be shown.
pub fn config(bytes: &[u8]) {
    // A file that is not UTF-8 is refused before it is parsed.
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    // No variable is set and no file is there, so that a result depends on nothing but the input.
    let environment = ConfigEnvironment::with(&[], PathBuf::from("/nonexistent"));
    match config::parse::<source::SourceKind, notify::ReceiverKind>(text, &environment, now()) {
        Ok(config) => {
            for schedule in
                config.watches.iter().map(|watch| &watch.schedule).chain(config.warms.iter().map(|warm| &warm.schedule))
            {
                let next = schedule.next_after(now());
                assert!(next.is_some_and(|next| next > now()), "`{schedule}` is accepted and is due next at {next:?}");
            }
        }
        Err(problems) => {
            assert!(!problems.is_empty(), "refused without a reason");
            problems.iter().for_each(|problem| is_within(problem, text));
            for colors in [false, true] {
                let shown = config::show(&problems, "alerts.toml", text, colors);
                assert!(shown.contains("mistake"), "no last line: {shown}");
            }
        }
    }
}

fn is_within(problem: &ConfigProblem, text: &str) {
    let (start, end) = (problem.at.start, problem.at.end);
    assert!(
        start <= end && end <= text.len(),
        "{start}..{end} is not within the {} bytes of the file: {problem:?}",
        text.len()
    );
    assert!(text.is_char_boundary(start) && text.is_char_boundary(end), "{start}..{end} cuts a character: {problem:?}");
    assert!(!problem.what.is_empty(), "nothing is said: {problem:?}");
}

/// The log of a function, followed line by line; the counts agree with each other, and what is kept is short and plain.
///
/// A line `#<stream> <milliseconds>` is no message: what follows is in that stream, so much later (or earlier). What
/// the reader remembers is stored and loaded there, as the daemon does between two polls; that must change no count.
pub fn lambda_log(bytes: &[u8]) {
    // A message may hold line breaks, so the whole is one message, too.
    let _ = line::parse(&String::from_utf8_lossy(bytes));

    let (mut reader, mut kept) = (LogReader::new("fuzzed"), LogReader::new("fuzzed"));
    let (mut reading, mut reading_of_kept) = (MinuteCounter::default(), MinuteCounter::default());
    let (mut stream, mut at) = ("0".to_owned(), now());
    for message in bytes.split(|byte| *byte == b'\n').map(String::from_utf8_lossy) {
        if let Some((other, later)) = turn(&message) {
            (stream, at) = (other, (at + TimeDelta::milliseconds(later.into())).max(DateTime::UNIX_EPOCH));
            reader.settle(&mut reading);
            kept.settle(&mut reading_of_kept);
            kept = stored(&kept);
            continue;
        }
        let _ = line::parse(&message);
        reader.read(&stream, at, &message, &mut reading);
        kept.read(&stream, at, &message, &mut reading_of_kept);
    }
    reader.settle(&mut reading);
    kept.settle(&mut reading_of_kept);
    assert_eq!(reading.tallies, reading_of_kept.tallies, "storing the reader changed the counts");
    assert_eq!(reading.faults, reading_of_kept.faults, "storing the reader changed the faults");

    let mut sum = InvocationCounts::default();
    reading.tallies.values().for_each(|tally| sum.add(tally));
    assert!(sum.cold <= sum.invocations, "more cold starts than invocations: {sum:?}");
    assert!(sum.cold_waited <= sum.cold, "more callers waited for a cold start than there were: {sum:?}");
    assert!(sum.timeouts <= sum.invocations, "more timeouts than invocations: {sum:?}");
    assert!(reading.faults.len() as u64 <= sum.causes.values().sum(), "more faults than were counted: {sum:?}");
    reading.faults.iter().for_each(|(_, fault)| is_fit_to_be_kept(fault));

    // An environment that has been silent for a day has nothing more to say, and nothing of it stays.
    reader.forget(at + TimeDelta::days(36_500), &mut reading);
    assert!(!as_json(&reader).contains("request_id"), "an environment is remembered for ever");
}

/// The copy of a log, whatever tool or person made it: every line is counted once, and what is made of it is short and
/// plain.
pub fn lambda_copy(bytes: &[u8]) {
    let mut checkup = HealthReader::new(None, FunctionLimits::default());
    let mut read = 0;
    for line in bytes.split(|byte| *byte == b'\n') {
        read += 1;
        match std::str::from_utf8(line) {
            Ok(line) => checkup.line(line),
            Err(_) => checkup.not_text(1),
        }
    }
    is_healthy(checkup, read);
    // What has to be read before a block can be takes longer than everything else here.
    if bytes.len().is_multiple_of(8) {
        in_blocks(bytes);
    }
}

/// The same in two blocks of whole lines, in which the lines that matter have been marked, as long logs are read.
fn in_blocks(bytes: &[u8]) {
    let mut whole = bytes.to_vec();
    if !whole.ends_with(b"\n") {
        whole.push(b'\n');
    }
    let mut checkup = HealthReader::new(None, FunctionLimits::default());
    // A copy shows which way time goes in it before it is read in blocks.
    (0..FIRST_LOOK).for_each(|_| checkup.line("x"));
    let middle = whole.iter().take(whole.len() / 2).rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
    let (before, after) = whole.split_at(middle);
    for block in [before, after] {
        checkup.block(&LineBlock::of(block.to_vec(), Vec::new()));
    }
    is_healthy(checkup, FIRST_LOOK + whole.iter().filter(|byte| **byte == b'\n').count() as u64);
}

fn is_healthy(checkup: HealthReader, read: u64) {
    let (lines, functions) = checkup.end();
    assert_eq!(lines.read(), read, "lines are lost, or counted twice: {lines:?}");
    for (name, health) in &functions {
        let is_name = name.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.'));
        assert!(is_name && (1..=LONGEST_NAME).contains(&name.len()), "no name of a function: {name:?}");
        is_sound(health);
    }
}

fn is_sound(health: &Health) {
    assert!(health.cold <= health.invocations, "more cold starts than invocations: {health:?}");
    assert!(health.cold_waited <= health.cold, "more callers waited for a cold start than there were: {health:?}");
    assert!(health.timeouts <= health.invocations, "more timeouts than invocations: {health:?}");
    assert!(
        health.pings.0 <= health.invocations && health.pings.1 <= health.pings.0,
        "more pings than invocations: {health:?}"
    );
    assert!(health.longest_wait_ms.is_none_or(|ms| ms.is_finite() && ms >= 0.0), "{health:?}");
    for (cause, seen) in &health.causes {
        assert!(*cause != Cause::ColdStart, "one cold start is nothing wrong");
        assert!(seen.count > 0 && seen.first_of <= seen.count, "{cause:?}: {seen:?}");
        assert!(seen.first <= seen.last, "{cause:?} was seen last before it was seen first: {seen:?}");
        assert!(seen.evidence.len() <= MOST_EVIDENCE, "too many lines are kept: {seen:?}");
        seen.evidence.iter().for_each(|line| is_short_and_plain(line, LONGEST_EXCERPT));
        is_short_and_plain(&seen.remedy, LONGEST_REMEDY);
    }
    // What is wrong has one cause to act on.
    assert_eq!(health.verdict().is_some(), !health.causes().is_empty(), "{health:?}");
}

/// Stream and milliseconds of a line `#<stream> <milliseconds>`.
fn turn(line: &str) -> Option<(String, i32)> {
    let (stream, later) = line.strip_prefix('#')?.split_once(' ')?;
    Some((stream.to_owned(), later.trim().parse().ok()?))
}

fn as_json(reader: &LogReader) -> String {
    serde_json::to_string(reader).expect("a reader can be stored")
}

fn stored(reader: &LogReader) -> LogReader {
    serde_json::from_str(&as_json(reader)).expect("a stored reader can be loaded")
}

fn is_fit_to_be_kept(fault: &FailedInvocation) {
    assert!(fault.evidence.len() <= MOST_EVIDENCE, "too many lines are kept: {fault:?}");
    fault.evidence.iter().for_each(|line| is_short_and_plain(line, LONGEST_EXCERPT));
    is_short_and_plain(&fault.finding, LONGEST_FINDING);
    fault.request_id.iter().for_each(|id| is_short_and_plain(id, LONGEST_EXCERPT));
}

fn is_short_and_plain(text: &str, longest: usize) {
    assert!(
        text.chars().count() <= longest,
        "{} characters, at most {longest} are allowed: {text}",
        text.chars().count()
    );
    assert!(!text.chars().any(char::is_control), "a control character is kept: {text:?}");
    assert!(!text.chars().any(turns_the_text_around), "a character that turns the text around it is kept: {text:?}");
}

/// Unicode's `Bidi_Control`.
fn turns_the_text_around(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// The secret access key that AWS's own documentation shows.
const KEY: &str = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY";
/// So much of a key must never be seen.
const PART_OF_KEY: usize = 12;

/// A line of any content becomes a short, plain excerpt, without the key that was somewhere in it.
pub fn redact(bytes: &[u8]) {
    let line = String::from_utf8_lossy(bytes);
    is_short_and_plain(&excerpt(&line), LONGEST_EXCERPT);

    let middle = (0..=line.len() / 2).rev().find(|at| line.is_char_boundary(*at)).unwrap_or_default();
    let (before, after) = line.split_at(middle);
    let shown = excerpt(&format!("{before} {KEY} {after}"));
    is_short_and_plain(&shown, LONGEST_EXCERPT);
    let parts = (0..=KEY.len() - PART_OF_KEY).filter_map(|start| KEY.get(start..start + PART_OF_KEY));
    // What the line itself says of the key, perhaps with invisible characters in between, stays its own affair.
    let said: String = line.chars().filter(char::is_ascii_graphic).collect();
    let leaked = parts.filter(|part| !said.contains(part)).find(|part| shown.contains(part));
    assert!(leaked.is_none(), "a part of a key is shown: {leaked:?} in {shown}");
}

/// So many calls of a trace are replayed quickly.
const FEW_CALLS: usize = 2_000;

/// A trace of any content is refused in one line, or learned from and replayed: each call counts once, and each cold start
/// has one cause.
pub fn warm_trace(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let functions = match TraceShape::of(&text) {
        Ok(TraceShape::FunctionDays) => days::read(&text),
        Ok(TraceShape::Run) => runs::read(&text, "run").map(|run| {
            let learned = warmth::learn::learn(&run.seen);
            assert_eq!(learned.calls as usize, run.seen.len());
            if let (Some(low), Some(high)) = (learned.idle_low_ms, learned.idle_high_ms) {
                assert!(low <= high, "the idle timeout ends before it begins: {learned:?}");
            }
            vec![run.trace]
        }),
        Err(mistake) => Err(mistake),
    };
    let functions = match functions {
        Ok(functions) => functions,
        Err(mistake) => {
            let said = mistake.to_string();
            assert!(said.len() < 400 && !said.contains(char::is_control), "no line: {said:?}");
            return;
        }
    };
    let regime = warmth::regime::Year::Y2020.regime();
    for function in functions.iter().filter(|function| function.length_ms < 100_000_000).take(3) {
        let calls = function.calls(1).len();
        if calls > FEW_CALLS {
            continue;
        }
        for policy in ["none", "skip:10m", "histogram", "handover:10m@60m/2", "auto"] {
            let policy: Policy = policy.parse().expect("a policy");
            let tally = warmth::account::simulate(function, policy, &regime, &Timeline::default(), 0.01, 1).tally;
            assert_eq!(tally.calls as usize, calls, "{policy}");
            assert_eq!(tally.cold, tally.by_cause.iter().sum::<u32>(), "{policy}");
            assert!(tally.cold <= tally.calls && tally.cold_pings <= tally.pings, "{policy} {tally:?}");
        }
    }
}
