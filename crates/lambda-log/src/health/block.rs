//! Reads a log block by block: most lines of it are passed over without being looked at one by one.

use chrono::DateTime;

use super::checkup::HealthReader;
use super::whole::{
    END, MOST_CONTINUED, PlainInvocation, goes_on_on_the_next_line, newlines, says_nothing_bad, text_of,
};
use crate::copy::{CopiedEvent, EventSink};
use crate::fields::ReportField;
use crate::reader::LineKind;
use crate::scan::{LineBlock, Marker, MarkerPosition};
use crate::wrapper;

impl HealthReader {
    /// Reads a block of lines. Gives the same as [`Self::line`] for each line, much faster; only an `END` whose summary
    /// does not follow, and parts of an object, may be counted as lines of the application.
    pub fn block(&mut self, block: &LineBlock) {
        if self.packed.is_packed(block.bytes()) {
            return self.packed_lines(block.bytes());
        }
        self.bare_block(block);
    }

    /// Reads lines that a tool packed in a file of another form.
    fn packed_lines(&mut self, block: &[u8]) {
        if block.is_empty() {
            return;
        }
        let block = block.strip_suffix(b"\n").unwrap_or(block);
        let mut lines = String::with_capacity(block.len());
        for line in block.split(|byte| *byte == b'\n') {
            match std::str::from_utf8(line) {
                Ok(text) => self.packed.line(text, &mut lines),
                Err(_) => self.not_text(1),
            }
        }
        self.unpacked(lines);
    }

    /// Reads lines as they came out of what they were packed in.
    pub(super) fn unpacked(&mut self, lines: String) {
        if !lines.is_empty() {
            self.bare_block(&LineBlock::of(lines.into_bytes(), Vec::new()));
        }
    }

    fn bare_block(&mut self, block: &LineBlock) {
        // The console's copies, objects over several lines and what is no text go line by line.
        if let LineBlock::Text { text, marks, lines: Some(_) } = block
            && self.is_wrapped(text, marks)
        {
            return self.wrapped(text, marks);
        }
        self.read_held();
        // Bare lines behind ones that name a stream belong to it, and a few may stand among a tool's.
        let is_plain = self.order.is_oldest_first()
            && self.copy.is_between_events()
            && self.copy.last_named() == ("", "")
            && self.held.layout.is_none();
        match block {
            LineBlock::Text { text, marks, lines: Some(lines) } if is_plain => self.plain(text, marks, *lines),
            _ => self.line_by_line(block.bytes()),
        }
    }

    pub(super) fn line_by_line(&mut self, block: &[u8]) {
        if block.is_empty() {
            return;
        }
        let block = block.strip_suffix(b"\n").unwrap_or(block);
        for line in block.split(|byte| *byte == b'\n') {
            match text_of(line) {
                Some(text) => self.bare_line(text),
                None => self.not_text(1),
            }
        }
    }

    fn plain(&mut self, block: &str, marks: &[MarkerPosition], lines: u32) {
        let mut done = self.go_on(block, 0);
        // Where the last invocation that was counted whole ends, how many there were, and the lines outside of them.
        let (mut behind, mut wholes, mut others) = (0, 0u64, 0u64);
        // Whether lines were passed over whose time has not been looked at.
        let mut unseen = false;
        for mark in marks {
            let at = mark.at as usize;
            // It may have gone with a line before it.
            if at < done {
                continue;
            }
            // Where an invocation begins right here, its summary may come next.
            if mark.word == Marker::Start && at == done {
                continue;
            }
            if mark.word == Marker::Report
                && let Some(whole) = PlainInvocation::find(block, done, at)
                && self.whole(&whole)
            {
                others += newlines(block, behind, done);
                (behind, wholes, unseen) = (whole.end, wholes + 1, true);
                done = whole.end;
                continue;
            }
            if std::mem::take(&mut unseen) {
                self.copy.saw(block.get(..done).unwrap_or_default());
            }
            let from = memchr::memrchr(b'\n', block.as_bytes().get(done..at).unwrap_or_default())
                .map_or(done, |newline| done + newline + 1);
            let to = memchr::memchr(b'\n', block.as_bytes().get(at..).unwrap_or_default())
                .map_or(block.len(), |newline| at + newline);
            let line = block.get(from..to).unwrap_or_default();
            // A tool's prefix, half a summary, an inner line of an object: from here on the block is not plain.
            let is_platform = wrapper::is_platform(line);
            let is_inner = line.starts_with([' ', '\t', '"', '}', ']', '|'])
                || line.ends_with(['{', '['])
                || (line.starts_with('{') && !line.ends_with('}'));
            if is_inner
                || (!is_platform && (wrapper::is_platform(wrapper::strip(line).text) || ReportField::goes_on(line)))
            {
                self.count_quiet(lines, wholes, others + newlines(block, behind, block.len()));
                return self.line_by_line(block.as_bytes().get(done..).unwrap_or_default());
            }
            // Where it ends well, what the application said on the way does not matter.
            let ends_well = says_nothing_bad(line);
            self.between(block.get(done..from).unwrap_or_default(), ends_well);
            let rest = block.get(to + 1..).unwrap_or_default();
            done = to + 1;
            // At the end of a block it is not known yet what follows.
            if is_platform && !rest.is_empty() && !goes_on_on_the_next_line(rest) && !wrapper::is_several(line) {
                self.platform(line);
            } else {
                self.bare_line(line);
                done = self.go_on(block, done);
            }
        }
        if unseen {
            self.copy.saw(block.get(..done).unwrap_or_default());
        }
        // How it ends is not in this block.
        self.between(block.get(done..).unwrap_or_default(), false);
        self.count_quiet(lines, wholes, others + newlines(block, behind, block.len()));
    }

    /// What is neither an invocation's frame nor outside of one was said by the application, in invocations that were
    /// counted whole.
    fn count_quiet(&mut self, lines: u32, wholes: u64, others: u64) {
        self.ward.lines.add(LineKind::Application, u64::from(lines).saturating_sub(others + wholes * 3));
    }

    fn whole(&mut self, whole: &PlainInvocation<'_>) -> bool {
        self.flush();
        self.ward.whole(whole.version, &whole.report)
    }

    /// Takes the lines that go on with the event at hand, and says where they end.
    fn go_on(&mut self, block: &str, from: usize) -> usize {
        let mut done = from;
        for next in block.get(from..).unwrap_or_default().split_inclusive('\n').take(MOST_CONTINUED) {
            let line = next.strip_suffix('\n').unwrap_or(next);
            if !self.copy.would_go_on(line) {
                break;
            }
            self.bare_line(line);
            done += next.len();
        }
        done
    }

    /// Lines without a mark: those in which an invocation begins or ends, and an application's that carry no sign.
    fn between(&mut self, lines: &str, ends_well: bool) {
        let (mut quiet_from, mut quiet, mut from) = (0, 0u32, 0);
        for to in memchr::memchr_iter(b'\n', lines.as_bytes()) {
            let line = lines.get(from..to).unwrap_or_default();
            if line.starts_with("START RequestId: ") || line.starts_with(END) {
                self.quiet(lines.get(quiet_from..from).unwrap_or_default(), quiet, ends_well);
                (quiet_from, quiet) = (to + 1, 0);
                if wrapper::is_several(line) {
                    self.bare_line(line);
                } else {
                    self.platform(line);
                }
            } else {
                quiet += 1;
            }
            from = to + 1;
        }
        self.quiet(lines.get(quiet_from..).unwrap_or_default(), quiet, ends_well);
    }

    /// A line of the platform that is an event by itself.
    fn platform(&mut self, line: &str) {
        self.flush();
        self.ward.event(CopiedEvent {
            at_ms: self.copy.last_at(),
            stream: "",
            function: "",
            text: line,
            lines: 1,
            broken: false,
        });
    }

    /// Lines of the application without a mark. They are read in full where an invocation ends badly behind them.
    fn quiet(&mut self, lines: &str, number: u32, ends_well: bool) {
        if number == 0 {
            return;
        }
        let all = lines.strip_suffix('\n').unwrap_or(lines);
        if !ends_well {
            return all.split('\n').for_each(|line| self.bare_line(line));
        }
        self.flush();
        let at_ms = self.copy.saw(lines);
        let (reader, _) = self.ward.reader("");
        reader.read_quiet("", at_ms.and_then(DateTime::from_timestamp_millis), number);
        self.ward.lines.add(LineKind::Application, u64::from(number));
    }
}
