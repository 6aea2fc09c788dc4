//! The store in iCloud.

use onestep_api::store::documents::icloud;
use onestep_core::model::{Id, Todo};
use onestep_core::user_rows::{Change, Scope, UserRows};

use crate::conformance::{conforms, samples};
use crate::fakes::cloudkit::CloudKit;
use crate::fakes::{Fault, meeting};

#[tokio::test(flavor = "multi_thread")]
async fn icloud_conforms() {
    conforms(|| async {
        let (service, address) = CloudKit::start().await;
        let open = || icloud::open(&service.rest(&address)).unwrap();
        vec![open(), open()]
    })
    .await;
}

fn refused(code: u16, error: &str) -> Fault {
    Fault::Answer(code, format!(r#"{{"uuid":"7d1c","serverErrorCode":"{error}","reason":"why","retryAfter":30}}"#))
}

#[tokio::test]
async fn reading_survives_what_is_over_soon_and_says_what_is_not() {
    let (service, address) = CloudKit::start().await;
    let store = icloud::open(&service.rest(&address)).unwrap();
    let cases = [
        (vec![refused(429, "THROTTLED"), refused(503, "TRY_AGAIN_LATER")], "ok"),
        (vec![refused(429, "THROTTLED"); 3], "iCloud is throttling: THROTTLED: why, try again in 30 s"),
        (vec![refused(503, "ZONE_BUSY"); 3], "iCloud is throttling: ZONE_BUSY: why, try again in 30 s"),
        (
            vec![Fault::Answer(429, String::new()); 3],
            "iCloud is throttling: THROTTLED: it answered 429 Too Many Requests",
        ),
        (vec![refused(503, "TRY_AGAIN_LATER"); 3], "iCloud cannot be used: TRY_AGAIN_LATER: why, try again in 30 s"),
        (
            vec![refused(401, "AUTHENTICATION_FAILED")],
            "register its public key in the CloudKit console for this container and environment",
        ),
        (vec![refused(403, "ACCESS_DENIED")], "register its public key in the CloudKit console"),
        (vec![refused(413, "QUOTA_EXCEEDED")], "the data is too large for iCloud: QUOTA_EXCEEDED: why"),
        (vec![refused(500, "INTERNAL_ERROR")], "iCloud cannot be used: INTERNAL_ERROR: why"),
        (vec![Fault::Answer(502, "<html>".to_owned())], "iCloud cannot be used: HTTP: it answered 502 Bad Gateway"),
        (vec![Fault::Answer(200, "<html>".to_owned())], "iCloud cannot be used: its answer (200 OK) cannot be read"),
        (vec![Fault::Answer(200, r#"{"records":[]}"#.to_owned())], "does not say whether a record exists"),
        (
            vec![Fault::Answer(200, r#"{"records":[{}]}"#.to_owned())],
            "iCloud cannot be used: an answer without records",
        ),
        (
            vec![Fault::Answer(200, r#"{"records":[{"recordName":"counters-ids"}]}"#.to_owned())],
            "unreadable data in counters/ids: it has no body",
        ),
        (vec![Fault::Cut], "iCloud cannot be used: the connection broke off"),
        (vec![Fault::Hang], "iCloud cannot be used: no answer in time"),
    ];
    for (faults, expected) in cases {
        let outcome = meeting(&service.faults, "/records/lookup", &faults, store.ready()).await;
        assert!(outcome.contains(expected), "{faults:?}: {outcome}");
    }
}

#[tokio::test]
async fn a_record_can_fail_inside_an_answer_that_is_fine() {
    let (service, address) = CloudKit::start().await;
    let store = icloud::open(&service.rest(&address)).unwrap();
    for (code, expected) in [
        ("NOT_FOUND", "ok"),
        ("ZONE_BUSY", "ok"),
        ("ACCESS_DENIED", "iCloud cannot be used: it refuses the key"),
        ("ZONE_NOT_FOUND", "iCloud cannot be used: ZONE_NOT_FOUND: why"),
    ] {
        service.next_record(code, "why");
        let outcome = meeting(&service.faults, "/", &[], store.ready()).await;
        assert!(outcome.starts_with(expected), "{code}: {outcome}");
    }
    // The index of the container is missing.
    service.next_record("BAD_REQUEST", "Field 'number' is not marked queryable");
    assert_eq!(
        store.users(None, 5).await.unwrap_err().to_string(),
        "iCloud cannot be used: BAD_REQUEST: Field 'number' is not marked queryable"
    );
}

#[tokio::test]
async fn a_write_is_done_once_or_not_at_all_and_never_tried_again_blindly() {
    let (service, address) = CloudKit::start().await;
    let store = icloud::open(&service.rest(&address)).unwrap();
    let user = samples::create(&*store, "a@example.com").await.id;
    let ids = samples::ids(&*store, user, 1).await;
    let conflict =
        r#"{"records":[{"recordName":"users-0000000000000001","serverErrorCode":"CONFLICT","reason":"why"}]}"#;
    assert_eq!(user, 1);
    let cases = [
        (vec![Fault::Answer(200, conflict.to_owned())], "ok", 2),
        (vec![refused(503, "ZONE_BUSY")], "ok", 1),
        (vec![refused(429, "THROTTLED"); 3], "iCloud is throttling: THROTTLED", 1),
        // It is unknown whether it was done, so it is not repeated.
        (vec![refused(503, "TRY_AGAIN_LATER")], "iCloud cannot be used: TRY_AGAIN_LATER", 1),
        (vec![refused(413, "QUOTA_EXCEEDED")], "the data is too large for iCloud", 1),
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
            meeting(&service.faults, "/records/modify", &faults, store.update(user, Scope::Todos, 0, decide)).await;
        assert!(outcome.contains(expected), "{faults:?}: {outcome}");
        assert_eq!(decided, decisions, "{faults:?}");
        let found = samples::read(&*store, user).await.todos;
        assert_eq!(found.iter().any(|row| row.content == todo.content), done, "{faults:?}");
    }
}

#[tokio::test]
async fn the_key_is_read_in_any_form_it_comes_in() {
    let (service, address) = CloudKit::start().await;
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("eckey.pem");
    std::fs::write(&path, service.pem()).unwrap();
    let rest = |key: &str| format!("iCloud.one.stepby.onestep?key_id={}&key={key}&base={address}", service.key_id());
    let bare = service.pem();
    // As a file, as it is, with line ends lost, with line ends of two characters.
    for key in [path.to_str().unwrap(), &bare, &bare.replace('\n', " "), &bare.replace('\n', "\\n")] {
        icloud::open(&rest(key)).unwrap().ready().await.unwrap();
    }
    // Another's is refused.
    let (other, _) = CloudKit::start().await;
    let outcome = icloud::open(&rest(&other.pem())).unwrap().ready().await.unwrap_err().to_string();
    assert!(outcome.starts_with("iCloud cannot be used: it refuses the key 0123"), "{outcome}");
}

#[tokio::test]
async fn a_wrong_setting_is_refused_at_the_start() {
    let wrong_key = "ONESTEP_STORE: the key is not a private key for P-256 in PEM; make one with: openssl ecparam -name prime256v1 -genkey -noout";
    let cases = [
        (
            "?key_id=1&key=x",
            "ONESTEP_STORE: \"\" is not the name of a container; write icloud:CONTAINER, such as icloud:iCloud.com.example.app",
        ),
        (
            "iCloud.a?key=x",
            "ONESTEP_STORE: an iCloud container needs key_id=, the id of a server-to-server key in the CloudKit console",
        ),
        (
            "iCloud.a?key_id=1",
            "ONESTEP_STORE: an iCloud container needs key=, the private key in PEM or the path of its file",
        ),
        (
            "iCloud.a?key_id=1&key=/nowhere/hunter2",
            "ONESTEP_STORE: the file of the key cannot be read: entity not found",
        ),
        ("iCloud.a?key_id=1&key=-----BEGIN PRIVATE KEY-----hunter2-----END", wrong_key),
        ("iCloud.a?key_id=1&key=-----BEGIN hunter2", wrong_key),
        (
            "iCloud.a?key_id=1&key=x&environment=test",
            "ONESTEP_STORE: environment must be production or development, not \"test\"",
        ),
        (
            "iCloud.a?key_id=1&key=x&base=ftp://a",
            "ONESTEP_STORE: base must begin with https:// (http:// is for this machine only)",
        ),
        (
            "iCloud.a?key_id=1&key=x&kye=y",
            "ONESTEP_STORE: the option \"kye\" is unknown or empty; the known options are key_id, key, environment and base",
        ),
    ];
    for (rest, expected) in cases {
        assert_eq!(icloud::open(rest).map(|_| ()).unwrap_err(), expected);
    }
}
