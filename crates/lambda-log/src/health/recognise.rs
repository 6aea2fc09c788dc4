//! Recognises the lines of a block that one tool wrote, and holds them.

use std::borrow::Cow;

use super::block_line::BlockLine;
use super::checkup::HealthReader;
use super::held::{HeldKind, HeldPhase};
use super::prefix::{PrefixLayout, PrefixedLine};
use super::sight::{FirstSight, NextPart, first_sight, second_sight};
use super::whole::{END, START};
use crate::exception::goes_on_with_stack;
use crate::line::{self, LogLine};
use crate::reader::LineKind;
use crate::wrapper;
use model::moment;

/// Streams that one function's reader may know for this to be the same as reading every line.
const MOST_STREAMS: usize = 1_900;

impl HealthReader {
    /// Holds a line, or counts it. `false` if it may change how others are read: then what is held has to be read, and
    /// the line after it.
    pub(super) fn hold(&mut self, line: BlockLine<'_>) -> bool {
        let text = line.text();
        if text.trim_ascii().is_empty() {
            self.ward.lines.add(LineKind::Application, 1);
            return true;
        }
        let Some(found) = self.split(text) else { return self.hold_unprefixed(line) };
        let has_times = self.held.layout.as_ref().is_some_and(PrefixLayout::has_times);
        let Some(known) = self.held.streams.get(found.stream) else { return false };
        let is_named = known.is_named();
        // Without a time it goes with the line before it, which may be another tool's.
        if !is_named && !has_times && (self.held.named.is_some() || self.copy.last_named() != ("", "")) {
            return false;
        }
        if let Some(last) = self.held.last
            && self.held.next.is(found.text)
        {
            return self.hold_part(last, line, found.text);
        }
        if found.text.is_empty() {
            let is_heading = has_times && !known.stream.is_empty();
            if is_heading {
                self.hold_heading(line, &found);
            }
            return is_heading;
        }
        let at_ms = self.at_ms(text, &found, known.names());
        let time_before = std::mem::replace(&mut self.held.last_at, at_ms);
        if !self.hold_prefixed(line, PrefixedLine { at_ms, ..found }, time_before) {
            self.held.last_at = time_before;
            return false;
        }
        self.held.last = Some(found.stream);
        if is_named {
            self.held.named = Some(found.stream);
        }
        true
    }

    pub(super) fn split<'a>(&mut self, line: &'a str) -> Option<PrefixedLine<'a>> {
        let Self { held, ward, .. } = self;
        if let Some(found) = held.layout.as_mut()?.split(line) {
            return Some(found);
        }
        let unnamed = ward.unnamed.function();
        let mut layout = held.layout.take()?;
        // What is behind a heading stands on the next line; something has to for the prefix to be seen.
        let whole = if line.ends_with([' ', '\t']) { Cow::Owned(format!("{line}{{")) } else { Cow::Borrowed(line) };
        let found = {
            // Lines that name the function and lines that name none have one reader.
            let learned = layout.learn(&whole, |names| {
                if names.function.is_empty() || names.function != unnamed { held.place(names) } else { None }
            });
            learned.then(|| layout.split(line)).flatten()
        };
        held.layout = Some(layout);
        found
    }

    /// When a line was written: by its prefix, or else by itself, or else as the one before it.
    fn at_ms(&self, line: &str, found: &PrefixedLine<'_>, names: (&str, &str)) -> Option<i64> {
        found.at_ms.or_else(|| {
            if wrapper::is_platform(found.text) {
                return self.held.last_at;
            }
            if first_sight(line, found.text, names) == FirstSight::Quiet {
                return moment::of_line(found.text).or(self.held.last_at);
            }
            let plain = wrapper::plain(line);
            let stripped = wrapper::strip(&plain);
            stripped.at_ms.or_else(|| moment::of_line(stripped.text)).or(self.held.last_at)
        })
    }

    fn hold_prefixed(&mut self, line: BlockLine<'_>, found: PrefixedLine<'_>, time_before: Option<i64>) -> bool {
        let text = found.text;
        match text.as_bytes().first() {
            Some(b'S') if text.starts_with(START) => {
                let LogLine::Start { request_id: Some(id), version: Some(version) } = line::parse(text) else {
                    return false;
                };
                return self.hold_start(line, &found, time_before, (&id, &version));
            }
            Some(b'{') if line.marks > 0 => return self.hold_record(line, &found, time_before),
            Some(b'I' | b'R') if text.starts_with("INIT_START ") || text.starts_with("RESTORE_START ") => {
                let is_one = line.marks == 1;
                if is_one {
                    self.start_up(line, found.stream, time_before);
                }
                return is_one;
            }
            _ => {}
        }
        let follows = self.held.last == Some(found.stream);
        let has_times = self.held.layout.as_ref().is_some_and(PrefixLayout::has_times);
        let is_alone = has_times || self.held.streams.len() < 2;
        let Some(held) = self.held.streams.get_mut(found.stream) else { return false };
        self.held.next = NextPart::Untimed;
        if let Some(end) = text.strip_prefix(END)
            && line.marks == 0
            && held.phase == HeldPhase::Started
            && end.strip_suffix('"').unwrap_or(end) == held.id
        {
            held.phase = HeldPhase::Ended;
            held.platform += 1;
            held.last = held.last.max(found.at_ms);
            held.lines.push(line.held(HeldKind::Platform, time_before, follows));
            return true;
        }
        if line.marks == 1
            && held.phase == HeldPhase::Ended
            && let Some((id, report)) = line::plain_report(text)
            && id == held.id
        {
            held.hold_report(line.held(HeldKind::Platform, time_before, follows), report, found.at_ms);
            self.held.next = NextPart::Fields;
            return true;
        }
        let names = (held.stream.as_str(), held.function.as_str());
        let has_colours = line.has_colours && memchr::memchr(0x1b, text.as_bytes()).is_some();
        let sight = if line.marks > 0 || has_colours {
            second_sight(line.text(), names)
        } else {
            first_sight(line.text(), text, names)
        };
        // Without a time, a line may go on with one of another stream.
        if sight == FirstSight::Unclear || (!is_alone && (line.marks > 0 || goes_on_with_stack(text))) {
            return false;
        }
        // It may go on with a line that was telling.
        let is_part = held.telling && (!has_times || goes_on_with_stack(text) || is_indented(line.text(), text));
        let is_quiet = sight == FirstSight::Quiet;
        if is_quiet && !is_part {
            self.held.next = NextPart::of(text);
            held.hold_quiet(line.held(HeldKind::Quiet, time_before, follows), found.at_ms);
        } else {
            held.telling = true;
            held.marked |= sight == FirstSight::Platform;
            held.last = held.last.max(found.at_ms);
            held.lines.push(line.held(HeldKind::Telling, time_before, follows));
            let plain = wrapper::plain(line.text());
            self.held.next = NextPart::of(wrapper::strip(&plain).text);
        }
        true
    }

    /// An invocation begins.
    pub(super) fn hold_start(
        &mut self,
        line: BlockLine<'_>,
        found: &PrefixedLine<'_>,
        time_before: Option<i64>,
        (id, version): (&str, &str),
    ) -> bool {
        if line.marks != 1 || id.len() != 36 {
            return false;
        }
        let follows = self.held.last == Some(found.stream);
        self.finish(found.stream, line.block);
        let Some(held) = self.held.streams.get(found.stream) else { return false };
        let (mut alone, must_read) = (true, held.left_open || held.telling);
        if must_read {
            self.read_stream(found.stream, line.block, false);
            self.flush();
            let Some(held) = self.held.streams.get(found.stream) else { return false };
            let (reader, bill) = self.ward.reader(&held.function);
            alone = reader.ends_before(&held.stream, id, bill);
        }
        let Some(held) = self.held.streams.get_mut(found.stream) else { return false };
        let (reader, _) = self.ward.reader(&held.function);
        if !alone || !reader.runs(version) || reader.streams() > MOST_STREAMS {
            return false;
        }
        self.held.next = NextPart::Untimed;
        held.phase = HeldPhase::Started;
        held.left_open = false;
        held.platform = u64::from(line.lines - line.heading());
        held.extra += u64::from(line.heading());
        held.started = found.at_ms;
        held.last = held.last.max(found.at_ms);
        held.id.clear();
        held.id.push_str(id);
        held.lines.push(line.held(HeldKind::Platform, time_before, follows));
        true
    }

    /// An environment starts: nothing that is held of its stream goes on.
    pub(super) fn start_up(&mut self, line: BlockLine<'_>, place: usize, time_before: Option<i64>) {
        self.finish(place, line.block);
        self.read_stream(place, line.block, false);
        self.flush();
        self.copy.resume(time_before, None);
        self.feed_all(line.text());
        self.flush();
        self.held.next = NextPart::Untimed;
    }

    /// A line that goes on with the event before it.
    fn hold_part(&mut self, place: usize, line: BlockLine<'_>, text: &str) -> bool {
        let Some(held) = self.held.streams.get_mut(place) else { return false };
        if text.starts_with("XRAY TraceId:") && held.phase == HeldPhase::Reported && held.over == held.lines.len() {
            held.platform += 1;
            held.lines.push(line.held(HeldKind::Platform, self.held.last_at, true));
            held.over = held.lines.len();
            return true;
        }
        held.marked = true;
        self.hold_as(place, line, HeldKind::Telling)
    }

    fn hold_as(&mut self, place: usize, line: BlockLine<'_>, kind: HeldKind) -> bool {
        let Some(held) = self.held.streams.get_mut(place) else { return false };
        held.telling |= kind == HeldKind::Telling;
        held.lines.push(line.held(kind, self.held.last_at, true));
        true
    }

    /// A further line of an event, which the tool put nothing in front of.
    fn hold_unprefixed(&mut self, line: BlockLine<'_>) -> bool {
        let text = line.text();
        let is_timed = self.held.layout.as_ref().is_some_and(PrefixLayout::has_dates);
        let Some(place) = self.held.last.filter(|_| is_timed) else { return false };
        let plain = wrapper::plain(text);
        let stripped = wrapper::strip(&plain);
        let is_bare = !stripped.timed
            && (stripped.stream, stripped.function) == (None, None)
            && stripped.text.len() == plain.trim_ascii().len();
        // It belongs to the stream that was named last.
        let is_its =
            self.held.named == Some(place) || (self.held.named.is_none() && self.copy.last_named() == ("", ""));
        let goes_with_object = self.held.next == NextPart::OfObject;
        if !is_bare
            || !is_its
            || goes_with_object
            || self.copy.has_time_for_all()
            || moment::of_line(stripped.text).is_some()
        {
            return false;
        }
        let text = stripped.text;
        if self.held.next.is(text) {
            return self.hold_part(place, line, text);
        }
        let sight =
            if line.marks > 0 { second_sight(line.text(), ("", "")) } else { first_sight(line.text(), text, ("", "")) };
        if sight == FirstSight::Unclear || wrapper::is_platform(text) {
            return false;
        }
        self.held.next = NextPart::of(text);
        let (at_ms, time_before) = (self.held.last_at, self.held.last_at);
        let Some(held) = self.held.streams.get_mut(place) else { return false };
        held.marked |= sight == FirstSight::Platform;
        if sight == FirstSight::Quiet && !held.telling {
            held.hold_quiet(line.held(HeldKind::Quiet, time_before, true), at_ms);
            return true;
        }
        self.hold_as(place, line, HeldKind::Telling)
    }
}

/// Whether a line has an indent of its own behind its prefix.
fn is_indented(line: &str, text: &str) -> bool {
    line.trim_ascii_end().strip_suffix(text).is_some_and(|prefix| prefix.ends_with('\t') || prefix.ends_with("  "))
}
