//! What can be said of a line behind a tool's prefix before it is read in full.

use crate::copy;
use crate::exception::is_error_type;
use crate::fields::{ReportField, leading_uuid};
use crate::line::{self, LogLine};
use crate::wrapper;

/// What a line is at first sight.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FirstSight {
    /// A line of the application that carries no sign.
    Quiet,
    /// Any other line of the application that concerns its own stream only.
    Telling,
    /// The same of the platform.
    Platform,
    /// It may change how the lines behind it are read.
    Unclear,
}

/// A line without a mark. `line` is all of it, `text` what stands behind the prefix, `names` what the prefix names.
pub(super) fn first_sight(line: &str, text: &str, names: (&str, &str)) -> FirstSight {
    let (Some(first), Some(last)) = (text.as_bytes().first(), text.as_bytes().last()) else {
        return FirstSight::Unclear;
    };
    if matches!(last, b'{' | b'[') || (matches!(last, b',' | b':') && matches!(first, b'{' | b'[')) {
        return FirstSight::Unclear;
    }
    match first {
        b'a'..=b'z' | 0x80.. => FirstSight::Quiet,
        b'A'..=b'Z' if !has_word(text) => FirstSight::Quiet,
        b'[' if ["[INFO]\t", "[DEBUG]\t", "[WARNING]\t"].iter().any(|level| text.starts_with(level)) => {
            FirstSight::Quiet
        }
        b'0'..=b'9' if is_of_node(text) => FirstSight::Quiet,
        // An envelope may hold an event of the platform, in the message of an object that says no more, too.
        b'{' if last == &b'}' && !line::may_hold(text) => of_object(text),
        _ => second_sight(line, names),
    }
}

/// Whether a text begins with a word that the platform or a runtime begins lines with.
fn has_word(text: &str) -> bool {
    let words: &[&str] = match text.as_bytes().first() {
        Some(b'C') => &["Copy"],
        Some(b'D') => &["Duration:"],
        Some(b'E') => &["END", "Extension.", "EXTENSION"],
        Some(b'F') => &["Function"],
        Some(b'I') => &["INIT"],
        Some(b'L') => &["LOGS"],
        Some(b'R') => &["REPORT", "Runtime", "RESTORE", "RequestId"],
        Some(b'S') => &["START", "Sandbox."],
        Some(b'T') => &["TELEMETRY"],
        Some(b'X') => &["XRAY"],
        _ => &[],
    };
    words.iter().any(|word| text.starts_with(word)) || is_month(text)
}

fn is_month(text: &str) -> bool {
    text.as_bytes().get(3) == Some(&b' ') && text.bytes().skip(4).take(2).any(|byte| byte.is_ascii_digit())
}

/// `2024-07-03T09:46:40.123Z\t<id>\tINFO\t…`
fn is_of_node(text: &str) -> bool {
    text.as_bytes().get(23) == Some(&b'Z')
        && text.get(24..).and_then(|rest| rest.strip_prefix('\t')).is_some_and(|rest| leading_uuid(rest).is_some())
}

/// An object that the application wrote on one line, unless it looks like an event of an export.
fn of_object(text: &str) -> FirstSight {
    let has = |key: &str| memchr::memmem::find(text.as_bytes(), key.as_bytes()).is_some();
    let is_list = ["\"events\"", "\"results\"", "\"logEvents\"", "\"field\""].iter().any(|key| has(key));
    if is_list || has("\"@message\"") || (has("\"message\"") && !has("\"level\"")) {
        return FirstSight::Unclear;
    }
    if text.starts_with("{\"") { FirstSight::Quiet } else { FirstSight::Telling }
}

/// A line that begins in an uncommon way, or has a mark.
pub(super) fn second_sight(line: &str, names: (&str, &str)) -> FirstSight {
    let plain = wrapper::plain(line);
    let stripped = wrapper::strip(&plain);
    let text = stripped.text;
    let is_other = (stripped.stream.unwrap_or_default(), stripped.function.unwrap_or_default()) != names
        || text.is_empty()
        || text == "Copy"
        || copy::is_rule(text)
        || matches!(text, "[" | "]" | "}" | "]," | "},")
        || wrapper::is_several(text);
    if is_other || text.ends_with(['{', '[']) || (text.ends_with([',', ':']) && text.starts_with(['{', '['])) {
        return FirstSight::Unclear;
    }
    if text.starts_with(['{', '[']) && text.ends_with(['}', ']']) && of_object(text) == FirstSight::Unclear {
        return FirstSight::Unclear;
    }
    let begins = ["INIT_START", "RESTORE_START", "START"].iter().any(|word| text.starts_with(word));
    match line::parse(text) {
        LogLine::Start { .. } | LogLine::InitStart(_) | LogLine::RestoreStart(_) => FirstSight::Unclear,
        _ if begins => FirstSight::Unclear,
        LogLine::Application(_) => FirstSight::Telling,
        _ => FirstSight::Platform,
    }
}

/// What may go on with the event of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum NextPart {
    /// Nothing that has a time of its own.
    #[default]
    Untimed,
    /// Further fields of a summary.
    Fields,
    /// An error type.
    ErrorType,
    /// Any line without a prefix, behind an object on one line.
    OfObject,
}

impl NextPart {
    pub(super) fn of(text: &str) -> Self {
        if ["REPORT", "INIT_REPORT", "RESTORE_REPORT"].iter().any(|word| text.starts_with(word)) {
            Self::Fields
        } else if text.starts_with("RequestId:") {
            Self::ErrorType
        } else if text.starts_with('{') {
            Self::OfObject
        } else {
            Self::Untimed
        }
    }

    pub(super) fn is(self, text: &str) -> bool {
        match self {
            Self::Untimed | Self::OfObject => false,
            Self::Fields => ReportField::goes_on(text),
            Self::ErrorType => is_error_type(text),
        }
    }
}
