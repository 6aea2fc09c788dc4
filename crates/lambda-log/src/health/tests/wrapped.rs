//! Blocks that one tool wrote give the same as their lines one by one.

use proptest::prelude::*;

use super::{invocation, json, oldest_first};
use crate::health::{Health, LineCounts};
use crate::scan::LineBlock;

/// The tools whose prefixes are written here.
const TOOLS: usize = 14;

/// An event as a tool writes it: its first line, or every line, behind the prefix.
fn wrap(tool: usize, stream: usize, at: u32, event: &str) -> String {
    let name = format!("2024/12/27/[$LATEST]{stream:032x}");
    let clock = format!("{:02}:{:02}:{:02}", at / 3_600_000 % 24, at / 60_000 % 60, at / 1000 % 60);
    let ms = at % 1000;
    let prefix = match tool {
        1 => format!("2024-12-27T{clock}.{ms:03}000+00:00 {name} "),
        2 => format!("2024-12-27T{clock} "),
        3 => format!("{name} 2024-12-27T{clock}.{ms:03}000 "),
        4 => format!("\u{1b}[36m{name}\u{1b}[0m \u{1b}[33m2024-12-27T{clock}.{ms:03}000\u{1b}[0m "),
        5 => format!("/aws/lambda/todo {name} "),
        6 => format!("/aws/lambda/todo {name} [2024-12-27T{clock}.{ms:03}Z] "),
        7 => format!("2024-12-27 {clock}.{ms:03} (+09:00)\t"),
        8 => format!("2024-12-27 {clock}.{ms:03},"),
        9 => format!("todo-{stream}  | "),
        10 => format!("Dec 27 {clock} ip-10-0-0-5 shipper[812]: "),
        11 => format!("2024-12-27T{clock}+09:00 {{app=\"todo\", log_group=\"/aws/lambda/todo\"}} "),
        // `aws logs tail --format json` leaves out a fraction of zero, and prints what is an object over several lines.
        13 => {
            let fraction = if at.is_multiple_of(5) { String::new() } else { format!(".{ms:03}000") };
            let text =
                if event.starts_with('{') && event.ends_with('}') { json::printed(event) } else { event.to_owned() };
            return format!("2024-12-27T{clock}{fraction}+00:00 {name} {text}");
        }
        12 => format!("[{}] ", 1_735_264_800_000u64 + u64::from(at)),
        _ => format!("2024-12-27T{clock}.{ms:03}000+00:00 2024/12/27/todo{}[3]{stream:032x} ", stream % 2),
    };
    // A container's prefix is in front of every line.
    if tool == 9 {
        return event.split('\n').map(|line| format!("{prefix}{line}")).collect::<Vec<_>>().join("\n");
    }
    format!("{prefix}{event}")
}

/// Lines between, of the application or of the tool.
const ODD: &[&str] = &[
    "",
    "  indented",
    "}",
    "[",
    "{",
    "{\"level\":\"INFO\",\"message\":\"asked\"}",
    "{\"timestamp\":1735264800000,\"message\":\"asked\",\"logStreamName\":\"2024/12/27/[$LATEST]ab\"}",
    "{\"a\": [",
    "items: [",
    "-----",
    "Copy",
    "at a.b.C(D.java:1)",
    "/aws/lambda/other packed",
    "[          other-1a2b3c4] packed",
    "2024-12-27T02:22:50.217Z\te11db634-ef8a-4258-9d46-0b5e878cd834\tINFO\tpacked",
    "200 OK",
    "AMQP connected",
    "PM is here",
    "{\"level\":\"INFO\",\"message\":\"END RequestId: e11db634-ef8a-4258-9d46-0b5e878cd834\"}",
    "{\"level\":\"WARN\",\"message\":\"a } and \\\"a {\",\"of\":[[],{}],\"at\":[1720000000123,5,-1.5,null]}",
    "{\"type\":\"platform.start\",\"record\":{\"requestId\":\"short\"}}",
    "{\"time\":\"t\",\"type\":\"platform.extension\",\"record\":{\"name\":\"a\",\"state\":\"Ready\"}}",
    "{\n    \"level\": \"INFO\",\n    \"message\": \"asked\"\n}",
    "{\n    \"level\": \"INFO\",",
    "}\n{",
    "\n{\n    \"message\": \"INIT_START Runtime Version: x\",\n    \"level\": \"INFO\"\n}",
    "an error that is only spoken of",
    "\u{1b}[32mpacked\u{1b}[0m",
    "Duration: 5 ms",
    "Runtime.ExitError",
    "XRAY TraceId: 1-5759e988-bd862e3fe1be46a994272793\tSegmentId: 53995c3f42cd8ad8\tSampled: true",
    "TELEMETRY\tName: collector\tState: Subscribed\tTypes: [Platform]",
    "REPORT RequestId: e11db634-ef8a-4258-9d46-0b5e878cd834",
    "START RequestId: e11db634-ef8a-4258-9d46-0b5e878cd834 Version: 3 END RequestId: e11db634-ef8a-4258-9d46-0b5e878cd834",
    "START RequestId: short Version: 3",
    "START RequestId: e11db634-ef8a-4258-9d46-0b5e878cd834 Version: 7",
    "packed\n  and sent\nand gone",
    "Traceback (most recent call last):\n  File \"/var/task/app.py\", line 3, in handler\nKeyError: 'x'",
    "a\rb",
    "no tariff: shop.TariffException\nshop.TariffException: no tariff\n\tat shop.A.b(A.java:1)\n\t... 3 more",
    "\u{0}",
];

#[derive(Debug, Clone)]
struct Copy {
    /// The tool, and the one that takes over at a share of the lines.
    tools: (usize, usize, usize),
    /// Invocations of each stream: how each goes, and how much it says.
    streams: Vec<Vec<(u8, u8)>>,
    /// The functions log in JSON format.
    json: bool,
    /// Whose line is next.
    turns: Vec<usize>,
    /// Where odd lines stand, which, and whether the tool marked them.
    odd: Vec<(usize, usize, bool)>,
    cuts: Vec<usize>,
    crlf: bool,
    broken: Option<usize>,
}

impl Copy {
    fn lines(&self) -> Vec<Vec<u8>> {
        let mut waiting: Vec<std::collections::VecDeque<String>> = Vec::new();
        for (stream, kinds) in self.streams.iter().enumerate() {
            let events = kinds.iter().enumerate().flat_map(|(number, (kind, quiet))| {
                let of = (stream * 1000 + number) as u32;
                let mut lines =
                    if self.json { json::invocation(of, *kind, *quiet) } else { invocation(of, *kind, *quiet) };
                // The lines of a stack are one event.
                if let Some(at) = lines.iter().position(|line| line.starts_with("Traceback")) {
                    let stack = lines.splice(at - 1..at + 3, []).collect::<Vec<_>>().join("\n");
                    lines.insert(at - 1, stack);
                }
                lines
            });
            waiting.push(events.collect());
        }
        let (mut events, mut turn, mut at) = (Vec::new(), 0, 8_000_000);
        while waiting.iter().any(|stream| !stream.is_empty()) {
            let stream = self.turns.get(turn % self.turns.len()).copied().unwrap_or(0) % waiting.len();
            let stream = (0..waiting.len())
                .map(|more| (stream + more) % waiting.len())
                .find(|s| !waiting[*s].is_empty())
                .unwrap();
            events.push((stream, at, waiting[stream].pop_front().unwrap()));
            (turn, at) = (turn + 1, at + 377);
        }
        let change = self.tools.2 * events.len() / 100;
        let mut copied: Vec<String> = events
            .iter()
            .enumerate()
            .map(|(n, (stream, at, event))| {
                wrap(if n < change { self.tools.0 } else { self.tools.1 }, *stream, *at, event)
            })
            .collect();
        for (place, odd, marked) in &self.odd {
            let place = (*place).min(copied.len());
            let tool = if place < change { self.tools.0 } else { self.tools.1 };
            let line = if *marked {
                wrap(tool, place % self.streams.len(), 8_000_000, ODD[*odd])
            } else {
                ODD[*odd].to_owned()
            };
            copied.insert(place, line);
        }
        let mut lines: Vec<Vec<u8>> =
            copied.iter().flat_map(|event| event.split('\n')).map(|line| line.as_bytes().to_vec()).collect();
        if let Some(broken) = self.broken {
            let place = broken % lines.len();
            lines[place].insert(0, 0xff);
        }
        let end: &[u8] = if self.crlf { b"\r\n" } else { b"\n" };
        lines.iter_mut().for_each(|line| line.extend_from_slice(end));
        lines
    }
}

/// Everything that is said of a function.
fn said(health: &Health) -> String {
    let mut health = health.clone();
    let _ = health.durations.quantiles([0.5]);
    format!("{health:#?}")
}

fn read(blocks: impl Iterator<Item = LineBlock>) -> (LineCounts, Vec<(String, String)>) {
    let mut checkup = oldest_first();
    blocks.for_each(|block| checkup.block(&block));
    let (lines, functions) = checkup.end();
    (lines, functions.iter().map(|(name, health)| (name.clone(), said(health))).collect())
}

fn check(copy: &Copy) -> Result<(), TestCaseError> {
    let lines = copy.lines();
    let slow = read(lines.iter().map(|line| LineBlock::Bytes(line.clone())));
    let mut cuts: Vec<usize> = copy.cuts.iter().map(|cut| cut % (lines.len() + 1)).chain([0, lines.len()]).collect();
    cuts.sort_unstable();
    let blocks = cuts.windows(2).map(|cut| LineBlock::of(lines[cut[0]..cut[1]].concat(), Vec::new()));
    let fast = read(blocks);
    let text = || format!("{cuts:?} {:?}\n{}", copy.tools, String::from_utf8_lossy(&lines.concat()));
    prop_assert_eq!(slow.0, fast.0, "{}", text());
    let (slow, fast) = (format!("{:#?}", slow.1), format!("{:#?}", fast.1));
    let differs = slow.split("\\n").zip(fast.split("\\n")).find(|(one, other)| one != other);
    prop_assert!(slow == fast, "{:?} in\n{}", differs, text());
    Ok(())
}

fn copies(with_odd: bool) -> impl Strategy<Value = Copy> {
    copies_of(1..4, with_odd)
}

fn copies_of(streams: std::ops::Range<usize>, with_odd: bool) -> impl Strategy<Value = Copy> {
    let tools = (1..=TOOLS, 1..=TOOLS, 0usize..=100, any::<bool>());
    let tools = tools.prop_map(|(one, other, change, same)| (one, if same { one } else { other }, change));
    let odd = prop::collection::vec((0usize..150, 0..ODD.len(), any::<bool>()), 0..if with_odd { 5 } else { 1 });
    let streams = prop::collection::vec(prop::collection::vec((0u8..16, 0u8..7), 1..6), streams);
    let cuts = prop::collection::vec(0usize..300, 0..6);
    let broken = prop::option::weighted(if with_odd { 0.1 } else { 0.01 }, 0usize..200);
    let turns = prop::collection::vec(0usize..25, 1..40);
    let way = (any::<bool>(), prop::bool::weighted(0.05));
    (tools, streams, turns, odd, cuts, way, broken).prop_map(
        |(tools, streams, turns, odd, cuts, (json, crlf), broken)| Copy {
            tools,
            streams,
            json,
            turns,
            odd,
            cuts,
            crlf,
            broken,
        },
    )
}

proptest! {
    #[test]
    fn what_a_tool_wrote_is_read_the_same_in_blocks(copy in copies(false)) {
        check(&copy)?;
    }

    #[test]
    fn many_streams_that_alternate_are_read_the_same_in_blocks(copy in copies_of(8..25, false)) {
        check(&copy)?;
    }

    #[test]
    fn odd_lines_are_read_the_same_in_blocks(copy in copies(true)) {
        check(&copy)?;
    }
}
