//! What must hold of every input that a stranger can hand to the API.

use chrono::DateTime;
use onestep_api::http::body;
use onestep_api::lambda::event::Event;
use onestep_api::lambda::request;
use onestep_core::rank::Rank;
use onestep_core::token::Signer;
use serde_json::Value;

/// A check of one input; it panics when something does not hold.
pub type Check = fn(&[u8]);

/// The checks by their names, which are also those of the targets and of the folders below `corpus_api/`.
pub const ALL: [(&str, Check); 3] = [("api_body", api_body), ("api_event", api_event), ("api_token", api_token)];

/// An event of Lambda, whatever sent it, is something: a request has a path from the top, and what is none of ours is
/// ignored.
pub fn api_event(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    if let Event::Http(event) = Event::read(text) {
        assert!(event.method().is_some(), "a request without a method");
        if let Ok(request) = request::request(*event) {
            assert!(request.uri().path().starts_with('/'), "a path that does not begin at the top: {}", request.uri());
        }
    }
}

/// A body is read or refused with a sentence, and what is read is within the limits that the stores rely on.
pub fn api_body(bytes: &[u8]) {
    let Ok(value) = body::parse(bytes) else { return };
    each(&value, &mut |value| {
        if let Ok(text) = body::text(255)(value) {
            assert!(
                (1..=255).contains(&text.chars().count()) && text.trim() == text && !text.contains('\0'),
                "{text:?}"
            );
        }
        if let Ok(day) = body::date(value) {
            assert_eq!(body::date(&Value::String(day.to_string())), Ok(day), "a day that cannot be said again");
        }
        if let Ok(time) = body::time(value) {
            assert_eq!(
                body::time(&Value::String(time.format("%H:%M:%S%.6f").to_string())),
                Ok(time),
                "a time that cannot be said again"
            );
        }
        if let Ok(number) = body::integer_within(0, 8)(value) {
            assert!((0..=8).contains(&number));
        }
        let _ = (body::row(value), body::boolean(value), body::choice(&["bug"])(value), body::free_text(value));
        if let Some(rank) = value.as_str().and_then(|text| text.parse::<Rank>().ok()) {
            assert_eq!(Some(rank.to_string().as_str()), value.as_str(), "a rank with two texts");
            if let Ok(next) = rank.next() {
                assert!(next > rank && next.to_string() > rank.to_string());
            }
        }
    });
}

/// The value and all that is in it.
fn each(value: &Value, seen: &mut impl FnMut(&Value)) {
    seen(value);
    match value {
        Value::Array(items) => items.iter().for_each(|item| each(item, seen)),
        Value::Object(fields) => {
            for (name, field) in fields {
                assert_eq!(body::snake_case(name), *name, "a key that is not in snake_case");
                each(field, seen);
            }
        }
        _ => {}
    }
}

/// Nobody makes a token without the key.
pub fn api_token(bytes: &[u8]) {
    let Ok(text) = std::str::from_utf8(bytes) else { return };
    assert_eq!(Signer::new("a key that no input knows: 8c1f0e").read(text, DateTime::UNIX_EPOCH), None);
}
