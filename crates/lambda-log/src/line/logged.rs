//! Lines of the application that are an object: the JSON format of the runtimes, and the layouts of the logging
//! libraries (Powertools, log4j, logback, Serilog, pino, Monolog, ECS, tracing and others). They differ in the names of
//! the members and in how a level is written.

use std::borrow::Cow;

use serde_json::Value;

use super::super::fields::request_id;
use super::application::{ApplicationLine, LogLevel, is_of_extension};

const LEVELS: [&str; 13] = [
    "level",
    "log_level",
    "levelname",
    "severity",
    "lvl",
    "Level",
    "@l",
    "logLevel",
    "loglevel",
    "level_name",
    "severityText",
    "log.level",
    "LogLevel",
];
pub(super) const MESSAGES: [&str; 14] = [
    "errorMessage",
    "message",
    "@message",
    "msg",
    "log",
    "event",
    "error",
    "cause",
    "@m",
    "RenderedMessage",
    "@mt",
    "MessageTemplate",
    "Message",
    "short_message",
];
pub(super) const IDS: [&str; 8] = [
    "requestId",
    "AWSRequestId",
    "aws_request_id",
    "function_request_id",
    "request_id",
    "awsRequestId",
    "AwsRequestId",
    "lambdaRequestId",
];
/// Members that hold an error: its text, or an object with its type, message and stack.
const ERRORS: [&str; 14] = [
    "exception",
    "exc_info",
    "stack_trace",
    "stackTrace",
    "stack",
    "thrown",
    "err",
    "error",
    "@x",
    "Exception",
    "stacktrace",
    "error.stack_trace",
    "error.message",
    "exc_text",
];
/// Members in which some libraries put what was logged.
const INNER: [&str; 5] = ["_source", "fields", "body", "event", "data"];
/// How deep an error may hold others as its cause.
const DEEPEST: u32 = 5;

/// The level of an object. Numbers are those of pino and bunyan (10 to 60), of Monolog (100 to 600) or of syslog.
pub(super) fn level(body: &Value) -> LogLevel {
    let of_number = |number: i64| match number {
        0..=3 | 50..=60 | 400..=600 => LogLevel::Error,
        4 | 40..=49 | 300..=399 => LogLevel::Warning,
        5..=6 | 30..=39 | 200..=299 => LogLevel::Info,
        7..=29 | 100..=199 => LogLevel::Debug,
        _ => LogLevel::Unknown,
    };
    let member = |key: &str| match &body[key] {
        Value::String(word) => Some(LogLevel::of(word)),
        Value::Number(number) => number.as_i64().map(of_number),
        _ => None,
    };
    // Serilog leaves the level of information out.
    let quiet = if body["@t"].is_string() { LogLevel::Info } else { LogLevel::Unknown };
    LEVELS.iter().find_map(|key| member(key)).unwrap_or(quiet)
}

pub(super) fn string(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

pub(super) fn id(value: &Value) -> Option<Cow<'static, str>> {
    value.as_str().and_then(request_id).map(|id| Cow::Owned(id.to_owned()))
}

pub(super) fn request_id_of(body: &Value) -> Option<Cow<'static, str>> {
    let inner = [&body["Properties"], &body["contextMap"], &body["mdc"], &body["lambda_context"], &body["span"]];
    std::iter::once(body).chain(inner).find_map(|body| IDS.iter().find_map(|key| id(&body[*key])))
}

/// The object that has the message: the record of a Telemetry event, the failure as Step Functions hands it on, or the
/// event itself.
pub(super) fn body(event: &Value) -> &Value {
    let has_message = |body: &Value| MESSAGES.iter().any(|key| body[*key].is_string());
    match (&event["record"], &event["cause"]) {
        (record @ Value::Object(_), _) => record,
        (_, cause @ Value::Object(_)) if cause["errorMessage"].is_string() && event["errorMessage"].is_null() => cause,
        // Node's runtime logs an error as the message.
        _ if event.pointer("/message/errorMessage").is_some_and(Value::is_string) => &event["message"],
        _ if has_message(event) => event,
        _ => INNER.iter().map(|key| &event[*key]).find(|inner| has_message(inner)).unwrap_or(event),
    }
}

pub(super) fn message(event: &Value, body: &Value) -> Option<String> {
    string(&event["record"]).or_else(|| MESSAGES.iter().find_map(|key| string(&body[*key])))
}

/// Every text of the error that was logged with a message, one a line.
fn errors(body: &Value) -> String {
    let mut texts = Vec::new();
    for member in ERRORS.iter().map(|key| &body[*key]) {
        collect(member, DEEPEST, &mut texts);
    }
    texts.join("\n")
}

fn collect<'a>(value: &'a Value, depth: u32, texts: &mut Vec<&'a str>) {
    let Some(depth) = depth.checked_sub(1) else { return };
    match value {
        Value::String(text) => texts.push(text),
        Value::Array(elements) => elements.iter().for_each(|element| collect(element, depth, texts)),
        Value::Object(members) => members.values().for_each(|member| collect(member, depth, texts)),
        _ => {}
    }
}

/// The line that an object is.
pub(super) fn application(event: &Value, body: &Value, message: Option<String>) -> ApplicationLine<'static> {
    let error_type = string(&body["errorType"]).or_else(|| string(&body["error_type"]));
    // With its stack at the top of the object it is the runtime that reports an uncaught error.
    let has_stack = ["stackTrace", "stack", "trace"].iter().any(|key| !body[*key].is_null());
    let level = match level(body) {
        LogLevel::Unknown => level(event),
        known => known,
    };
    // Node adds an error that the application logged to its message. Alone it is the runtime's, or logged as it is.
    let is_added = body["message"].is_string() && body["errorMessage"].is_string();
    let is_message = std::ptr::eq(body, &raw const event["message"]);
    let logged = (level != LogLevel::Unknown && (!has_stack || is_added || is_message))
        || ["logger", "location", "service", "xray_trace_id", "loggerName", "logger_name", "@t"]
            .iter()
            .any(|key| !body[*key].is_null());
    let unhandled = error_type.is_some() && (has_stack || body.get("errorMessage").is_some()) && !logged
        // The signal by which an environment is shut down is no error of anybody.
        && !(error_type.as_deref().is_some_and(|kind| kind.contains("SignalException")) && message.as_deref() == Some("SIGTERM"));
    // Rust's runtime reports what the handler returned, or an event that it could not read.
    let of_rust =
        level == LogLevel::Error && event["target"].as_str().is_some_and(|target| target.starts_with("lambda_runtime"));
    let unhandled = unhandled || of_rust;
    // What the error was is first; what else the object says follows, for the words in it.
    let mut text = [error_type.clone(), message].into_iter().flatten().collect::<Vec<_>>().join(": ");
    let rest = body.to_string();
    let errors = errors(body);
    if text.is_empty() {
        text = rest;
    } else if error_type.is_some() || level >= LogLevel::Warning || !errors.is_empty() {
        text = format!("{text}\n{rest}");
    }
    let mut application = ApplicationLine::of_text(&text).into_owned();
    if !errors.is_empty() {
        // Without the escapes of JSON, so that its lines are lines.
        application.text = Cow::Owned(format!("{}\n{errors}", application.text));
    }
    application.request_id = request_id_of(body).or_else(|| request_id_of(event)).or(application.request_id);
    application.level = if error_type.is_some() && level == LogLevel::Unknown { LogLevel::Error } else { level };
    application.by_shape &= !unhandled;
    application.unhandled = unhandled || (application.unhandled && !logged);
    application.of_extension = event["type"] == "extension" || is_of_extension(&application.text);
    application
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const ID: &str = "e11db634-ef8a-4258-9d46-0b5e878cd834";

    fn line(event: &Value) -> ApplicationLine<'static> {
        let body = body(event);
        application(event, body, message(event, body))
    }

    #[test]
    fn every_library_has_its_level_its_request_and_its_error_read() {
        let stack = "com.acme.NoStock: none left\n\tat com.acme.Orders.take(Orders.java:20)";
        for (event, level) in [
            (
                json!({"level": "ERROR", "location": "f:1", "message": "m", "service": "s", "function_request_id": ID, "exception": stack}),
                LogLevel::Error,
            ),
            (
                json!({"level": "ERROR", "message": "m", "service": "s", "requestId": ID, "error": {"name": "E", "stack": stack}}),
                LogLevel::Error,
            ),
            (
                json!({"level": "WARN", "loggerName": "c.A", "message": "m", "thrown": {"extendedStackTrace": stack}, "contextMap": {"AWSRequestId": ID}}),
                LogLevel::Warning,
            ),
            (
                json!({"@timestamp": "t", "log.level": "ERROR", "message": "m", "error.stack_trace": stack, "awsRequestId": ID}),
                LogLevel::Error,
            ),
            (json!({"@t": "t", "@mt": "m", "@l": "Fatal", "@x": stack, "AwsRequestId": ID}), LogLevel::Error),
            (json!({"@t": "t", "@mt": "m", "@x": stack, "AwsRequestId": ID}), LogLevel::Info),
            (
                json!({"Timestamp": "t", "Level": "Error", "MessageTemplate": "m", "Exception": stack, "Properties": {"AwsRequestId": ID}}),
                LogLevel::Error,
            ),
            (
                json!({"level": 40, "msg": "m", "err": {"message": "e", "stack": stack}, "requestId": ID}),
                LogLevel::Warning,
            ),
            (
                json!({"level": 400, "level_name": "ERROR", "message": "m", "exception": {"trace": [stack]}, "request_id": ID}),
                LogLevel::Error,
            ),
            (json!({"level": "error", "msg": "m", "stacktrace": stack, "requestId": ID}), LogLevel::Error),
            (
                json!({"level": "ERROR", "fields": {"message": "m", "err": stack}, "target": "orders", "span": {"requestId": ID}}),
                LogLevel::Error,
            ),
        ] {
            let read = line(&event);
            assert_eq!((read.level, read.request_id.as_deref(), read.unhandled), (level, Some(ID), false), "{event}");
            assert!(read.text.starts_with("m") && read.text.contains(stack), "{event}: {}", read.text);
        }
    }

    #[test]
    fn an_error_is_unhandled_where_the_runtime_reports_it_and_not_where_code_logs_it() {
        let error = json!({"errorType": "E", "errorMessage": "e", "stackTrace": ["at x"]});
        let with = |more: Value| {
            let mut event = error.clone();
            if let (Value::Object(event), Value::Object(more)) = (&mut event, more) {
                event.extend(more);
            }
            event
        };
        for (event, unhandled) in [
            (error.clone(), true),
            (with(json!({"log_level": "ERROR", "requestId": ID})), true),
            (json!({"level": "ERROR", "target": "lambda_runtime", "fields": {"message": "e"}}), true),
            (with(json!({"level": "ERROR", "message": "m", "requestId": ID})), false),
            (json!({"level": "ERROR", "message": error, "requestId": ID}), false),
            (with(json!({"level": "ERROR", "logger": "root", "requestId": ID})), false),
        ] {
            assert_eq!(line(&event).unhandled, unhandled, "{event}");
        }
    }

    #[test]
    fn what_an_extension_writes_is_its_own() {
        for (event, of_extension) in [
            (json!({"type": "extension", "time": "t", "record": "panic: no route"}), true),
            (json!({"type": "function", "time": "t", "record": "panic: no route"}), false),
            (json!({"type": "function", "time": "t", "record": "[trace-ext] no route"}), true),
        ] {
            assert_eq!(line(&event).of_extension, of_extension, "{event}");
        }
    }
}
