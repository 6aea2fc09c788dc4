//! Signing in, from the request to the rows.

use axum::http::StatusCode;
use onestep_api::settings::Settings;
use onestep_core::model::{Provider, User};
use onestep_core::token::TokenKind;
use onestep_core::user_rows::{Change, Scope, UniqueName};
use serde_json::{Value, json};

use crate::services::app::{Rig, settings};
use crate::services::people::{self, BUNDLE, IOS, current, google, other, published, signed, with};
use crate::services::{Fake, Reply};

const GOOGLE: &str = "/auth/login/google/";
const APPLE: &str = "/auth/login/apple/";

/// An application whose providers publish the current key; the providers must be kept.
async fn rig() -> (Rig, Fake) {
    let provider = Fake::start(Reply::Kept("max-age=3600", published(&[current()]))).await;
    let mut settings = settings();
    settings.urls.google_keys = provider.url.clone();
    settings.urls.apple_keys = provider.url.clone();
    (Rig::new(settings), provider)
}

async fn user(rig: &Rig, key: UniqueName) -> User {
    let id = rig.app.store.find(&key).await.unwrap().unwrap_or_else(|| panic!("nobody is {key:?}"));
    rig.app.store.read(id, Scope::Account).await.unwrap().unwrap().user
}

async fn named(rig: &Rig, name: &str) -> User {
    user(rig, UniqueName::Username(name.to_owned())).await
}

fn ok((status, body): (StatusCode, Value)) -> Value {
    assert_eq!(status, StatusCode::OK, "{body}");
    body
}

#[tokio::test]
async fn the_first_login_makes_an_account_and_the_second_finds_it() {
    let (rig, _provider) = rig().await;
    let token = signed(current(), &google("ann@example.com"));
    let first = ok(rig.post(GOOGLE, json!({"token": token, "type": 0, "deviceToken": "phone"})).await);
    assert_eq!(first["isNew"], true);
    assert_eq!(first["email"], "ann@example.com");
    let second = ok(rig.post(GOOGLE, json!({"token": token, "type": 0, "device_token": null})).await);
    assert_eq!(second["isNew"], false);

    let ann = named(&rig, "ann@example.com").await;
    assert_eq!(ann.provider, Provider::Google);
    assert_eq!(ann.devices.iter().map(|device| device.token.as_str()).collect::<Vec<_>>(), ["phone"]);
    let session =
        |body: &Value, which: &str| rig.app.signer.read(body[which].as_str().unwrap(), chrono::Utc::now()).unwrap();
    for (body, device) in [(&first, Some("phone")), (&second, None)] {
        for (which, kind) in [("access", TokenKind::Access), ("refresh", TokenKind::Refresh)] {
            let session = session(body, which);
            assert_eq!((session.kind, session.user, session.device.as_deref()), (kind, Some(ann.id), device));
        }
    }
    assert_ne!(first["access"], second["access"]);
}

#[tokio::test]
async fn each_kind_of_device_has_its_own_audience_and_none_means_all() {
    let (rig, _provider) = rig().await;
    let android = signed(current(), &google("ann@example.com"));
    let ios = signed(current(), &with(google("ann@example.com"), "aud", json!(IOS)));
    for (token, kind, status) in [
        (&android, json!(0), 200),
        (&android, json!("0"), 200),
        (&android, json!(1), 400),
        (&android, json!(null), 200),
        (&ios, json!(1), 200),
        (&ios, json!("1"), 200),
        (&ios, json!(0), 400),
        (&ios, json!(null), 200),
        (&android, json!(2), 400),
        (&android, json!("phone"), 400),
        (&android, json!([0]), 400),
    ] {
        let (answer, body) = rig.post(GOOGLE, json!({"token": token, "type": kind})).await;
        assert_eq!(answer, status, "{kind}: {body}");
    }
}

#[tokio::test]
async fn what_is_no_login_is_refused_with_one_sentence() {
    let (rig, provider) = rig().await;
    for (path, body, sentence) in [
        (GOOGLE, json!({}), "device type and token is required"),
        (GOOGLE, json!({"token": "", "type": 0}), "device type and token is required"),
        (GOOGLE, json!({"token": null, "type": 0}), "device type and token is required"),
        (GOOGLE, json!({"token": 5, "type": 0}), "device type and token is required"),
        (GOOGLE, json!({"token": "x", "type": 7}), "Invalid device type"),
        (GOOGLE, json!({"token": "x", "type": 0}), "Invalid token"),
        (GOOGLE, json!({"token": "a.b.c"}), "Invalid token"),
        (APPLE, json!({"type": 1}), "device type and token is required"),
        (APPLE, json!({"token": "x", "type": 0}), "Invalid device type"),
        (APPLE, json!({"token": "x", "type": 1}), "Invalid token"),
    ] {
        let (status, answer) = rig.post(path, body.clone()).await;
        assert_eq!((status, answer), (StatusCode::BAD_REQUEST, json!({"error": sentence})), "{body}");
    }
    let (status, body) = rig.post(GOOGLE, json!({"token": "x", "type": 0, "deviceToken": ["x"]})).await;
    assert_eq!((status, body), (StatusCode::BAD_REQUEST, json!({"deviceToken": ["Not a valid string."]})));
    assert_eq!(provider.asked(), 0, "nobody's keys were needed to see that");
}

#[tokio::test]
async fn of_many_first_logins_at_once_all_succeed_and_one_is_the_first() {
    let (rig, _provider) = rig().await;
    let login = |number: usize| {
        let token = signed(current(), &google("crowd@example.com"));
        rig.post(GOOGLE, json!({"token": token, "type": 0, "deviceToken": format!("phone-{}", number % 3)}))
    };
    let answers = futures::future::join_all((0..8).map(login)).await;
    assert!(answers.iter().all(|(status, _)| *status == 200), "{answers:?}");
    assert_eq!(answers.iter().filter(|(_, body)| body["isNew"] == true).count(), 1);
    assert_eq!(named(&rig, "crowd@example.com").await.devices.len(), 3);
}

#[tokio::test]
async fn a_phone_belongs_to_the_user_who_signed_in_on_it_last() {
    let (rig, _provider) = rig().await;
    for name in ["ann@example.com", "ben@example.com", "ann@example.com", "cho@example.com"] {
        ok(rig
            .post(GOOGLE, json!({"token": signed(current(), &google(name)), "type": 0, "deviceToken": "phone"}))
            .await);
        assert_eq!(user(&rig, UniqueName::Device("phone".to_owned())).await.username, name);
    }
    assert!(named(&rig, "ann@example.com").await.devices.is_empty());
    assert!(named(&rig, "ben@example.com").await.devices.is_empty());
}

#[tokio::test]
async fn signing_in_again_restores_a_deleted_account() {
    let (rig, _provider) = rig().await;
    let token = signed(current(), &google("ann@example.com"));
    ok(rig.post(GOOGLE, json!({"token": token, "type": 0})).await);
    let ann = named(&rig, "ann@example.com").await;
    let mut deleted = ann.clone();
    deleted.deleted_at = Some(ann.created_at);
    rig.app.store.update(ann.id, Scope::Account, 0, &mut |_, _| vec![Change::User(deleted.clone())]).await.unwrap();
    let again = ok(rig.post(GOOGLE, json!({"token": token, "type": 0})).await);
    assert_eq!(again["isNew"], true);
    assert_eq!(named(&rig, "ann@example.com").await, ann);
}

#[tokio::test]
async fn apple_knows_a_person_by_a_name_that_outlasts_the_address() {
    let (rig, _provider) = rig().await;
    let login = async |email: Option<&str>| {
        ok(rig.post(APPLE, json!({"token": signed(current(), &people::apple("001.ann", email)), "type": 1})).await)
    };
    assert_eq!(login(None).await["email"], "", "Apple may leave the address out");
    let ann = user(&rig, UniqueName::AppleSub("001.ann".to_owned())).await;
    assert_eq!((ann.username.as_str(), ann.provider), ("apple:001.ann", Provider::Apple));
    let later = login(Some("new@example.com")).await;
    assert_eq!((&later["isNew"], &later["email"]), (&json!(false), &json!("new@example.com")));
    assert_eq!(user(&rig, UniqueName::AppleSub("001.ann".to_owned())).await.id, ann.id);
}

#[tokio::test]
async fn an_account_that_apple_made_before_is_found_by_its_address_once_and_by_its_name_from_then_on() {
    let (rig, _provider) = rig().await;
    // As the original left it: known by the address only.
    ok(rig.post(GOOGLE, json!({"token": signed(current(), &google("ann@example.com")), "type": 0})).await);
    let ann = named(&rig, "ann@example.com").await;
    let apple = async |sub: &str, email: &str| {
        ok(rig.post(APPLE, json!({"token": signed(current(), &people::apple(sub, Some(email))), "type": 1})).await)
    };
    assert_eq!(apple("001.ann", "ann@example.com").await["isNew"], false);
    assert_eq!(user(&rig, UniqueName::AppleSub("001.ann".to_owned())).await.id, ann.id);
    assert_eq!(apple("001.ann", "moved@example.com").await["isNew"], false);
    // The address now belongs to another person at Apple, who gets a new account.
    assert_eq!(apple("002.ben", "ann@example.com").await["isNew"], true);
    let ben = user(&rig, UniqueName::AppleSub("002.ben".to_owned())).await;
    assert_eq!(ben.username, "apple:002.ben");
    assert_ne!(ben.id, ann.id);
}

#[tokio::test]
async fn an_address_that_apple_did_not_verify_finds_no_account() {
    let (rig, _provider) = rig().await;
    ok(rig.post(GOOGLE, json!({"token": signed(current(), &google("ann@example.com")), "type": 0})).await);
    let claims = with(people::apple("666.mallory", Some("ann@example.com")), "email_verified", json!("false"));
    assert_eq!(ok(rig.post(APPLE, json!({"token": signed(current(), &claims), "type": 1})).await)["isNew"], true);
    assert_eq!(named(&rig, "ann@example.com").await.apple_sub, None);
}

#[tokio::test]
async fn apple_takes_every_accepted_audience_and_tells_the_client_no_more_than_that() {
    let (rig, _provider) = rig().await;
    let claims = people::apple("001.ann", None);
    for (audience, answer) in [
        (json!(BUNDLE), None),
        (json!("com.safezone.onestep.web"), None),
        (json!(["host.exp.Exponent", BUNDLE]), None),
        (json!("host.exp.Exponent"), Some("Invalid token")),
        (json!(IOS), Some("Invalid token")),
        (json!([]), Some("Invalid token")),
        (json!(null), Some("Invalid token")),
    ] {
        let (status, body) = rig
            .post(APPLE, json!({"token": signed(current(), &with(claims.clone(), "aud", audience.clone())), "type": 1}))
            .await;
        match answer {
            None => assert_eq!(status, 200, "{audience}: {body}"),
            Some(sentence) => {
                assert_eq!((status, body), (StatusCode::BAD_REQUEST, json!({"error": sentence})), "{audience}");
            }
        }
    }
    let expired = with(claims.clone(), "exp", json!(chrono::Utc::now().timestamp() - 1));
    let (_, body) = rig.post(APPLE, json!({"token": signed(current(), &expired), "type": 1})).await;
    assert_eq!(body, json!({"error": "Token has expired"}));
    let (status, body) = rig.post(APPLE, json!({"token": signed(other(), &claims), "type": 1})).await;
    assert_eq!(status, 400);
    assert!(body["error"].as_str().unwrap().starts_with("An unexpected error occurred: "), "{body}");
}

#[tokio::test]
async fn a_name_that_no_account_can_have_is_refused() {
    let (rig, _provider) = rig().await;
    let email = |letters: usize| format!("{}@example.com", "a".repeat(letters));
    for (letters, status) in [(138, 200), (139, 400)] {
        let (answer, body) =
            rig.post(GOOGLE, json!({"token": signed(current(), &google(&email(letters))), "type": 0})).await;
        assert_eq!(answer, status, "{body}");
    }
    let long = people::apple("001.long", Some(&email(139)));
    ok(rig.post(APPLE, json!({"token": signed(current(), &long), "type": 1})).await);
    assert_eq!(user(&rig, UniqueName::AppleSub("001.long".to_owned())).await.username, "apple:001.long");
}

#[tokio::test]
async fn the_client_reads_its_ids_without_a_token() {
    let (rig, _provider) = rig().await;
    assert_eq!(ok(rig.get("/auth/android/").await), json!({"androidClientId": people::ANDROID}));
    assert_eq!(ok(rig.get("/auth/ios/").await), json!({"iosClientId": IOS}));
}

#[tokio::test]
async fn without_an_accepted_audience_a_login_is_refused_and_the_answer_says_so() {
    let rig = Rig::new(Settings {
        google_android: Vec::new(),
        google_ios: Vec::new(),
        apple_audiences: Vec::new(),
        ..settings()
    });
    for path in [GOOGLE, APPLE] {
        let (status, body) = rig.post(path, json!({"token": "x"})).await;
        assert_eq!(status, 400);
        assert!(body["error"].as_str().unwrap().contains("no accepted audience"), "{body}");
    }
    assert_eq!(ok(rig.get("/auth/android/").await), json!({"androidClientId": null}));
}
