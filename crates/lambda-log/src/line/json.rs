//! Lines of the JSON format, and text that a collector wrapped in JSON.

use std::borrow::Cow;

use serde_json::Value;

use super::super::fields::{error_type, measured, request_id};
use super::super::wrapper;
use super::application::{Application, Level};
use super::meaning::{InitReport, Line, Report, RuntimeVersion, Status};
use super::text;

pub(super) fn parse(event: &str) -> Line<'_> {
    let Ok(object @ Value::Object(_)) = serde_json::from_str::<Value>(event) else {
        // Half an object that says it is the platform's, or nothing that was ever one.
        let claims = event.contains("\"platform.") || serde_json::from_str::<Value>(event).is_err_and(|error| error.is_eof() && event.starts_with("{\""));
        return if claims { Line::Unparsed } else { Line::Application(Application::of_text(event)) };
    };
    of_object(&object)
}

fn of_object(event: &Value) -> Line<'static> {
    let record = &event["record"];
    match event["type"].as_str() {
        Some("platform.initStart") => Line::InitStart(runtime(record)),
        Some("platform.restoreStart") => Line::RestoreStart(RuntimeVersion { ahead: true, ..runtime(record) }),
        Some("platform.initReport") => Line::InitReport(init_report(record)),
        Some("platform.restoreReport") => Line::RestoreReport(init_report(record)),
        // Failures are said again by the report; where it never comes, this is all there is.
        Some("platform.start" | "platform.invokeStart") => boundary(record, true),
        Some("platform.end") => boundary(record, false),
        Some("platform.report") => report(record).unwrap_or(Line::Unparsed),
        Some("platform.extension") => {
            let error_type = kind(&record["errorType"]);
            let failed = record["state"].as_str().is_some_and(|state| state.ends_with("Error") || state.ends_with("Failed"));
            Line::Extension { failed: failed || error_type.is_some(), error_type: error_type.map(Cow::Owned) }
        }
        Some("platform.logsDropped") => Line::LogsDropped { records: record["droppedRecords"].as_u64() },
        // The record of a fault is the text the old format prints.
        Some("platform.fault") => record.as_str().and_then(text::ended).map_or(Line::Platform, owned),
        Some(kind) if kind.starts_with("platform.") => Line::Platform,
        _ => application(event),
    }
}

/// The same line, with texts of its own.
fn owned(line: Line<'_>) -> Line<'static> {
    let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
    match line {
        Line::Ended { request_id, how, error_type } => Line::Ended { request_id: request_id.map(own), how: own(how), error_type: error_type.map(own) },
        Line::TimedOut { request_id, after_seconds } => Line::TimedOut { request_id: request_id.map(own), after_seconds },
        Line::Start { request_id, version } => Line::Start { request_id: request_id.map(own), version: version.map(own) },
        Line::End { request_id } => Line::End { request_id: request_id.map(own) },
        Line::Report { request_id, report } => Line::Report { request_id: request_id.map(own), report },
        Line::InitStart(runtime) => Line::InitStart(own_runtime(runtime)),
        Line::RestoreStart(runtime) => Line::RestoreStart(own_runtime(runtime)),
        Line::InitReport(report) => Line::InitReport(report),
        Line::RestoreReport(report) => Line::RestoreReport(report),
        Line::Extension { error_type, failed } => Line::Extension { error_type: error_type.map(own), failed },
        Line::RuntimeClient { status } => Line::RuntimeClient { status },
        Line::LogsDropped { records } => Line::LogsDropped { records },
        Line::Platform => Line::Platform,
        Line::Unparsed => Line::Unparsed,
        Line::Application(application) => Line::Application(application.into_owned()),
    }
}

fn own_runtime(runtime: RuntimeVersion<'_>) -> RuntimeVersion<'static> {
    let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
    RuntimeVersion { on_node: runtime.on_node, version: runtime.version.map(own), function: runtime.function.map(own), ahead: runtime.ahead }
}

fn string(value: &Value) -> Option<String> {
    value.as_str().filter(|text| !text.is_empty()).map(str::to_owned)
}

fn kind(value: &Value) -> Option<String> {
    value.as_str().and_then(error_type).map(Cow::into_owned)
}

fn id(value: &Value) -> Option<Cow<'static, str>> {
    value.as_str().and_then(request_id).map(|id| Cow::Owned(id.to_owned()))
}

fn boundary(record: &Value, start: bool) -> Line<'static> {
    match id(&record["requestId"]) {
        None => Line::Unparsed,
        Some(request_id) if start => Line::Start { request_id: Some(request_id), version: string(&record["version"]).map(Cow::Owned) },
        Some(request_id) => Line::End { request_id: Some(request_id) },
    }
}

fn runtime(record: &Value) -> RuntimeVersion<'static> {
    let version = string(&record["runtimeVersionArn"]).or_else(|| string(&record["runtimeVersion"]));
    let ahead = matches!(record["initializationType"].as_str(), Some("provisioned-concurrency" | "snap-start"));
    let on_node = record["runtimeVersion"].as_str().and_then(RuntimeVersion::names_node);
    RuntimeVersion { on_node, version: version.map(Cow::Owned), function: string(&record["functionName"]).map(Cow::Owned), ahead }
}

fn init_report(record: &Value) -> InitReport {
    InitReport {
        duration_ms: record.pointer("/metrics/durationMs").and_then(Value::as_f64).and_then(measured),
        in_invocation: record["phase"] == "invoke",
        ahead: matches!(record["initializationType"].as_str(), Some("provisioned-concurrency" | "snap-start")),
        status: Status::of(record["status"].as_str().unwrap_or_default()),
        error_type: kind(&record["errorType"]),
    }
}

fn report(record: &Value) -> Option<Line<'static>> {
    let metrics = &record["metrics"];
    // Documented integers arrive as floats at times, so every number is read as one.
    let optional = |name: &str| match &metrics[name] {
        Value::Null => Some(None),
        value => value.as_f64().and_then(measured).map(Some),
    };
    let extension = record["spans"].as_array().and_then(|spans| spans.iter().find(|span| span["name"] == "extensionOverhead"));
    let report = Report {
        duration_ms: metrics["durationMs"].as_f64().and_then(measured)?,
        billed_ms: optional("billedDurationMs")?,
        memory_mb: optional("memorySizeMB")?,
        max_memory_mb: optional("maxMemoryUsedMB")?,
        init_ms: optional("initDurationMs")?,
        restore_ms: optional("restoreDurationMs")?,
        extension_ms: extension.and_then(|span| span["durationMs"].as_f64()).and_then(measured),
        status: Status::of(record["status"].as_str().unwrap_or_default()),
        error_type: kind(&record["errorType"]),
    };
    Some(Line::Report { request_id: Some(id(&record["requestId"])?), report })
}

const LEVELS: [&str; 5] = ["level", "log_level", "levelname", "severity", "lvl"];
const MESSAGES: [&str; 8] = ["errorMessage", "message", "@message", "msg", "log", "event", "error", "cause"];
const IDS: [&str; 6] = ["requestId", "AWSRequestId", "aws_request_id", "function_request_id", "request_id", "awsRequestId"];

fn application(event: &Value) -> Line<'static> {
    // A Telemetry record, or the failure as Step Functions hands it on.
    let body = match (&event["record"], &event["cause"]) {
        (record @ Value::Object(_), _) => record,
        (_, cause @ Value::Object(_)) if cause["errorMessage"].is_string() && event["errorMessage"].is_null() => cause,
        _ => event,
    };
    let message = string(&event["record"]).or_else(|| MESSAGES.iter().find_map(|key| string(&body[*key])));
    let request_id = IDS.iter().find_map(|key| id(&body[*key]));
    if let Some(message) = &message {
        // A collector wrapped a line of the platform in an object of its own.
        let inner = wrapper::strip(message).text;
        if wrapper::is_platform(inner) && !inner.starts_with("RequestId:") {
            return owned(text::parse(inner));
        }
        match text::timed_out(message).or_else(|| text::ended(message)).map(owned) {
            Some(Line::TimedOut { request_id: inner, after_seconds }) => return Line::TimedOut { request_id: inner.or(request_id), after_seconds },
            // The type stands beside the message.
            Some(Line::Ended { request_id: inner, how, error_type }) => {
                return Line::Ended { request_id: inner.or(request_id), how, error_type: error_type.or_else(|| kind(&body["errorType"]).map(Cow::Owned)) };
            }
            Some(line) => return line,
            None => {}
        }
    }
    let error_type = string(&body["errorType"]).or_else(|| string(&body["error_type"]));
    // With its stack at the top of the object it is the runtime that reports an error nobody caught.
    let has_stack = ["stackTrace", "stack", "trace"].iter().any(|key| !body[*key].is_null());
    let level = LEVELS.iter().find_map(|key| body[*key].as_str()).map(Level::of).unwrap_or_default();
    let logged = level != Level::Unknown && !has_stack || ["logger", "location", "service", "xray_trace_id"].iter().any(|key| !body[*key].is_null());
    let unhandled = error_type.is_some() && (has_stack || body.get("errorMessage").is_some()) && !logged
        // The signal by which an environment is shut down is no error of anybody.
        && !(error_type.as_deref().is_some_and(|kind| kind.contains("SignalException")) && message.as_deref() == Some("SIGTERM"));
    // What the error was is first; what else the object says follows, for the words in it.
    let mut text = [error_type.clone(), message].into_iter().flatten().collect::<Vec<_>>().join(": ");
    let rest = body.to_string();
    if text.is_empty() {
        text = rest;
    } else if error_type.is_some() || level >= Level::Warning {
        text = format!("{text}\n{rest}");
    }
    let mut application = Application::of_text(&text).into_owned();
    application.request_id = request_id.or(application.request_id);
    application.level = if error_type.is_some() && level == Level::Unknown { Level::Error } else { level };
    application.unhandled = unhandled || (application.unhandled && !logged);
    Line::Application(application)
}
