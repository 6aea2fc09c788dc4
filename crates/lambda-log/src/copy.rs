//! Reassembles log events from the lines of a copied log.
//!
//! A copy has lines; the log has events. One event can be many lines (a traceback, a pretty-printed object, a REPORT
//! line that a terminal wrapped), and one line can hold several events. Only the current event is held, and a window of
//! events until it is known whether the copy is newest-first.

mod depth;
mod event;
mod export;

use std::borrow::Cow;

use self::export::expand;
use super::exception::{
    TRACEBACK, announces_more, announces_object, goes_on_with_panic, goes_on_with_stack, is_error_type, is_exception,
    is_logged_error, is_named, is_told_again,
};
use super::fields::ReportField;
use super::wrapper::{self, UnwrappedLine};
use model::moment;

pub(crate) use self::depth::BracketDepth;
pub(crate) use self::event::OwnedEvent;
pub use self::event::{CopiedEvent, EventSink};

/// The longest object, in lines and bytes, that is waited for to be closed.
const LONGEST_OBJECT: (usize, usize) = (2_000, 1024 * 1024);

/// A first line that is remembered is not longer, in bytes.
const LONGEST_FIRST: usize = 300;

/// How many lines back a time is looked for.
const FAR_BACK: usize = 100;
/// What the event at hand is, so that it is known which lines go on with it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum EventShape {
    /// A summary or a start-up report, which may be wrapped.
    Summary,
    /// How a process ended; the error type follows on a line of its own.
    Ended,
    /// Any other line of the platform.
    Platform,
    /// A line of the application.
    Application,
    /// A line of the application whose stack is being printed, Python's way: the exception comes last.
    Traceback,
}

/// Lines in, events out.
#[derive(Debug, Default)]
pub struct CopyReader {
    /// The event that may go on.
    open: Option<(EventShape, OwnedEvent)>,
    /// An object that has begun and is not closed: its event, its depth, and whether a string is open.
    object: Option<(OwnedEvent, BracketDepth)>,
    /// The tool marks every physical line of the event that may go on, and not only its first.
    by_lines: bool,
    /// The first line of the event before the one at hand.
    said_before: String,
    /// The time that stood on a line of its own, and how many such lines there were.
    bare_at: Option<i64>,
    bare_times: u64,
    /// The console's second copy of an event is being passed over.
    second_copy: bool,
    /// The time that an export gave in a field of its own.
    field_at: Option<i64>,
    last_at: Option<i64>,
    /// The stream and the function that were named last.
    last_named: (String, String),
    skipped: u64,
}

impl CopyReader {
    /// A reader that has read nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// When the last event with a time was written.
    pub(super) fn last_at(&self) -> Option<i64> {
        self.last_at
    }

    /// Takes the last time from lines that are skipped.
    pub(super) fn saw(&mut self, lines: &str) -> Option<i64> {
        let lines = lines.strip_suffix('\n').unwrap_or(lines);
        self.last_at = lines.rsplit('\n').take(FAR_BACK).find_map(moment::of_line).or(self.last_at);
        self.last_at
    }

    /// Whether a line would continue the current event.
    pub(super) fn would_go_on(&self, line: &str) -> bool {
        if self.object.is_some() {
            return true;
        }
        let Some((shape, kept)) = &self.open else { return false };
        // Only the first look at it: the line itself decides.
        let text = line.trim_ascii_start();
        !text.is_empty()
            && match shape {
                EventShape::Summary => ReportField::goes_on(text),
                EventShape::Ended => is_error_type(text),
                EventShape::Platform => false,
                EventShape::Application | EventShape::Traceback => {
                    text.len() < line.len()
                        || goes_on_with_stack(text)
                        || (*shape == EventShape::Traceback && is_exception(text))
                        || announces_more(&kept.text)
                        || goes_on_with_panic(&kept.text, text)
                        || (is_exception(text) && is_logged_error(&kept.text))
                        || is_told_again(&kept.text, text)
                        || is_paragraph(&self.said_before, &kept.text, text)
                        || (text == "{" && announces_object(&kept.text))
                }
            }
    }

    /// Whether a line may continue what is being read, seen from a copy whose tool is known. More often `true` than it
    /// has to be.
    pub(super) fn may_take(&self, line: &str) -> bool {
        if self.object.is_some() {
            return true;
        }
        let Some((shape, kept)) = &self.open else { return false };
        let plain = wrapper::plain(line);
        let stripped = wrapper::strip(&plain);
        let text = stripped.text;
        match shape {
            _ if text.is_empty() || is_rule(text) => true,
            _ if wrapper::is_platform(text) && !text.starts_with("XRAY") => false,
            EventShape::Summary => ReportField::goes_on(text),
            EventShape::Ended => is_error_type(text),
            EventShape::Platform => false,
            EventShape::Application | EventShape::Traceback => {
                !stripped.timed || self.by_lines || goes_on_marked(&kept.text, text)
            }
        }
    }

    /// Whether an event is being read.
    pub(super) fn is_open(&self) -> bool {
        self.open.is_some() || self.object.is_some()
    }

    /// Whether lines that a tool put no time in front of get one from elsewhere: a line of its own, or a field.
    pub(super) fn has_time_for_all(&self) -> bool {
        self.bare_at.is_some() || self.field_at.is_some()
    }

    /// The second copy of an event by the console is being passed over.
    pub(super) fn is_in_second_copy(&self) -> bool {
        self.second_copy
    }

    /// The stream and the function that were named last.
    pub(super) fn last_named(&self) -> (&str, &str) {
        (&self.last_named.0, &self.last_named.1)
    }

    /// Goes on behind lines that were not read here: when the last of them was written, and what the last one that
    /// names anything names.
    pub(super) fn resume(&mut self, last_at: Option<i64>, named: Option<(&str, &str)>) {
        self.last_at = last_at;
        if let Some((stream, function)) = named {
            self.last_named = (stream.to_owned(), function.to_owned());
        }
    }

    /// Whether the lines so far are complete, so that the next line begins a new event.
    pub fn is_between_events(&self) -> bool {
        self.object.is_none() && self.bare_times == 0 && !self.second_copy
    }

    /// Takes one line, without its line end.
    pub fn line(&mut self, line: &str, out: &mut dyn EventSink) {
        if let Cow::Owned(plain) = wrapper::plain(line) {
            return self.line(&plain, out);
        }
        if self.object.is_some() {
            return self.in_object(line, out);
        }
        let stripped = wrapper::strip(line);
        if stripped.text.is_empty() || is_rule(stripped.text) {
            self.skipped += 1;
            if stripped.timed && stripped.stream.is_some() {
                // An event that is empty, or whose text begins on the next line: `aws logs tail --format json` prints an
                // object so. The console names no stream on a line of its own.
                self.flush(out);
                self.name(&stripped);
                self.last_at = stripped.at_ms.or(self.last_at);
            } else if stripped.timed {
                self.flush(out);
                self.bare_at = stripped.at_ms;
                self.bare_times += 1;
                self.second_copy = false;
            }
            return;
        }
        if self.second_copy {
            self.skipped += 1;
            return;
        }
        // The console shows an event twice, with the button between.
        if stripped.text == "Copy" && self.bare_times > 0 {
            self.skipped += 1;
            self.second_copy = true;
            return;
        }
        if self.goes_on(line, &stripped) {
            return;
        }
        self.flush(out);
        self.begin(stripped, out);
    }

    /// Ends the copy.
    pub fn end(&mut self, out: &mut dyn EventSink) {
        if let Some((mut kept, _)) = self.object.take() {
            kept.broken = true;
            out.event(kept.as_event());
        }
        self.flush(out);
    }

    /// Lines that belonged to no event: times and rules and the like.
    pub fn take_skipped(&mut self) -> u64 {
        std::mem::take(&mut self.skipped)
    }

    /// Emits the current event.
    pub(super) fn flush(&mut self, out: &mut dyn EventSink) {
        let Some((shape, kept)) = self.open.take() else { return };
        self.by_lines = false;
        let first = kept.text.lines().next().unwrap_or_default();
        self.said_before.clear();
        self.said_before.push_str(first.get(..LONGEST_FIRST.min(first.len())).unwrap_or_default());
        if shape == EventShape::Application && kept.text.starts_with(['{', '[']) {
            expand(&kept, &mut self.field_at, out);
        } else {
            out.event(kept.as_event());
        }
    }

    fn name(&mut self, stripped: &UnwrappedLine<'_>) {
        if stripped.stream.is_some() || stripped.function.is_some() {
            self.last_named =
                (stripped.stream.unwrap_or_default().to_owned(), stripped.function.unwrap_or_default().to_owned());
        }
    }

    fn kept(&mut self, stripped: &UnwrappedLine<'_>) -> OwnedEvent {
        self.name(stripped);
        // A line that the tool did not mark goes with the one before it.
        let inherited = |name: &'_ str| -> String { if stripped.timed { String::new() } else { name.to_owned() } };
        OwnedEvent {
            at_ms: stripped.at_ms.or(self.bare_at).or(self.field_at),
            stream: stripped.stream.map_or_else(|| inherited(&self.last_named.0), str::to_owned),
            function: stripped.function.map_or_else(|| inherited(&self.last_named.1), str::to_owned),
            text: String::new(),
            lines: 1,
            broken: false,
        }
    }

    fn begin(&mut self, stripped: UnwrappedLine<'_>, out: &mut dyn EventSink) {
        let mut kept = self.kept(&stripped);
        kept.at_ms = kept.at_ms.or_else(|| moment::of_line(stripped.text)).or(self.last_at);
        self.last_at = kept.at_ms;
        let text = stripped.text;
        if wrapper::is_platform(text) {
            // Several lines of the platform may have been copied as one; the last of them may go on.
            for line in wrapper::lines_in_one(text) {
                if !kept.text.is_empty() {
                    out.event(kept.as_event());
                    kept.lines = 0;
                }
                line.clone_into(&mut kept.text);
            }
            self.open = Some((shape(&kept.text), kept));
            return;
        }
        let mut depth = BracketDepth::default();
        depth.add(text);
        // Around the events of an export there is a list; what counts is in it.
        if depth.level > 0 && matches!(text, "[" | "[[" | "{\"events\":[" | "],") {
            self.skipped += 1;
            return;
        }
        if matches!(text, "]" | "]," | "}" | "},") {
            self.skipped += 1;
            return;
        }
        cut(text).clone_into(&mut kept.text);
        kept.broken = kept.text.len() < text.len();
        if depth.level > 0
            && text.ends_with(['{', '[', ',', ':'])
            && (text.starts_with(['{', '[']) || text.ends_with(['{', '[']))
        {
            self.object = Some((kept, depth));
        } else {
            let shape = if text.starts_with(TRACEBACK) { EventShape::Traceback } else { EventShape::Application };
            self.open = Some((shape, kept));
        }
    }

    /// Whether the line goes on with the event at hand; then it is taken.
    fn goes_on(&mut self, line: &str, stripped: &UnwrappedLine<'_>) -> bool {
        let Some((shape, kept)) = &mut self.open else { return false };
        let text = stripped.text;
        if wrapper::is_platform(text) && !text.starts_with("XRAY") {
            return false;
        }
        let own = behind_prefix(line, text);
        let indented = own.starts_with([' ', '\t']);
        let belongs = match shape {
            EventShape::Summary => ReportField::goes_on(text),
            EventShape::Ended => is_error_type(text),
            EventShape::Platform => false,
            EventShape::Application | EventShape::Traceback if stripped.timed => {
                let is_same = stripped.stream.is_none_or(|stream| kept.stream == stream);
                let belongs = is_same
                    && (goes_on_marked(&kept.text, text) || (self.by_lines && (indented || goes_on_with_stack(text))));
                self.by_lines |= belongs;
                belongs
            }
            EventShape::Application | EventShape::Traceback => {
                // A runtime that prints an error as an object may begin the object on the next line.
                if text == "{" && announces_object(&kept.text) {
                    let mut depth = BracketDepth::default();
                    depth.add(text);
                    kept.go_on(text);
                    if let Some((_, kept)) = self.open.take() {
                        self.object = Some((kept, depth));
                    }
                    return true;
                }
                if text.starts_with(TRACEBACK) {
                    *shape = EventShape::Traceback;
                }
                // Behind a stack that the error's own name did not introduce comes the name, whatever it is.
                let is_last = || is_exception(text) || (kept.text.starts_with(TRACEBACK) && is_named(text));
                let last_of_traceback = *shape == EventShape::Traceback && !indented && is_last();
                let belongs = indented
                    || last_of_traceback
                    || goes_on_with_stack(text)
                    || announces_more(&kept.text)
                    || goes_on_with_panic(&kept.text, text)
                    || (is_exception(text) && is_logged_error(&kept.text))
                    || is_told_again(&kept.text, text)
                    || is_paragraph(&self.said_before, &kept.text, text);
                if last_of_traceback {
                    *shape = EventShape::Application;
                }
                belongs
            }
        };
        if belongs {
            kept.go_on(if *shape == EventShape::Summary { text } else { own });
        }
        belongs
    }

    fn in_object(&mut self, line: &str, out: &mut dyn EventSink) {
        let Some((kept, depth)) = &mut self.object else { return };
        let text = line.trim_ascii_end();
        // A member of the object may quote whatever it likes.
        let stripped = if text.trim_ascii_start().starts_with('"') {
            UnwrappedLine { text, ..UnwrappedLine::default() }
        } else {
            wrapper::strip(text)
        };
        // A line of the platform outside of any string: the object was cut.
        let begins = stripped.timed
            || (!stripped.text.trim_ascii_start().starts_with('"') && stripped.text.contains("Task timed out after "))
            || ["[ERROR]", "[INFO]", "[WARN", "[DEBUG]"].iter().any(|level| stripped.text.starts_with(level));
        let was_cut = !depth.in_string
            && (begins && kept.stream.is_empty()
                || wrapper::is_platform(stripped.text) && !stripped.text.starts_with("XRAY"));
        if was_cut || kept.lines as usize > LONGEST_OBJECT.0 || kept.text.len() > LONGEST_OBJECT.1 {
            kept.broken = true;
            if let Some((kept, _)) = self.object.take() {
                out.event(kept.as_event());
            }
            return self.line(line, out);
        }
        kept.lines += 1;
        // The list of an export that is itself an object: only its elements count.
        let is_list = text.ends_with('[')
            && kept.text.trim_ascii() == "{"
            && ["\"events\"", "\"results\"", "\"logEvents\""]
                .iter()
                .any(|name| text.trim_ascii_start().starts_with(name));
        if is_list {
            self.skipped += kept.lines;
            self.object = None;
            return;
        }
        // Inside a container's prefix (`lambda_1 | {`) every line has it again.
        let inner =
            if stripped.timed || stripped.text.len() + 4 < text.trim_ascii().len() { stripped.text } else { text };
        depth.add(inner);
        kept.text.push('\n');
        kept.text.push_str(inner);
        if depth.level > 0 {
            return;
        }
        if let Some((kept, _)) = self.object.take() {
            expand(&kept, &mut self.field_at, out);
        }
    }
}

/// A text with no more than an event may have.
fn cut(text: &str) -> &str {
    let mut end = LONGEST_OBJECT.1.min(text.len());
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    text.get(..end).unwrap_or(text)
}

/// Whether a line that a tool marked goes on with the one before it: the two are one event for a runtime, so that the
/// tool marks every physical line.
fn goes_on_marked(text: &str, next: &str) -> bool {
    // Python's and .NET's runtimes print the stack with the error.
    let has_stack = || {
        (next.starts_with(TRACEBACK) && text.starts_with("[ERROR] "))
            || ((next.starts_with("at ") || next.starts_with("---> ")) && text.contains("\tfail\t"))
    };
    is_told_again(text, next) || (!text.contains('\n') && has_stack())
}

/// Whether an error is told again whose message has paragraphs: its first line, a blank one, more of it.
fn is_paragraph(before: &str, text: &str, next: &str) -> bool {
    let kind = text.rsplit_once(": ").map_or("", |(_, kind)| kind);
    !before.is_empty()
        && !kind.is_empty()
        && next.starts_with(kind)
        && is_told_again(&format!("{before}: {kind}"), next)
}

/// A line without what a tool put in front of it, but with its own indent.
fn behind_prefix<'a>(line: &'a str, text: &str) -> &'a str {
    let line = line.trim_ascii_end();
    let prefix = line.strip_suffix(text).map_or("", str::trim_ascii_end);
    // One blank belongs to the prefix.
    if prefix.is_empty() { line } else { line.get(prefix.len() + 1..).unwrap_or(line) }
}

fn shape(text: &str) -> EventShape {
    if text.starts_with("REPORT") || text.starts_with("INIT_REPORT") || text.starts_with("RESTORE_REPORT") {
        EventShape::Summary
    } else if text.starts_with("RequestId:") {
        EventShape::Ended
    } else {
        EventShape::Platform
    }
}

/// The border of a table.
pub(super) fn is_rule(text: &str) -> bool {
    text.len() > 2 && text.bytes().all(|byte| matches!(byte, b'-' | b'+' | b'|' | b'=' | b':' | b' '))
}

#[cfg(test)]
mod tests;
