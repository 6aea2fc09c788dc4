mod json;
mod packed;
mod wrapped;

use proptest::prelude::*;

use super::*;
use crate::order::EventReorderer;
use crate::reader::FunctionLimits;
use crate::scan::LineBlock;

fn whole(lines: &[String]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

fn oldest_first() -> HealthReader {
    let mut checkup = HealthReader::new(None, FunctionLimits::default());
    checkup.order = EventReorderer::oldest_first();
    checkup
}

/// Reads a log line by line, and in blocks cut at the given lines; both must see the same.
fn check_same(lines: &[String], cuts: &[usize]) {
    let mut slow = oldest_first();
    slow.block(&LineBlock::Bytes(whole(lines).into_bytes()));
    let mut fast = oldest_first();
    let mut from = 0;
    for cut in cuts.iter().copied().chain([lines.len()]) {
        let to = cut.clamp(from, lines.len());
        let block = whole(&lines[from..to]);
        fast.block(&LineBlock::of(block.into_bytes(), Vec::new()));
        from = to;
    }
    let (slow, fast) = (slow.end(), fast.end());
    assert_eq!(slow.0, fast.0, "lines of {lines:#?}");
    for (name, health) in &slow.1 {
        let other = fast.1.get(name).unwrap_or_else(|| panic!("no {name}"));
        let figures = |health: &Health| {
            (
                health.invocations,
                health.cold,
                health.cold_waited,
                health.timeouts,
                health.errors,
                health.memory_mb,
                health.max_memory_mb,
                health.pings,
            )
        };
        assert_eq!(figures(health), figures(other), "{lines:#?}");
        let causes = |health: &Health| {
            health
                .causes
                .iter()
                .map(|(cause, seen)| {
                    (*cause, seen.count, seen.first_of, seen.confidence, seen.first, seen.last, seen.remedy.clone())
                })
                .collect::<Vec<_>>()
        };
        assert_eq!(causes(health), causes(other), "{lines:#?}");
        assert_eq!(health.durations.clone().quantiles([0.5, 1.0]), other.durations.clone().quantiles([0.5, 1.0]));
    }
}

/// An invocation as the log has it, with `kind` saying how it goes.
fn invocation(number: u32, kind: u8, quiet: u8) -> Vec<String> {
    let id = format!("{number:08x}-ef8a-4258-9d46-0b5e878cd834");
    let at = |ms: u32| {
        format!("2024-12-27T{:02}:{:02}:{:02}.{:03}Z", number / 360 % 24, number / 6 % 60, number * 10 % 60, ms % 1000)
    };
    let mut lines = Vec::new();
    if kind == 1 {
        lines.push("INIT_START Runtime Version: python:3.12.v38\tRuntime Version ARN: arn:aws:lambda:ap-northeast-2::runtime:abc".to_owned());
    }
    if kind != 2 {
        lines.push(format!("START RequestId: {id} Version: $LATEST"));
    }
    for line in 0..u32::from(quiet) {
        lines.push(match line % 4 {
            0 => format!("[INFO]\t{}\t{id}\tasked for 3 rows", at(line)),
            1 => format!("{}\t{id}\tINFO\tdone with {line}", at(line)),
            2 => format!("{{\"level\":\"info\",\"time\":\"{}\",\"msg\":\"asked\"}}", at(line)),
            _ => "printed".to_owned(),
        });
    }
    match kind {
        3 => lines.extend([
            "[ERROR] KeyError: 'DB_HOST'".to_owned(),
            "Traceback (most recent call last):".to_owned(),
            "  File \"/var/task/app.py\", line 3, in handler".to_owned(),
            "    return os.environ['DB_HOST']".to_owned(),
        ]),
        4 => lines.push(format!("{} {id} Task timed out after 30.03 seconds", at(900))),
        5 => lines.push(format!("RequestId: {id} Error: Runtime exited with error: signal: killed")),
        6 => lines.push("Instancing..".to_owned()),
        7 => lines.push(format!("[ERROR]\t{}\t{id}\tcould not reach the cache, going on without", at(7))),
        _ => {}
    }
    if kind == 5 {
        lines.push("Runtime.ExitError".to_owned());
    }
    lines.push(format!("END RequestId: {id}"));
    let mut report = format!(
        "REPORT RequestId: {id}\tDuration: {}.25 ms\tBilled Duration: {} ms\tMemory Size: 128 MB\tMax Memory Used: {} MB\t",
        number % 700 + if kind == 12 { 11_000 } else { 0 },
        number % 700 + 1,
        if matches!(kind, 5 | 11) { 128 } else { 40 + number % 60 }
    );
    if kind == 1 {
        report.push_str("Init Duration: 402.10 ms\t");
    }
    if kind == 8 {
        report.push_str("Status: timeout");
    }
    lines.push(report);
    if kind == 9 {
        lines.push(
            "XRAY TraceId: 1-5759e988-bd862e3fe1be46a994272793\tSegmentId: 53995c3f42cd8ad8\tSampled: true".to_owned(),
        );
    }
    if kind == 10 {
        lines.push(format!("RequestId: {id} Process exited before completing request"));
    }
    lines
}

proptest! {
    #[test]
    fn blocks_and_lines_see_the_same(kinds in prop::collection::vec((0u8..16, 0u8..7), 1..40), cuts in prop::collection::vec(0usize..300, 0..6)) {
        let lines: Vec<String> = kinds.iter().enumerate().flat_map(|(number, (kind, quiet))| invocation(number as u32, *kind, *quiet)).collect();
        let mut cuts = cuts;
        cuts.sort_unstable();
        check_same(&lines, &cuts);
    }

    #[test]
    fn odd_lines_between_are_all_counted_and_break_nothing(kinds in prop::collection::vec((0u8..16, 0u8..7), 1..20), odd in prop::collection::vec((0usize..150, 0usize..ODD.len()), 1..5)) {
        let mut lines: Vec<String> = kinds.iter().enumerate().flat_map(|(number, (kind, quiet))| invocation(number as u32, *kind, *quiet)).collect();
        for (place, line) in odd {
            let place = place.min(lines.len());
            lines.insert(place, ODD[line].to_owned());
        }
        let block = whole(&lines);
        let mut checkup = oldest_first();
        checkup.block(&LineBlock::of(block.into_bytes(), Vec::new()));
        let (read, functions) = checkup.end();
        prop_assert_eq!(read.read(), lines.len() as u64);
        let invocations: u64 = functions.values().map(|health| health.invocations).sum();
        // What stands between may hide one or be one, and no more than that.
        prop_assert!(invocations.abs_diff(kinds.len() as u64) <= 5, "{} of {}: {:#?}", invocations, kinds.len(), lines);
    }
}

/// Lines that are not what the block reader hopes for.
const ODD: &[&str] = &[
    "",
    "  \"errorType\": \"KeyError\",",
    "}",
    "2024-12-27T02:22:50.217Z START RequestId: e11db634-ef8a-4258-9d46-0b5e878cd834 Version: 3",
    "2024-12-27T02:22:50.217Z REPORT RequestId: e11db634-ef8a-4258-9d46-0b5e878cd834 Duration: 5 ms",
    "| 2024-12-27 02:22:50.217 | INIT_START Runtime Version: python:3.12.v38 |",
    "REPORT RequestId: e11db634-ef8a-4258-9d46-0b5e878cd834",
    "Duration: 5 ms",
    "START RequestId: e11db634-ef8a-4258-9d46-0b5e878cd834 Version: 3 END RequestId: e11db634-ef8a-4258-9d46-0b5e878cd834",
    "START RequestId: short Version: 3",
    "an error that is only spoken of",
    "a\rb",
    "\u{0}",
];

#[test]
fn a_copy_without_a_single_line_is_one_function_of_which_nothing_is_known() {
    let (lines, functions) = HealthReader::new(None, FunctionLimits::default()).end();
    assert_eq!((lines.read(), functions.len()), (0, 1));
    assert_eq!(functions[NO_NAME].verdict(), None);
}

#[test]
fn quantiles_are_the_nearest_rank_of_what_was_read() {
    let mut durations = ExactDurations::default();
    assert_eq!(durations.quantiles([0.5]), None);
    for hundredth in (1..=100).rev() {
        durations.add(f64::from(hundredth));
    }
    assert_eq!(durations.quantiles([0.5, 0.95, 0.99, 1.0]), Some([50.0, 95.0, 99.0, 100.0]));
    durations.add(0.01);
    assert_eq!(durations.quantiles([0.001]), Some([0.01]));
}
