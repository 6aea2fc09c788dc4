//! Tokens that are not as the server makes them.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

use super::process::KEY;

/// What a token of the server's says that is good for an hour more.
pub(super) fn claims(kind: &str, user: i64) -> Value {
    let now = chrono::Utc::now().timestamp();
    json!({"token_type": kind, "exp": now + 3600, "iat": now, "jti": "0123456789abcdef0123456789abcdef", "user_id": user})
}

/// The same with another value, or without it for a `?`.
pub(super) fn but(claims: &Value, name: &str, value: Value) -> Value {
    let mut claims = claims.clone();
    if let Some(fields) = claims.as_object_mut() {
        if value == "?" {
            fields.remove(name)
        } else {
            fields.insert(name.to_owned(), value)
        };
    }
    claims
}

/// Signed as the server does.
pub(super) fn signed(claims: &Value) -> String {
    signed_with(Algorithm::HS256, KEY, claims)
}

pub(super) fn signed_with(algorithm: Algorithm, key: &str, claims: &Value) -> String {
    jsonwebtoken::encode(&Header::new(algorithm), claims, &EncodingKey::from_secret(key.as_bytes())).expect("a token")
}

/// With the algorithm `none`, which signs nothing.
pub(super) fn unsigned(algorithm: &str, claims: &Value, signature: &str) -> String {
    let part = |value: &Value| BASE64_URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}.{signature}", part(&json!({"alg": algorithm, "typ": "JWT"})), part(claims))
}

/// Everything that is no token of this user, by what is wrong with it.
pub(super) fn invalid(kind: &str, user: i64) -> Vec<(&'static str, String)> {
    let right = claims(kind, user);
    let now = chrono::Utc::now().timestamp();
    let token = signed(&right);
    let (head, signature) = (&token[..token.rfind('.').unwrap_or(0)], &token[token.rfind('.').unwrap_or(0) + 1..]);
    let other = signed(&but(&right, "user_id", json!(user + 1)));
    vec![
        ("garbage", "garbage".to_owned()),
        ("what a script that has none sends", "null".to_owned()),
        ("what another script sends", "undefined".to_owned()),
        ("three empty parts", "..".to_owned()),
        ("parts that are no JSON", "a.b.c".to_owned()),
        ("another key", signed_with(Algorithm::HS256, "another key that is just as long", &right)),
        ("an empty key", signed_with(Algorithm::HS256, "", &right)),
        ("another algorithm with the same key", signed_with(Algorithm::HS512, KEY, &right)),
        ("no algorithm", unsigned("none", &right, "")),
        ("no algorithm, in capitals", unsigned("NONE", &right, "")),
        ("no algorithm, and a signature", unsigned("none", &right, signature)),
        ("no signature", format!("{head}.")),
        ("only two parts", head.to_owned()),
        ("another's signature", format!("{head}.{}", &other[other.rfind('.').unwrap_or(0) + 1..])),
        ("expired an hour ago", signed(&but(&right, "exp", json!(now - 3600)))),
        ("expired a second ago", signed(&but(&right, "exp", json!(now - 1)))),
        ("expired before there were tokens", signed(&but(&right, "exp", json!(-1)))),
        ("an expiry that is no number", signed(&but(&right, "exp", json!("tomorrow")))),
        ("an expiry of null", signed(&but(&right, "exp", json!(null)))),
        ("no expiry", signed(&but(&right, "exp", json!("?")))),
        ("no jti", signed(&but(&right, "jti", json!("?")))),
    ]
}
