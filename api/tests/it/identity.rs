//! Which identity tokens are accepted, and when the keys of a provider are fetched.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use onestep_api::services::identity::{IdentityError, Person, google};
use onestep_api::services::keys::ProviderKeys;
use serde_json::{Value, json};
use std::sync::Arc;
use tokio::time::{Duration, Instant};

use crate::services::people::{self, ANDROID, IOS, current, other, published, signed, with};
use crate::services::{Fake, Reply, Silent, nobody};

fn keys(address: &str) -> ProviderKeys {
    ProviderKeys::new("Google", address.to_owned(), Arc::default())
}

async fn at(keys: &ProviderKeys, token: &str, now: DateTime<Utc>) -> Result<Person, IdentityError> {
    google(token, keys, &[ANDROID], now).await
}

async fn now(keys: &ProviderKeys, token: &str) -> Result<Person, IdentityError> {
    at(keys, token, Utc::now()).await
}

fn token() -> String {
    signed(current(), &people::google("ann@example.com"))
}

#[tokio::test]
async fn a_claim_that_is_not_right_spoils_the_identity() {
    let provider = Fake::start(Reply::Json(200, published(&[current()]))).await;
    let keys = keys(&provider.url);
    let seconds = Utc::now().timestamp();
    for (claim, value, counts) in [
        ("iss", json!("accounts.google.com"), true),
        ("iss", json!("https://accounts.google.com.evil.example"), false),
        ("iss", json!(null), false),
        ("aud", json!(IOS), false),
        ("aud", json!([IOS, ANDROID]), true),
        ("aud", json!({"id": ANDROID}), false),
        ("aud", json!(null), false),
        ("exp", json!(seconds - 1), false),
        ("exp", json!(seconds + 5), true),
        ("exp", json!("tomorrow"), false),
        ("exp", json!(null), false),
        ("iat", json!(seconds + 8), true),
        ("iat", json!(seconds + 30), false),
        ("nbf", json!(seconds + 30), false),
        ("email", json!(null), false),
        ("email", json!("nobody"), false),
        ("email_verified", json!("true"), true),
        ("email_verified", json!(false), false),
        ("email_verified", json!("false"), false),
        ("email_verified", json!(1), false),
        ("email_verified", json!(null), false),
        ("sub", json!(""), false),
        ("sub", json!(null), false),
    ] {
        let outcome =
            now(&keys, &signed(current(), &with(people::google("ann@example.com"), claim, value.clone()))).await;
        assert_eq!(outcome.is_ok(), counts, "{claim} = {value}: {outcome:?}");
    }
    assert_eq!(provider.asked(), 1, "the keys are kept");
}

#[tokio::test]
async fn only_the_providers_own_signature_counts() {
    let provider = Fake::start(Reply::Json(200, published(&[current()]))).await;
    let keys = keys(&provider.url);
    let claims = people::google("ann@example.com");
    let part = |value: &Value| base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, value.to_string());
    let none = format!("{}.{}.", part(&json!({"alg": "none", "typ": "JWT", "kid": "current"})), part(&claims));
    let modulus = current().jwk["n"].as_str().unwrap().as_bytes();
    let header = Header { kid: Some("current".to_owned()), ..Header::new(Algorithm::HS256) };
    let with_public_key = jsonwebtoken::encode(&header, &claims, &EncodingKey::from_secret(modulus)).unwrap();
    let header = Header { kid: Some("current".to_owned()), ..Header::new(Algorithm::RS256) };
    let of_another = jsonwebtoken::encode(&header, &claims, &other().private).unwrap();
    let header = Header { kid: Some("current".to_owned()), ..Header::new(Algorithm::RS512) };
    let other_hash = jsonwebtoken::encode(&header, &claims, &current().private).unwrap();
    let genuine = token();
    let (body, _) = genuine.rsplit_once('.').unwrap();
    let forged = format!(
        "{}.{}.{}",
        part(&json!({"alg": "RS256", "kid": "current"})),
        part(&claims),
        genuine.rsplit_once('.').unwrap().1
    );
    for (what, token) in [
        ("unsigned", none),
        ("signed with the public key", with_public_key),
        ("signed by another", of_another),
        ("with another hash", other_hash),
        ("without its signature", format!("{body}.")),
        ("with the signature of another identity", forged),
        ("too long", "a".repeat(20_000)),
        ("empty", String::new()),
    ] {
        let outcome = now(&keys, &token).await;
        assert!(matches!(outcome, Err(IdentityError::Invalid(_))), "{what}: {outcome:?}");
    }
    let nameless = jsonwebtoken::encode(&Header::new(Algorithm::RS256), &claims, &current().private).unwrap();
    assert!(matches!(now(&keys, &nameless).await, Err(IdentityError::Unchecked(_))));
    assert!(now(&keys, &genuine).await.is_ok());
}

#[tokio::test]
async fn keys_are_kept_as_long_as_the_provider_says_and_no_longer_than_a_day() {
    for (control, kept, gone) in [
        ("max-age=600", 599, 600),
        ("max-age=999999999", 86_399, 86_400),
        ("public", 3_599, 3_600),
        ("no-store", -1, 0),
    ] {
        let provider = Fake::start(Reply::Kept(control, published(&[current()]))).await;
        let keys = keys(&provider.url);
        let start = Utc::now();
        let asked = async |seconds: i64| {
            let _ = at(&keys, &token(), start + TimeDelta::seconds(seconds)).await;
            provider.asked()
        };
        assert_eq!(asked(0).await, 1);
        if kept >= 0 {
            assert_eq!(asked(kept).await, 1, "{control}");
        }
        assert_eq!(asked(gone).await, 2, "{control}");
    }
}

#[tokio::test]
async fn a_new_key_is_found_at_once_and_invented_ones_ask_once_a_minute() {
    let provider = Fake::start(Reply::Kept("max-age=3600", published(&[current()]))).await;
    let keys = keys(&provider.url);
    let start = Utc::now();
    assert!(at(&keys, &token(), start).await.is_ok());
    provider.now_gives(Reply::Kept("max-age=3600", published(&[current(), other()])));
    assert!(at(&keys, &signed(other(), &people::google("ann@example.com")), start).await.is_ok());
    assert_eq!(provider.asked(), 2);
    let invented = |number: i64| {
        let header = Header { kid: Some(format!("invented-{number}")), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, &people::google("ann@example.com"), &current().private).unwrap()
    };
    for number in 0..50 {
        assert!(matches!(
            at(&keys, &invented(number), start + TimeDelta::seconds(number)).await,
            Err(IdentityError::Unchecked(_))
        ));
    }
    assert_eq!(provider.asked(), 2);
    let _ = at(&keys, &invented(60), start + TimeDelta::seconds(60)).await;
    assert_eq!(provider.asked(), 3);
}

#[tokio::test]
async fn old_keys_go_on_for_a_day_when_the_provider_cannot_be_asked() {
    for reply in [
        Reply::Json(500, json!({})),
        Reply::Text(200, "<html>".to_owned()),
        Reply::Cut,
        Reply::Json(200, json!({"keys": []})),
    ] {
        let provider = Fake::start(Reply::Kept("max-age=600", published(&[current()]))).await;
        let keys = keys(&provider.url);
        let start = Utc::now() - TimeDelta::days(3);
        let person = |minutes: i64| {
            let now = start + TimeDelta::minutes(minutes);
            let claims = with(
                with(people::google("ann@example.com"), "iat", json!(now.timestamp())),
                "exp",
                json!(now.timestamp() + 60),
            );
            (signed(current(), &claims), now)
        };
        let ask = async |minutes: i64| {
            let (token, now) = person(minutes);
            at(&keys, &token, now).await
        };
        assert!(ask(0).await.is_ok());
        provider.now_gives(reply.clone());
        assert!(ask(11).await.is_ok(), "{reply:?}");
        assert_eq!(provider.asked(), 2);
        assert!(ask(11).await.is_ok());
        assert_eq!(provider.asked(), 2, "a provider in trouble is left alone for a while");
        assert!(ask(60 * 24 + 9).await.is_ok(), "{reply:?}");
        let too_old = ask(60 * 24 + 11).await;
        assert!(
            matches!(&too_old, Err(IdentityError::Unchecked(why)) if why.starts_with("Google's keys: ")),
            "{reply:?}: {too_old:?}"
        );
        provider.now_gives(Reply::Json(200, published(&[current()])));
        assert!(ask(60 * 24 + 12).await.is_ok(), "{reply:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_provider_that_never_answers_is_waited_for_three_seconds_by_all_together() {
    let silent = Silent::new();
    let keys = keys(&silent.url());
    let began = Instant::now();
    let tokens: Vec<String> = (0..20).map(|_| token()).collect();
    let outcomes = futures::future::join_all(tokens.iter().map(|token| now(&keys, token))).await;
    for outcome in outcomes {
        assert_eq!(outcome, Err(IdentityError::Unchecked("Google's keys: no answer in time".to_owned())));
    }
    assert!(
        began.elapsed() >= Duration::from_secs(3) && began.elapsed() < Duration::from_millis(3_500),
        "{:?}",
        began.elapsed()
    );
}

#[tokio::test]
async fn logins_that_come_together_fetch_the_keys_once() {
    let provider = Fake::start(Reply::Json(200, published(&[current()]))).await;
    let keys = keys(&provider.url);
    let token = token();
    let outcomes = futures::future::join_all((0..20).map(|_| now(&keys, &token))).await;
    assert!(outcomes.iter().all(Result::is_ok), "{outcomes:?}");
    assert_eq!(provider.asked(), 1);
}

#[tokio::test]
async fn a_provider_that_is_not_there_is_named() {
    let outcome = now(&keys(&nobody()), &token()).await;
    assert_eq!(outcome, Err(IdentityError::Unchecked("Google's keys: cannot be reached".to_owned())));
}

#[tokio::test]
async fn keys_of_other_kinds_among_them_do_no_harm() {
    let mut elliptic = current().jwk.clone();
    elliptic["kty"] = json!("EC");
    let mut encrypting = current().jwk.clone();
    encrypting["use"] = json!("enc");
    let set = |key: &Value| json!({"keys": [{"kty": "EC"}, 5, null, key]});
    for (keys_of, counts) in [(set(&current().jwk), true), (set(&elliptic), false), (set(&encrypting), false)] {
        let provider = Fake::start(Reply::Json(200, keys_of)).await;
        assert_eq!(now(&keys(&provider.url), &token()).await.is_ok(), counts);
    }
}
