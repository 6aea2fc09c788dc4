//! An object over several lines, as `aws logs tail --format json` prints a message that is one.
//!
//! Only objects are taken of which [`crate::copy`] takes the same lines: its rule for where one ends is used here line
//! by line.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::record;
use crate::copy::BracketDepth;
use crate::line::{self, LogLine};

/// The longest object that is looked at here, in lines and bytes.
const LONGEST: (usize, usize) = (500, 32 * 1024);
/// What one level of an object is indented by.
const INDENT: &str = "    ";

/// An object over several lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) struct PrintedObject<'a> {
    /// All of it, without the last end of a line.
    pub(super) text: &'a str,
    pub(super) lines: u32,
    /// Its members `level` and `type`, where they are texts.
    level: Option<&'a str>,
    kind: Option<&'a str>,
    /// Its message, where that is a text, from its first letter on.
    message: Option<&'a str>,
    has_record: bool,
    /// It holds events of a log, or is a column of one.
    is_export: bool,
}

/// What stands behind a line of which only the time and the stream are known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Behind<'a> {
    /// A whole object.
    Object(PrintedObject<'a>),
    /// What is there of an object, or of anything, ends with the block.
    Cut,
    /// Anything else.
    Other,
}

impl<'a> Behind<'a> {
    /// What the rest of a block begins with.
    pub(super) fn of(rest: &'a str) -> Self {
        if rest.is_empty() {
            return Self::Cut;
        }
        if !rest.starts_with("{\n") {
            return Self::Other;
        }
        let (mut at, mut level) = (2, 1);
        let mut object = PrintedObject { lines: 1, ..PrintedObject::default() };
        while let Some(length) = memchr::memchr(b'\n', rest.as_bytes().get(at..).unwrap_or_default()) {
            let line = rest.get(at..at + length).unwrap_or_default();
            at += length + 1;
            object.lines += 1;
            if line == "}" {
                object.text = rest.get(..at - 1).unwrap_or_default();
                return if level == 1 { Self::Object(object) } else { Self::Other };
            }
            let Some(inner) = line.strip_prefix(INDENT) else { return Self::Other };
            let Some(change) = depth_of(inner) else { return Self::Other };
            level += change;
            if level < 1 || object.lines as usize > LONGEST.0 || at > LONGEST.1 {
                return Self::Other;
            }
            if inner.starts_with('"') {
                object.member(inner);
            }
        }
        Self::Cut
    }
}

/// How much deeper in brackets it is behind a line, if [`crate::copy`] takes all of it as a part of the object.
fn depth_of(inner: &str) -> Option<i64> {
    let inner = inner.trim_ascii();
    let word = inner.strip_suffix(',').unwrap_or(inner);
    match word.as_bytes().first()? {
        b'"' => {
            // Both kinds of brackets differ in one bit.
            let has_brackets = inner.bytes().fold(false, |has, byte| has | matches!(byte | 0x20, b'{' | b'}'));
            let mut depth = BracketDepth::default();
            if has_brackets {
                depth.add(inner);
            }
            Some(depth.level)
        }
        _ => match word {
            "{" | "[" if word == inner => Some(1),
            "}" | "]" => Some(-1),
            "{}" | "[]" | "true" | "false" | "null" => Some(0),
            // What is longer may be a time.
            _ => (word.len() < 10 && word.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'.'))).then_some(0),
        },
    }
}

impl<'a> PrintedObject<'a> {
    /// Takes a member of the object itself.
    fn member(&mut self, member: &'a str) {
        let of = |key: &str| member.strip_prefix(key)?.strip_prefix("\": \"");
        let text = |key: &str| {
            let value = of(key)?;
            value.get(..memchr::memchr(b'"', value.as_bytes())?)
        };
        let is = |key: &str| member.strip_prefix(key).is_some_and(|rest| rest.starts_with('"'));
        match member.as_bytes().get(1) {
            Some(b'l') => {
                self.level = text("\"level").or(self.level);
                self.is_export |= is("\"logEvents");
            }
            Some(b't') => self.kind = text("\"type").or(self.kind),
            Some(b'm') => self.message = of("\"message").or(self.message),
            Some(b'r') => {
                self.has_record |= is("\"record");
                self.is_export |= is("\"results");
            }
            Some(b'e') => self.is_export |= is("\"events"),
            Some(b'f') => self.is_export |= is("\"field"),
            Some(b'@') => self.is_export |= is("\"@message"),
            _ => {}
        }
    }

    /// Whether it is a line of the application, of no matter and with a message in which the platform does not speak.
    fn is_usual(&self) -> bool {
        const OF_PLATFORM: [&str; 4] = ["Runtime.", "Extension.", "Sandbox.", "Function."];
        matches!(self.level, Some("INFO" | "DEBUG" | "TRACE" | "info" | "debug" | "trace"))
            && !self.has_record
            && self.message.is_some_and(|message| !OF_PLATFORM.iter().any(|word| message.starts_with(word)))
            && ID.find(self.text.as_bytes()).is_none()
    }
}

/// What an object says.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum ObjectSight<'a> {
    /// A line of the application that carries no sign.
    Quiet,
    /// It says this, and concerns its own stream only.
    Says(LogLine<'a>),
    /// It may be several events, or of another stream.
    Unclear,
}

/// What the platform begins a line of an invocation with, inside of any text.
static ID: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("RequestId:"));

impl<'a> ObjectSight<'a> {
    /// What an object says that has so many marks.
    pub(super) fn of(object: &PrintedObject<'a>, marks: usize) -> Self {
        let is_of_platform = object.kind.is_some_and(|kind| kind.starts_with("platform."));
        if is_of_platform
            && marks == 1
            && let Some(said) = record::start(object.text).or_else(|| record::report(object.text))
        {
            return Self::Says(said);
        }
        // An event of an export has a message and no level.
        if object.is_export || (object.message.is_some() && object.level.is_none()) {
            return Self::Unclear;
        }
        if marks == 0 && object.is_usual() { Self::Quiet } else { Self::Says(line::parse(object.text)) }
    }
}
