//! Reads a block that one tool wrote: most lines are recognised behind its prefix and not read one by one.
//!
//! The lines of a stream are held until its next invocation begins. If they are an invocation of which nothing is to
//! be said but its figures, they are counted; otherwise they are read in full, in their order. Lines of other streams
//! do not matter for them, but for one that may change how all are read; then everything held is read before it.

use chrono::DateTime;

use super::block_line::BlockLine;
use super::checkup::HealthReader;
use super::held::{HeldKind, HeldPhase, HeldStream, HeldStreams};
use super::object::Behind;
use super::prefix::PrefixLayout;
use super::sight::NextPart;
use crate::reader::{LineKind, RecognisedInvocation};
use crate::scan::MarkerPosition;
use crate::wrapper;

/// Lines with a mark that are looked at for the tool that wrote a block.
const MOST_LOOKED_AT: usize = 64;
/// So many of them that no tool put anything in front of, and none wrote the block.
const ENOUGH_BARE: u32 = 4;
/// So often in a block everything held is read, and the rest of it goes line by line.
const MOST_UNCLEAR: usize = 200;

/// Whether a text is a record of the platform on one line.
fn is_record(text: &str) -> bool {
    text.starts_with('{') && text.ends_with('}') && text.contains("\"type\":\"platform.")
}

/// The heading of an object over several lines that has this line as its type, with the bracket behind it.
fn heading_of(before: &str, line: &str) -> Option<String> {
    line.strip_prefix("    \"type\": \"platform.")?;
    let heading = before.get(..before.rfind("\n{\n")?)?;
    Some(format!("{}{{", heading.rsplit('\n').next()?))
}

impl HealthReader {
    /// Whether one tool wrote the block; its layout is known then.
    pub(super) fn is_wrapped(&mut self, block: &str, marks: &[MarkerPosition]) -> bool {
        if !self.order.is_oldest_first() || self.copy.is_in_second_copy() {
            return false;
        }
        let first = block.split('\n').next().unwrap_or_default();
        if self.held.layout.as_ref().is_some_and(|layout| layout.fits(first)) {
            return self.can_hold(first);
        }
        let mut bare = 0;
        for mark in marks.iter().take(MOST_LOOKED_AT) {
            let at = mark.at as usize;
            let from = memchr::memrchr(b'\n', block.as_bytes().get(..at).unwrap_or_default()).map_or(0, |end| end + 1);
            let line = block.get(from..).and_then(|rest| rest.split('\n').next()).unwrap_or_default();
            if wrapper::is_platform(line) {
                bare += 1;
                if bare == ENOUGH_BARE {
                    self.read_held();
                    self.held = HeldStreams::default();
                    return false;
                }
                continue;
            }
            let headed = heading_of(block.get(..from).unwrap_or_default(), line);
            let line = headed.as_deref().unwrap_or(line);
            let plain = wrapper::plain(line);
            let stripped = wrapper::strip(&plain);
            let is_of_platform = headed.is_some() || wrapper::is_platform(stripped.text) || is_record(stripped.text);
            if !is_of_platform || stripped.text.len() == plain.trim_ascii().len() {
                continue;
            }
            if !self.held.layout.as_ref().is_some_and(|layout| layout.fits(line)) {
                self.read_held();
                self.held = HeldStreams::of(PrefixLayout::of(line), self.copy.last_at());
            }
            return self.can_hold(line);
        }
        // What a tool wrote goes on.
        self.held.layout.as_ref().is_some_and(PrefixLayout::has_dates)
    }

    /// Whether lines of the layout say by themselves when they were written, and of which stream they are.
    fn can_hold(&self, line: &str) -> bool {
        let Some(layout) = &self.held.layout else { return false };
        let plain = wrapper::plain(line);
        let stripped = wrapper::strip(&plain);
        let has_names = stripped.stream.is_some() || stripped.function.is_some();
        (layout.has_dates() || !self.copy.has_time_for_all())
            && (layout.has_times() || has_names || self.copy.last_named() == ("", ""))
    }

    /// Reads a block that one tool wrote.
    pub(super) fn wrapped(&mut self, block: &str, marks: &[MarkerPosition]) {
        let mut marks = marks.iter().map(|mark| mark.at as usize).peekable();
        let has_colours = memchr::memchr(0x1b, block.as_bytes()).is_some();
        // What is being read goes on until a line does not belong to it.
        let mut in_full = self.copy.is_open();
        if self.held.last.is_none() {
            self.held.last_at = self.copy.last_at();
        }
        let (mut from, mut unclear) = (self.end_cut(block, &mut marks, &mut in_full), 0);
        while let Some(length) = memchr::memchr(b'\n', block.as_bytes().get(from..).unwrap_or_default()) {
            let mut line = BlockLine::of(block, from, from + length, has_colours);
            line.count(&mut marks);
            if in_full && self.copy.may_take(line.text()) {
                self.feed(line.text());
                from = line.to + 1;
                continue;
            }
            if in_full {
                self.flush();
                self.held.last_at = self.copy.last_at();
                in_full = false;
            }
            let is_held = match line.behind() {
                Behind::Other => self.hold(line),
                Behind::Object(object) => {
                    line = line.with(&object);
                    line.count(&mut marks);
                    self.hold_object(line, &object)
                }
                Behind::Cut => {
                    block.get(from..).unwrap_or_default().clone_into(&mut self.held.cut);
                    self.held.cut_marks = line.marks + marks.count();
                    break;
                }
            };
            from = line.to + 1;
            if is_held {
                continue;
            }
            self.read_all(block);
            unclear += 1;
            if unclear > MOST_UNCLEAR {
                self.line_by_line(block.as_bytes().get(line.from..).unwrap_or_default());
                return;
            }
            self.feed_all(line.text());
            self.held.streams.iter_mut().for_each(|stream| stream.left_open = true);
            in_full = true;
        }
        self.carry(block);
    }

    /// Keeps the lines of a block that ends.
    pub(super) fn carry(&mut self, block: &str) {
        for place in self.held.carry(block) {
            // The last line may go on in the next block.
            if Some(place) == self.held.last {
                self.read_all("");
            } else {
                self.read_stream(place, "", false);
            }
        }
    }

    /// Reads everything that is held.
    pub(super) fn read_held(&mut self) {
        self.read_all("");
        let cut = std::mem::take(&mut self.held.cut);
        if !cut.is_empty() {
            self.feed_all(cut.strip_suffix('\n').unwrap_or(&cut));
        }
    }

    /// Reads lines in full.
    pub(super) fn feed_all(&mut self, lines: &str) {
        lines.split('\n').for_each(|line| self.feed(line));
    }

    pub(super) fn read_all(&mut self, block: &str) {
        let Some(last) = self.held.last.take() else { return };
        for place in (0..self.held.streams.len()).filter(|place| *place != last) {
            self.read_stream(place, block, false);
        }
        // What comes next may go on with the last line.
        self.flush();
        self.read_stream(last, block, false);
        self.copy.resume(self.held.last_at.or(self.copy.last_at()), self.held.named());
        self.held.named = None;
        self.held.next = NextPart::Untimed;
    }

    /// Reads the lines of a stream in full. If its invocation ends well, the last ones without a sign are only counted.
    pub(super) fn read_stream(&mut self, place: usize, block: &str, ends_well: bool) {
        let Some(held) = self.held.streams.get_mut(place) else { return };
        let mut held = std::mem::take(held);
        if !held.lines.is_empty() {
            self.flush();
        }
        let named = held.is_named().then(|| held.names());
        let counted_from = if ends_well {
            held.lines.iter().rposition(|line| line.kind == HeldKind::Telling).map_or(0, |telling| telling + 1)
        } else {
            held.lines.len()
        };
        let mut counted = (0, 0);
        for (number, line) in held.lines.iter().enumerate() {
            if line.kind == HeldKind::Quiet && (counted_from..held.over).contains(&number) {
                counted = (counted.0 + 1, counted.1 + u64::from(line.lines));
                continue;
            }
            self.count_lines(&held, std::mem::take(&mut counted));
            if !line.follows {
                self.flush();
            }
            self.copy.resume(line.time_before, named.filter(|_| number == 0));
            self.feed_all(held.text(number, block));
        }
        held.was_read();
        if let Some(stream) = self.held.streams.get_mut(place) {
            *stream = held;
        }
    }

    /// Counts lines of the application without a sign, the last ones before the summary.
    fn count_lines(&mut self, held: &HeldStream, (number, lines): (u32, u64)) {
        if number == 0 {
            return;
        }
        self.flush();
        let at = held.last_line.and_then(DateTime::from_timestamp_millis);
        self.ward.reader(&held.function).0.read_quiet(&held.stream, at, number);
        self.ward.lines.add(LineKind::Application, lines);
    }

    /// Counts the invocation of a stream that is over, or reads it in full if there is more to it. The lines behind its
    /// summary stay.
    pub(super) fn finish(&mut self, place: usize, block: &str) {
        let Some(held) = self.held.streams.get_mut(place) else { return };
        let is_quiet_so_far = held.phase == HeldPhase::Before && !held.telling && !held.left_open;
        if held.lines.is_empty() || is_quiet_so_far {
            return;
        }
        // A line behind the summary that names the invocation belongs to it.
        let names_it = || (held.over..held.lines.len()).any(|number| held.text(number, block).contains(&held.id));
        let is_whole = held.phase == HeldPhase::Reported && !held.says_more() && (held.quiet_after == 0 || !names_it());
        if held.telling || !is_whole {
            let ends_well = is_whole && !held.marked && held.over == held.lines.len();
            return self.read_stream(place, block, ends_well);
        }
        let Some(report) = held.report.take() else { return };
        let time = |ms: Option<i64>| ms.and_then(DateTime::from_timestamp_millis);
        let recognised = RecognisedInvocation {
            request_id: &held.id,
            started: time(held.started),
            ended: time(held.ended),
            report,
            lines: held.quiet,
            last_line: time(held.last_line),
            last: time(held.last),
        };
        let (reader, bill) = self.ward.reader(&held.function);
        reader.read_recognised(&held.stream, recognised, bill);
        self.ward.lines.platform += held.platform;
        self.ward.lines.add(LineKind::Application, u64::from(held.quiet) + held.extra);
        held.begin_again();
    }
}
