//! The header, and the two routes for tokens.

use std::sync::Arc;

use reqwest::Method;
use serde_json::{Value, json};

use super::forged::{but, claims, invalid, signed};
use super::harness::{CATEGORY, FEEDBACK, INBOX, PROFILE, Person, REFRESH, SUB, TODO, USER, VERIFY, World};

const NOT_PROVIDED: &str = "Authentication credentials were not provided.";
const TWO_VALUES: &str = "Authorization header must contain two space-delimited values";
/// The client refreshes its token on this one, and only on this one.
const NOT_VALID: &str = "Given token not valid for any token type";
const EXPIRED: &str = "Token is invalid or expired";

/// All that needs a user.
pub(super) const GUARDED: [(&str, &str); 20] = [
    ("GET", USER),
    ("PATCH", USER),
    ("DELETE", USER),
    ("GET", PROFILE),
    ("POST", PROFILE),
    ("PATCH", PROFILE),
    ("POST", FEEDBACK),
    ("GET", CATEGORY),
    ("POST", CATEGORY),
    ("PATCH", CATEGORY),
    ("DELETE", CATEGORY),
    ("GET", TODO),
    ("POST", TODO),
    ("PATCH", TODO),
    ("DELETE", TODO),
    ("GET", "/todos/sub/?todo_id=1"),
    ("POST", SUB),
    ("PATCH", SUB),
    ("DELETE", SUB),
    ("GET", INBOX),
];

pub(super) async fn holds(world: Arc<World>) {
    let ann = world.newcomer().await;
    headers(&ann).await;
    verify(&ann).await;
    refresh(&ann).await;
    every_route_is_guarded(&world, &ann).await;
    deleted_users(&world).await;
}

fn not_valid() -> Value {
    json!({"detail": NOT_VALID, "code": "token_not_valid", "messages": "?"})
}

async fn headers(ann: &Person) {
    let none = Person { authorization: None, ..ann.clone() };
    none.get(USER).await.is(401, json!({"detail": NOT_PROVIDED}));
    let access = &ann.access;
    for header in [
        "Basic YTpi",
        &format!("bearer {access}"),
        &format!("BEARER {access}"),
        &format!("Token {access}"),
        access.as_str(),
        "",
    ] {
        ann.with(header).get(USER).await.is(401, json!({"detail": NOT_PROVIDED}));
    }
    for header in ["Bearer", "Bearer ", &format!("Bearer {access} {access}"), "Bearer a b c"] {
        ann.with(header).get(USER).await.is(401, json!({"detail": TWO_VALUES, "code": "bad_authorization_header"}));
    }
    let right = claims("access", ann.id);
    ann.with(format!("Bearer {}", signed(&right))).get(USER).await.has(200, json!({"id": ann.id}));
    for (what, token) in invalid("access", ann.id) {
        let answer = ann.with(format!("Bearer {token}")).get(USER).await;
        let messages = answer.body["messages"].as_array().is_some_and(|messages| !messages.is_empty());
        ann.world.check(messages, format!("{what}: {}", answer.body));
        answer.is(401, not_valid());
    }
    for kind in [json!("refresh"), json!("sliding"), json!(""), json!(null), json!(1), json!("?")] {
        ann.with(format!("Bearer {}", signed(&but(&right, "token_type", kind)))).get(USER).await.is(401, not_valid());
    }
    ann.with(format!("Bearer {}", ann.refresh)).get(USER).await.is(401, not_valid());
    let nameless = json!({"detail": "Token contained no recognizable user identification", "code": "token_not_valid"});
    for user in
        [json!("?"), json!("abc"), json!(""), json!(null), json!([]), json!({"id": ann.id}), json!(true), json!(1.5)]
    {
        ann.with(format!("Bearer {}", signed(&but(&right, "user_id", user)))).get(USER).await.is(401, nameless.clone());
    }
    for user in [9_007_199_254_740_000_i64, 0, -1, i64::MAX] {
        let stranger = ann.with(format!("Bearer {}", signed(&but(&right, "user_id", json!(user)))));
        stranger.get(USER).await.is(401, json!({"detail": "User not found", "code": "user_not_found"}));
    }
    // Neither is set nor looked at.
    let more = but(&but(&right, "iss", json!("someone")), "aud", json!("something"));
    ann.with(format!("Bearer {}", signed(&more))).get(USER).await.has(200, json!({"id": ann.id}));
}

async fn verify(ann: &Person) {
    let nobody = ann.world.nobody();
    let expired = json!({"detail": EXPIRED, "code": "token_not_valid"});
    for token in [&ann.access, &ann.refresh, &signed(&claims("access", ann.id))] {
        nobody.post(VERIFY, json!({"token": token})).await.is(200, json!({}));
        // Public: the header is not looked at.
        ann.with("Bearer nonsense").post(VERIFY, json!({"token": token})).await.is(200, json!({}));
    }
    for kind in ["access", "refresh"] {
        for (what, token) in invalid(kind, ann.id) {
            let answer = nobody.post(VERIFY, json!({"token": token})).await;
            nobody.world.check(answer.status == 401, what);
            answer.is(401, expired.clone());
        }
    }
    nobody.post(VERIFY, json!({"token": 5})).await.is(401, expired);
    for (body, sentence) in [
        (json!({}), "This field is required."),
        (json!({"refresh": ann.refresh}), "This field is required."),
        (json!({"token": null}), "This field may not be null."),
        (json!({"token": ""}), "This field may not be blank."),
        (json!({"token": "  "}), "This field may not be blank."),
        (json!({"token": [ann.access]}), "Not a valid string."),
        (json!({"token": {"token": ann.access}}), "Not a valid string."),
        (json!({"token": true}), "Not a valid string."),
    ] {
        nobody.post(VERIFY, body).await.refuses("token", sentence);
    }
}

async fn refresh(ann: &Person) {
    let nobody = ann.world.nobody();
    let expired = json!({"detail": EXPIRED, "code": "token_not_valid"});
    let right = claims("refresh", ann.id);
    // As often as one likes, whatever else is in the body or the header.
    let mut last = String::new();
    for body in [
        json!({"refresh": ann.refresh}),
        json!({"refresh": ann.refresh, "access": ann.access}),
        json!({"refresh": ann.refresh, "access": "old"}),
    ] {
        let access = ann.with("Bearer nonsense").post(REFRESH, body).await.is(200, json!({"access": "…"}));
        let access = access["access"].as_str().unwrap_or_default().to_owned();
        ann.with(format!("Bearer {access}")).get(USER).await.has(200, json!({"id": ann.id}));
        nobody.post(VERIFY, json!({"token": access})).await.is(200, json!({}));
        ann.world.check(access != last && access != ann.access, "each access token is a new one");
        last = access;
    }
    for (what, token) in invalid("refresh", ann.id) {
        let answer = nobody.post(REFRESH, json!({"refresh": token})).await;
        nobody.world.check(answer.status == 401, what);
        answer.is(401, expired.clone());
    }
    for token in [&ann.access, &signed(&claims("access", ann.id))] {
        nobody
            .post(REFRESH, json!({"refresh": token}))
            .await
            .is(401, json!({"detail": "Token has wrong type", "code": "token_not_valid"}));
    }
    nobody
        .post(REFRESH, json!({"refresh": signed(&claims("sliding", ann.id))}))
        .await
        .has(401, json!({"code": "token_not_valid"}));
    for user in [json!(9_007_199_254_740_000_i64), json!(0), json!("abc"), json!(null), json!("?")] {
        nobody
            .post(REFRESH, json!({"refresh": signed(&but(&right, "user_id", user))}))
            .await
            .has(401, json!({"detail": "…", "code": "…"}));
    }
    for (body, sentence) in [
        (json!({}), "This field is required."),
        (json!({"token": ann.refresh}), "This field is required."),
        (json!({"refresh": null}), "This field may not be null."),
        (json!({"refresh": ""}), "This field may not be blank."),
        (json!({"refresh": [ann.refresh]}), "Not a valid string."),
        (json!({"refresh": {}}), "Not a valid string."),
        (json!({"refresh": false}), "Not a valid string."),
    ] {
        nobody.post(REFRESH, body).await.refuses("refresh", sentence);
    }
    claims_of_a_new_token(ann, &right).await;
}

/// What is inside is the contract too: older servers and clients read it.
async fn claims_of_a_new_token(ann: &Person, right: &Value) {
    let nobody = ann.world.nobody();
    for device in [json!("?"), json!("a phone")] {
        let token = signed(&but(right, "device", device.clone()));
        let answer = nobody.post(REFRESH, json!({"refresh": token})).await.gives(200);
        let (header, claims) = read(answer["access"].as_str().unwrap_or_default());
        ann.world.check(header["alg"] == "HS256", &header);
        let (issued, expires) = (claims["iat"].as_i64().unwrap_or(0), claims["exp"].as_i64().unwrap_or(0));
        ann.world.check(expires - issued == 7 * 24 * 3600, &claims);
        ann.world.check((chrono::Utc::now().timestamp() - issued).abs() < 60, &claims);
        ann.world.check(claims["token_type"] == "access" && claims["user_id"] == ann.id, &claims);
        let jti = claims["jti"].as_str().unwrap_or_default();
        ann.world
            .check(jti.len() == 32 && jti.bytes().all(|byte| byte.is_ascii_hexdigit()) && jti != right["jti"], &claims);
        ann.world.check(claims.get("device").unwrap_or(&json!("?")) == &device, &claims);
        let names: Vec<&str> = claims
            .as_object()
            .into_iter()
            .flatten()
            .map(|(name, _)| name.as_str())
            .filter(|name| *name != "device")
            .collect();
        ann.world.check(names.len() == 5, &claims);
    }
}

/// Header and claims of a token, unchecked.
pub(super) fn read(token: &str) -> (Value, Value) {
    use base64::Engine;
    let part = |part: Option<&str>| {
        let bytes = base64::prelude::BASE64_URL_SAFE_NO_PAD.decode(part.unwrap_or_default()).unwrap_or_default();
        serde_json::from_slice(&bytes).unwrap_or(Value::Null)
    };
    let mut parts = token.split('.');
    (part(parts.next()), part(parts.next()))
}

async fn every_route_is_guarded(world: &Arc<World>, ann: &Person) {
    let not_there = signed(&claims("access", 9_007_199_254_740_000));
    for (method, path) in GUARDED {
        let method: Method = method.parse().expect("a method");
        for (header, detail) in [
            (None, NOT_PROVIDED),
            (Some("Token x".to_owned()), NOT_PROVIDED),
            (Some("Bearer".to_owned()), TWO_VALUES),
            (Some("Bearer x".to_owned()), NOT_VALID),
            (Some(format!("Bearer {}", ann.refresh)), NOT_VALID),
        ] {
            let asker = Person { authorization: header, ..world.nobody() };
            asker.send(method.clone(), path, json!({})).await.has(401, json!({"detail": detail}));
            // Who asks comes before what is asked.
            asker
                .ask(method.clone(), path, &[("content-type", "application/json")], Some(b"{nonsense".to_vec()))
                .await
                .has(401, json!({"detail": detail}));
        }
        let stranger = ann.with(format!("Bearer {not_there}"));
        stranger
            .send(method, path, right_body(path))
            .await
            .is(401, json!({"detail": "User not found", "code": "user_not_found"}));
    }
}

/// A body that the routes of a path could take.
fn right_body(path: &str) -> Value {
    match path {
        CATEGORY => json!({"categoryId": 1, "color": 1, "title": "Work"}),
        TODO => json!({"todoId": 1, "categoryId": 1, "content": "Call"}),
        SUB => json!({"subtodoId": 1, "todoId": 1, "content": "Call"}),
        FEEDBACK => json!({"userId": 9_007_199_254_740_000_i64, "title": "a", "category": "bug", "description": "b"}),
        PROFILE => json!({"ageGroup": "20", "job": "a", "sleepTime": "23:00", "delayReason": [1]}),
        _ => json!({"isSubscribed": true}),
    }
}

async fn deleted_users(world: &Arc<World>) {
    let ben = world.newcomer().await;
    let gone = json!({"detail": "User not found", "code": "user_not_found"});
    ben.delete(USER, json!({})).await.is(200, json!({"message": "User deleted"}));
    for (method, path) in GUARDED {
        let body = if path == FEEDBACK {
            json!({"userId": ben.id, "title": "a", "category": "bug", "description": "b"})
        } else {
            right_body(path)
        };
        ben.send(method.parse().expect("a method"), path, body).await.is(401, gone.clone());
    }
    world.nobody().post(REFRESH, json!({"refresh": ben.refresh})).await.is(401, gone);
}
