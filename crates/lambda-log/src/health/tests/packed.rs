//! A copy that a tool packed in a file of another form gives the same as the lines that are in it.

use proptest::prelude::*;

use super::{invocation, oldest_first};
use crate::health::{Health, HealthReader};
use crate::scan::LineBlock;

const STREAM: &str = "2024/12/27/[$LATEST]60cefc4c4d174d898e4dbb301f9f10ef";
/// 2024-12-27T02:00:00Z
const BEGAN: i64 = 1_735_264_800_000;

/// The events of invocations: the first lines of what the log has, and what goes on with them.
fn events(invocations: &[(u8, u8)]) -> Vec<String> {
    let mut events: Vec<String> = Vec::new();
    for (number, (kind, quiet)) in invocations.iter().enumerate() {
        for line in invocation(number as u32, *kind, *quiet) {
            let goes_on =
                line.starts_with([' ', '\t']) || line.starts_with("Traceback") || line.starts_with("Runtime.");
            match events.last_mut().filter(|_| goes_on) {
                Some(last) => {
                    last.push('\n');
                    last.push_str(&line);
                }
                None => events.push(line),
            }
        }
    }
    events
}

/// The health that a text shows, read in two blocks.
fn read(text: &str, cut: usize) -> HealthReader {
    let cut = text.match_indices('\n').nth(cut).map_or(text.len(), |(end, _)| end + 1);
    let (first, second) = text.split_at(cut);
    let mut reader = oldest_first();
    for block in [first, second] {
        reader.block(&LineBlock::of(block.as_bytes().to_vec(), Vec::new()));
    }
    reader
}

fn check(invocations: &[(u8, u8)], cut: usize) {
    let events = events(invocations);
    let at = |number: usize| BEGAN + number as i64 * 7;
    let tail: String =
        events.iter().enumerate().map(|(number, event)| format!("{} {STREAM} {event}\n", at(number))).collect();
    let quoted = |event: &String| format!("\"{}\n\"", event.replace('"', "\"\""));
    let csv = events.iter().enumerate().map(|(number, event)| format!("{},{},{STREAM}\n", at(number), quoted(event)));
    let csv = format!("timestamp,message,logStreamName\n{}", csv.collect::<String>());
    let objects = events.iter().enumerate().map(|(number, event)| {
        let labels = serde_json::json!({"stream": STREAM});
        format!("{}\n", serde_json::json!({"timestamp": at(number), "labels": labels, "line": format!("{event}\n")}))
    });
    let objects: String = objects.collect();
    let of = |health: Health| {
        let causes: Vec<_> = health
            .causes
            .iter()
            .map(|(cause, seen)| {
                (*cause, seen.count, seen.first_of, seen.confidence, seen.first, seen.evidence.clone())
            })
            .collect();
        (health.invocations, health.cold, health.timeouts, health.errors, health.max_memory_mb, causes)
    };
    let (_, expected) = read(&tail, cut).end();
    let expected: Vec<_> = expected.into_values().map(of).collect();
    for copy in [csv, objects] {
        let (lines, found) = read(&copy, cut).end();
        assert_eq!(found.into_values().map(of).collect::<Vec<_>>(), expected, "{copy}");
        assert_eq!(lines.read(), copy.lines().count() as u64, "{copy}");
        // Line by line it is the same.
        let mut slow = oldest_first();
        copy.lines().for_each(|line| slow.line(line));
        assert_eq!(slow.end().1.into_values().map(of).collect::<Vec<_>>(), expected, "{copy}");
    }
}

#[test]
fn a_file_that_is_cut_anywhere_gives_what_its_events_give() {
    for cut in 0..30 {
        check(&[(1, 3), (3, 0), (4, 1), (5, 2), (0, 3)], cut);
    }
}

proptest! {
    #[test]
    fn what_packs_the_lines_of_a_log_changes_nothing(
        invocations in prop::collection::vec((0u8..11, 0u8..6), 1..12),
        cut in 0usize..80,
    ) {
        check(&invocations, cut);
    }
}
