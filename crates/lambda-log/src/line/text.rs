//! Lines of the text format.

use std::borrow::Cow;

use super::super::exception::is_error_type;
use super::super::fields::{ReportField, error_type, fields, leading_uuid, number, request_id};
use super::application::{ApplicationLine, LogLevel};
use super::meaning::{InitReport, LogLine, PlatformStatus, ReportLine, RuntimeVersion};
use model::moment;

/// Removes the time that `zappa tail` adds: `[1735266140183] Instancing..`. `zappa invoke` adds words in brackets.
pub(super) fn without_tail_prefix(event: &str) -> &str {
    let inner = event.strip_prefix('[').and_then(moment::epoch);
    inner.map_or(event, |found| found.rest)
}

pub(super) fn parse(text: &str) -> LogLine<'_> {
    if let Some((id, report)) = plain_report(text)
        && let Some(request_id) = request_id(id)
    {
        return LogLine::Report { request_id: Some(Cow::Borrowed(request_id)), report };
    }
    if let Some((request_id, version)) = plain_start(text) {
        return LogLine::Start { request_id: Some(Cow::Borrowed(request_id)), version: Some(Cow::Borrowed(version)) };
    }
    let word = text.split([' ', '\t']).next().unwrap_or_default();
    match word {
        "INIT_START" => LogLine::InitStart(runtime(text)),
        "RESTORE_START" => LogLine::RestoreStart(RuntimeVersion { ahead: true, ..runtime(text) }),
        "INIT_REPORT" => LogLine::InitReport(init_report(text, ReportField::Init)),
        "RESTORE_REPORT" => LogLine::RestoreReport(init_report(text, ReportField::Restore)),
        "EXTENSION" if text.contains("Name:") => extension(text),
        "TELEMETRY" | "LOGS" if text.contains("\tName:") || text.contains(" Name:") => LogLine::Platform,
        "XRAY" if text.starts_with("XRAY TraceId:") => LogLine::Platform,
        "START" | "[START]" | "END" | "[END]" if text.contains("RequestId:") => boundary(text, word.contains("START")),
        "START" if text == "START" => LogLine::Start { request_id: None, version: None },
        "END" if text.starts_with("END Duration:") => {
            report(text).map_or(LogLine::Unparsed, |(request_id, report)| LogLine::Report { request_id, report })
        }
        "REPORT" | "[REPORT]" if text.contains("RequestId:") || text.contains("Duration:") => {
            report(text).map_or(LogLine::Unparsed, |(request_id, report)| LogLine::Report { request_id, report })
        }
        // Summaries that lost their first line.
        "Duration:" if text.contains("Memory") || text.contains("Status:") => {
            report(text).map_or(LogLine::Unparsed, |(request_id, report)| LogLine::Report { request_id, report })
        }
        "\"errorMessage\":" | "\"errorType\":" => {
            // One line of an answer that was printed over several.
            let value = text.split_once(':').map_or("", |(_, value)| {
                value.trim_matches(|c: char| c.is_ascii_whitespace() || matches!(c, '"' | ','))
            });
            timed_out(value)
                .or_else(|| ended(value))
                .unwrap_or_else(|| LogLine::Application(ApplicationLine::of_text(text)))
        }
        _ => timed_out(text)
            .or_else(|| ended(text))
            .or_else(|| runtime_client(text))
            .or_else(|| emulator(text))
            .unwrap_or_else(|| LogLine::Application(ApplicationLine::of_text(text))),
    }
}

fn boundary(text: &str, start: bool) -> LogLine<'_> {
    let (mut id, mut version) = (None, None);
    for (name, value) in fields(text) {
        match name {
            ReportField::RequestId if id.is_none() => id = request_id(value),
            ReportField::Version => version = Some(Cow::Borrowed(value)).filter(|value| !value.is_empty()),
            _ => {}
        }
    }
    match id {
        // An id that was cut or masked is none, but the invocation is one.
        None if !text.trim_ascii_end().ends_with("RequestId:") && start => LogLine::Start { request_id: None, version },
        None => LogLine::Unparsed,
        Some(id) if start => LogLine::Start { request_id: Some(Cow::Borrowed(id)), version },
        Some(id) => LogLine::End { request_id: Some(Cow::Borrowed(id)) },
    }
}

fn runtime(text: &str) -> RuntimeVersion<'_> {
    let mut found = RuntimeVersion::default();
    for (name, value) in fields(text) {
        match name {
            ReportField::RuntimeArn if !value.is_empty() => found.version = Some(Cow::Borrowed(value)),
            ReportField::RuntimeVersion => {
                found.on_node = RuntimeVersion::names_node(value);
                found.version = found.version.or(Some(Cow::Borrowed(value)));
            }
            _ => {}
        }
    }
    found
}

/// The seconds of a timeout: `… Task timed out after 30.03 seconds`, and the form of `sam local`.
pub(super) fn timed_out(text: &str) -> Option<LogLine<'_>> {
    const WORDS: &str = "Task timed out after ";
    let (before, after) = match memchr::memmem::find(text.as_bytes(), WORDS.as_bytes()) {
        // In front of it stand a time, an id and a level at most: an application may quote the same words.
        Some(at) if is_in_front(text.get(..at)?) => (text.get(..at)?, text.get(at + WORDS.len()..)?),
        None if text.starts_with("Function '") => text.split_once("' timed out after ")?,
        _ => return None,
    };
    let (seconds, rest) = after.split_once(' ')?;
    let after_seconds = number(seconds).filter(|_| rest.starts_with("second"))?;
    let id = before
        .trim_ascii_end()
        .rsplit([' ', '\t'])
        .next()
        .and_then(|word| leading_uuid(word))
        .map(|(id, _)| Cow::Borrowed(id));
    Some(LogLine::TimedOut { request_id: id, after_seconds })
}

/// Whether a text stands in front of a message, and is not part of one.
fn is_in_front(text: &str) -> bool {
    let ends_in_level =
        text.split_ascii_whitespace().next_back().is_some_and(|word| LogLevel::of(word) == LogLevel::Error);
    ends_in_level || text.split_ascii_whitespace().all(is_head)
}

/// Whether a word is one of those in front of a line's message: a time, an id, a level.
fn is_head(word: &str) -> bool {
    let is_id = word.len() >= 8 && word.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b'-');
    is_id || moment::leading(word).is_some() || LogLevel::of(word.trim_matches(['[', ']', ':'])) != LogLevel::Unknown
}

/// Parses the platform's messages about a bad end of a process or invocation.
pub(super) fn ended(text: &str) -> Option<LogLine<'_>> {
    if is_error_type(text) {
        return Some(LogLine::Ended {
            request_id: None,
            how: Cow::Borrowed(""),
            error_type: Some(Cow::Borrowed(text)),
        });
    }
    let (id, rest) = match text.strip_prefix("RequestId:") {
        Some(rest) => {
            let rest = rest.trim_ascii_start();
            let (id, rest) = rest.split_once([' ', '\t']).unwrap_or((rest, ""));
            (Some(Cow::Borrowed(request_id(id)?)), rest.trim_ascii_start())
        }
        None => (None, text),
    };
    let said = rest.strip_prefix("Error").map(|rest| rest.trim_start_matches([':', ' ', '\t']));
    let bare = [
        "Runtime exited ",
        "Process exited before completing request",
        "Unknown application error occurred",
        "Runtime failed to start",
    ];
    let how = match said {
        Some(said) if id.is_some() || bare.iter().any(|words| said.starts_with(words)) => said,
        _ if bare.iter().any(|words| rest.starts_with(words)) => rest,
        _ if id.is_some() && rest.starts_with("Status:") => "",
        _ => return None,
    };
    // The type follows on a line of its own, or at the end of the same one.
    let by_name = fields(rest).find(|(name, _)| *name == ReportField::ErrorType).map(|(_, value)| value);
    let at_end = how.rsplit(char::is_whitespace).next().filter(|word| is_error_type(word));
    let error_type = by_name.or(at_end).and_then(error_type);
    let how = at_end.and_then(|found| how.strip_suffix(found)).unwrap_or(how).trim_ascii_end();
    Some(LogLine::Ended { request_id: id, how: Cow::Borrowed(how), error_type })
}

/// `[ERROR] [1663095250473] LAMBDA_RUNTIME Failed to post handler success response. Http response code: 413.`
fn runtime_client(text: &str) -> Option<LogLine<'_>> {
    let is_one = text.contains("LAMBDA_RUNTIME ") || text.starts_with("Failed to post handler success response");
    if text.contains("LAMBDA_WARNING: Unhandled exception") {
        return Some(LogLine::Platform);
    }
    if !is_one {
        return None;
    }
    let status = text.split_once("response code:").and_then(|(_, rest)| {
        let rest = rest.trim_ascii_start();
        rest.get(..rest.bytes().take_while(u8::is_ascii_digit).count())?.parse().ok()
    });
    Some(LogLine::RuntimeClient { status })
}

/// What the runtime interface emulator says in words of its own.
fn emulator(text: &str) -> Option<LogLine<'_>> {
    if let Some((_, said)) = text.split_once("(rapid) ") {
        let ms = |key: &str| {
            said.split_once(key)
                .and_then(|(_, rest)| number(rest.split(|c: char| !c.is_ascii_digit() && c != '.').next()?))
        };
        return Some(if said.starts_with("INIT START(") {
            LogLine::InitStart(RuntimeVersion::default())
        } else if said.starts_with("INIT REPORT(") {
            let failed = said.contains("status: error") || said.contains("errorType:");
            LogLine::InitReport(InitReport {
                duration_ms: ms("durationMs: "),
                status: if failed { PlatformStatus::Error } else { PlatformStatus::Success },
                ..InitReport::default()
            })
        } else if let Some((_, how)) =
            said.split_once("error=").filter(|_| said.starts_with("Invoke failed") || said.starts_with("Init failed"))
        {
            LogLine::Ended { request_id: None, how: Cow::Borrowed(how), error_type: None }
        } else {
            LogLine::Platform
        });
    }
    if text.starts_with("time=\"") {
        if let Some((_, rest)) = text.split_once("INIT DONE failed: ") {
            return Some(LogLine::Ended {
                request_id: None,
                how: Cow::Borrowed(""),
                error_type: error_type(rest.trim_end_matches('"')),
            });
        }
        if let Some((_, how)) = text
            .split_once("error=\"")
            .filter(|_| text.contains("msg=\"Init failed\"") || text.contains("msg=\"Invoke failed\""))
        {
            return Some(LogLine::Ended {
                request_id: None,
                how: Cow::Borrowed(how.trim_end_matches('"')),
                error_type: None,
            });
        }
    }
    None
}

fn extension(text: &str) -> LogLine<'_> {
    let (mut failed, mut kind, mut is_ready) = (false, None, None);
    for (name, value) in fields(text) {
        match name {
            ReportField::State => {
                failed = value.ends_with("Error") || value.ends_with("Failed") || value == "Crashed";
                is_ready = ready(value);
            }
            ReportField::ErrorType => kind = error_type(value),
            _ => {}
        }
    }
    LogLine::Extension { failed: failed || kind.is_some(), error_type: kind, ready: is_ready }
}

/// Whether an extension in this state waits for the first invocation, as all of them must before the handler runs.
pub(super) fn ready(state: &str) -> Option<bool> {
    match state {
        "Ready" => Some(true),
        "Started" | "Registered" => Some(false),
        _ => None,
    }
}

fn init_report(text: &str, duration: ReportField) -> InitReport {
    let mut report = InitReport::default();
    for (name, value) in fields(text) {
        match name {
            ReportField::Phase => report.in_invocation = value == "invoke",
            ReportField::Status => report.status = PlatformStatus::of(value),
            ReportField::ErrorType => report.error_type = error_type(value).map(Cow::into_owned),
            name if name == duration => report.duration_ms = number(value),
            _ => {}
        }
    }
    // What an author left out of a report that failed is not a start-up that went well.
    report.ahead = duration == ReportField::Init
        && report.status == PlatformStatus::Success
        && report.duration_ms.is_some()
        && !report.in_invocation;
    report
}

/// Parses a REPORT line in its usual form: much faster than searching for each field. The request id is not checked.
pub(in super::super) fn plain_report(text: &str) -> Option<(&str, ReportLine)> {
    let (id, rest) = text.strip_prefix("REPORT RequestId: ")?.split_at_checked(36)?;
    let (duration_ms, rest) = plain_field(rest, "\tDuration: ", " ms")?;
    let (billed_ms, rest) = plain_field(rest, "\tBilled Duration: ", " ms")?;
    let (memory_mb, rest) = plain_field(rest, "\tMemory Size: ", " MB")?;
    let (max_memory_mb, rest) = plain_field(rest, "\tMax Memory Used: ", " MB")?;
    let (init_ms, rest) =
        plain_field(rest, "\tInit Duration: ", " ms").map_or((None, rest), |(ms, rest)| (Some(ms), rest));
    let (billed_ms, memory_mb, max_memory_mb) = (Some(billed_ms), Some(memory_mb), Some(max_memory_mb));
    let report = ReportLine { duration_ms, billed_ms, memory_mb, max_memory_mb, init_ms, ..ReportLine::default() };
    matches!(rest, "" | "\t").then_some((id, report))
}

/// A name, a number of at most nine digits before and two after the point, and its unit.
fn plain_field<'a>(text: &'a str, name: &str, unit: &str) -> Option<(f64, &'a str)> {
    let rest = text.strip_prefix(name)?;
    let (mut whole, mut digits) = (0u64, 0usize);
    let mut bytes = rest.bytes();
    let mut next = bytes.next()?;
    while next.is_ascii_digit() && digits < 9 {
        whole = whole * 10 + u64::from(next - b'0');
        digits += 1;
        next = bytes.next()?;
    }
    let mut length = digits;
    let mut value = whole as f64;
    if next == b'.' {
        let (tens, ones) = (bytes.next()?, bytes.next()?);
        if !tens.is_ascii_digit() || !ones.is_ascii_digit() {
            return None;
        }
        // Divided once, so that the nearest number to the decimal one comes out.
        value = (whole * 100 + u64::from(tens - b'0') * 10 + u64::from(ones - b'0')) as f64 / 100.0;
        length += 3;
    }
    let rest = rest.get(length..)?.strip_prefix(unit)?;
    (digits > 0).then_some((value, rest))
}

fn plain_start(text: &str) -> Option<(&str, &str)> {
    let (id, rest) = leading_uuid(text.strip_prefix("START RequestId: ")?)?;
    let version = rest.strip_prefix(" Version: ")?;
    (!version.is_empty() && version.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'$'))
        .then_some((id, version))
}

fn report(text: &str) -> Option<(Option<Cow<'_, str>>, ReportLine)> {
    let (mut id, mut duration) = (None, None);
    let mut report = ReportLine::default();
    let mut ends_with_status = false;
    for (name, value) in fields(text) {
        ends_with_status = name == ReportField::Status;
        match name {
            ReportField::RequestId if id.is_none() => id = request_id(value).map(Cow::Borrowed),
            ReportField::Duration if duration.is_none() => duration = Some(number(value)?),
            ReportField::Billed => report.billed_ms = Some(number(value)?),
            ReportField::MemorySize if !value.is_empty() => report.memory_mb = Some(number(value)?),
            ReportField::MaxMemoryUsed => report.max_memory_mb = Some(number(value)?),
            ReportField::Init => {
                report.init_ms = Some(number(value)?);
                // Lambda writes it last.
                report.of_emulator = duration.is_none();
            }
            ReportField::Restore => report.restore_ms = Some(number(value)?),
            ReportField::Status if value.is_empty() => report.status = PlatformStatus::Cut,
            ReportField::Status => report.status = PlatformStatus::of(value),
            ReportField::ErrorType => report.error_type = error_type(value).map(Cow::into_owned),
            _ => {}
        }
    }
    if !ends_with_status && report.status == PlatformStatus::Success && text.trim_ascii_end().ends_with("Status") {
        report.status = PlatformStatus::Cut;
    }
    // The newer Serverless Framework: `END Duration: 1.23 ms (init: 234.56 ms) Memory Used: 65 MB`.
    if text.starts_with("END") {
        report.init_ms =
            report.init_ms.or_else(|| text.split_once("(init: ").and_then(|(_, rest)| number(rest.split(' ').next()?)));
    }
    if report.max_memory_mb.is_none()
        && let Some((_, rest)) = text.split_once("Memory Used: ").or_else(|| text.split_once("Memory Usage: "))
    {
        report.max_memory_mb = rest.split(' ').next().and_then(number);
    }
    report.duration_ms = duration?;
    Some((id, report))
}
