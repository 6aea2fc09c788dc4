//! What Slack does not take: messages that are too large, calls without a right, and too many of them.

use serde_json::{Value, json};

use super::Answer;

/// HTTP 429, as Slack answers it.
pub(super) fn too_many(seconds: u32) -> Answer {
    Answer {
        status: 429,
        headers: vec![("Retry-After", seconds.to_string())],
        body: json!({"ok": false, "error": "ratelimited"}),
    }
}

/// A right that the token lacks.
pub(super) fn missing_scope(needed: &str, scopes: &[&str]) -> Answer {
    Answer::ok(json!({"ok": false, "error": "missing_scope", "needed": needed, "provided": scopes.join(",")}))
}

/// The error word for blocks that Slack does not take.
pub(crate) fn complaint(blocks: &Value) -> Option<&'static str> {
    let Some(blocks) = blocks.as_array() else { return Some("invalid_blocks_format") };
    if blocks.is_empty() || blocks.len() > 50 {
        return Some("invalid_blocks");
    }
    let mut total = 0;
    for block in blocks {
        let Some(text) = text_of(block) else { return Some("invalid_blocks") };
        // Slack does not say in which unit it counts; UTF-16 units are never fewer than characters.
        let length = text.encode_utf16().count();
        let most = match block["type"].as_str() {
            Some("header") => 150,
            Some("section" | "context") => 3000,
            _ => return Some("invalid_blocks"),
        };
        if length == 0 || length > most {
            return Some("invalid_blocks");
        }
        total += length;
    }
    (total >= 13_200).then_some("msg_blocks_too_long")
}

/// The text of a block.
pub(crate) fn text_of(block: &Value) -> Option<&str> {
    block["text"]["text"].as_str().or_else(|| block["elements"][0]["text"].as_str())
}
