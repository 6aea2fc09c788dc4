//! One log in every shape in which tools and people copy it.

use chrono::{DateTime, SecondsFormat, TimeDelta, Utc};
use proptest::prelude::*;
use serde_json::{Value, json};

use super::health::HealthReader;
use super::reader::{FunctionLimits, LogReader};
use super::reading::MinuteCounter;
use crate::diagnosis::Cause;
use crate::diagnosis::Cause::*;
use crate::tally::InvocationCounts;

const STREAM: &str = "2026/04/17/[$LATEST]60cefc4c4d174d898e4dbb301f9f10ef";
const A: &str = "a11db634-ef8a-4258-9d46-0b5e878cd834";
const B: &str = "b22db634-ef8a-4258-9d46-0b5e878cd834";
const C: &str = "c33db634-ef8a-4258-9d46-0b5e878cd834";

/// The events of one environment with their times: a cold start that goes well, an uncaught error, a timeout.
fn events() -> Vec<(DateTime<Utc>, String)> {
    let events = [
        "INIT_START Runtime Version: python:3.13.v22\tRuntime Version ARN: arn:aws:lambda:eu-central-1::runtime:5f2a".to_owned(),
        format!("START RequestId: {A} Version: $LATEST"),
        format!("[INFO]\t2026-04-17T08:00:00.300Z\t{A}\tpacked 3 parcels"),
        format!("END RequestId: {A}"),
        format!("REPORT RequestId: {A}\tDuration: 41.20 ms\tBilled Duration: 42 ms\tMemory Size: 256 MB\tMax Memory Used: 88 MB\tInit Duration: 412.30 ms\t"),
        format!("START RequestId: {B} Version: $LATEST"),
        "[ERROR] KeyError: 'weight'\nTraceback (most recent call last):\n  File \"/var/task/app.py\", line 8, in handler\n    kilos = parcel[\"weight\"]"
            .to_owned(),
        format!("END RequestId: {B}"),
        format!("REPORT RequestId: {B}\tDuration: 7.10 ms\tBilled Duration: 8 ms\tMemory Size: 256 MB\tMax Memory Used: 88 MB\t"),
        format!("START RequestId: {C} Version: $LATEST"),
        format!("[INFO]\t2026-04-17T08:00:01.000Z\t{C}\tasking the carrier"),
        format!("2026-04-17T08:00:04.030Z {C} Task timed out after 3.00 seconds\n\n"),
        format!("END RequestId: {C}"),
        format!("REPORT RequestId: {C}\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 256 MB\tMax Memory Used: 88 MB\t"),
    ];
    let first = DateTime::from_timestamp_millis(1_776_412_800_000).unwrap_or_default();
    events.into_iter().enumerate().map(|(i, text)| (first + TimeDelta::milliseconds(300 * i as i64), text)).collect()
}

/// Invocations, cold starts, timeouts, errors, and how often each cause was the first.
type Summary = (u64, u64, u64, u64, Vec<(Cause, u64)>);

fn expected() -> Summary {
    (3, 1, 1, 1, vec![(AppException, 1), (FunctionTimeout, 1)])
}

fn checked(text: &str) -> Summary {
    let mut checkup = HealthReader::new(None, FunctionLimits::default());
    text.lines().for_each(|line| checkup.line(line));
    let (lines, functions) = checkup.end();
    assert_eq!(lines.read(), text.lines().count() as u64, "not every line is counted once: {lines:?}\n{text}");
    assert_eq!(functions.len(), 1, "{:?}\n{text}", functions.keys());
    let health = functions.into_values().next().unwrap_or_default();
    let causes = health
        .causes
        .iter()
        .filter(|(_, seen)| seen.first_of > 0)
        .map(|(cause, seen)| (*cause, seen.first_of))
        .collect();
    (health.invocations, health.cold, health.timeouts, health.errors, causes)
}

/// Each event with something in front of its first line; the others come as they are.
fn in_front(before: impl Fn(DateTime<Utc>) -> String) -> String {
    events().iter().map(|(at, text)| format!("{}{}\n", before(*at), text.trim_end())).collect()
}

/// Each line of each event with something in front and behind.
fn around(before: impl Fn(DateTime<Utc>) -> String, after: &str) -> String {
    let lines = events()
        .into_iter()
        .flat_map(|(at, text)| text.trim_end().lines().map(|line| (at, line.to_owned())).collect::<Vec<_>>());
    lines.map(|(at, line)| format!("{}{line}{after}\n", before(at))).collect()
}

fn rfc(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// Every copy with the name of what makes it.
fn copies() -> Vec<(&'static str, String)> {
    let time = |at: DateTime<Utc>, format: &str| at.format(format).to_string();
    let spaces = |text: String| text.replace('\t', " ");
    let rows = |of: &dyn Fn(DateTime<Utc>, &str) -> Value| {
        Value::Array(events().iter().map(|(at, text)| of(*at, text)).collect())
    };
    let event = |at: DateTime<Utc>, text: &str| json!({"logStreamName": STREAM, "timestamp": at.timestamp_millis(), "message": text, "ingestionTime": at.timestamp_millis() + 5, "eventId": "3781"});
    let row =
        |at: DateTime<Utc>, text: &str| json!({"@timestamp": time(at, "%Y-%m-%d %H:%M:%S%.3f"), "@message": text});
    let fields = |at: DateTime<Utc>, text: &str| json!([{"field": "@timestamp", "value": time(at, "%Y-%m-%d %H:%M:%S%.3f")}, {"field": "@message", "value": text}, {"field": "@ptr", "value": "Cl0K"}]);
    let newest_first = |rows: Value| match rows {
        Value::Array(mut rows) => {
            rows.reverse();
            Value::Array(rows)
        }
        other => other,
    };
    let data = json!({"messageType": "DATA_MESSAGE", "owner": "111122223333", "logGroup": "/aws/lambda/parcels", "logStream": STREAM, "logEvents": rows(&|at, text| json!({"id": "3781", "timestamp": at.timestamp_millis(), "message": text}))});
    let console = |twice: bool| {
        let copy = |(at, text): &(DateTime<Utc>, String)| {
            let text = text.trim_end();
            if twice {
                format!("{}\n{text}\nCopy\n{}\n", rfc(*at), text.replace('\t', " "))
            } else {
                format!("{}\n{text}\n", rfc(*at))
            }
        };
        events().iter().map(copy).collect::<String>()
    };
    vec![
        ("the log itself", in_front(|_| String::new())),
        ("spaces for tabs", spaces(in_front(|_| String::new()))),
        ("sam logs", in_front(|at| format!("{STREAM} {} ", time(at, "%Y-%m-%dT%H:%M:%S%.6f")))),
        ("aws logs tail", in_front(|at| format!("{}+00:00 {STREAM} ", time(at, "%Y-%m-%dT%H:%M:%S%.6f")))),
        ("aws logs tail --format short", in_front(|at| time(at, "%Y-%m-%dT%H:%M:%S "))),
        ("zappa tail", in_front(|at| format!("[{}] ", at.timestamp_millis()))),
        ("pulumi logs", in_front(|at| format!(" {}[           parcels-8d60c20] ", time(at, "%Y-%m-%dT%H:%M:%S%.3f+00:00")))),
        ("serverless logs", in_front(|at| time(at, "%Y-%m-%d %H:%M:%S%.3f (+00:00)\t"))),
        ("docker compose", around(|_| "lambda_1    | ".to_owned(), "")),
        ("syslog", in_front(|at| time(at, "%b %e %H:%M:%S host shipper[12]: "))),
        ("netlify", in_front(|at| time(at, "%b %-d, %I:%M:%S %p: "))),
        ("markdown bullets", in_front(|at| time(at, "- `%H:%M:%S` "))),
        ("a comment in code", around(|_| "    // ".to_owned(), "")),
        ("a CLI table", format!("+---------------+-----+\n{}+---------------+-----+\n", in_front(|at| format!("|  {} |  ", at.timestamp_millis())))),
        ("a markdown table", format!("| @timestamp | @message |\n| --- | --- |\n{}", in_front(|at| time(at, "| %Y-%m-%d %H:%M:%S%.3f | ")))),
        ("the console", console(false)),
        ("the console, every event twice", console(true)),
        ("filter-log-events", serde_json::to_string_pretty(&json!({"events": rows(&event), "searchedLogStreams": []})).unwrap_or_default()),
        ("filter-log-events, in one line", json!({"events": rows(&event), "searchedLogStreams": []}).to_string()),
        ("get-log-events", serde_json::to_string_pretty(&json!({"events": rows(&|at, text| json!({"timestamp": at.timestamp_millis(), "message": text, "ingestionTime": 1})), "nextForwardToken": "f/3781/s", "nextBackwardToken": "b/3781/s"})).unwrap_or_default()),
        ("an array of events", serde_json::to_string_pretty(&rows(&event)).unwrap_or_default()),
        ("Insights, exported", serde_json::to_string_pretty(&rows(&row)).unwrap_or_default()),
        ("Insights, exported newest first", serde_json::to_string_pretty(&newest_first(rows(&row))).unwrap_or_default()),
        ("Insights, one row a line", events().iter().map(|(at, text)| format!("{}\n", row(*at, text))).collect()),
        ("get-query-results", serde_json::to_string_pretty(&json!({"results": rows(&fields), "status": "Complete"})).unwrap_or_default()),
        ("get-query-results, in one line", json!({"results": rows(&fields), "status": "Complete"}).to_string()),
        ("a subscription's message", data.to_string()),
        ("a subscription's message, printed prettily", serde_json::to_string_pretty(&data).unwrap_or_default()),
        ("a shipper's objects", events().iter().map(|(_, text)| format!("{}\n", json!({"message": text, "stream": "stdout"}))).collect()),
        ("newest first", {
            let mut lines: Vec<String> = events().iter().map(|(at, text)| format!("{} {}\n", rfc(*at), text.trim_end())).collect();
            lines.reverse();
            lines.concat()
        }),
        ("summaries over several lines", in_front(|_| String::new()).replace("\tDuration", "\nDuration").replace("\tMemory", "\nMemory").replace("\tMax", "\nMax")),
        ("platform lines run together", in_front(|_| String::new()).replace(&format!("\nREPORT RequestId: {A}"), &format!(" REPORT RequestId: {A}"))),
        ("Windows' line ends", in_front(|_| String::new()).replace('\n', "\r\n")),
    ]
}

#[test]
fn the_same_log_gives_the_same_health_whatever_tool_copied_it() {
    let wrong: Vec<String> = copies()
        .into_iter()
        .map(|(tool, text)| (tool, checked(&text), text))
        .filter(|(_, found, _)| *found != expected())
        .map(|(tool, found, text)| format!("{tool}: {found:?}\n{text}"))
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn no_cut_of_a_copy_stops_it_and_every_line_is_counted_once() {
    for (_, text) in copies() {
        for from in (0..text.len()).step_by(97) {
            let cut = text.get(from..).unwrap_or_default();
            for to in [cut.len(), cut.len() / 2, cut.len() / 3] {
                if let Some(cut) = cut.get(..to) {
                    let mut checkup = HealthReader::new(None, FunctionLimits::default());
                    cut.lines().for_each(|line| checkup.line(line));
                    assert_eq!(checkup.end().0.read(), cut.lines().count() as u64, "{cut}");
                }
            }
        }
    }
}

#[test]
fn functions_in_one_copy_are_told_apart_and_one_can_be_asked_for() {
    let line = |name: &str, id: &str, text: &str| {
        format!("2026-04-17T08:00:00.120Z[           {name}] {}", text.replace('@', id))
    };
    let lines = [
        line("intake-8d60c20", A, "START RequestId: @ Version: 1"),
        line("labels-1c00f0a", B, "START RequestId: @ Version: 1"),
        line("intake-8d60c20", A, "REPORT RequestId: @\tDuration: 5 ms\tMemory Size: 128 MB\tMax Memory Used: 31 MB"),
        line("labels-1c00f0a", B, "2026-04-17T08:00:03.120Z @ Task timed out after 3.00 seconds"),
    ];
    for (asked, expected) in
        [(None, &["intake-8d60c20", "labels-1c00f0a"][..]), (Some("labels-1c00f0a"), &["labels-1c00f0a"])]
    {
        let mut checkup = HealthReader::new(asked.map(str::to_owned), FunctionLimits::default());
        lines.iter().for_each(|line| checkup.line(line));
        let (_, functions) = checkup.end();
        assert_eq!(functions.keys().map(String::as_str).collect::<Vec<_>>(), expected);
        assert_eq!(functions.values().map(|health| health.timeouts).sum::<u64>(), 1);
    }
}

/// One random invocation: its stream, what it says, how it ends.
fn run() -> impl Strategy<Value = (usize, usize, usize)> {
    (0usize..3, 0usize..4, 0usize..4)
}

/// The events of random invocations, one after the other in each of three streams; the streams are mixed.
fn log(runs: &[(usize, usize, usize)]) -> Vec<(DateTime<Utc>, usize, String)> {
    let mut streams: [Vec<String>; 3] = Default::default();
    for (number, (stream, said, end)) in runs.iter().enumerate() {
        let id = format!("{number:08x}-ef8a-4258-9d46-0b5e878cd834");
        let Some(events) = streams.get_mut(*stream) else { continue };
        events.push(format!("START RequestId: {id} Version: $LATEST"));
        match said {
            0 => events.push(format!("[INFO]\t2026-04-17T08:00:00.300Z\t{id}\tpacked")),
            1 => events.push("packed, without an id".to_owned()),
            2 => events.push(format!(
                "2026-04-17T08:00:00.300Z\t{id}\tERROR\tInvoke Error \t{{\"errorType\":\"TypeError\",\"errorMessage\":\"no parcel\",\"stack\":[]}}"
            )),
            _ => {}
        }
        let (status, line) = match end {
            0 => ("", None),
            1 => ("", Some(format!("2026-04-17T08:00:04.030Z {id} Task timed out after 3.00 seconds"))),
            2 => ("\tStatus: error\tError Type: Runtime.OutOfMemory", None),
            _ => (
                "",
                Some(format!("RequestId: {id} Error: Runtime exited with error: exit status 1\nRuntime.ExitError")),
            ),
        };
        events.extend(line);
        events.push(format!("END RequestId: {id}"));
        events.push(format!("REPORT RequestId: {id}\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 256 MB\tMax Memory Used: 88 MB{status}"));
    }
    let longest = streams.iter().map(Vec::len).max().unwrap_or_default();
    let mut log = Vec::new();
    for place in 0..longest {
        for (stream, events) in streams.iter().enumerate() {
            let at = DateTime::from_timestamp_millis(1_776_412_800_000 + 10 * (place * 3 + stream) as i64)
                .unwrap_or_default();
            log.extend(events.get(place).map(|text| (at, stream, text.clone())));
        }
    }
    log
}

proptest! {
    #[test]
    fn a_tailed_copy_gives_the_counts_of_the_log_it_was_copied_from(runs in prop::collection::vec(run(), 1..14)) {
        let (mut reader, mut reading) = (LogReader::new("f"), MinuteCounter::default());
        let mut copy = String::new();
        for (at, stream, text) in log(&runs) {
            reader.read(&stream.to_string(), at, &text, &mut reading);
            copy.push_str(&format!("{}+00:00 2026/04/17/[$LATEST]{stream}0cefc4c4d174d898e4dbb301f9f10ef {text}\n", at.format("%Y-%m-%dT%H:%M:%S%.6f")));
        }
        reader.end(&mut reading);
        let mut sum = InvocationCounts::default();
        reading.tallies.values().for_each(|tally| sum.add(tally));
        let (invocations, cold, timeouts, errors, causes) = checked(&copy);
        prop_assert_eq!((invocations, cold, timeouts, errors), (sum.invocations, sum.cold, sum.timeouts, sum.errors));
        prop_assert_eq!(invocations, runs.len() as u64);
        prop_assert_eq!(causes, sum.causes.into_iter().collect::<Vec<_>>());
    }

    #[test]
    fn any_text_is_read_to_its_end(text in "(\\PC|[\\n\\t {}\\[\\]\"|:\\\\]){0,400}") {
        let mut checkup = HealthReader::new(None, FunctionLimits::default());
        text.lines().for_each(|line| checkup.line(line));
        let (lines, functions) = checkup.end();
        prop_assert_eq!(lines.read(), text.lines().count() as u64);
        prop_assert!(functions.len() <= 10);
    }
}
