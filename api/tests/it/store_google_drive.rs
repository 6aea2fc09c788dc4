//! The store in Google Drive.

use std::sync::Arc;

use onestep_api::store::Store;
use onestep_api::store::documents::google_drive;
use onestep_core::model::{Id, Provider, Todo, User};
use onestep_core::user_rows::{Change, Scope, UniqueName, UserRows};

use crate::conformance::{Place, conforms, samples};
use crate::fakes::drive::Drive;
use crate::fakes::google_tokens::ACCOUNT;
use crate::fakes::{Fault, meeting};

fn open(service: &Drive, address: &str) -> Arc<dyn Store> {
    google_drive::open(&format!("?base={address}"), Some(&service.tokens.account())).unwrap()
}

/// Two handles, as two processes would have.
fn handles(service: &Drive, address: &str) -> Place {
    vec![open(service, address), open(service, address)]
}

#[tokio::test(flavor = "multi_thread")]
async fn google_drive_conforms() {
    conforms(|| async {
        let (service, address) = Drive::start().await;
        handles(&service, &address)
    })
    .await;
}

#[tokio::test]
async fn each_user_has_a_document_in_their_own_folder_and_the_index_has_its_location() {
    for (owner, rest) in [(ACCOUNT, ""), ("index@example.com", "index@example.com")] {
        let (service, address) = Drive::start().await;
        let store = google_drive::open(&format!("{rest}?base={address}"), Some(&service.tokens.account())).unwrap();
        let user = samples::create(&*store, "a@example.com").await.id;
        assert_eq!(service.names("a@example.com"), [format!("{user:016}")]);
        // The root, and those parts that something is in.
        assert_eq!(service.names(owner).iter().filter(|name| *name == "onestep").count(), 1);
        assert!(service.names(owner).iter().all(|name| name == "onestep" || name.starts_with("part")));
        // A read needs a token of the user and, the first time, of the index.
        let sold = service.tokens.sold();
        open(&service, &address);
        samples::read(&*store, user).await;
        assert_eq!(service.tokens.sold(), sold);
    }
}

#[tokio::test]
async fn who_has_no_folder_that_can_be_reached_is_told_so() {
    let (service, address) = Drive::start().await;
    let store = open(&service, &address);
    let relay = "x7@privaterelay.appleid.com";
    service.tokens.stranger(relay);
    let apple = User { provider: Provider::Apple, apple_sub: Some("001.a".to_owned()), ..samples::person(relay) };
    let outcome = store.create(apple.clone()).await.unwrap_err().to_string();
    assert!(outcome.starts_with("Google Drive cannot be used: Google gives"), "{outcome}");
    assert!(
        outcome.contains("an administrator of the user's Workspace must allow it domain-wide delegation"),
        "{outcome}"
    );
    assert_eq!(store.users(None, 5).await.unwrap(), Vec::<Id>::new());
    assert_eq!(store.find(&UniqueName::AppleSub("001.a".to_owned())).await.unwrap(), None);
    // The names are still free.
    let workspace = User { username: "a@example.com".to_owned(), ..apple };
    store.create(workspace).await.unwrap();
}

#[tokio::test]
async fn a_user_who_deletes_the_apps_data_in_their_drive_can_be_restored() {
    let (service, address) = Drive::start().await;
    let [store, other] = &handles(&service, &address)[..] else { panic!() };
    let user = samples::create(&**store, "a@example.com").await;
    let all = samples::archive(&**other, user.id).await;
    service.clear("a@example.com");
    for store in [store, other] {
        assert_eq!(store.read(user.id, Scope::Everything).await.unwrap(), None);
        assert_eq!(store.find(&UniqueName::Username("a@example.com".to_owned())).await.unwrap(), None);
    }
    store.restore(&all).await.unwrap();
    for store in [store, other] {
        assert_eq!(samples::archive(&**store, user.id).await, all);
    }
    for (store, token) in [(store, "one"), (other, "two")] {
        samples::write(&**store, user.id, &[Change::AddDevice(samples::device(token, 1))]).await;
    }
}

#[tokio::test]
async fn two_first_processes_make_one_index() {
    for _ in 0..6 {
        let (service, address) = Drive::start().await;
        let place = handles(&service, &address);
        let (a, b) = tokio::join!(
            place[0].create(samples::person("a@example.com")),
            place[1].create(samples::person("b@example.com"))
        );
        assert_ne!(a.unwrap().id, b.unwrap().id);
        assert_eq!(service.names(ACCOUNT).iter().filter(|name| *name == "onestep").count(), 1);
        for name in ["a@example.com", "b@example.com"] {
            for store in &place {
                assert!(store.find(&UniqueName::Username(name.to_owned())).await.unwrap().is_some());
            }
        }
    }
}

fn refused(code: u16, reason: &str) -> Fault {
    Fault::Answer(
        code,
        format!(
            r#"{{"error":{{"errors":[{{"domain":"global","reason":"{reason}","message":"Why."}}],"code":{code},"message":"Why."}}}}"#
        ),
    )
}

#[tokio::test]
async fn reading_survives_what_is_over_soon_and_says_what_is_not() {
    let (service, address) = Drive::start().await;
    let store = open(&service, &address);
    let user = samples::create(&*store, "a@example.com").await.id;
    let cases = [
        (vec![refused(403, "userRateLimitExceeded"), refused(429, "rateLimitExceeded")], "ok"),
        (vec![refused(403, "userRateLimitExceeded"); 3], "Google Drive is throttling: 403 userRateLimitExceeded: Why."),
        (vec![Fault::Answer(429, String::new()); 3], "Google Drive is throttling: 429"),
        (vec![refused(401, "authError")], "ok"),
        (vec![refused(401, "authError"); 2], "have the administrator of the Workspace allow it domain-wide delegation"),
        (vec![refused(403, "accessNotConfigured")], "enable the Drive API in its project"),
        (vec![refused(500, "internalError")], "Google Drive cannot be used: 500 internalError: Why."),
        (vec![Fault::Answer(502, "<html>".to_owned())], "Google Drive cannot be used: 502"),
        (vec![Fault::Answer(200, "<html>".to_owned())], "unreadable data in users/"),
        (vec![Fault::Cut], "Google Drive cannot be used: the connection broke off"),
        (vec![Fault::Hang], "Google Drive cannot be used: no answer in time"),
    ];
    for (faults, expected) in cases {
        let outcome = meeting(&service.faults, "/drive/v3/files/", &faults, store.read(user, Scope::Everything)).await;
        assert!(outcome.contains(expected), "{faults:?}: {outcome}");
    }
    // Those that Google no longer takes are bought anew.
    service.tokens.expire();
    samples::read(&*store, user).await;
    service.tokens.expire();
    let fault = [Fault::Answer(500, String::new())];
    let outcome = meeting(&service.tokens.faults, "/token", &fault, store.read(user, Scope::Everything)).await;
    assert_eq!(outcome, "Google Drive cannot be used: Google's tokens: answered 500 Internal Server Error");
}

#[tokio::test]
async fn a_write_is_done_once_or_not_at_all_and_never_tried_again_blindly() {
    let (service, address) = Drive::start().await;
    let store = open(&service, &address);
    let user = samples::create(&*store, "a@example.com").await.id;
    let ids = samples::ids(&*store, user, 1).await;
    let cases = [
        (vec![refused(412, "conditionNotMet")], "ok", 2),
        (vec![refused(403, "rateLimitExceeded")], "ok", 1),
        (vec![refused(403, "userRateLimitExceeded"); 3], "Google Drive is throttling", 1),
        (
            vec![refused(403, "storageQuotaExceeded")],
            "the data is too large for Google Drive: no storage is left for a@example.com",
            1,
        ),
        (vec![refused(503, "backendError")], "Google Drive cannot be used: 503 backendError", 1),
        (vec![Fault::Cut], "the connection broke off", 1),
        (vec![Fault::DoneAndCut], "the connection broke off", 1),
    ];
    for (number, (faults, expected, decisions)) in cases.into_iter().enumerate() {
        let done = expected == "ok" || matches!(faults[..], [Fault::DoneAndCut]);
        let mut decided = 0;
        let todo = Todo { content: format!("round {number}"), ..samples::todo(ids[0], "a") };
        let decide = &mut |_: &UserRows, _: &[Id]| {
            decided += 1;
            vec![Change::Todo(todo.clone())]
        };
        let outcome =
            meeting(&service.faults, "/upload/drive/v2/", &faults, store.update(user, Scope::Todos, 0, decide)).await;
        assert!(outcome.contains(expected), "{faults:?}: {outcome}");
        assert_eq!(decided, decisions, "{faults:?}");
        let found = samples::read(&*store, user).await.todos;
        assert_eq!(found.iter().any(|row| row.content == todo.content), done, "{faults:?}");
    }
}

#[tokio::test]
async fn an_account_without_storage_is_told_what_to_do() {
    let (service, address) = Drive::start().await;
    let store = open(&service, &address);
    let asking = store.create(samples::person("a@example.com"));
    let outcome = meeting(&service.faults, "/upload/drive/v3/", &[refused(403, "storageQuotaExceeded")], asking).await;
    assert!(outcome.contains("name a user whose folder keeps the index, google-drive:ADDRESS"), "{outcome}");
}

#[tokio::test]
async fn a_wrong_setting_is_refused_at_the_start() {
    let account = Drive::start().await.0.tokens.account();
    let cases = [
        ("", None, "a store in Google Drive needs a service account: set ONESTEP_FIREBASE to the JSON of its key"),
        (
            "me",
            Some(&account),
            "ONESTEP_STORE: \"me\" is not the mail address of a Workspace user; write google-drive: or google-drive:ADDRESS",
        ),
        (
            "?bass=x",
            Some(&account),
            "ONESTEP_STORE: the option \"bass\" is unknown or empty; the only known option is base",
        ),
        (
            "?base=http://example.com",
            Some(&account),
            "ONESTEP_STORE: base must begin with https:// (http:// is for this machine only)",
        ),
        ("?base=https://a?b", Some(&account), "ONESTEP_STORE: base must be a URL without a query"),
    ];
    for (rest, account, expected) in cases {
        assert_eq!(google_drive::open(rest, account).map(|_| ()).unwrap_err(), expected);
    }
}
