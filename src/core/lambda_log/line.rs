//! One log message and what it means. Shapes from the AWS developer guide ("Lambda execution environment lifecycle") and the
//! Telemetry API event schema; both log formats lead to the same [`Line`].

use std::sync::LazyLock;

use regex::Regex;
use serde_json::Value;

/// What one message says.
#[derive(Debug, Clone, PartialEq)]
pub enum Line {
    /// A new environment begins to start up.
    InitStart,
    /// Start-up failed, or is reported by SnapStart or provisioned concurrency.
    InitReport(InitReport),
    /// A snapshot begins to be restored.
    RestoreStart,
    /// A snapshot was restored, or was not.
    RestoreReport(InitReport),
    /// An invocation begins.
    Start {
        /// Its request id.
        request_id: String,
    },
    /// An invocation has ended.
    End {
        /// Its request id.
        request_id: String,
    },
    /// The summary of an invocation.
    Report(Report),
    /// The function's timeout ended an invocation.
    TimedOut {
        /// Its request id.
        request_id: Option<String>,
        /// Seconds until then.
        after_seconds: f64,
    },
    /// The runtime process ended in the middle of an invocation.
    Exited {
        /// Its request id.
        request_id: Option<String>,
        /// What the platform says of it, such as `error: signal: killed`.
        how: String,
    },
    /// A line of the platform without meaning for an invocation: an extension, a subscription.
    Platform,
    /// Something claims to be a platform line and cannot be read as one.
    Unparsed,
    /// A line of the application.
    Application(Application),
}

/// `INIT_REPORT` or `RESTORE_REPORT`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct InitReport {
    /// Milliseconds it took.
    pub duration_ms: Option<f64>,
    /// Whether it happened inside an invocation, as the second try of a start-up that had failed before.
    pub in_invocation: bool,
    /// How it ended.
    pub status: Status,
    /// The platform's error type, such as `Runtime.ImportModuleError`.
    pub error_type: Option<String>,
}

/// `REPORT`.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Report {
    /// Its request id.
    pub request_id: String,
    /// Milliseconds the invocation took.
    pub duration_ms: f64,
    /// Milliseconds that are billed.
    pub billed_ms: Option<f64>,
    /// Configured memory in MB.
    pub memory_mb: Option<f64>,
    /// Largest memory used in MB.
    pub max_memory_mb: Option<f64>,
    /// Milliseconds of start-up, on a cold start.
    pub init_ms: Option<f64>,
    /// Milliseconds of restoring a snapshot, on a cold start with SnapStart.
    pub restore_ms: Option<f64>,
    /// How it ended.
    pub status: Status,
    /// The platform's error type, such as `Runtime.OutOfMemory`.
    pub error_type: Option<String>,
}

/// How the platform says that something ended.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Status {
    /// Nothing bad is said.
    #[default]
    Success,
    /// A limit of time was reached.
    Timeout,
    /// It failed.
    Error,
}

/// A line of the application.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Application {
    /// Its request id, where the line carries one.
    pub request_id: Option<String>,
    /// Whether the line is marked as an error by level or form.
    pub is_error: bool,
    /// The text to look at: the message, with the error type in front of it in JSON.
    pub text: String,
}

/// Milliseconds or megabytes beyond this are not a measurement (15 minutes are 900,000 ms; memory ends at 10,240 MB).
const LARGEST_NUMBER: f64 = 1e9;

static FIELDS: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(
        r"(Billed Restore Duration|Restore Duration|Billed Duration|Init Duration|Duration|Max Memory Used|Memory Size|RequestId|Status|Error ?Type|Phase):[ \t]*(-?[^\s]*)",
    )
    .ok()
});
static TIMED_OUT: LazyLock<Option<Regex>> =
    LazyLock::new(|| Regex::new(r"(?:([0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12})\s+)?Task timed out after ([0-9]+(?:\.[0-9]+)?) seconds").ok());
static EXITED: LazyLock<Option<Regex>> = LazyLock::new(|| {
    Regex::new(r"^RequestId: ([0-9a-fA-F-]{36})\s+(?:Error: )?(?:Runtime exited (?:with )?(.*)|(Process exited before completing request.*))").ok()
});
static REQUEST_ID: LazyLock<Option<Regex>> = LazyLock::new(|| Regex::new(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}").ok());

/// Says what a message means. Never fails: what cannot be read is [`Line::Unparsed`] or a line of the application.
pub fn parse(message: &str) -> Line {
    let message = strip_tail_prefix(message.trim());
    if message.starts_with('{')
        && let Ok(Value::Object(object)) = serde_json::from_str::<Value>(message)
    {
        return parse_json(&Value::Object(object));
    }
    parse_text(message)
}

/// `zappa tail` puts the event's time in front: `[1735266140183] Instancing..`.
fn strip_tail_prefix(message: &str) -> &str {
    let rest = message.strip_prefix('[').and_then(|rest| rest.split_once(']'));
    match rest {
        Some((digits, rest)) if digits.len() == 13 && digits.bytes().all(|b| b.is_ascii_digit()) => rest.trim_start(),
        _ => message,
    }
}

fn parse_text(text: &str) -> Line {
    let word = text.split([' ', '\t']).next().unwrap_or_default();
    match word {
        "INIT_START" => Line::InitStart,
        "RESTORE_START" => Line::RestoreStart,
        "INIT_REPORT" => Line::InitReport(init_report(text, "Init Duration")),
        "RESTORE_REPORT" => Line::RestoreReport(init_report(text, "Restore Duration")),
        "EXTENSION" | "TELEMETRY" | "LOGS" if text.contains("\tName:") || text.contains(" Name:") => Line::Platform,
        "START" | "END" if text.contains("RequestId:") => match field(text, "RequestId").and_then(request_id) {
            Some(request_id) if word == "START" => Line::Start { request_id },
            Some(request_id) => Line::End { request_id },
            None => Line::Unparsed,
        },
        "REPORT" if text.contains("RequestId:") => report(text).map_or(Line::Unparsed, Line::Report),
        _ => timed_out(text).or_else(|| exited(text)).unwrap_or_else(|| Line::Application(application(text))),
    }
}

fn timed_out(text: &str) -> Option<Line> {
    // The marker is cheap to look for; the expression is not.
    let found = text.contains("Task timed out after").then_some(TIMED_OUT.as_ref()?)?.captures(text)?;
    let after_seconds = found.get(2)?.as_str().parse().ok().and_then(measured)?;
    Some(Line::TimedOut { request_id: found.get(1).map(|id| id.as_str().to_owned()), after_seconds })
}

fn exited(text: &str) -> Option<Line> {
    let found = text.starts_with("RequestId:").then_some(EXITED.as_ref()?)?.captures(text)?;
    let how = found.get(2).or_else(|| found.get(3))?.as_str().trim().to_owned();
    Some(Line::Exited { request_id: found.get(1).map(|id| id.as_str().to_owned()), how })
}

fn application(text: &str) -> Application {
    let start: String = text.chars().take(400).collect();
    let is_error = start.contains("[ERROR]") || start.contains("\tERROR\t") || start.starts_with("Traceback") || start.contains("[CRITICAL]");
    let request_id = REQUEST_ID.as_ref().and_then(|id| id.find(&start)).map(|id| id.as_str().to_owned());
    Application { request_id, is_error, text: text.to_owned() }
}

/// Every `Name: value` of a platform line, in order.
fn fields(text: &str) -> impl Iterator<Item = (&str, &str)> {
    let found = FIELDS.as_ref().map(|fields| fields.captures_iter(text));
    found.into_iter().flatten().filter_map(|found| Some((found.get(1)?.as_str(), found.get(2)?.as_str())))
}

fn field<'a>(text: &'a str, name: &str) -> Option<&'a str> {
    fields(text).find(|(found, value)| *found == name && !value.is_empty()).map(|(_, value)| value)
}

/// An id as the platform writes it. It is kept and stored as it is, so nothing long or hostile may pass for one.
fn request_id(text: &str) -> Option<String> {
    let is_one = (1..=64).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
    is_one.then(|| text.to_owned())
}

/// A number that can be a measurement.
fn measured(number: f64) -> Option<f64> {
    (number.is_finite() && (0.0..=LARGEST_NUMBER).contains(&number)).then_some(number)
}

fn number(value: &str) -> Option<f64> {
    value.trim_end_matches("ms").parse().ok().and_then(measured)
}

fn status(word: &str) -> Status {
    match word {
        "timeout" => Status::Timeout,
        "error" | "failure" => Status::Error,
        _ => Status::Success,
    }
}

fn init_report(text: &str, duration: &str) -> InitReport {
    let mut report = InitReport::default();
    for (name, value) in fields(text) {
        match name {
            "Phase" => report.in_invocation = value == "invoke",
            "Status" => report.status = status(value),
            "Error Type" | "ErrorType" => report.error_type = Some(value.to_owned()),
            name if name == duration => report.duration_ms = number(value),
            _ => {}
        }
    }
    report
}

fn report(text: &str) -> Option<Report> {
    let mut report = Report::default();
    let mut duration = None;
    for (name, value) in fields(text) {
        match name {
            "RequestId" if report.request_id.is_empty() => report.request_id = request_id(value)?,
            "Duration" => duration = Some(number(value)?),
            "Billed Duration" => report.billed_ms = Some(number(value)?),
            "Memory Size" => report.memory_mb = Some(number(value)?),
            "Max Memory Used" => report.max_memory_mb = Some(number(value)?),
            "Init Duration" => report.init_ms = Some(number(value)?),
            "Restore Duration" => report.restore_ms = Some(number(value)?),
            "Status" => report.status = status(value),
            "Error Type" | "ErrorType" => report.error_type = Some(value.to_owned()),
            _ => {}
        }
    }
    report.duration_ms = duration?;
    (!report.request_id.is_empty()).then_some(report)
}

fn parse_json(event: &Value) -> Line {
    let record = &event["record"];
    match event["type"].as_str() {
        Some("platform.initStart") => Line::InitStart,
        Some("platform.restoreStart") => Line::RestoreStart,
        // For a successful start on demand this line says nothing that the report does not.
        Some("platform.initReport") => Line::InitReport(json_init_report(record)),
        Some("platform.restoreReport") => Line::RestoreReport(json_init_report(record)),
        Some("platform.start") => record["requestId"].as_str().and_then(request_id).map_or(Line::Unparsed, |request_id| Line::Start { request_id }),
        Some("platform.end") => record["requestId"].as_str().and_then(request_id).map_or(Line::Unparsed, |request_id| Line::End { request_id }),
        Some("platform.report") => json_report(record).map_or(Line::Unparsed, Line::Report),
        // The record of a fault is the text the old format prints.
        Some("platform.fault") => record.as_str().and_then(exited).unwrap_or(Line::Platform),
        Some(kind) if kind.starts_with("platform.") => Line::Platform,
        _ => json_application(event),
    }
}

fn text_of(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn json_init_report(record: &Value) -> InitReport {
    InitReport {
        duration_ms: record.pointer("/metrics/durationMs").and_then(Value::as_f64).and_then(measured),
        in_invocation: record["phase"] == "invoke",
        status: status(record["status"].as_str().unwrap_or_default()),
        error_type: text_of(&record["errorType"]),
    }
}

fn json_report(record: &Value) -> Option<Report> {
    let metrics = &record["metrics"];
    // Documented integers arrive as floats at times, so every number is read as one.
    let optional = |name: &str| match &metrics[name] {
        Value::Null => Some(None),
        value => value.as_f64().and_then(measured).map(Some),
    };
    Some(Report {
        request_id: record["requestId"].as_str().and_then(request_id)?,
        duration_ms: metrics["durationMs"].as_f64().and_then(measured)?,
        billed_ms: optional("billedDurationMs")?,
        memory_mb: optional("memorySizeMB")?,
        max_memory_mb: optional("maxMemoryUsedMB")?,
        init_ms: optional("initDurationMs")?,
        restore_ms: optional("restoreDurationMs")?,
        status: status(record["status"].as_str().unwrap_or_default()),
        error_type: text_of(&record["errorType"]),
    })
}

fn json_application(event: &Value) -> Line {
    let body = match &event["record"] {
        record @ Value::Object(_) => record,
        _ => event,
    };
    let message = ["errorMessage", "message", "msg"].iter().find_map(|key| text_of(&body[*key])).or_else(|| text_of(&event["record"]));
    let request_id = ["requestId", "AWSRequestId", "aws_request_id", "function_request_id"].iter().find_map(|key| body[*key].as_str().and_then(request_id));
    if let Some(message) = &message {
        // Platform sentences also reach the log wrapped as a message.
        match timed_out(message).or_else(|| exited(message)) {
            Some(Line::TimedOut { request_id: inner, after_seconds }) => return Line::TimedOut { request_id: inner.or(request_id), after_seconds },
            Some(line) => return line,
            None => {}
        }
    }
    let level = ["level", "log_level", "levelname", "severity"].iter().find_map(|key| body[*key].as_str()).unwrap_or_default();
    let error_type = text_of(&body["errorType"]);
    let is_error = error_type.is_some() || ["ERROR", "FATAL", "CRITICAL"].iter().any(|bad| level.eq_ignore_ascii_case(bad));
    let text = [error_type, message].into_iter().flatten().collect::<Vec<_>>().join(": ");
    Line::Application(Application { request_id, is_error, text: if text.is_empty() { body.to_string() } else { text } })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const ID: &str = "e11db634-ef8a-4258-9d46-0b5e878cd834";

    #[test]
    fn a_report_reads_the_same_with_tabs_with_spaces_and_in_json() {
        let expected = Report {
            request_id: ID.into(),
            duration_ms: 2.85,
            billed_ms: Some(3156.0),
            memory_mb: Some(1024.0),
            max_memory_mb: Some(64.0),
            init_ms: Some(3152.18),
            status: Status::Error,
            error_type: Some("Runtime.OutOfMemory".into()),
            ..Report::default()
        };
        for message in [
            format!(
                "REPORT RequestId: {ID}\tDuration: 2.85 ms\tBilled Duration: 3156 ms\tMemory Size: 1024 MB\tMax Memory Used: 64 MB\tInit Duration: 3152.18 ms\tStatus: error\tError Type: Runtime.OutOfMemory\t\nXRAY TraceId: 1-5e1b4151-0c9d\tSampled: true"
            ),
            format!(
                "REPORT RequestId: {ID} Duration: 2.85 ms Billed Duration: 3156 ms \tMemory Size: 1024 MB Max Memory Used: 64 MB Init Duration: 3152.18ms Status: error ErrorType: Runtime.OutOfMemory\n"
            ),
            format!(
                "{{\"time\":\"2024-12-06T16:35:01.725Z\",\"type\":\"platform.report\",\"record\":{{\"requestId\":\"{ID}\",\"status\":\"error\",\"errorType\":\"Runtime.OutOfMemory\",\"metrics\":{{\"durationMs\":2.85,\"billedDurationMs\":3156.0,\"memorySizeMB\":1024,\"maxMemoryUsedMB\":64,\"initDurationMs\":3152.18}}}}}}"
            ),
        ] {
            assert_eq!(parse(&message), Line::Report(expected.clone()), "{message}");
        }
    }

    #[test]
    fn every_platform_line_is_known_in_both_formats() {
        let request_id = ID.to_owned();
        let cases = [
            ("INIT_START Runtime Version: python:3.12.v38\tRuntime Version ARN: arn:aws:lambda:ap-northeast-2::runtime:abc".to_owned(), Line::InitStart),
            (r#"{"time":"t","type":"platform.initStart","record":{"initializationType":"on-demand"}}"#.to_owned(), Line::InitStart),
            (format!("START RequestId: {ID} Version: $LATEST"), Line::Start { request_id: request_id.clone() }),
            (format!("END RequestId: {ID}"), Line::End { request_id: request_id.clone() }),
            (format!("2024-12-27T02:22:50.217Z {ID} Task timed out after 30.03 seconds\n\n"), Line::TimedOut { request_id: Some(request_id.clone()), after_seconds: 30.03 }),
            (format!("[1735266170217] 2024-12-27T02:22:50.217Z {ID} Task timed out after 30.03 seconds"), Line::TimedOut { request_id: Some(request_id.clone()), after_seconds: 30.03 }),
            (format!(r#"{{"level":"ERROR","requestId":"{ID}","message":"Task timed out after 3.00 seconds"}}"#), Line::TimedOut { request_id: Some(request_id.clone()), after_seconds: 3.0 }),
            (format!("RequestId: {ID} Error: Runtime exited with error: signal: killed\nRuntime.ExitError"), Line::Exited { request_id: Some(request_id.clone()), how: "error: signal: killed".into() }),
            (format!(r#"{{"type":"platform.fault","record":"RequestId: {ID}\tError: Runtime exited with error: exit status 255\nRuntime.ExitError"}}"#), Line::Exited { request_id: Some(request_id), how: "error: exit status 255".into() }),
            ("INIT_REPORT Init Duration: 10000.12 ms\tPhase: init\tStatus: timeout".to_owned(), Line::InitReport(InitReport { duration_ms: Some(10000.12), status: Status::Timeout, ..InitReport::default() })),
            (r#"{"type":"platform.initReport","record":{"phase":"invoke","status":"error","errorType":"Runtime.ImportModuleError","metrics":{"durationMs":12.5}}}"#.to_owned(), Line::InitReport(InitReport { duration_ms: Some(12.5), in_invocation: true, status: Status::Error, error_type: Some("Runtime.ImportModuleError".into()) })),
            ("EXTENSION\tName: collector\tState: Ready\tEvents: [INVOKE, SHUTDOWN]".to_owned(), Line::Platform),
        ];
        for (message, expected) in cases {
            assert_eq!(parse(&message), expected, "{message}");
        }
    }

    #[test]
    fn what_only_looks_like_a_platform_line_is_counted_as_unparsed_or_left_to_the_application() {
        for message in [
            "REPORT RequestId: ",
            "REPORT RequestId: x Duration: NaN ms",
            "REPORT RequestId: x Duration: -5 ms",
            "REPORT RequestId: x Duration: 1e300 ms",
            "START RequestId: ",
            r#"{"type":"platform.report","record":{"requestId":"x"}}"#,
        ] {
            assert_eq!(parse(message), Line::Unparsed, "{message}");
        }
        for message in ["", "REPORT of the day", "Instancing..", "{\"type\":\"platform.report\"", "START here", "\u{0}\u{1}"] {
            assert!(matches!(parse(message), Line::Application(_)), "{message}");
        }
    }

    proptest! {
        #[test]
        fn no_message_can_stop_the_reader(message in any::<Vec<u8>>()) {
            parse(&String::from_utf8_lossy(&message));
        }

        #[test]
        fn no_cut_of_a_real_line_can_stop_the_reader(cut in 0usize..400, garbage in "\\PC{0,40}") {
            let line = format!("REPORT RequestId: {ID}\tDuration: 2.85 ms\tBilled Duration: 3156 ms\tMemory Size: 1024 MB\tMax Memory Used: 64 MB\tInit Duration: 3152.18 ms");
            let cut = cut.min(line.len());
            parse(&format!("{}{garbage}", &line[..cut]));
        }
    }
}
