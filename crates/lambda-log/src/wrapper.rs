//! Removes what log tools add to lines: times, stream names, table borders, bullets.

use std::borrow::Cow;
use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::fields::{function_name, leading_uuid};
use model::moment::{self, LeadingTime};

/// A line without what a tool put around it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct UnwrappedLine<'a> {
    /// The outermost time in front of the line, milliseconds since 1970 UTC.
    pub(super) at_ms: Option<i64>,
    /// Whether there was a time in front, even one without a date.
    pub(super) timed: bool,
    /// The log stream, if it was in front or in a column.
    pub(super) stream: Option<&'a str>,
    /// The function, if it was in front or in a column.
    pub(super) function: Option<&'a str>,
    /// The line itself.
    pub(super) text: &'a str,
}

/// More prefixes than any tool puts one behind the other.
const MOST_LAYERS: usize = 10;
/// What a copying tool puts in front of a line is not longer than this.
const LONGEST_PREFIX: usize = 300;

/// A line without the sequences that colour a terminal.
pub(super) fn plain(line: &str) -> Cow<'_, str> {
    if memchr::memchr(0x1b, line.as_bytes()).is_none() {
        return Cow::Borrowed(line);
    }
    let mut plain = String::with_capacity(line.len());
    let mut rest = line;
    while let Some((before, after)) = rest.split_once('\u{1b}') {
        plain.push_str(before);
        let sequence = after.strip_prefix('[').unwrap_or(after);
        let end = sequence.find(|c: char| c.is_ascii_alphabetic()).map_or(sequence.len(), |end| end + 1);
        rest = sequence.get(end..).unwrap_or_default();
    }
    plain.push_str(rest);
    Cow::Owned(plain)
}

/// Removes everything that a tool added to a line.
pub(super) fn strip(line: &str) -> UnwrappedLine<'_> {
    let mut stripped = UnwrappedLine { text: line.trim_ascii(), ..UnwrappedLine::default() };
    for _ in 0..MOST_LAYERS {
        if is_platform(stripped.text) || !layer(&mut stripped) {
            break;
        }
    }
    if !is_platform(stripped.text)
        && !is_native(stripped.text)
        && let Some(at) = embedded(stripped.text, LONGEST_PREFIX)
    {
        stripped.text = stripped.text.get(at..).unwrap_or(stripped.text);
    }
    stripped
}

/// Whether a text begins with the platform's own words.
pub(super) fn is_platform(text: &str) -> bool {
    let begins = |word: &str| text.starts_with(word);
    match text.as_bytes().first() {
        Some(b'S') => begins("START RequestId:"),
        Some(b'E') => begins("END RequestId:") || begins("EXTENSION\t") || begins("EXTENSION Name:"),
        Some(b'R') => {
            begins("REPORT RequestId:") || begins("RESTORE_START") || begins("RESTORE_REPORT") || begins("RequestId:")
        }
        Some(b'I') => begins("INIT_START") || begins("INIT_REPORT"),
        Some(b'X') => begins("XRAY TraceId:"),
        _ => false,
    }
}

/// Whether a text has the shape in which a runtime writes the lines of an application; what it quotes is not the
/// platform's word.
fn is_native(text: &str) -> bool {
    text.starts_with(['{', '[']) || leading_uuid(text).is_some() || text.starts_with("undefined\t")
}

/// The platform's own words, as they stand inside of other text.
static WORDS: LazyLock<Result<AhoCorasick, String>> = LazyLock::new(|| {
    AhoCorasick::new([
        "RequestId: ",
        "INIT_START Runtime Version",
        "INIT_REPORT Init",
        "RESTORE_START Runtime Version",
        "RESTORE_REPORT Restore",
    ])
    .map_err(|error| format!("the words of the platform cannot be searched for: {error}"))
});

/// Builds the matcher of the platform's words.
///
/// # Errors
/// A sentence that names the matcher.
pub(super) fn load() -> Result<(), String> {
    WORDS.as_ref().map(|_| ()).map_err(Clone::clone)
}

/// Where the platform's own words begin in a text, behind at most `within` bytes of something else.
fn embedded(text: &str, within: usize) -> Option<usize> {
    // What is looked for is not longer than this.
    let near = text.as_bytes().get(..within.saturating_add(80)).unwrap_or(text.as_bytes());
    beginnings(text, near).filter(|at| *at <= within).min()
}

/// Every place where the platform's own words begin; only `near`, the first bytes of the text, is looked through.
fn beginnings<'a>(text: &'a str, near: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
    // Without the matcher the program does not start.
    let found = WORDS.as_ref().ok().map(|words| words.find_iter(near));
    found.into_iter().flatten().filter_map(move |found| {
        let at = if found.pattern().as_usize() == 0 {
            let before = text.get(..found.start())?;
            let ends = || {
                text.get(found.end() + 36..).is_some_and(|rest| {
                    rest.starts_with(" Process exited") || rest.starts_with(" Error: Runtime exited")
                })
            };
            let word = ["START ", "END ", "REPORT "].iter().find_map(|word| before.strip_suffix(word)).map(str::len);
            word.or_else(|| ends().then_some(found.start()))?
        } else {
            found.start()
        };
        let byte_before = at.checked_sub(1).and_then(|before| near.get(before));
        byte_before.is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_').then_some(at)
    })
}

/// Whether several lines of the platform were copied as one.
pub(super) fn is_several(line: &str) -> bool {
    beginnings(line, line.as_bytes()).any(|at| at > 0)
}

/// The lines of the platform that were copied as one, if the text begins with one.
pub(super) fn lines_in_one(text: &str) -> impl Iterator<Item = &str> {
    let mut begin: Vec<usize> = beginnings(text, text.as_bytes()).filter(|at| *at > 0).collect();
    begin.sort_unstable();
    begin.dedup();
    let ends = begin.clone().into_iter().chain([text.len()]);
    std::iter::once(0).chain(begin).zip(ends).filter_map(|(begin, end)| text.get(begin..end).map(str::trim_ascii))
}

/// Takes one layer off. `false` if there is none.
fn layer(stripped: &mut UnwrappedLine<'_>) -> bool {
    let text = stripped.text;
    let Some(first) = text.as_bytes().first() else { return false };
    match first {
        b'0'..=b'9' => stream_name(stripped) || time(stripped, moment::leading(text)),
        b'[' => in_brackets(stripped) || padded_name(stripped),
        b'|' => {
            stripped.text = text.trim_start_matches('|').trim_ascii();
            columns(stripped);
            true
        }
        b'`' | b'>' => {
            stripped.text = text.get(1..).unwrap_or_default().trim_matches('`').trim_ascii();
            true
        }
        // A column of a CSV file; an object in quotes has others within.
        b',' if stripped.timed && !text.starts_with(",\"{") => {
            stripped.text = text.get(1..).unwrap_or_default().trim_ascii();
            true
        }
        b'"' if stripped.timed => {
            stripped.text = text.trim_matches('"').trim_ascii();
            true
        }
        b'*' | b'-' | b'#' => {
            let rest = text.trim_start_matches(['*', '-', '#']).trim_ascii_start();
            let is_bullet = rest.starts_with(['`', '[', '|'])
                || rest.as_bytes().first().is_some_and(u8::is_ascii_digit)
                || is_platform(rest);
            if is_bullet {
                stripped.text = rest;
            }
            is_bullet
        }
        b'/' => comment_or_group(stripped),
        b'<' => syslog_priority(stripped),
        b'{' if stripped.timed => labels(stripped),
        0x1b => {
            // Colours.
            let end = text.find('m').filter(|end| *end < 12);
            stripped.text = end.and_then(|end| text.get(end + 1..)).unwrap_or_default();
            end.is_some()
        }
        b'A'..=b'S' if time(stripped, moment::leading(text)) => true,
        _ => name_and_bar(stripped) || syslog_head(stripped),
    }
}

fn time<'a>(stripped: &mut UnwrappedLine<'a>, found: Option<LeadingTime<'a>>) -> bool {
    let Some(found) = found else { return false };
    stripped.at_ms = stripped.at_ms.or(found.at_ms);
    stripped.timed = true;
    stripped.text = found.rest;
    true
}

/// `2023/07/05/[$LATEST]374cd779…`, and the newer `2023/07/05/name[$LATEST]374cd779…`.
fn stream_name(stripped: &mut UnwrappedLine<'_>) -> bool {
    let text = stripped.text;
    if !looks_like_stream(text) {
        return false;
    }
    let end = text.find(char::is_whitespace).unwrap_or(text.len());
    let (stream, rest) = text.split_at(end);
    take_stream(stripped, stream);
    stripped.text = rest.trim_ascii_start();
    true
}

pub(super) fn looks_like_stream(text: &str) -> bool {
    let bytes = text.as_bytes();
    let slashes = [4, 7, 10].iter().all(|at| bytes.get(*at) == Some(&b'/'));
    slashes
        && bytes.iter().take(10).all(|byte| byte.is_ascii_digit() || *byte == b'/')
        && bytes.iter().take(300).any(|byte| *byte == b']')
}

fn take_stream<'a>(stripped: &mut UnwrappedLine<'a>, stream: &'a str) {
    stripped.stream = stripped.stream.or(Some(stream));
    let function = stream.get(11..).and_then(|rest| rest.split('[').next()).and_then(function_name);
    stripped.function = stripped.function.or(function);
}

/// `[1569183806942] ` of `zappa tail`, or a date in brackets.
fn in_brackets(stripped: &mut UnwrappedLine<'_>) -> bool {
    let Some(inner) = stripped.text.get(1..) else { return false };
    let found = moment::epoch(inner).or_else(|| moment::leading(inner));
    // The bracket must close right behind the time.
    let closes = found.is_some_and(|found| {
        inner
            .len()
            .checked_sub(found.rest.len())
            .and_then(|end| inner.get(..end))
            .is_some_and(|time| time.contains(']'))
    });
    closes && time(stripped, found)
}

/// `[           name-8d60c20] ` of `pulumi logs`, right behind a time.
fn padded_name(stripped: &mut UnwrappedLine<'_>) -> bool {
    let Some((inner, rest)) = stripped.text.get(1..).and_then(|inner| inner.split_once(']')) else { return false };
    let name = inner.trim_ascii();
    let has_hash = name.len() > 8
        && name.bytes().rev().take(7).all(|byte| byte.is_ascii_hexdigit())
        && name.as_bytes().get(name.len() - 8) == Some(&b'-');
    let is_one = stripped.timed && (inner.starts_with(' ') || has_hash);
    let Some(name) = function_name(name).filter(|_| is_one) else { return false };
    stripped.function = Some(name);
    stripped.text = rest.trim_ascii_start();
    true
}

/// The right-hand border of a table row, and columns behind the message that name the stream or the group.
fn columns(stripped: &mut UnwrappedLine<'_>) {
    stripped.text = stripped.text.trim_end_matches('|').trim_ascii_end();
    while let Some((rest, cell)) = stripped.text.rsplit_once('|') {
        let cell = cell.trim_ascii();
        if looks_like_stream(cell) {
            take_stream(stripped, cell);
        } else if let Some((_, name)) = cell.split_once("/aws/lambda/") {
            stripped.function = function_name(name).or(stripped.function);
        } else {
            return;
        }
        stripped.text = rest.trim_ascii_end();
    }
}

/// `// ` in front of a line that was pasted into code; `/aws/lambda/name ` of tools that print the log group.
fn comment_or_group(stripped: &mut UnwrappedLine<'_>) -> bool {
    if let Some(rest) = stripped.text.strip_prefix("//") {
        stripped.text = rest.trim_ascii_start();
        return true;
    }
    let Some((name, rest)) = stripped.text.strip_prefix("/aws/lambda/").and_then(|rest| rest.split_once([' ', '\t']))
    else {
        return false;
    };
    stripped.function = function_name(name).or(stripped.function);
    stripped.text = rest.trim_ascii_start();
    true
}

/// `lambda_1    | ` of docker compose.
fn name_and_bar(stripped: &mut UnwrappedLine<'_>) -> bool {
    let Some((name, rest)) = stripped.text.split_once('|') else { return false };
    let bare = name.trim_ascii_end();
    let is_one = bare.len() < name.len()
        && bare.len() <= 60
        && bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'));
    if is_one {
        stripped.text = rest.trim_ascii_start();
    }
    is_one
}

/// `{log_group="/aws/lambda/name", stream="stdout"} ` of Loki's `logcli`, right behind a time.
fn labels(stripped: &mut UnwrappedLine<'_>) -> bool {
    let Some(mut rest) = stripped.text.strip_prefix('{') else { return false };
    let (mut stream, mut function) = (None, None);
    while let Some((name, value)) = rest.split_once("=\"") {
        let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_');
        let Some((value, after)) = value.split_once('"').filter(|(value, _)| is_name && !value.contains('\\')) else {
            return false;
        };
        if let Some((_, name)) = value.split_once("/aws/lambda/") {
            function = function_name(name).or(function);
        } else if looks_like_stream(value) {
            stream = Some(value);
        }
        rest = after;
        match rest.strip_prefix(", ").or_else(|| rest.strip_prefix(',')) {
            Some(more) => rest = more,
            None => break,
        }
    }
    let Some(rest) = rest.strip_prefix('}').filter(|rest| rest.starts_with([' ', '\t'])) else { return false };
    if let Some(stream) = stream {
        take_stream(stripped, stream);
    }
    stripped.function = function.or(stripped.function);
    stripped.text = rest.trim_ascii_start();
    true
}

/// `<134>1 2025-03-14T09:26:53.143Z host app 12 - - ` of syslog (RFC 5424), or only the `<134>` of the older form.
fn syslog_priority(stripped: &mut UnwrappedLine<'_>) -> bool {
    let Some((priority, rest)) = stripped.text.get(1..).and_then(|rest| rest.split_once('>')) else { return false };
    if !(1..=3).contains(&priority.len()) || !priority.bytes().all(|byte| byte.is_ascii_digit()) {
        return false;
    }
    let Some(head) = rest.strip_prefix("1 ") else {
        // The time follows.
        stripped.text = rest;
        return moment::leading(rest).is_some();
    };
    let (at, mut rest) = head.split_once(' ').unwrap_or((head, ""));
    let found = moment::leading(at).filter(|found| found.rest.is_empty());
    if found.is_none() && at != "-" {
        return false;
    }
    // The host, the program, its process and the kind of the message.
    for _ in 0..4 {
        let Some((_, next)) = rest.split_once(' ') else { return false };
        rest = next;
    }
    let Some(rest) = behind_structured_data(rest) else { return false };
    stripped.at_ms = stripped.at_ms.or_else(|| found.and_then(|found| found.at_ms));
    stripped.timed = true;
    // An empty message is an event without a text, and no time for what follows. Syslog knows no streams.
    stripped.stream = stripped.stream.or(Some(""));
    stripped.text = rest.trim_start_matches('\u{feff}').trim_ascii_start();
    true
}

/// What follows the structured data of a syslog message: `-`, or `[name key="value"]` once or several times.
fn behind_structured_data(text: &str) -> Option<&str> {
    if let Some(rest) = text.strip_prefix('-') {
        return (rest.is_empty() || rest.starts_with(' ')).then_some(rest);
    }
    let mut rest = text;
    while let Some(inner) = rest.strip_prefix('[') {
        let (mut in_value, mut escaped) = (false, false);
        let end = inner.bytes().position(|byte| {
            match byte {
                _ if escaped => escaped = false,
                b'\\' => escaped = true,
                b'"' => in_value = !in_value,
                b']' => return !in_value,
                _ => {}
            }
            false
        })?;
        rest = inner.get(end + 1..)?;
    }
    (rest.len() < text.len() && (rest.is_empty() || rest.starts_with(' '))).then_some(rest)
}

/// `host shipper[12]: ` of syslog, right behind a time.
fn syslog_head(stripped: &mut UnwrappedLine<'_>) -> bool {
    if !stripped.timed {
        return false;
    }
    let Some((head, rest)) = stripped.text.split_once("]: ").filter(|(head, _)| head.len() <= 120) else {
        return false;
    };
    let Some((names, number)) = head.rsplit_once('[') else { return false };
    let is_name = |name: &str| {
        !name.is_empty()
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'/'))
    };
    let is_one = names.split_once(' ').is_some_and(|(host, program)| is_name(host) && is_name(program))
        && !number.is_empty()
        && number.bytes().all(|byte| byte.is_ascii_digit());
    if is_one {
        stripped.text = rest.trim_ascii_start();
    }
    is_one
}

#[cfg(test)]
mod tests {
    use super::*;

    const ID: &str = "e11db634-ef8a-4258-9d46-0b5e878cd834";

    #[test]
    fn every_tool_that_copies_a_log_is_seen_through() {
        let line = format!("START RequestId: {ID} Version: $LATEST");
        let stream = "2024/07/03/[$LATEST]60cefc4c4d174d898e4dbb301f9f10ef";
        for (before, after) in [
            ("", ""),
            ("\t", ""),
            ("    // ", ""),
            ("[1720000000123] ", ""),
            ("2024-07-03T09:46:40.123000 ", ""),
            ("2024-07-03T09:46:40.123-04:00  ", ""),
            ("09:46:40  ", ""),
            ("- `09:46:40`       ", ""),
            ("| 2024-07-03 09:46:40.123 | ", " |"),
            ("  | 2024-07-03T15:16:40+05:30 | ", ""),
            ("| 1720000000123 | ", " |"),
            ("Jul 3, 09:46:40 AM: ", ""),
            ("lambda_1    | ", ""),
            ("\u{1b}[32m", ""),
            ("1720000000123,\"", "\""),
            ("2024-07-03 09:46:40.123,", ""),
            ("2024-07-03T09:46:40Z {} ", ""),
            ("2024-07-03T09:46:40+00:00 {app=\"shop\", host=\"a\"} ", ""),
            ("Jul  3 09:46:40 host app[12]: ", ""),
            ("<134>Jul  3 09:46:40 host app[12]: ", ""),
            ("EVENTS\t3434\t1720000000123\tx\t", ""),
        ] {
            let text = format!("{before}{line}{after}");
            let stripped = strip(&text);
            assert_eq!((stripped.text.trim_end_matches('"'), stripped.stream), (line.as_str(), None), "{text}");
        }
        for before in [
            "<134>1 2024-07-03T09:46:40.123Z host app 12 - - ",
            "<14>1 2024-07-03T09:46:40.123Z - - - - - \u{feff}",
            "<14>1 2024-07-03T09:46:40.123Z host app 12 ID7 [meta a=\"b ] c\" d=\"\\\"\"][more] ",
        ] {
            let text = format!("{before}{line}");
            let stripped = strip(&text);
            let is_event = (stripped.at_ms, stripped.timed, stripped.stream);
            assert_eq!((stripped.text, is_event), (line.as_str(), (Some(1_720_000_000_123), true, Some(""))), "{text}");
        }
        for text in [
            format!("{stream} 2024-07-03T09:46:40.123000 {line}"),
            format!("2024-07-03T09:46:40.123000+00:00 {stream} {line}"),
            format!("| 2024-07-03 09:46:40.123 | {line} | {stream} |"),
        ] {
            assert_eq!(
                strip(&text),
                UnwrappedLine {
                    at_ms: Some(1_720_000_000_123),
                    timed: true,
                    stream: Some(stream),
                    function: None,
                    text: &line
                },
                "{text}"
            );
        }
        for (text, function) in [
            (format!(" 2020-12-02T14:38:55.910-08:00[           todo-fn-8d60c20] {line}"), "todo-fn-8d60c20"),
            (format!("/aws/lambda/todo-fn {stream} {line}"), "todo-fn"),
            (format!("2024/07/03/todo-fn[$LATEST]60cefc {line}"), "todo-fn"),
            (format!("| 2024-07-03 09:46:40.123 | {line} | 123:/aws/lambda/todo-fn |"), "todo-fn"),
        ] {
            let stripped = strip(&text);
            assert_eq!((stripped.text, stripped.function), (line.as_str(), Some(function)), "{text}");
        }
    }

    #[test]
    fn what_an_application_quotes_is_left_to_the_application() {
        for text in [
            format!("[INFO]\t2024-07-03T09:46:40.123Z\t{ID}\tgot REPORT RequestId: {ID} Duration: 5 ms"),
            format!("{{\"message\":\"REPORT RequestId: {ID}\"}}"),
            "16:13:27.941 [main] INFO c.e.Main".to_owned(),
            "<b>1 2024-07-03T09:46:40.123Z host app 12 - - packed".to_owned(),
            "<134>1 soon host app 12 - - packed".to_owned(),
            "<134>1 2024-07-03T09:46:40.123Z host app 12 - [open packed".to_owned(),
        ] {
            let stripped = strip(&text);
            assert!(!is_platform(stripped.text) && stripped.function.is_none(), "{stripped:?}");
        }
        let node = format!("2024-07-03T09:46:40.123Z\t{ID}\tINFO\tgot REPORT RequestId: {ID} Duration: 5 ms");
        assert!(strip(&node).text.starts_with(ID));
    }
}
