//! The methods.

use std::time::{Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use super::rules::{complaint, missing_scope, too_many};
use super::{Answer, CHANNEL, Call, Kept, Posted, Request, State, TOKEN, Uploaded, locked};

impl State {
    pub(super) fn answer(&self, request: &Request, call: &Call) -> Answer {
        let a = &call.arguments;
        if call.method == "upload" {
            return self.upload(request);
        }
        match request.header("authorization") {
            None => return Answer::word("not_authed"),
            Some(given) if given != format!("Bearer {TOKEN}") => return Answer::word("invalid_auth"),
            Some(_) => {}
        }
        let needed = match call.method.as_str() {
            "chat.postMessage" | "chat.update" => "chat:write",
            "conversations.history" | "conversations.replies" => "channels:history",
            "files.getUploadURLExternal" | "files.completeUploadExternal" => "files:write",
            _ => "",
        };
        if !needed.is_empty() && !self.options.scopes.contains(&needed) {
            return missing_scope(needed, &self.options.scopes);
        }
        let channel = a.get("channel").or(a.get("channel_id")).and_then(Value::as_str);
        if channel.is_some_and(|channel| channel != CHANNEL) {
            return Answer::word("channel_not_found");
        }
        let mut kept = locked(&self.kept);
        match call.method.as_str() {
            "auth.test" => {
                let scopes = vec![("X-OAuth-Scopes", self.options.scopes.join(","))];
                Answer { headers: scopes, ..Answer::ok(json!({"ok": true, "user": "monitor", "team": "Step by One"})) }
            }
            "chat.postMessage" => self.post(&mut kept, a),
            "chat.update" => update(&mut kept, a),
            "conversations.history" => {
                self.page(a, kept.messages.iter().rev().filter(|m| m.thread_ts.is_none() || m.broadcast))
            }
            "conversations.replies" => {
                let root = a["ts"].as_str().unwrap_or_default();
                if !kept.messages.iter().any(|message| message.ts == root) {
                    return Answer::word("thread_not_found");
                }
                self.page(a, kept.messages.iter().filter(|m| m.ts == root || m.thread_ts.as_deref() == Some(root)))
            }
            "files.getUploadURLExternal" => {
                let id = format!("F{:010}", kept.files.len());
                let length = a["length"].as_str().and_then(|length| length.parse().ok()).unwrap_or(0);
                let Some(name) = a["filename"].as_str().filter(|_| length > 0) else {
                    return Answer::word("missing_argument");
                };
                kept.files.insert(id.clone(), Uploaded { name: name.to_owned(), length, ..Uploaded::default() });
                Answer::ok(
                    json!({"ok": true, "file_id": id, "upload_url": format!("http://{}/upload/v1/{id}", self.address)}),
                )
            }
            "files.completeUploadExternal" => {
                let id = a["files"][0]["id"].as_str().unwrap_or_default();
                let Some(file) = kept.files.get_mut(id).filter(|file| file.came > 0) else {
                    return Answer::word("file_not_found");
                };
                file.shown = channel.map(|channel| (channel.to_owned(), a["thread_ts"].as_str().map(str::to_owned)));
                Answer::ok(json!({"ok": true, "files": [{"id": id}]}))
            }
            _ => Answer::word("unknown_method"),
        }
    }

    fn upload(&self, request: &Request) -> Answer {
        let id = request.path.rsplit('/').next().unwrap_or_default();
        match locked(&self.kept).files.get_mut(id) {
            // The address is the permission, and the token goes to nobody but the API.
            Some(file) if request.header("authorization").is_none() && file.length == request.length => {
                file.came = request.length;
                Answer::ok(json!("OK"))
            }
            _ => Answer { status: 400, headers: vec![], body: json!("no") },
        }
    }

    fn post(&self, kept: &mut Kept, a: &Value) -> Answer {
        if kept.last.is_some_and(|last| last.elapsed() < self.options.pause) {
            return too_many(1);
        }
        if let Some(word) = complaint(&a["blocks"]) {
            return Answer::word(word);
        }
        let thread_ts = a["thread_ts"].as_str().map(str::to_owned);
        if thread_ts
            .as_ref()
            .is_some_and(|root| !kept.messages.iter().any(|message| message.ts == *root && message.thread_ts.is_none()))
        {
            return Answer::word("thread_not_found");
        }
        let micros = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |since| u64::try_from(since.as_micros()).unwrap_or(0));
        kept.last_ts = micros.max(kept.last_ts + 1);
        kept.last = Some(Instant::now());
        let ts = format!("{}.{:06}", kept.last_ts / 1_000_000, kept.last_ts % 1_000_000);
        let text = a["text"].as_str().unwrap_or_default().to_owned();
        kept.messages.push(Posted {
            ts: ts.clone(),
            thread_ts,
            broadcast: a["reply_broadcast"].as_bool().unwrap_or(false),
            key: a["metadata"]["event_payload"]["key"].as_str().map(str::to_owned),
            first_text: text.clone(),
            text,
            blocks: a["blocks"].clone(),
            edits: 0,
            possible_repeat: a["blocks"].to_string().contains("possible repeat"),
            metadata: a["metadata"].clone(),
        });
        Answer::ok(json!({"ok": true, "channel": CHANNEL, "ts": ts}))
    }

    /// Messages of a time range, page by page.
    fn page<'a>(&self, a: &Value, messages: impl Iterator<Item = &'a Posted>) -> Answer {
        let number = |key: &str| a[key].as_str().and_then(|text| text.parse::<usize>().ok());
        let oldest: f64 = a["oldest"].as_str().and_then(|text| text.parse().ok()).unwrap_or(0.0);
        let root = a["ts"].as_str();
        let in_range = |message: &&Posted| {
            root == Some(message.ts.as_str()) || message.ts.parse::<f64>().is_ok_and(|at| at > oldest)
        };
        let with_metadata = a["include_all_metadata"] == "true";
        let shown = |message: &Posted| {
            let mut shown = json!({"type": "message", "ts": message.ts, "text": message.text});
            if with_metadata && !message.metadata.is_null() {
                shown["metadata"] = message.metadata.clone();
            }
            shown
        };
        let (skip, most) = (number("cursor").unwrap_or(0), number("limit").unwrap_or(100).min(self.options.page));
        let all: Vec<Value> = messages.filter(in_range).map(shown).collect();
        let page: Vec<&Value> = all.iter().skip(skip).take(most).collect();
        let next = if skip + page.len() < all.len() { (skip + page.len()).to_string() } else { String::new() };
        Answer::ok(
            json!({"ok": true, "messages": page, "has_more": !next.is_empty(), "response_metadata": {"next_cursor": next}}),
        )
    }
}

fn update(kept: &mut Kept, a: &Value) -> Answer {
    if let Some(word) = complaint(&a["blocks"]) {
        return Answer::word(word);
    }
    let Some(message) = kept.messages.iter_mut().find(|message| Some(message.ts.as_str()) == a["ts"].as_str()) else {
        return Answer::word("message_not_found");
    };
    a["text"].as_str().unwrap_or_default().clone_into(&mut message.text);
    message.blocks = a["blocks"].clone();
    message.edits += 1;
    Answer::ok(json!({"ok": true, "channel": CHANNEL, "ts": message.ts, "text": message.text}))
}
