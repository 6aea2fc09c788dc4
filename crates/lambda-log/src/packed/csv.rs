//! The records of a CSV file (RFC 4180), as the console and Logs Insights export them: a cell in quotes may hold commas,
//! line ends, and quotes that are doubled.

use std::borrow::Cow;

use super::event::{MARK, PackedEvent, function_of, point_in_time, raw, stream_of};
use model::moment;

/// A record of more lines or bytes than this is none: a quote was never closed.
const LONGEST: (u64, usize) = (20_000, 2 * 1024 * 1024);

/// Names of the columns, as the console, Logs Insights and the CLI have them.
const MESSAGES: [&str; 2] = ["@message", "message"];
const TIMES: [&str; 4] = ["@timestamp", "timestamp", "time", "@ingestiontime"];
const STREAMS: [&str; 4] = ["@logstream", "logstreamname", "logstream", "log stream"];
const GROUPS: [&str; 4] = ["@log", "loggroupname", "loggroup", "log group"];

/// The columns that matter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CsvHead {
    columns: usize,
    message: usize,
    time: Option<usize>,
    stream: Option<usize>,
    group: Option<usize>,
}

/// The record that is being read.
#[derive(Debug, Default)]
pub(super) struct CsvRecord {
    text: String,
    lines: u64,
}

impl CsvHead {
    /// The head that a line is, if it names a column of messages and another that only an export of a log has.
    pub(super) fn of(line: &str) -> Option<Self> {
        let line = line.trim_start_matches(MARK);
        let CsvCells::Closed(cells, false) = CsvCells::of(line) else { return None };
        let names: Vec<String> = cells.iter().map(|cell| cell.trim_ascii().to_ascii_lowercase()).collect();
        let is_name = |name: &String| {
            name.len() <= 80
                && name
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'@' | b'_' | b'.' | b' ' | b'-'))
        };
        let place = |known: &[&str]| known.iter().find_map(|known| names.iter().position(|name| name == known));
        let head = Self {
            columns: names.len(),
            message: place(&MESSAGES)?,
            time: place(&TIMES),
            stream: place(&STREAMS),
            group: place(&GROUPS),
        };
        let is_export = head.time.is_some() || head.stream.is_some() || names.iter().any(|name| name == "@message");
        (is_export && names.iter().all(is_name)).then_some(head)
    }

    /// The cells of a record. A message that was written without quotes may have commas of its own.
    fn event<'a>(&self, cells: &'a [Cow<'a, str>], message: &'a str) -> PackedEvent<'a> {
        let extra = cells.len().saturating_sub(self.columns);
        let cell = |place: Option<usize>| {
            let place = place?;
            cells.get(if place > self.message { place + extra } else { place }).map(|cell| cell.trim_ascii())
        };
        let at_ms = cell(self.time).and_then(|time| moment::epoch(time).or_else(|| moment::leading(time)));
        PackedEvent {
            at_ms: at_ms.and_then(|found| found.at_ms).and_then(point_in_time),
            function: cell(self.group).and_then(function_of),
            stream: cell(self.stream).and_then(stream_of),
            message,
        }
    }
}

impl CsvRecord {
    /// Takes a physical line, and writes the event that it completes.
    pub(super) fn line(&mut self, head: &mut CsvHead, line: &str, out: &mut String) {
        let line = line.strip_suffix('\r').unwrap_or(line);
        if self.lines > 0 {
            self.text.push('\n');
        }
        self.text.push_str(line);
        self.lines += 1;
        // Only a quote can close what is open.
        if self.lines > 1 && !line.contains('"') && self.lines < LONGEST.0 && self.text.len() < LONGEST.1 {
            return;
        }
        match CsvCells::of(&self.text) {
            // The quote that was taken for the closing one opens a cell of the next record.
            CsvCells::Closed(_, true) if self.lines > 1 => {
                let before = self.text.len() - line.len();
                self.text.truncate(before - 1);
                self.give_up(out);
                self.line(head, line, out);
            }
            CsvCells::Closed(cells, _) => {
                give(head, &self.text, &cells, out);
                self.clear();
            }
            CsvCells::Open if self.lines >= LONGEST.0 || self.text.len() >= LONGEST.1 => self.give_up(out),
            CsvCells::Open => {}
        }
    }

    /// Nothing more comes: what is open ends here.
    pub(super) fn end(&mut self, head: &mut CsvHead, out: &mut String) {
        if self.lines == 0 {
            return;
        }
        let text = format!("{}\"", self.text);
        match CsvCells::of(&text) {
            CsvCells::Closed(cells, false) => give(head, &text, &cells, out),
            CsvCells::Closed(..) | CsvCells::Open => raw(&self.text, out),
        }
        self.clear();
    }

    /// The quote of the first line is none of CSV's: the lines are given as they are.
    fn give_up(&mut self, out: &mut String) {
        raw(&self.text, out);
        self.clear();
    }

    fn clear(&mut self) {
        self.text.clear();
        self.lines = 0;
    }
}

/// Writes the event of a record.
fn give(head: &mut CsvHead, text: &str, cells: &[Cow<'_, str>], out: &mut String) {
    // A file behind another has a head of its own.
    if let Some(next) = CsvHead::of(text) {
        *head = next;
        return;
    }
    // A line that is no record, such as a blank one.
    if cells.len() < head.columns {
        return raw(text, out);
    }
    let extra = cells.len() - head.columns;
    let message = match cells.get(head.message..=head.message + extra).unwrap_or_default() {
        [one] => Cow::Borrowed(one.as_ref()),
        several => Cow::Owned(several.join(",")),
    };
    head.event(cells, &message).write(out);
}

/// The text of a record in its parts.
#[derive(Debug, PartialEq)]
enum CsvCells<'a> {
    /// A quote is not closed.
    Open,
    /// All of them, and whether something stands behind the quotes of one, which no writer of CSV does.
    Closed(Vec<Cow<'a, str>>, bool),
}

impl<'a> CsvCells<'a> {
    fn of(record: &'a str) -> Self {
        let (mut cells, mut is_odd) = (Vec::new(), false);
        let mut rest = Some(record);
        while let Some(text) = rest {
            let Some(quoted) = text.strip_prefix('"') else {
                let (cell, next) = split(text);
                cells.push(Cow::Borrowed(cell));
                rest = next;
                continue;
            };
            let Some((cell, behind)) = closed(quoted) else { return Self::Open };
            let (more, next) = split(behind);
            is_odd |= !more.trim_ascii().is_empty();
            cells.push(if more.is_empty() { cell } else { Cow::Owned(format!("{cell}{more}")) });
            rest = next;
        }
        Self::Closed(cells, is_odd)
    }
}

/// A text up to the next comma, and what follows it.
fn split(text: &str) -> (&str, Option<&str>) {
    text.split_once(',').map_or((text, None), |(cell, next)| (cell, Some(next)))
}

/// A cell up to the quote that closes it, and what follows. A quote that is followed by another stands for itself.
fn closed(quoted: &str) -> Option<(Cow<'_, str>, &str)> {
    let mut from = 0;
    loop {
        let quote = from + memchr::memchr(b'"', quoted.as_bytes().get(from..)?)?;
        if quoted.as_bytes().get(quote + 1) == Some(&b'"') {
            from = quote + 2;
            continue;
        }
        let cell = quoted.get(..quote)?;
        let cell = if from > 0 { Cow::Owned(cell.replace("\"\"", "\"")) } else { Cow::Borrowed(cell) };
        return Some((cell, quoted.get(quote + 1..)?));
    }
}
