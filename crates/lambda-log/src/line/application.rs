//! Lines of the application, and the forms in which runtimes print an uncaught error.

use std::borrow::Cow;

use super::super::exception::{is_exception, is_logged_error, is_told_twice};
use super::super::fields::leading_uuid;
use model::moment;

/// How much a line matters, by its own word.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum LogLevel {
    /// The line has no level.
    #[default]
    Unknown,
    /// Less than worth knowing.
    Debug,
    /// Good to know.
    Info,
    /// It may matter.
    Warning,
    /// Something failed, as the application sees it.
    Error,
}

impl LogLevel {
    /// The level that a word means.
    pub fn of(word: &str) -> Self {
        match word.to_ascii_lowercase().as_str() {
            "trace" | "debug" | "verbose" => Self::Debug,
            "info" | "information" | "notice" => Self::Info,
            "warn" | "warning" => Self::Warning,
            "error" | "err" | "fail" | "fatal" | "critical" | "crit" | "panic" | "severe" => Self::Error,
            _ => Self::Unknown,
        }
    }
}

/// A line of the application.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ApplicationLine<'a> {
    /// Its request id, where the line carries one.
    pub request_id: Option<Cow<'a, str>>,
    /// Its level.
    pub level: LogLevel,
    /// Whether a runtime printed it for an uncaught error: the invocation, or the init phase, failed because of it.
    pub unhandled: bool,
    /// Whether only its shape says that it is unhandled: an exception with its stack, which code prints of one that it
    /// has caught as well.
    pub by_shape: bool,
    /// Whether the runtime marks it as written outside of any invocation.
    pub in_start_up: bool,
    /// Whether it has the shape in which only Node's runtime writes lines: `<time>\t<id>\tINFO\t<message>`.
    pub of_node: bool,
    /// Whether an extension wrote it, and not the function.
    pub of_extension: bool,
    /// The message, with the error type before it.
    pub text: Cow<'a, str>,
}

impl<'a> ApplicationLine<'a> {
    /// The line with a text of its own.
    pub fn into_owned(self) -> ApplicationLine<'static> {
        ApplicationLine {
            request_id: self.request_id.map(|id| Cow::Owned(id.into_owned())),
            text: Cow::Owned(self.text.into_owned()),
            level: self.level,
            unhandled: self.unhandled,
            by_shape: self.by_shape,
            in_start_up: self.in_start_up,
            of_node: self.of_node,
            of_extension: self.of_extension,
        }
    }

    /// Reads a line of the text format.
    pub(super) fn of_text(text: &'a str) -> Self {
        let mut line = Self { text: Cow::Borrowed(text), ..Self::default() };
        let rest = moment::leading(text).map_or(text, |found| found.rest);
        if let Some(found) = bracketed(text) {
            // Python: `[ERROR]\t<time>\t<id>\t<message>` from a logger, `[ERROR] <Type>: <message>` from the runtime.
            line.level = found.level;
            let after = found.rest;
            let timed = moment::leading(after);
            let rest = timed.map_or(after, |timed| timed.rest);
            if let Some((id, message)) = leading_uuid(rest.trim_ascii_start()) {
                line.request_id = Some(Cow::Borrowed(id));
                line.text = Cow::Borrowed(message.trim_ascii_start());
            } else if timed.is_none() && line.level == LogLevel::Error {
                line.text = Cow::Borrowed(after);
                let of_runtime = after.starts_with("Runtime.") || is_raised(after) || says_unhandled(after);
                // Behind its error the runtime prints a stack. Without one, code may have printed the line.
                line.by_shape = !of_runtime && is_exception(after.lines().next().unwrap_or_default());
                line.unhandled = of_runtime || line.by_shape;
            }
        } else if let Some((mark, rest)) = marked(rest) {
            // Node: `<time>\t<id or undefined>\tERROR\t<message>`; .NET: `<time>\t<id>\tfail\t<message>`.
            line.in_start_up = mark.is_none();
            line.request_id = mark.map(Cow::Borrowed);
            let word = rest.split(['\t', ' ']).next().unwrap_or_default();
            line.level = LogLevel::of(word);
            // .NET writes its levels in small letters.
            line.of_node = line.level != LogLevel::Unknown && word.bytes().all(|byte| byte.is_ascii_uppercase());
            let message = if line.level == LogLevel::Unknown {
                rest
            } else {
                rest.get(word.len()..).unwrap_or_default().trim_ascii_start()
            };
            line.text = Cow::Borrowed(message);
            let first = message.lines().next().unwrap_or_default();
            // .NET's runtime says `fail`; the older Node's prints what it hands to the caller.
            let of_runtime = word == "fail" && is_exception(first)
                || line.level == LogLevel::Unknown && message.starts_with("{\"errorMessage\":");
            line.unhandled = says_unhandled(message) || of_runtime;
        } else {
            let word = rest.split([' ', ':', '\t']).next().unwrap_or_default();
            // `level=fatal msg="…"`, or the word itself in front.
            let named = rest
                .get(..200)
                .unwrap_or(rest)
                .split_once("level=")
                .map(|(_, after)| after.split([' ', '"']).next().unwrap_or_default());
            line.level = if word.len() >= 4 || named.is_some() {
                LogLevel::of(named.unwrap_or(word))
            } else {
                LogLevel::Unknown
            };
            let of_runtime = says_unhandled(text) || (line.level == LogLevel::Unknown && is_unhandled(text));
            line.by_shape = !of_runtime && line.level == LogLevel::Unknown && is_with_stack(text);
            line.unhandled = of_runtime || line.by_shape;
        }
        line.of_extension = line.request_id.is_none() && is_of_extension(rest);
        line
    }
}

/// Whether a line without its time is an extension's: it begins with a tag that says so (`[NR_EXT]`, `DD_EXTENSION |`),
/// or it is a panic whose place or stack is in an extension's code.
pub(super) fn is_of_extension(text: &str) -> bool {
    let is_named = |tag: &str| {
        tag.split(|c: char| !c.is_ascii_alphanumeric())
            .any(|word| word.eq_ignore_ascii_case("ext") || word.eq_ignore_ascii_case("extension"))
    };
    let tag =
        match text.strip_prefix('[') {
            Some(rest) => rest.split_once(']').map(|(tag, _)| tag),
            // A time of another form may stand before it.
            None => text.get(..80).unwrap_or(text).split_once('|').map(|(before, rest)| {
                if is_named(before) { before } else { rest.split('|').next().unwrap_or_default() }
            }),
        };
    let is_panic = || text.starts_with("panic:") || text.contains("panicked at ");
    let in_its_code = || {
        text.split_ascii_whitespace().any(|word| {
            (word.contains(".go:") || word.contains(".rs:")) && (word.contains("extension") || word.contains("/opt/"))
        })
    };
    tag.is_some_and(|tag| tag.len() <= 60 && is_named(tag)) || (is_panic() && in_its_code())
}

/// A level in brackets at the beginning.
struct BracketedLevel<'a> {
    level: LogLevel,
    rest: &'a str,
}

fn bracketed(text: &str) -> Option<BracketedLevel<'_>> {
    let (word, rest) = text.strip_prefix('[')?.split_once(']')?;
    let level = LogLevel::of(word);
    (level != LogLevel::Unknown).then(|| BracketedLevel { level, rest: rest.trim_ascii_start() })
}

/// `gaierror: <message>` and the stack: an exception is not always called one.
fn is_raised(text: &str) -> bool {
    let name = text.split([':', '\r', '\n']).next().unwrap_or_default().trim_ascii_end();
    let is_name =
        !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_'));
    is_name && text.contains("Traceback (most recent call last)")
}

/// The request id or `undefined` that Node and .NET put behind the time, and what follows.
fn marked(text: &str) -> Option<(Option<&str>, &str)> {
    if let Some((id, rest)) = leading_uuid(text) {
        return Some((Some(id), rest.trim_ascii_start()));
    }
    let rest = text.strip_prefix("undefined").or_else(|| text.strip_prefix('-'))?;
    rest.starts_with(['\t', ' ']).then(|| (None, rest.trim_ascii_start()))
}

/// Words that only a runtime uses, for an uncaught error.
fn says_unhandled(text: &str) -> bool {
    const STARTS: [&str; 18] = [
        "Invoke Error",
        "Uncaught Exception",
        "Unhandled Promise Rejection",
        "Unable to import module",
        "Unhandled exception",
        "Unhandled rejection",
        "Unhandled Exception",
        "Error raised from handler method",
        "Critical exception from handler",
        "Critical exception from runtime",
        "module initialization error",
        "Class not found:",
        "Could not find or load main class",
        "panic:",
        "Handler '",
        // Of Lambda@Edge.
        "Validation error: Lambda function result",
        "Validation error: The Lambda function returned",
        "Lambda function result failed validation",
    ];
    let text = text.trim_ascii_start();
    // Another tool may put words of its own in front.
    let after_bracket =
        text.strip_prefix('[').and_then(|rest| rest.split_once(']')).map_or(text, |(_, rest)| rest.trim_ascii_start());
    STARTS.iter().any(|start| text.starts_with(start) || after_bracket.starts_with(start))
        || (text.starts_with("thread '") && text.contains("panicked at"))
        || text.starts_with("panicked at")
        // Rust's runtime, by way of a subscriber that may put its level in front.
        || text.get(..40).unwrap_or(text).contains("ERROR Lambda runtime invoke{")
}

/// An error as the older runtimes print it: `<message>: <Type>`, or Java's and Go's shapes, without any level.
fn is_unhandled(text: &str) -> bool {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().trim_ascii_end();
    let second = lines.next().unwrap_or_default().trim_ascii_start();
    // What a logger put its level in front of is no runtime's.
    let stack_follows = second.starts_with("Traceback (most recent call last)")
        || second.starts_with("at ")
        || (is_exception(second) && !is_logged_error(first));
    let last = first.rsplit(": ").next().unwrap_or_default();
    let type_last = last.len() < first.len()
        && !last.contains(' ')
        && (last.ends_with("Error") || last.ends_with("Exception") || last.ends_with("errorString"));
    // Go: `<message>: errorString [{"path":…`
    let go = first.contains(": errorString [{\"path\"")
        || first.contains(": errorString null")
        || (type_last && second == "null");
    // Types that only Go's runtime names so.
    let go = go
        || (type_last && second.is_empty() && matches!(last, "PathError" | "errorString" | "OpError" | "SyscallError"));
    (type_last && stack_follows) || go || is_told_twice(text)
}

/// An exception and its stack, as runtimes and code alike print them.
fn is_with_stack(text: &str) -> bool {
    let mut lines = text.lines();
    let first = lines.next().unwrap_or_default().trim_ascii_end();
    is_exception(first) && lines.next().unwrap_or_default().trim_ascii_start().starts_with("at ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_extension_is_told_by_its_tag_or_by_the_place_of_its_panic() {
        for (text, of_extension) in [
            ("[TRACE_EXT] starting", true),
            ("[Acme Lambda Extension] ready", true),
            ("2026-04-17 08:00:00 UTC | ACME_EXTENSION | ERROR | no key", true),
            ("panic: no route\n\ngoroutine 1 [running]:\nmain.main()\n\t/build/audit-extension/main.go:8 +0x1c", true),
            ("thread 'main' panicked at /opt/src/main.rs:4:1:\nno route", true),
            ("panic: no route\n\ngoroutine 1 [running]:\nmain.main()\n\t/build/orders/main.go:8 +0x1c", false),
            ("thread 'main' panicked at src/main.rs:4:1:\nno route", false),
            ("[ERROR] KeyError: 'extension'", false),
            ("loaded the extension table", false),
            ("next | text | extra", false),
        ] {
            assert_eq!(ApplicationLine::of_text(text).of_extension, of_extension, "{text}");
        }
    }

    #[test]
    fn an_error_of_python_is_the_runtimes_where_its_stack_follows() {
        for (text, unhandled, by_shape) in [
            ("[ERROR] KeyError: 'x'\rTraceback (most recent call last):\r  File \"a.py\", line 3", true, false),
            ("[ERROR] Runtime.ImportModuleError: Unable to import module 'app'", true, false),
            ("[ERROR] KeyError: 'x'", true, true),
            ("[ERROR] no tariff for zone 9", false, false),
        ] {
            let line = ApplicationLine::of_text(text);
            assert_eq!((line.unhandled, line.by_shape), (unhandled, by_shape), "{text}");
        }
    }
}
