//! Lines of the JSON format, and text that a collector wrapped in JSON.

use std::borrow::Cow;

use serde_json::Value;

use super::super::fields::{error_type, measured};
use super::super::wrapper;
use super::application::ApplicationLine;
use super::envelope::{self, Content};
use super::logged::{self, id, string};
use super::meaning::{InitReport, LogLine, PlatformStatus, ReportLine, RuntimeVersion};
use super::text::{self, ready};

pub(super) fn parse(event: &str) -> LogLine<'_> {
    let Ok(object @ Value::Object(_)) = serde_json::from_str::<Value>(event) else {
        // Half an object that says it is the platform's, or nothing that was ever one.
        let claims = event.contains("\"platform.")
            || serde_json::from_str::<Value>(event).is_err_and(|error| error.is_eof() && event.starts_with("{\""));
        return if claims { LogLine::Unparsed } else { LogLine::Application(ApplicationLine::of_text(event)) };
    };
    if !envelope::is_telemetry(&object) {
        match envelope::content(&object, event) {
            Some(Content::Telemetry(inner)) => return of_object(&inner),
            Some(Content::Text(line)) => return owned(text::parse(&line)),
            None => {}
        }
    }
    of_object(&object)
}

fn of_object(event: &Value) -> LogLine<'static> {
    let record = &event["record"];
    match event["type"].as_str() {
        Some("platform.initStart") => LogLine::InitStart(runtime(record)),
        Some("platform.restoreStart") => LogLine::RestoreStart(RuntimeVersion { ahead: true, ..runtime(record) }),
        Some("platform.initReport") => LogLine::InitReport(init_report(record)),
        Some("platform.restoreReport") => LogLine::RestoreReport(init_report(record)),
        // Failures are said again by the report; where it never comes, this is all there is.
        Some("platform.start" | "platform.invokeStart") => boundary(record, true),
        Some("platform.end") => boundary(record, false),
        Some("platform.report") => report(record).unwrap_or(LogLine::Unparsed),
        // A web function answers many requests until it is stopped. The figures of its end are no invocation's, but a
        // bad end is one.
        Some("platform.invokeReport") if PlatformStatus::of(record["status"].as_str().unwrap_or_default()).is_bad() => {
            report(record).unwrap_or(LogLine::Platform)
        }
        Some("platform.extension") => {
            let error_type = kind(&record["errorType"]);
            let failed =
                record["state"].as_str().is_some_and(|state| state.ends_with("Error") || state.ends_with("Failed"));
            let ready = ready(record["state"].as_str().unwrap_or_default());
            LogLine::Extension { failed: failed || error_type.is_some(), error_type: error_type.map(Cow::Owned), ready }
        }
        Some("platform.logsDropped") => LogLine::LogsDropped { records: record["droppedRecords"].as_u64() },
        // The record of a fault is the text the old format prints.
        Some("platform.fault") => record.as_str().and_then(text::ended).map_or(LogLine::Platform, owned),
        Some(kind) if kind.starts_with("platform.") => LogLine::Platform,
        _ => application(event),
    }
}

/// The same line, with texts of its own.
fn owned(line: LogLine<'_>) -> LogLine<'static> {
    let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
    match line {
        LogLine::Ended { request_id, how, error_type } => {
            LogLine::Ended { request_id: request_id.map(own), how: own(how), error_type: error_type.map(own) }
        }
        LogLine::TimedOut { request_id, after_seconds } => {
            LogLine::TimedOut { request_id: request_id.map(own), after_seconds }
        }
        LogLine::Start { request_id, version } => {
            LogLine::Start { request_id: request_id.map(own), version: version.map(own) }
        }
        LogLine::End { request_id } => LogLine::End { request_id: request_id.map(own) },
        LogLine::Report { request_id, report } => LogLine::Report { request_id: request_id.map(own), report },
        LogLine::InitStart(runtime) => LogLine::InitStart(own_runtime(runtime)),
        LogLine::RestoreStart(runtime) => LogLine::RestoreStart(own_runtime(runtime)),
        LogLine::InitReport(report) => LogLine::InitReport(report),
        LogLine::RestoreReport(report) => LogLine::RestoreReport(report),
        LogLine::Extension { error_type, failed, ready } => {
            LogLine::Extension { error_type: error_type.map(own), failed, ready }
        }
        LogLine::RuntimeClient { status } => LogLine::RuntimeClient { status },
        LogLine::LogsDropped { records } => LogLine::LogsDropped { records },
        LogLine::Platform => LogLine::Platform,
        LogLine::Unparsed => LogLine::Unparsed,
        LogLine::Application(application) => LogLine::Application(application.into_owned()),
    }
}

fn own_runtime(runtime: RuntimeVersion<'_>) -> RuntimeVersion<'static> {
    let own = |text: Cow<'_, str>| Cow::Owned(text.into_owned());
    RuntimeVersion {
        on_node: runtime.on_node,
        version: runtime.version.map(own),
        function: runtime.function.map(own),
        ahead: runtime.ahead,
    }
}

fn kind(value: &Value) -> Option<String> {
    value.as_str().and_then(error_type).map(Cow::into_owned)
}

fn boundary(record: &Value, start: bool) -> LogLine<'static> {
    match id(&record["requestId"]) {
        None => LogLine::Unparsed,
        Some(request_id) if start => {
            LogLine::Start { request_id: Some(request_id), version: string(&record["version"]).map(Cow::Owned) }
        }
        Some(request_id) => LogLine::End { request_id: Some(request_id) },
    }
}

fn runtime(record: &Value) -> RuntimeVersion<'static> {
    let version = string(&record["runtimeVersionArn"]).or_else(|| string(&record["runtimeVersion"]));
    let ahead = matches!(record["initializationType"].as_str(), Some("provisioned-concurrency" | "snap-start"));
    let on_node = record["runtimeVersion"].as_str().and_then(RuntimeVersion::names_node);
    RuntimeVersion {
        on_node,
        version: version.map(Cow::Owned),
        function: string(&record["functionName"]).map(Cow::Owned),
        ahead,
    }
}

fn init_report(record: &Value) -> InitReport {
    InitReport {
        duration_ms: record.pointer("/metrics/durationMs").and_then(Value::as_f64).and_then(measured),
        in_invocation: record["phase"] == "invoke",
        ahead: matches!(record["initializationType"].as_str(), Some("provisioned-concurrency" | "snap-start")),
        status: PlatformStatus::of(record["status"].as_str().unwrap_or_default()),
        error_type: kind(&record["errorType"]),
    }
}

fn report(record: &Value) -> Option<LogLine<'static>> {
    let metrics = &record["metrics"];
    // Documented integers arrive as floats at times, so every number is read as one.
    let optional = |name: &str| match &metrics[name] {
        Value::Null => Some(None),
        value => value.as_f64().and_then(measured).map(Some),
    };
    let extension =
        record["spans"].as_array().and_then(|spans| spans.iter().find(|span| span["name"] == "extensionOverhead"));
    let report = ReportLine {
        duration_ms: metrics["durationMs"].as_f64().and_then(measured)?,
        billed_ms: optional("billedDurationMs")?,
        memory_mb: optional("memorySizeMB")?,
        max_memory_mb: optional("maxMemoryUsedMB")?,
        init_ms: optional("initDurationMs")?,
        restore_ms: optional("restoreDurationMs")?,
        of_emulator: false,
        extension_ms: extension.and_then(|span| span["durationMs"].as_f64()).and_then(measured),
        status: PlatformStatus::of(record["status"].as_str().unwrap_or_default()),
        error_type: kind(&record["errorType"]),
    };
    Some(LogLine::Report { request_id: Some(id(&record["requestId"])?), report })
}

fn application(event: &Value) -> LogLine<'static> {
    let body = logged::body(event);
    let message = logged::message(event, body);
    if let Some(message) = &message {
        // A collector wrapped a line of the platform in an object of its own.
        let inner = wrapper::strip(message).text;
        if wrapper::is_platform(inner) && !inner.starts_with("RequestId:") {
            return owned(text::parse(inner));
        }
        let request_id = logged::request_id_of(body);
        match text::timed_out(message).or_else(|| text::ended(message)).map(owned) {
            Some(LogLine::TimedOut { request_id: inner, after_seconds }) => {
                return LogLine::TimedOut { request_id: inner.or(request_id), after_seconds };
            }
            // The type stands beside the message.
            Some(LogLine::Ended { request_id: inner, how, error_type }) => {
                return LogLine::Ended {
                    request_id: inner.or(request_id),
                    how,
                    error_type: error_type.or_else(|| kind(&body["errorType"]).map(Cow::Owned)),
                };
            }
            Some(line) => return line,
            None => {}
        }
    }
    LogLine::Application(logged::application(event, body, message))
}
