//! Access tokens of a service account.

use std::time::Duration;

use chrono::{TimeDelta, Utc};
use onestep_api::google_account::{AccessTokens, ServiceAccount};
use onestep_api::settings::Secret;

use crate::fakes::google_tokens::GoogleTokens;
use crate::fakes::{Fault, meeting};

fn buyer(service: &GoogleTokens) -> AccessTokens {
    let http = reqwest::Client::builder().timeout(Duration::from_millis(500)).build().unwrap();
    AccessTokens::new(ServiceAccount::parse(&service.account()).unwrap(), None, http).unwrap()
}

#[tokio::test]
async fn a_token_is_kept_until_shortly_before_its_end() {
    let service = GoogleTokens::start().await;
    let tokens = buyer(&service);
    let start = Utc::now();
    let first = tokens.token("a", None, start).await.unwrap();
    for (minutes, sold) in [(0, 1), (57, 1)] {
        assert_eq!(tokens.clone().token("a", None, start + TimeDelta::minutes(minutes)).await.unwrap(), first);
        assert_eq!(service.sold(), sold);
    }
    // A scope, and a user, has a token of its own.
    assert_ne!(tokens.token("b", None, start).await.unwrap(), first);
    assert_ne!(tokens.token("a", Some("a@example.com"), start).await.unwrap(), first);
    assert_eq!(service.sold(), 3);
    // The service takes no assertion from the future: that one was tried is enough.
    assert!(tokens.token("a", None, start + TimeDelta::minutes(58)).await.is_err());
}

#[tokio::test]
async fn a_refused_token_is_bought_anew() {
    let service = GoogleTokens::start().await;
    let tokens = buyer(&service);
    let now = Utc::now();
    let first = tokens.token("a", None, now).await.unwrap();
    tokens.forget(&first);
    assert_ne!(tokens.token("a", None, now).await.unwrap(), first);
}

#[tokio::test]
async fn what_goes_wrong_is_said_in_a_sentence() {
    let service = GoogleTokens::start().await;
    service.stranger("a@gmail.com");
    let answer = |status, body: &str| vec![Fault::Answer(status, body.to_owned())];
    let cases: [(Vec<Fault>, Option<&str>, &str); 9] = [
        (vec![], Some("a@gmail.com"), "must allow it domain-wide delegation with the scope a"),
        (
            answer(400, r#"{"error":"invalid_grant","error_description":"Invalid JWT Signature."}"#),
            None,
            "make a new key",
        ),
        (
            answer(400, r#"{"error":"invalid_grant","error_description":"Invalid email or User ID"}"#),
            Some("b"),
            "must be a Workspace account",
        ),
        (answer(500, "<html>"), None, "Google's tokens: answered 500 Internal Server Error"),
        (answer(200, "<html>"), None, "Google's tokens: the answer is not a token"),
        (answer(200, &"x".repeat(70_000)), None, "Google's tokens: the answer is too long"),
        (answer(302, ""), None, "Google's tokens: answered 302 Found"),
        (vec![Fault::Cut], None, "Google's tokens: the connection broke off"),
        (vec![Fault::Hang], None, "Google's tokens: no answer in time"),
    ];
    for (fault, subject, expected) in cases {
        let outcome = meeting(&service.faults, "/token", &fault, buyer(&service).token("a", subject, Utc::now())).await;
        assert!(outcome.contains(expected), "{fault:?}: {outcome}");
    }
}

#[tokio::test]
async fn an_account_without_what_is_needed_is_refused_without_being_quoted() {
    let whole = GoogleTokens::start().await.account();
    let whole: serde_json::Value = serde_json::from_str(whole.reveal()).unwrap();
    let with = |name: &str, value: serde_json::Value| {
        let mut json = whole.clone();
        json[name] = value;
        json.to_string()
    };
    let cases = [
        ("hunter2".to_owned(), "the service account is not the JSON of a key: wrong at line 1, column 1"),
        (with("private_key", "hunter2".into()), "the service account's private_key is not an RSA key in PEM"),
        (
            with("private_key", "".into()),
            "the service account has no private_key; download its key again from the console of Google",
        ),
        (
            with("client_email", serde_json::Value::Null),
            "the service account has no client_email; download its key again from the console of Google",
        ),
        (
            with("token_uri", "http://example.com/hunter2".into()),
            "the service account's token_uri must begin with https:// (http:// is for this machine only)",
        ),
    ];
    for (json, expected) in cases {
        assert_eq!(ServiceAccount::parse(&Secret::new(json)).unwrap_err(), expected);
    }
    // Typed by hand into a setting, its line ends are often two characters.
    let pem = whole["private_key"].as_str().unwrap().replace('\n', "\\n");
    ServiceAccount::parse(&Secret::new(with("private_key", pem.into()))).unwrap();
    assert!(!format!("{:?}", ServiceAccount::parse(&Secret::new(whole.to_string())).unwrap()).contains("BEGIN"));
}
