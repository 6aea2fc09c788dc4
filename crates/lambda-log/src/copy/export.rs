//! The events that an export holds: an object or a list of objects, as the CLI, Logs Insights and collectors write
//! them.

use chrono::DateTime;
use serde_json::Value;

use super::event::{CopiedEvent, EventSink, OwnedEvent};
use crate::fields::function_name;
use model::moment;

/// An object that is complete: an exported event, several of them, or a line of the log that is JSON itself.
pub(super) fn expand(kept: &OwnedEvent, field_at: &mut Option<i64>, out: &mut dyn EventSink) {
    let text = kept.text.trim_ascii().trim_end_matches(',');
    let mut found = 0u64;
    if text.starts_with(['{', '['])
        && let Ok(value) = serde_json::from_str::<Value>(text)
    {
        exported(&value, kept, field_at, &mut |event| {
            // The lines of the copy are counted once, whatever number of events they hold.
            out.event(CopiedEvent { lines: if found == 0 { kept.lines } else { 0 }, ..event });
            found += 1;
        });
        if found == 0 {
            if is_field(&value) {
                // A column of a row that says nothing by itself.
                out.event(CopiedEvent { text: "", ..kept.as_event() });
            } else {
                out.event(CopiedEvent { text, ..kept.as_event() });
            }
        }
        return;
    }
    out.event(kept.as_event());
}

fn is_field(value: &Value) -> bool {
    value.get("field").is_some_and(Value::is_string) && value.get("value").is_some()
}

/// Gives every event that an export holds.
fn exported(value: &Value, kept: &OwnedEvent, field_at: &mut Option<i64>, give: &mut dyn FnMut(CopiedEvent<'_>)) {
    match value {
        Value::Array(elements) => elements.iter().for_each(|element| exported(element, kept, field_at, give)),
        Value::Object(object) => {
            for list in ["events", "results", "logEvents"] {
                if let Some(Value::Array(elements)) = object.get(list) {
                    let inherited = OwnedEvent {
                        stream: word(value, "logStream").unwrap_or(&kept.stream).to_owned(),
                        function: word(value, "logGroup").map_or(kept.function.as_str(), function_of_group).to_owned(),
                        ..kept.clone()
                    };
                    elements.iter().for_each(|element| exported(element, &inherited, field_at, give));
                    return;
                }
            }
            // A row of Insights as its API gives it: one object a column.
            if is_field(value) {
                let text = word(value, "value").unwrap_or_default();
                match word(value, "field") {
                    Some("@timestamp") => *field_at = moment::leading(text).and_then(|found| found.at_ms),
                    Some("@message") => give(CopiedEvent {
                        at_ms: field_at.or(kept.at_ms),
                        text: text.trim_ascii_end(),
                        ..kept.as_event()
                    }),
                    _ => {}
                }
                return;
            }
            let is_event =
                ["timestamp", "eventId", "ingestionTime", "logStreamName"].iter().any(|key| object.contains_key(*key))
                    && !object.contains_key("level")
                    && !object.contains_key("errorType");
            let message = word(value, "@message").or_else(|| word(value, "message").filter(|_| is_event));
            let Some(message) = message else { return };
            let time = ["@timestamp", "timestamp"].iter().find_map(|key| object.get(*key));
            let at_ms = time.and_then(|time| {
                time.as_i64().or_else(|| time.as_str().and_then(moment::leading).and_then(|found| found.at_ms))
            });
            give(CopiedEvent {
                at_ms: at_ms.filter(|ms| DateTime::from_timestamp_millis(*ms).is_some()).or(kept.at_ms),
                stream: word(value, "@logStream").or_else(|| word(value, "logStreamName")).unwrap_or(&kept.stream),
                function: word(value, "@log").map_or(kept.function.as_str(), function_of_group),
                text: message.trim_ascii_end(),
                lines: kept.lines,
                broken: false,
            });
        }
        _ => {}
    }
}

fn word<'a>(value: &'a Value, key: &str) -> Option<&'a str> {
    value.get(key).and_then(Value::as_str)
}

/// `123456789012:/aws/lambda/name`, or the group alone.
fn function_of_group(group: &str) -> &str {
    group.split_once("/aws/lambda/").and_then(|(_, name)| function_name(name)).unwrap_or_default()
}
