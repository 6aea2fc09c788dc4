//! An object over several lines, as `aws logs tail --format json` prints a message that is one.
//!
//! Only objects are taken of which [`crate::copy`] takes the same lines: its rule for where one ends is used here line
//! by line.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use crate::copy::BracketDepth;
use crate::line::{self, LogLine};

/// The longest object that is looked at here, in lines and bytes.
const LONGEST: (usize, usize) = (500, 32 * 1024);
/// What one level of an object is indented by.
const INDENT: &str = "    ";

/// An object over several lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PrintedObject<'a> {
    /// All of it, without the last end of a line.
    pub(super) text: &'a str,
    pub(super) lines: u32,
    /// Its members `level` and `type`, where they are texts.
    level: Option<&'a str>,
    kind: Option<&'a str>,
    /// Whether it has a message that is a text, and a record.
    has_message: bool,
    has_record: bool,
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
        let mut object =
            PrintedObject { text: "", lines: 1, level: None, kind: None, has_message: false, has_record: false };
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
        let text = |value: &'a str| value.strip_prefix('"').and_then(|value| value.split('"').next());
        match member.as_bytes().get(1) {
            Some(b'l') => self.level = member.strip_prefix("\"level\": ").and_then(text).or(self.level),
            Some(b't') => self.kind = member.strip_prefix("\"type\": ").and_then(text).or(self.kind),
            Some(b'm') => self.has_message |= member.starts_with("\"message\": \""),
            Some(b'r') => self.has_record |= member.starts_with("\"record\": "),
            _ => {}
        }
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

/// Words of objects that hold other events, and of messages in which the platform speaks without a mark.
static WORDS: LazyLock<Result<AhoCorasick, String>> = LazyLock::new(|| {
    AhoCorasick::new([
        "\"events\"",
        "\"results\"",
        "\"logEvents\"",
        "\"field\"",
        "\"@message\"",
        "RequestId:",
        "(rapid) ",
        "\"Runtime.",
        "\"Extension.",
        "\"Sandbox.",
        "\"Function.",
        "\u{1b}",
    ])
    .map_err(|error| format!("the words of exports cannot be searched for: {error}"))
});

/// Builds the matcher of the words.
///
/// # Errors
/// A sentence that names the matcher.
pub(crate) fn load() -> Result<(), String> {
    WORDS.as_ref().map(|_| ()).map_err(Clone::clone)
}

impl<'a> ObjectSight<'a> {
    /// What an object says that has so many marks.
    pub(super) fn of(object: &PrintedObject<'a>, marks: usize) -> Self {
        let is_of_platform = object.kind.is_some_and(|kind| kind.starts_with("platform."));
        if is_of_platform && marks == 1 {
            if let Some(said) = super::record::start(object.text).or_else(|| super::record::report(object.text)) {
                return Self::Says(said);
            }
        }
        let may_hold_others = WORDS.as_ref().map_or(true, |words| words.is_match(object.text));
        if may_hold_others || (object.has_message && object.level.is_none()) {
            return Self::Unclear;
        }
        let is_usual = matches!(object.level, Some("INFO" | "DEBUG" | "TRACE" | "info" | "debug" | "trace"));
        if marks == 0 && is_usual && object.has_message && !object.has_record {
            return Self::Quiet;
        }
        Self::Says(line::parse(object.text))
    }
}
