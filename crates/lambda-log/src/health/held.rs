//! Lines of a copy that were recognised, stream by stream, until it is known whether they have to be read in full.

use std::collections::BTreeMap;

use chrono::TimeDelta;

use super::learned::MOST_PREFIXES;
use super::prefix::{PrefixLayout, PrefixNames};
use super::sight::NextPart;
use crate::invocation::ms_before_start;
use crate::line::ReportLine;

/// So many bytes of one stream, and of all, are held over the end of a block.
const MOST_HELD: (usize, usize) = (64 * 1024, 8 * 1024 * 1024);

/// The streams of a copy whose tool is known.
#[derive(Debug, Default)]
pub(super) struct HeldStreams {
    pub(super) layout: Option<PrefixLayout>,
    pub(super) streams: Vec<HeldStream>,
    places: BTreeMap<(String, String), usize>,
    /// When the last line was written, whose it was, what may go on with it, and the last that names anything.
    pub(super) last_at: Option<i64>,
    pub(super) last: Option<usize>,
    pub(super) next: NextPart,
    pub(super) named: Option<usize>,
    /// An event that the last block cut: a heading, and a part of the object behind it.
    pub(super) cut: String,
    pub(super) cut_marks: usize,
}

/// How far the invocation of a stream is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum HeldPhase {
    /// It has not begun: lines outside of any.
    #[default]
    Before,
    Started,
    Ended,
    Reported,
    /// It has to be read in full.
    Unclear,
}

/// A line that is held.
#[derive(Debug, Clone, Copy)]
pub(super) struct HeldLine {
    pub(super) from: usize,
    pub(super) to: usize,
    /// The line before it in the copy is of the same stream, so that it may go on with it.
    pub(super) follows: bool,
    /// The time that the line before it left.
    pub(super) time_before: Option<i64>,
    pub(super) kind: HeldKind,
    /// How many lines of the copy it is: an object may be over several.
    pub(super) lines: u32,
}

/// What a held line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum HeldKind {
    /// A line of the application that carries no sign.
    Quiet,
    /// The platform's lines of an invocation that goes well.
    Platform,
    /// Anything else.
    Telling,
    /// A time and a stream, with nothing behind them.
    Heading,
}

/// The lines of one stream.
#[derive(Debug, Default)]
pub(super) struct HeldStream {
    pub(super) stream: String,
    pub(super) function: String,
    pub(super) phase: HeldPhase,
    /// Lines that tell something were among them.
    pub(super) telling: bool,
    /// The platform said more of it than that it began and ended.
    pub(super) marked: bool,
    /// The reader has, or may have, an invocation of this stream.
    pub(super) left_open: bool,
    pub(super) id: String,
    pub(super) started: Option<i64>,
    pub(super) report: Option<ReportLine>,
    pub(super) ended: Option<i64>,
    /// The application's lines up to the summary, and when the last of them was written.
    pub(super) quiet: u32,
    pub(super) last_line: Option<i64>,
    /// The same behind the summary.
    pub(super) quiet_after: u32,
    pub(super) last_line_after: Option<i64>,
    /// Lines of the copy beside those, that are no events: up to the summary, and behind it.
    pub(super) extra: u64,
    pub(super) extra_after: u64,
    /// The platform's lines.
    pub(super) platform: u64,
    pub(super) last: Option<i64>,
    pub(super) lines: Vec<HeldLine>,
    /// How many of the lines belong to the invocation that is over.
    pub(super) over: usize,
    /// The lines of blocks before, and how many they are.
    carried: String,
    number_carried: usize,
}

impl HeldStreams {
    /// No stream yet, of a tool with this layout.
    pub(super) fn of(layout: Option<PrefixLayout>, last_at: Option<i64>) -> Self {
        Self { layout, last_at, ..Self::default() }
    }

    /// The place of a stream.
    pub(super) fn place(&mut self, names: PrefixNames) -> Option<usize> {
        let key = (names.stream, names.function);
        if let Some(place) = self.places.get(&key) {
            return Some(*place);
        }
        if self.streams.len() >= MOST_PREFIXES {
            return None;
        }
        let place = self.streams.len();
        let (stream, function) = key.clone();
        self.streams.push(HeldStream { stream, function, left_open: true, ..HeldStream::default() });
        self.places.insert(key, place);
        Some(place)
    }

    pub(super) fn named(&self) -> Option<(&str, &str)> {
        self.named.and_then(|place| self.streams.get(place)).map(HeldStream::names)
    }

    /// Keeps the lines of a block that ends. Returns the streams that hold too much.
    pub(super) fn carry(&mut self, block: &str) -> Vec<usize> {
        let mut all = 0;
        for stream in &mut self.streams {
            stream.carry(block);
            all += stream.carried.len();
        }
        let most = if all > MOST_HELD.1 { 0 } else { MOST_HELD.0 };
        let is_full = |place: &usize| self.streams.get(*place).is_some_and(|stream| stream.carried.len() > most);
        (0..self.streams.len()).filter(is_full).collect()
    }
}

impl HeldStream {
    pub(super) fn names(&self) -> (&str, &str) {
        (&self.stream, &self.function)
    }

    pub(super) fn is_named(&self) -> bool {
        !self.stream.is_empty() || !self.function.is_empty()
    }

    /// Holds a line of the application that carries no sign.
    pub(super) fn hold_quiet(&mut self, line: HeldLine, at: Option<i64>) {
        if self.phase == HeldPhase::Reported {
            self.quiet_after += 1;
            self.last_line_after = at;
        } else {
            self.quiet += 1;
            self.last_line = at;
        }
        self.count_extra(u64::from(line.lines - 1));
        self.last = self.last.max(at);
        self.lines.push(line);
    }

    /// Holds the summary of the invocation at hand.
    pub(super) fn hold_report(&mut self, line: HeldLine, report: ReportLine, at: Option<i64>) {
        self.phase = HeldPhase::Reported;
        self.platform += u64::from(line.lines);
        self.report = Some(report);
        self.ended = at;
        self.last = self.last.max(at);
        self.lines.push(line);
        self.over = self.lines.len();
    }

    /// Counts lines of the copy that are no events.
    pub(super) fn count_extra(&mut self, lines: u64) {
        if self.phase == HeldPhase::Reported {
            self.extra_after += lines;
        } else {
            self.extra += lines;
        }
    }

    /// The text of the line at a place.
    pub(super) fn text<'a>(&'a self, place: usize, block: &'a str) -> &'a str {
        let text = if place < self.number_carried { &self.carried } else { block };
        self.lines.get(place).and_then(|line| text.get(line.from..line.to)).unwrap_or_default()
    }

    fn carry(&mut self, block: &str) {
        for line in self.lines.iter_mut().skip(self.number_carried) {
            let text = block.get(line.from..line.to).unwrap_or_default();
            line.from = self.carried.len();
            self.carried.push_str(text);
            line.to = self.carried.len();
        }
        self.number_carried = self.lines.len();
    }

    /// Whether its summary says more than figures: lines are quoted then.
    pub(super) fn says_more(&self) -> bool {
        let Some(report) = &self.report else { return false };
        let shown = self.ended.zip(self.started).map(|(ended, started)| TimeDelta::milliseconds(ended - started));
        report.memory_share().is_some_and(|share| share >= 1.0)
            || shown.is_some_and(|shown| ms_before_start(report, shown).is_some())
    }

    /// Begins anew, with the lines behind the invocation that is over.
    pub(super) fn begin_again(&mut self) {
        self.lines.drain(..self.over.min(self.lines.len()));
        self.number_carried = self.number_carried.saturating_sub(self.over);
        if self.number_carried == 0 {
            self.carried.clear();
        }
        self.over = 0;
        self.quiet = std::mem::take(&mut self.quiet_after);
        self.extra = std::mem::take(&mut self.extra_after);
        self.last_line = self.last_line_after.take();
        self.platform = 0;
        self.phase = HeldPhase::Before;
        self.telling = false;
        self.marked = false;
    }

    /// Forgets its lines, which have been read.
    pub(super) fn was_read(&mut self) {
        self.over = self.lines.len();
        self.quiet_after = 0;
        self.extra_after = 0;
        self.begin_again();
        self.phase = HeldPhase::Unclear;
        self.left_open = true;
    }
}
