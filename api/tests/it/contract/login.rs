//! Signing in with Google and Apple, and the numbers that the login screen asks for.

use std::sync::Arc;

use futures::future::join_all;
use serde_json::{Value, json};

use super::forged::but;
use super::harness::{Answer, CATEGORY, Person, TODO, USER, World, ids};
use super::process::{NO_MAIL, WEB};
use super::tokens::read;
use crate::services::people::{ANDROID, BUNDLE, IOS, Signing, apple, current, google, other, signed};

const GOOGLE: &str = "/auth/login/google/";
const APPLE: &str = "/auth/login/apple/";
const NO_TOKEN: &str = "device type and token is required";
const NO_TYPE: &str = "Invalid device type";

pub(super) async fn holds(world: Arc<World>) {
    let nobody = world.nobody();
    nobody.get("/auth/android/").await.is(200, json!({"androidClientId": ANDROID}));
    nobody.get("/auth/ios").await.is(200, json!({"iosClientId": IOS}));
    wrong_forms(&nobody).await;
    audiences(&nobody).await;
    identities(&nobody).await;
    accounts(&nobody).await;
    first_logins_at_once(&nobody).await;
    phones(&nobody).await;
    apples(&nobody).await;
    mails(&world).await;
}

fn token(key: &Signing, claims: &Value) -> Value {
    json!(signed(key, claims))
}

/// The answer to a login that succeeds.
fn welcome(email: &str, is_new: bool) -> Value {
    json!({"refresh": "…", "access": "…", "isNew": is_new, "email": email})
}

/// Who has just signed in.
fn someone(nobody: &Person, answer: &Value) -> Person {
    let text = |name: &str| answer[name].as_str().unwrap_or_default().to_owned();
    let (access, refresh) = (text("access"), text("refresh"));
    let id = read(&access).1["user_id"].as_i64().unwrap_or(0);
    Person {
        authorization: Some(format!("Bearer {access}")),
        access,
        refresh,
        id,
        email: text("email"),
        ..nobody.clone()
    }
}

async fn wrong_forms(nobody: &Person) {
    let right = token(current(), &google("forms@example.com"));
    for body in [
        json!({}),
        json!({"type": 0}),
        json!({"token": null, "type": 0}),
        json!({"token": "", "type": 0}),
        json!({"token": ""}),
    ] {
        nobody.post(GOOGLE, body.clone()).await.is(400, json!({"error": NO_TOKEN}));
        nobody.post(APPLE, but(&body, "type", json!(1))).await.is(400, json!({"error": NO_TOKEN}));
    }
    for kind in [json!(2), json!(-1), json!("ios"), json!([0]), json!({})] {
        nobody.post(GOOGLE, json!({"token": right, "type": kind})).await.is(400, json!({"error": NO_TYPE}));
        nobody.post(APPLE, json!({"token": right, "type": kind})).await.is(400, json!({"error": NO_TYPE}));
    }
    nobody.post(APPLE, json!({"token": right, "type": 0})).await.is(400, json!({"error": NO_TYPE}));
    for wrong in [json!(5), json!([right]), json!({"token": right}), json!(true)] {
        nobody.post(GOOGLE, json!({"token": wrong, "type": 0})).await.is(400, json!({"error": "…"}));
        nobody.post(APPLE, json!({"token": wrong, "type": 1})).await.is(400, json!({"error": "…"}));
    }
    for body in [json!([]), json!("text"), json!(5), json!(null)] {
        nobody.post(GOOGLE, body.clone()).await.gives(400);
        nobody.post(APPLE, body).await.gives(400);
    }
    for body in [&b"{"[..], b"nonsense", b"\xff"] {
        for path in [GOOGLE, APPLE] {
            let answer = nobody
                .ask(reqwest::Method::POST, path, &[("content-type", "application/json")], Some(body.to_vec()))
                .await;
            answer.gives(400);
        }
    }
    for (path, method) in
        [(GOOGLE, "GET"), (GOOGLE, "PUT"), (APPLE, "DELETE"), ("/auth/android/", "POST"), ("/auth/ios/", "PATCH")]
    {
        let detail = format!("Method \"{method}\" not allowed.");
        nobody.send(method.parse().expect("a method"), path, json!({})).await.is(405, json!({"detail": detail}));
    }
}

async fn audiences(nobody: &Person) {
    let claims = google("audience@example.com");
    for (audience, kind, status) in [
        (json!(ANDROID), json!(0), 200),
        (json!(ANDROID), json!(1), 400),
        (json!(IOS), json!(1), 200),
        (json!(IOS), json!(0), 400),
        // The unchanged client sends none: any of them.
        (json!(ANDROID), json!("?"), 200),
        (json!(IOS), json!("?"), 200),
        (json!(ANDROID), json!(null), 200),
        (json!(BUNDLE), json!(0), 400),
        (json!("someone.else.apps.googleusercontent.com"), json!("?"), 400),
        (json!(""), json!("?"), 400),
        (json!("?"), json!(0), 400),
        (json!(null), json!("?"), 400),
    ] {
        let body =
            but(&json!({"token": token(current(), &but(&claims, "aud", audience)), "deviceToken": null}), "type", kind);
        let answer = nobody.post(GOOGLE, body).await;
        if status == 200 {
            answer.has(200, json!({"email": "audience@example.com"}))
        } else {
            answer.is(400, json!({"error": "…"}))
        };
    }
}

async fn identities(nobody: &Person) {
    let claims = google("identity@example.com");
    let now = chrono::Utc::now().timestamp();
    for (name, value, status) in [
        ("iss", json!("accounts.google.com"), 200),
        ("iss", json!("https://accounts.google.com"), 200),
        ("iss", json!("https://accounts.google.com.evil.example"), 400),
        ("iss", json!("?"), 400),
        ("exp", json!(now - 3600), 400),
        ("exp", json!("?"), 400),
        ("exp", json!("soon"), 400),
        ("iat", json!(now + 7200), 400),
        ("email_verified", json!(false), 400),
        ("email_verified", json!("?"), 400),
        ("email_verified", json!("yes"), 400),
        ("email", json!("?"), 400),
        ("email", json!(""), 400),
        ("email", json!(null), 400),
        ("email", json!(5), 400),
    ] {
        let answer =
            nobody.post(GOOGLE, json!({"token": token(current(), &but(&claims, name, value)), "type": 0})).await;
        if status == 200 {
            answer.gives(200);
        } else {
            refused_in_words(nobody, answer);
        }
    }
    let right = signed(current(), &claims);
    let signature = right.rfind('.').unwrap_or(0);
    let unsigned = super::forged::unsigned("none", &claims, "");
    let symmetric = super::forged::signed_with(jsonwebtoken::Algorithm::HS256, super::process::KEY, &claims);
    for wrong in [
        signed(other(), &claims),
        format!("{}.AAAA", &right[..signature]),
        unsigned,
        symmetric,
        "a.b.c".to_owned(),
        "x".to_owned(),
        nobody.refresh.clone() + ".",
    ] {
        for kind in [json!(0), json!("?")] {
            refused_in_words(nobody, nobody.post(GOOGLE, but(&json!({"token": wrong}), "type", kind)).await);
        }
    }
}

/// 400 with a sentence, which is more than the name of a claim.
fn refused_in_words(nobody: &Person, answer: Answer) {
    let body = answer.is(400, json!({"error": "…"}));
    let sentence = body["error"].as_str().unwrap_or_default();
    nobody.world.check(sentence.len() > 7 && !sentence.contains('\''), &body);
}

async fn accounts(nobody: &Person) {
    let email = "한글.ann+todo@example.com";
    let login = async |more: Value| {
        let mut body = json!({"token": token(current(), &google(email)), "type": 0});
        body.as_object_mut().into_iter().zip(more.as_object()).for_each(|(body, more)| body.extend(more.clone()));
        // Public: whatever the header says.
        nobody.with("Bearer nonsense").post(GOOGLE, body).await
    };
    let first = login(json!({})).await.is(200, welcome(email, true));
    let ann = someone(nobody, &first);
    let shown = json!({"id": ann.id, "email": "?", "username": email, "socialProvider": "GOOGLE", "isSubscribed": "?", "isPremium": false});
    ann.get(USER).await.is(200, shown);
    for (body, device) in [
        (json!({}), None),
        (json!({"deviceToken": null}), None),
        (json!({"device_token": "phone-of-ann"}), Some("phone-of-ann")),
    ] {
        let again = login(body).await.is(200, welcome(email, false));
        for (name, days) in [("access", 7), ("refresh", 30)] {
            let (header, claims) = read(again[name].as_str().unwrap_or_default());
            let holds = claims["exp"].as_i64().unwrap_or(0) - claims["iat"].as_i64().unwrap_or(0);
            let jti = claims["jti"].as_str().unwrap_or_default();
            let right = header["alg"] == "HS256"
                && claims["token_type"] == name
                && claims["user_id"] == ann.id
                && holds == days * 24 * 3600
                && jti.len() == 32
                && jti.bytes().all(|byte| byte.is_ascii_hexdigit())
                && claims.get("device").and_then(Value::as_str) == device
                && claims.as_object().map_or(0, serde_json::Map::len) == if device.is_some() { 6 } else { 5 };
            nobody.world.check(right, format!("{name}: {header} {claims}"));
        }
        nobody.world.check(again["access"] != first["access"], "each token is a new one");
    }
    // Deleted, and back with all that was there.
    let category = ann.category("Home").await;
    let todo = ann.todo(category, "stays").await;
    ann.delete(USER, json!({})).await.gives(200);
    ann.get(TODO).await.is(401, json!({"detail": "User not found", "code": "user_not_found"}));
    let back = login(json!({})).await.is(200, welcome(email, true));
    let back = someone(nobody, &back);
    nobody.world.check(
        back.id == ann.id && ids(&back.todos().await) == [todo] && ids(&back.categories().await) == [category],
        "everything is back",
    );
    // The old token is good again: it is the account that was deleted.
    ann.get(CATEGORY).await.gives(200);
    login(json!({})).await.is(200, welcome(email, false));
    for (device, field) in [(json!([]), "deviceToken"), (json!({}), "deviceToken")] {
        let body = login(json!({field: device})).await.gives(400);
        nobody.world.check(body.as_object().is_some_and(|body| !body.is_empty()), &body);
    }
}

async fn first_logins_at_once(nobody: &Person) {
    let body = json!({"token": token(current(), &google("crowd@example.com")), "type": 0, "deviceToken": "phone-of-the-crowd"});
    let answers = join_all((0..8).map(|_| nobody.post(GOOGLE, body.clone()))).await;
    let (mut people, mut new) = (Vec::new(), 0);
    for answer in answers {
        let answer = answer.has(200, json!({"email": "crowd@example.com"}));
        new += usize::from(answer["isNew"] == true);
        people.push(someone(nobody, &answer).id);
    }
    people.dedup();
    nobody.world.check(people.len() == 1 && new == 1, format!("{people:?}, {new} of them new"));
}

/// A phone belongs to the user who signed in on it last. No user is locked out for it.
async fn phones(nobody: &Person) {
    for email in ["phone-a@example.com", "phone-b@example.com", "phone-a@example.com", "phone-c@example.com"] {
        let body = json!({"token": token(current(), &google(email)), "type": 1, "deviceToken": "one phone"});
        let body = but(&body, "type", json!(0));
        nobody.post(GOOGLE, body).await.has(200, json!({"email": email}));
    }
}

async fn apples(nobody: &Person) {
    let email = "apple@example.com";
    let claims = apple("001.ann", Some(email));
    let login = async |claims: &Value| {
        nobody.post(APPLE, json!({"token": token(current(), claims), "type": 1, "deviceToken": "an iPhone"})).await
    };
    let first = login(&claims).await.is(200, welcome(email, true));
    let ann = someone(nobody, &first);
    ann.get(USER).await.has(200, json!({"username": email, "socialProvider": "APPLE"}));
    login(&claims).await.is(200, welcome(email, false));
    // Known by a name that stays, whatever becomes of the address.
    for address in [json!("?"), json!("moved@example.com")] {
        let again = login(&but(&claims, "email", address)).await.has(200, json!({"isNew": false}));
        nobody.world.check(someone(nobody, &again).id == ann.id, &again);
    }
    let hidden = login(&apple("002.hidden", None)).await.has(200, json!({"isNew": true}));
    nobody.world.check(someone(nobody, &hidden).id != ann.id, &hidden);
    login(&apple("002.hidden", None)).await.has(200, json!({"isNew": false}));
    for audience in [json!(BUNDLE), json!(WEB)] {
        login(&but(&claims, "aud", audience)).await.has(200, json!({"isNew": false}));
    }
    let now = chrono::Utc::now().timestamp();
    for (name, value, sentence) in [
        ("exp", json!(now - 3600), "Token has expired"),
        ("aud", json!("host.exp.Exponent"), "Invalid token"),
        ("aud", json!(IOS), "Invalid token"),
        ("aud", json!("?"), "Invalid token"),
        ("aud", json!(""), "Invalid token"),
        ("iss", json!("https://accounts.google.com"), "Invalid token"),
        ("iss", json!("?"), "Invalid token"),
        ("exp", json!("?"), "Invalid token"),
    ] {
        login(&but(&claims, name, value)).await.is(400, json!({"error": sentence}));
    }
    for wrong in ["x".to_owned(), "a.b.c".to_owned(), super::forged::unsigned("none", &claims, "")] {
        nobody.post(APPLE, json!({"token": wrong, "type": 1})).await.is(400, json!({"error": "…"}));
    }
    // A key that Apple does not publish.
    let unknown = nobody.post(APPLE, json!({"token": token(other(), &claims), "type": 1})).await;
    unknown.is(400, json!({"error": "…An unexpected error occurred: "}));
}

/// A new account gets one mail, an existing account none, and a mail that cannot be sent does not fail the login.
async fn mails(world: &Arc<World>) {
    let nobody = world.nobody();
    let login =
        async |email: &str| nobody.post(GOOGLE, json!({"token": token(current(), &google(email)), "type": 0})).await;
    let unlucky = format!("{NO_MAIL}1@example.com");
    login(&unlucky).await.is(200, welcome(&unlucky, true));
    login(&unlucky).await.is(200, welcome(&unlucky, false));
    let email = "lucky@example.com";
    login(email).await.is(200, welcome(email, true));
    login(email).await.is(200, welcome(email, false));
    let to = |email: &str| {
        world
            .process()
            .mail
            .seen()
            .into_iter()
            .filter(|seen| String::from_utf8_lossy(&seen.body).contains(email))
            .collect::<Vec<_>>()
    };
    // It goes out after the answer.
    let sent = test_stack::wait::until(std::time::Duration::from_secs(10), || {
        (!to(email).is_empty() && !to(&unlucky).is_empty()).then_some(())
    })
    .await;
    world.check(sent.is_some(), "no mail went out");
    for letter in to(email) {
        let body = letter.json();
        let right = letter.path == "/emails"
            && body["from"].as_str().is_some_and(|from| from.contains("developers@stepby.one"))
            && (body["to"] == email || body["to"] == json!([email]))
            && body["subject"] == "Welcome to join us"
            && body["html"].as_str().is_some_and(|html| html.contains(email));
        world.check(right, format!("{} {body}", letter.path));
    }
    // Each new user got one mail.
    world.check(to(email).len() == 1, "one mail");
}
