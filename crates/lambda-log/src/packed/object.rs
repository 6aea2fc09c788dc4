//! One object a line around each line of a log, as container engines and Loki write them: `{"log": "…", "stream":
//! "stdout", "time": "…"}`, `{"timestamp": "…", "labels": {…}, "line": "…"}`.

use serde_json::{Map, Value};

use super::event::{PackedEvent, function_of, point_in_time, stream_of};
use model::moment;

const LINES: [&str; 2] = ["line", "log"];
const TIMES: [&str; 5] = ["timestamp", "time", "ts", "@timestamp", "date"];

/// Members of what an application logs itself: with one of these an object is the line, and not around one.
const OF_APPLICATION: [&str; 16] = [
    "level",
    "severity",
    "lvl",
    "levelname",
    "log_level",
    "logger",
    "msg",
    "message",
    "requestId",
    "AWSRequestId",
    "function_request_id",
    "errorType",
    "errorMessage",
    "error",
    "type",
    "record",
];

/// What was around a line, and the line.
#[derive(Debug, PartialEq)]
pub(super) struct PackedObject {
    at_ms: Option<i64>,
    function: Option<String>,
    stream: Option<String>,
    line: String,
}

impl PackedObject {
    pub(super) fn as_packed(&self) -> PackedEvent<'_> {
        PackedEvent {
            at_ms: self.at_ms,
            function: self.function.as_deref(),
            stream: self.stream.as_deref(),
            message: &self.line,
        }
    }
}

/// The line in an object that has a time, a line, and otherwise only labels.
pub(super) fn unpack(text: &str) -> Option<PackedObject> {
    let text = text.trim_ascii();
    if !text.starts_with('{') || !LINES.iter().any(|name| text.contains(&format!("\"{name}\""))) {
        return None;
    }
    let Ok(Value::Object(members)) = serde_json::from_str::<Value>(text) else { return None };
    let is_own = |name: &str| members.contains_key(name);
    if OF_APPLICATION.iter().any(|name| is_own(name)) || LINES.iter().all(|name| is_own(name)) {
        return None;
    }
    let line = LINES.iter().find_map(|name| members.get(*name))?.as_str()?;
    let at_ms = TIMES.iter().find_map(|name| members.get(*name)).and_then(time)?;
    let are_labels = members.iter().filter(|(name, _)| !LINES.contains(&name.as_str())).all(|(name, value)| {
        TIMES.contains(&name.as_str()) || matches!(value, Value::Object(_) | Value::String(_) | Value::Null)
    });
    let mut found = PackedObject { at_ms: Some(at_ms), function: None, stream: None, line: line.to_owned() };
    label(&members, &mut found);
    are_labels.then_some(found)
}

/// The function and the stream that a label names.
fn label(members: &Map<String, Value>, found: &mut PackedObject) {
    for (name, value) in members {
        match value {
            Value::String(text) if !LINES.contains(&name.as_str()) => {
                if let Some(function) = function_of(text) {
                    found.function = Some(function.to_owned());
                } else if let Some(stream) = stream_of(text) {
                    found.stream = Some(stream.to_owned());
                }
            }
            Value::Object(inner) => label(inner, found),
            _ => {}
        }
    }
}

/// A time as a text or as a number of seconds, milliseconds, microseconds or nanoseconds since 1970.
fn time(value: &Value) -> Option<i64> {
    let number = match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) if text.bytes().all(|byte| byte.is_ascii_digit()) => text.parse().ok(),
        Value::String(text) => {
            return moment::leading(text).filter(|found| found.rest.is_empty())?.at_ms.and_then(point_in_time);
        }
        _ => None,
    }?;
    // The more digits, the smaller the unit.
    let in_ms = match number.unsigned_abs().checked_ilog10()? {
        0..=10 => number.checked_mul(1000)?,
        11..=13 => number,
        14..=16 => number / 1000,
        _ => number / 1_000_000,
    };
    point_in_time(in_ms)
}
