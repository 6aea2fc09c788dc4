//! Events of the platform inside the objects of those that collect and forward logs.

use serde_json::Value;

use super::super::wrapper;
use super::text;

/// How many objects, or texts that hold one, an event may be in.
const DEEPEST: u32 = 4;

/// Keys of an object by which a line is one of the application's own. What it quotes is no event of this function.
const OF_APPLICATION: [&str; 6] =
    ["requestId", "AWSRequestId", "aws_request_id", "function_request_id", "request_id", "awsRequestId"];

/// Whether an object is an event of the Telemetry API: `{"type": "platform.report", "record": {…}}`.
pub(super) fn is_telemetry(value: &Value) -> bool {
    let kind = value["type"].as_str().unwrap_or_default();
    let is_kind =
        kind.starts_with("platform.") || (matches!(kind, "function" | "extension") && value["time"].is_string());
    is_kind && !value["record"].is_null()
}

/// What an envelope holds.
#[derive(Debug, PartialEq)]
pub(super) enum Content {
    /// An event of the Telemetry API.
    Telemetry(Value),
    /// A line of the platform in the text format.
    Text(String),
}

/// Whether the text of an object has a word without which nothing of the platform is in it.
pub(crate) fn may_hold(event: &str) -> bool {
    ["platform.", "record", "RequestId:", "INIT_", "RESTORE_"].iter().any(|word| event.contains(word))
}

/// The event of the platform in an envelope. `event` is the text of `object`.
pub(super) fn content(object: &Value, event: &str) -> Option<Content> {
    let may_hold = may_hold(event);
    // An error that was handed to the caller quotes the platform in its message.
    if !may_hold || object["errorType"].is_string() || OF_APPLICATION.iter().any(|key| object[*key].is_string()) {
        return None;
    }
    inside(object, DEEPEST)
}

fn inside(value: &Value, depth: u32) -> Option<Content> {
    let depth = depth.checked_sub(1)?;
    let of = |value: &Value| match value {
        Value::Object(_) if is_telemetry(value) => Some(Content::Telemetry(value.clone())),
        Value::Object(_) | Value::Array(_) => inside(value, depth),
        Value::String(text) => in_text(text, depth),
        _ => None,
    };
    match value {
        Value::Object(members) => members.values().find_map(of),
        Value::Array(elements) => elements.iter().find_map(of),
        _ => None,
    }
}

fn in_text(text: &str, depth: u32) -> Option<Content> {
    let text = text.trim_ascii();
    if text.starts_with('{') {
        let object: Value = serde_json::from_str(text).ok().filter(Value::is_object)?;
        return if is_telemetry(&object) { Some(Content::Telemetry(object)) } else { inside(&object, depth) };
    }
    // Only a time may stand before it: an application quotes in the middle of a sentence.
    let stripped = wrapper::strip(text);
    let begins = wrapper::is_platform(text) || (stripped.timed && wrapper::is_platform(stripped.text));
    let is_line = begins || text::timed_out(stripped.text).is_some();
    is_line.then(|| Content::Text(stripped.text.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn an_event_of_the_platform_is_found_in_any_envelope() {
        let report =
            json!({"time": "2026-04-17T08:00:00.000Z", "type": "platform.report", "record": {"requestId": "a"}});
        let text = report.to_string();
        for envelope in [
            json!({"event": report, "source": "forwarder"}),
            json!({"message": text, "host": "h"}),
            json!({"_source": {"@timestamp": 1, "message": text}}),
            json!({"body": {"stringValue": text}}),
            json!({"log": json!({"message": text}).to_string()}),
            json!({"events": [report]}),
        ] {
            assert_eq!(
                content(&envelope, &envelope.to_string()),
                Some(Content::Telemetry(report.clone())),
                "{envelope}"
            );
        }
        let line = "REPORT RequestId: a\tDuration: 5.00 ms";
        for envelope in [json!({"_raw": line}), json!({"a": {"b": line}}), json!({"x": ["y", line]})] {
            assert_eq!(content(&envelope, &envelope.to_string()), Some(Content::Text(line.to_owned())), "{envelope}");
        }
    }

    #[test]
    fn what_an_application_logs_about_other_functions_is_its_own() {
        let report = json!({"time": "t", "type": "platform.report", "record": {}});
        for own in [
            json!({"level": "INFO", "requestId": "a", "message": {"got": report}}),
            json!({"message": "forwarded 3 lines such as REPORT RequestId: a", "service": "s"}),
            json!({"type": "function", "record": "no time"}),
        ] {
            assert_eq!(content(&own, &own.to_string()), None, "{own}");
        }
    }
}
