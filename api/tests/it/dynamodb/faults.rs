//! What goes wrong on the way to DynamoDB, and in it.

use std::sync::atomic::{AtomicUsize, Ordering};

use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use chrono::Utc;
use onestep_api::store::dynamodb::DynamoDb;
use onestep_api::store::{Store, StoreError};
use onestep_core::model::{Id, User};
use onestep_core::user_rows::{Scope, UniqueName, UserRows};
use test_stack::stack::Emulator;

use super::{account, changes, device, new_table, noise, person, todos, update};
use crate::faulty::{Fate, Faulty};

#[tokio::test(flavor = "multi_thread")]
async fn a_lost_answer_does_not_make_a_change_twice() {
    // moto does not know the tokens by which a transaction is told from its repetition.
    for emulator in [Emulator::ministack().await, Emulator::moto().await] {
        let (table, direct) = new_table(&emulator.url()).await;
        for operation in ["PutItem", "TransactWriteItems"] {
            let username = format!("{operation}@example.com");
            let user = direct.create(User { username, ..person() }).await.unwrap().id;
            let lost = AtomicUsize::new(0);
            let first = move || lost.fetch_add(1, Ordering::SeqCst) == 0;
            let way = Faulty::start(emulator.url(), move |_, asked| {
                if asked == operation && first() { Fate::AnswerLost } else { Fate::Passes }
            });
            let store = DynamoDb::open(&table, &account(&way.url));
            let mut decided = 0;
            let decide = &mut |user_rows: &UserRows, ids: &[Id]| {
                decided += 1;
                let mut all = changes(&[noise(ids[0], user_rows.todos.len() as u32)]);
                if operation == "TransactWriteItems" {
                    all.push(device(operation));
                }
                all
            };
            assert!(store.update(user, Scope::Todos, 1, decide).await.unwrap());
            assert_eq!(decided, 1);
            assert!(way.calls().iter().filter(|asked| *asked == operation).count() >= 2);
            assert_eq!(todos(&direct, user).await.len(), 1);
        }
        let way = {
            let lost = AtomicUsize::new(0);
            let first = move || lost.fetch_add(1, Ordering::SeqCst) == 0;
            Faulty::start(emulator.url(), move |_, asked| {
                if asked == "TransactWriteItems" && first() { Fate::AnswerLost } else { Fate::Passes }
            })
        };
        let made = DynamoDb::open(&table, &account(&way.url)).create(person()).await.unwrap();
        assert_eq!(direct.find(&UniqueName::Username(made.username)).await.unwrap(), Some(made.id));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_is_waited_for_and_then_said() {
    let emulator = Emulator::ministack().await;
    let (table, direct) = new_table(&emulator.url()).await;
    let user = direct.create(person()).await.unwrap().id;
    let refusal = |kind: &str| {
        format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{kind}","message":"Too much for table onestep"}}"#)
    };
    let cancelled = r#"{"__type":"com.amazonaws.dynamodb.v20120810#TransactionCanceledException","message":"cancelled",
        "CancellationReasons":[{"Code":"None"},{"Code":"ThrottlingError","Message":"Too much for one key"}]}"#;
    let cases = [
        ("Query", refusal("ProvisionedThroughputExceededException")),
        ("PutItem", refusal("ThrottlingException")),
        ("TransactWriteItems", refusal("RequestLimitExceeded")),
        ("TransactWriteItems", cancelled.to_owned()),
    ];
    for (operation, body) in cases {
        for refused in [2, usize::MAX] {
            let body = body.clone();
            let seen = AtomicUsize::new(0);
            let way = Faulty::start(emulator.url(), move |_, asked| {
                if asked == operation && seen.fetch_add(1, Ordering::SeqCst) < refused {
                    Fate::Answered(400, body.clone())
                } else {
                    Fate::Passes
                }
            });
            let store = DynamoDb::open(&table, &account(&way.url));
            let mut changes = changes(&[noise(1, seen_before(&direct, user).await)]);
            if operation == "TransactWriteItems" {
                changes.push(device(&format!("{}", Utc::now())));
            }
            let before = direct.archive(user).await.unwrap();
            match update(&store, user, &changes).await {
                Ok(true) if refused == 2 => {}
                Err(StoreError::Throttled { store: "DynamoDB", reason }) if refused > 2 => {
                    assert!(reason.contains("Too much for"), "{reason}");
                    assert_eq!(direct.archive(user).await.unwrap(), before);
                }
                other => panic!("{operation} refused {refused} times: {other:?}"),
            }
            assert_eq!(way.calls().iter().filter(|asked| *asked == operation).count(), 3, "{operation}");
        }
    }
}

/// A generation that the first todo is not of.
async fn seen_before(store: &DynamoDb, user: Id) -> u32 {
    let found = todos(store, user).await;
    found.first().map_or(0, |row| row.rank.split('|').next().unwrap().parse::<u32>().unwrap() + 1)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_reached_or_hangs_is_said_within_seconds_and_without_keys() {
    let emulator = Emulator::ministack().await;
    let (table, direct) = new_table(&emulator.url()).await;
    let user = direct.create(person()).await.unwrap().id;
    let hanging = Faulty::start(emulator.url(), |_, _| Fate::Hangs);
    let cutting = Faulty::start(emulator.url(), |_, _| Fate::RequestLost);
    let refusing = Faulty::start(emulator.url(), |_, _| {
        let message =
            "User: arn:aws:sts::123456789012:assumed-role/onestep-api is not authorized to perform: dynamodb:Query";
        Fate::Answered(
            400,
            format!(r#"{{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"{message}"}}"#),
        )
    });
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    for (url, word) in [
        (&hanging.url, "timed out"),
        (&cutting.url, "connection"),
        (&refusing.url, "not authorized"),
        (&nobody, "refused"),
    ] {
        let config = account(url);
        let keys =
            Credentials::new("AKIDSECRETIVE", "wJalrXUtnFEMI", Some("FwoGZXIvYXdzEBYaD".to_owned()), None, "test");
        let config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(keys)).build();
        let store = DynamoDb::open(&table, &config);
        let (name, claim) = (UniqueName::AppleSub("a".to_owned()), [device("one")]);
        let start = std::time::Instant::now();
        let problems = tokio::join!(
            store.ready(),
            store.find(&name),
            store.read(user, Scope::Todos),
            update(&store, user, &claim)
        );
        assert!(start.elapsed().as_secs() < 8, "{:?}", start.elapsed());
        let problems =
            [problems.0.unwrap_err(), problems.1.unwrap_err(), problems.2.unwrap_err(), problems.3.unwrap_err()];
        for problem in problems {
            let said = format!("{problem} {problem:?}");
            assert!(matches!(problem, StoreError::Unavailable { store: "DynamoDB", .. }), "{said}");
            assert!(said.contains(word), "{said}");
            for secret in ["AKIDSECRETIVE", "wJalrXUtnFEMI", "FwoGZXIvYXdzEBYaD"] {
                assert!(!said.contains(secret), "{said}");
            }
        }
    }
    let missing = DynamoDb::open("onestep-nowhere", &account(&emulator.url()));
    let said = missing.ready().await.unwrap_err().to_string();
    assert!(said.contains("onestep-nowhere"), "{said}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_item_that_cannot_be_read_is_named_and_not_quoted() {
    let emulator = Emulator::ministack().await;
    let (table, store) = new_table(&emulator.url()).await;
    let user = store.create(person()).await.unwrap().id;
    for (name, value) in [
        ("head", serde_json::json!({ "S": "{\"user\": \"my diary\"}" })),
        ("head", serde_json::json!({ "N": "1" })),
        ("rows", serde_json::json!({ "B": "bXkgZGlhcnk=" })),
        ("version", serde_json::json!({ "S": "my diary" })),
    ] {
        let body = serde_json::json!({
            "TableName": table, "Key": { "pk": { "S": format!("user#{user}") }, "sk": { "S": "owner" } },
            "UpdateExpression": "SET #name = :value", "ExpressionAttributeNames": { "#name": name }, "ExpressionAttributeValues": { ":value": value },
        });
        emulator.try_call("dynamodb", "DynamoDB_20120810.UpdateItem", &body).await.unwrap();
        let problem = store.read(user, Scope::Todos).await.unwrap_err();
        let said = format!("{problem} {problem:?}");
        assert!(matches!(problem, StoreError::Broken { store: "DynamoDB", .. }), "{said}");
        assert!(said.contains(&format!("user#{user} / owner")) && !said.contains("diary"), "{said}");
        assert!(update(&store, user, &[device("one")]).await.is_err());
    }
}
