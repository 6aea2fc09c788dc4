//! The store in Firestore.

use std::sync::Arc;

use onestep_api::store::Store;
use onestep_api::store::documents::firestore;
use onestep_core::model::{Id, Todo};
use onestep_core::user_rows::{Change, Scope, UniqueName};

use crate::conformance::{Place, conforms, samples};
use crate::fakes::firestore::Firestore;
use crate::fakes::{Fault, meeting};

/// Two handles, as two processes would have.
fn handles(service: &Firestore, address: &str) -> Place {
    let open = || firestore::open(&format!("one-step?base={address}"), Some(&service.tokens.account()), None).unwrap();
    vec![open(), open()]
}

#[tokio::test(flavor = "multi_thread")]
async fn firestore_conforms() {
    conforms(|| async {
        let (service, address) = Firestore::start(false).await;
        handles(&service, &address)
    })
    .await;
}

#[tokio::test]
async fn the_emulator_needs_no_account() {
    let (service, address) = Firestore::start(true).await;
    let store: Arc<dyn Store> =
        firestore::open("one-step", None, Some(address.strip_prefix("http://").unwrap())).unwrap();
    store.ready().await.unwrap();
    let user = samples::create(&*store, "a@example.com").await.id;
    let user = format!("users/{user:016}");
    assert_eq!(
        service.names(),
        ["counters/ids", "names/44697298794859bff339d9a1d398a75318db6ecd12126a1ae2456e20b950d2c2", &user]
    );
}

fn refused(code: u16, status: &str, message: &str) -> Fault {
    Fault::Answer(code, format!(r#"{{"error":{{"code":{code},"message":"{message}","status":"{status}"}}}}"#))
}

#[tokio::test]
async fn reading_survives_what_is_over_soon_and_says_what_is_not() {
    let (service, address) = Firestore::start(false).await;
    let store = &handles(&service, &address)[0];
    let busy = refused(429, "RESOURCE_EXHAUSTED", "Quota exceeded.");
    let stale = refused(401, "UNAUTHENTICATED", "Request had invalid authentication credentials.");
    let cases = [
        (vec![busy.clone(); 2], "ok"),
        (vec![busy; 3], "Firestore is throttling: Quota exceeded."),
        (vec![Fault::Answer(429, String::new()); 3], "Firestore is throttling: it answered 429 Too Many Requests"),
        (vec![stale.clone()], "ok"),
        (vec![stale; 2], "give the account the role Cloud Datastore User in this project"),
        (
            vec![refused(403, "PERMISSION_DENIED", "Missing or insufficient permissions.")],
            "give the account the role Cloud Datastore User",
        ),
        (
            vec![refused(404, "NOT_FOUND", "The database (default) does not exist")],
            "cannot be used: NOT_FOUND: The database (default) does not exist",
        ),
        (vec![refused(500, "INTERNAL", "Internal error.")], "Firestore cannot be used: INTERNAL: Internal error."),
        (
            vec![Fault::Answer(503, "<html>".to_owned())],
            "Firestore cannot be used: UNKNOWN: it answered 503 Service Unavailable",
        ),
        (vec![Fault::Answer(200, "<html>".to_owned())], "Firestore cannot be used: its answer (200 OK) cannot be read"),
        (vec![Fault::Answer(200, "[]".to_owned())], "does not say whether a document exists"),
        (vec![Fault::Cut], "Firestore cannot be used: the connection broke off"),
        (vec![Fault::Hang], "Firestore cannot be used: no answer in time"),
    ];
    for (faults, expected) in cases {
        let outcome = meeting(&service.faults, "documents:batchGet", &faults, store.ready()).await;
        assert!(outcome.contains(expected), "{faults:?}: {outcome}");
    }
    // Those that Google no longer takes are bought anew.
    service.tokens.expire();
    store.ready().await.unwrap();
    let nobody = firestore::open("one-step?base=http://127.0.0.1:1", Some(&service.tokens.account()), None).unwrap();
    assert_eq!(nobody.ready().await.unwrap_err().to_string(), "Firestore cannot be used: cannot be reached");
}

#[tokio::test]
async fn a_write_is_done_once_or_not_at_all_and_never_tried_again_blindly() {
    let (service, address) = Firestore::start(false).await;
    let store = &handles(&service, &address)[0];
    let user = samples::create(&**store, "a@example.com").await.id;
    let ids = samples::ids(&**store, user, 1).await;
    let cases = [
        // Another write was under way: it is read and decided again.
        (vec![refused(409, "ABORTED", "Too much contention.")], "ok", 2),
        (vec![refused(429, "RESOURCE_EXHAUSTED", "Quota exceeded.")], "ok", 1),
        (vec![refused(429, "RESOURCE_EXHAUSTED", "Quota exceeded."); 3], "Firestore is throttling: Quota exceeded.", 1),
        (
            vec![refused(503, "UNAVAILABLE", "The service is currently unavailable.")],
            "UNAVAILABLE: The service is currently unavailable.",
            1,
        ),
        (vec![Fault::Cut], "the connection broke off", 1),
        (vec![Fault::DoneAndCut], "the connection broke off", 1),
    ];
    for (number, (faults, expected, decisions)) in cases.into_iter().enumerate() {
        let done = expected == "ok" || matches!(faults[..], [Fault::DoneAndCut]);
        let mut decided = 0;
        let todo = Todo { content: format!("round {number}"), ..samples::todo(ids[0], "a") };
        let decide = &mut |_: &onestep_core::user_rows::UserRows, _: &[Id]| {
            decided += 1;
            vec![Change::Todo(todo.clone())]
        };
        let outcome =
            meeting(&service.faults, "documents:commit", &faults, store.update(user, Scope::Todos, 0, decide)).await;
        assert!(outcome.contains(expected), "{faults:?}: {outcome}");
        assert_eq!(decided, decisions, "{faults:?}");
        let found = samples::read(&**store, user).await.todos;
        assert_eq!(found.iter().any(|row| row.content == todo.content), done, "{faults:?}");
    }
}

#[tokio::test]
async fn what_does_not_fit_is_not_written() {
    let (service, address) = Firestore::start(false).await;
    let store = &handles(&service, &address)[0];
    let user = samples::create(&**store, "a@example.com").await.id;
    // Text that does not compress: 1,200 times 1,000 bytes of hexadecimal chance are 600,000.
    let mut chance = [0_u8; 500];
    let mut rows = |ids: Vec<Id>| -> Vec<Change> {
        let mut text = || {
            aws_lc_rs::rand::fill(&mut chance).unwrap();
            chance.iter().map(|byte| format!("{byte:02x}")).collect()
        };
        ids.into_iter().map(|id| Change::Todo(Todo { content: text(), ..samples::todo(id, "a") })).collect()
    };
    let first = rows(samples::ids(&**store, user, 1_200).await);
    samples::write(&**store, user, &first).await;
    let second = rows(samples::ids(&**store, user, 1_200).await);
    let outcome = samples::try_write(&**store, user, &second).await.unwrap_err().to_string();
    assert!(
        outcome.starts_with(&format!("the data is too large for Firestore: everything of user {user} is 1")),
        "{outcome}"
    );
    assert_eq!(samples::read(&**store, user).await.todos.len(), 1_200);
}

#[tokio::test]
async fn an_unreadable_document_is_named() {
    let (service, address) = Firestore::start(false).await;
    let store = &handles(&service, &address)[0];
    let user = samples::create(&**store, "a@example.com").await.id;
    let place = format!("users/{user:016}");
    service.spoil(&place, b"hunter2");
    let expected = format!("Firestore contains unreadable data in {place}: it does not unpack");
    assert_eq!(store.archive(user).await.unwrap_err().to_string(), expected);
    assert_eq!(store.find(&UniqueName::Username("a@example.com".to_owned())).await.unwrap_err().to_string(), expected);
    let name = service.names().into_iter().find(|name| name.starts_with("names/")).unwrap();
    service.spoil(&name, b"hunter2");
    let outcome = store.find(&UniqueName::Username("a@example.com".to_owned())).await.unwrap_err().to_string();
    assert_eq!(outcome, format!("Firestore contains unreadable data in {name}: it is not a claim"));
}

#[tokio::test]
async fn a_wrong_setting_is_refused_at_the_start() {
    let account = Firestore::start(false).await.0.tokens.account();
    let cases = [
        ("one-step", None, "a store in Firestore needs a service account: set ONESTEP_FIREBASE to the JSON of its key"),
        (
            "one/step",
            Some(&account),
            "ONESTEP_STORE: \"one/step\" is not a project id of Google Cloud; write firestore:PROJECT",
        ),
        (
            "one-step?bass=x",
            Some(&account),
            "ONESTEP_STORE: the option \"bass\" is unknown or empty; the only known option is base",
        ),
        (
            "one-step?base=http://example.com",
            Some(&account),
            "ONESTEP_STORE: base must begin with https:// (http:// is for this machine only)",
        ),
    ];
    for (rest, account, expected) in cases {
        assert_eq!(firestore::open(rest, account, None).map(|_| ()).unwrap_err(), expected);
    }
    // Without a project it is the account's own.
    assert_eq!(firestore::open("", Some(&account), None).unwrap().name(), "Firestore");
}
