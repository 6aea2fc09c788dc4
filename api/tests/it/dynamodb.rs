//! The store on DynamoDB, against two emulators that share no code, and with the network failing in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use chrono::{DateTime, Utc};
use onestep_api::core::holdings::{Change, Holdings, Key, Want};
use onestep_api::core::model::{Device, Id, Provider, Todo, User};
use onestep_api::store::dynamodb::DynamoDb;
use onestep_api::store::{Store, StoreError};
use test_stack::stack::{Emulator, REGION};

use crate::conformance::{Place, conforms};
use crate::faulty::{Fate, Faulty};

fn account(url: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
        .endpoint_url(url)
        .build()
}

/// A new table, and a handle on it that nothing disturbs.
async fn new_table(url: &str) -> (String, DynamoDb) {
    static TABLES: AtomicUsize = AtomicUsize::new(0);
    let table = format!("onestep-{}", TABLES.fetch_add(1, Ordering::SeqCst));
    let store = DynamoDb::open(&table, &account(url));
    store.prepare().await.unwrap();
    (table, store)
}

/// Three handles on a new table, as three functions would have.
async fn new_place(url: String) -> Place {
    let (table, first) = new_table(&url).await;
    let others = [(); 2].map(|()| DynamoDb::open(&table, &account(&url)));
    std::iter::once(first).chain(others).map(|handle| Arc::new(handle) as Arc<dyn Store>).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_on_ministack() {
    let emulator = Emulator::ministack().await;
    let url = emulator.url();
    conforms(move || new_place(url.clone())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn it_conforms_on_moto() {
    let emulator = Emulator::moto().await;
    let url = emulator.url();
    conforms(move || new_place(url.clone())).await;
}

fn person() -> User {
    User {
        id: 0,
        username: "a@example.com".to_owned(),
        provider: Provider::Google,
        apple_sub: None,
        is_subscribed: false,
        is_premium: false,
        created_at: DateTime::UNIX_EPOCH,
        deleted_at: None,
        recommended_at: None,
        reminded: None,
        patch_note: None,
        devices: Vec::new(),
        profile: None,
    }
}

fn device(token: &str) -> Change {
    Change::AddDevice(Device { token: token.to_owned(), seen_at: Utc::now() })
}

/// A todo with 255 letters that do not compress well, different ones for each generation.
fn noise(id: Id, generation: u32) -> Todo {
    let mut state = id as u64 ^ u64::from(generation) << 32;
    let letter = |_| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from_u32(0xac00 + (state >> 40) as u32 % 11_172).unwrap()
    };
    Todo {
        id,
        content: (0..255).map(letter).collect(),
        category_id: 1,
        date: None,
        due_time: None,
        rank: format!("{generation}|{id:06}"),
        is_completed: false,
        created_at: DateTime::UNIX_EPOCH,
        updated_at: DateTime::UNIX_EPOCH,
        deleted_at: None,
    }
}

async fn update(store: &DynamoDb, user: Id, changes: &[Change]) -> Result<bool, StoreError> {
    store.update(user, Want::Account, 0, &mut |_, _| changes.to_vec()).await
}

async fn todos(store: &DynamoDb, user: Id) -> Vec<Todo> {
    store.read(user, Want::Todos).await.unwrap().unwrap().todos
}

/// What DynamoDB answers to a query of the user's partition.
async fn items(emulator: &Emulator, table: &str, user: Id) -> serde_json::Value {
    let partition = serde_json::json!({ ":pk": { "S": format!("user#{user}") } });
    let body = serde_json::json!({ "TableName": table, "KeyConditionExpression": "pk = :pk", "ExpressionAttributeValues": partition });
    emulator.try_call("dynamodb", "DynamoDB_20120810.Query", &body).await.unwrap()
}

/// Rows of one generation; more than lie in the account's own item.
fn many(generation: u32) -> Vec<Todo> {
    (1..=240).map(|id| noise(id, generation)).collect()
}

fn changes(rows: &[Todo]) -> Vec<Change> {
    rows.iter().cloned().map(Change::Todo).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_hot_path_is_one_query_and_a_plain_change_one_put() {
    let emulator = Emulator::ministack().await;
    let (table, direct) = new_table(&emulator.url()).await;
    let user = direct.create(person()).await.unwrap().id;
    update(&direct, user, &changes(&many(1))).await.unwrap();
    let way = Faulty::start(emulator.url(), |_, _| Fate::Passes);
    let store = DynamoDb::open(&table, &account(&way.url));

    for want in [Want::Todos, Want::Categories, Want::Everything, Want::Account] {
        store.read(user, want).await.unwrap();
        assert_eq!(way.calls(), ["Query"], "{want:?}");
    }
    let row = changes(&[noise(5, 2)]);
    assert!(update(&store, user, &row).await.unwrap());
    assert_eq!(way.calls(), ["DeleteItem", "PutItem", "PutItem", "Query"], "the account and one part, in place of another");
    assert!(update(&store, user, &row).await.unwrap());
    assert_eq!(way.calls(), ["Query"], "what is so already is not written");
    assert!(update(&store, user, &[device("one")]).await.unwrap());
    assert_eq!(way.calls(), ["Query", "TransactWriteItems"]);

    let few = direct.create(User { username: "few@example.com".to_owned(), ..person() }).await.unwrap().id;
    let decide = &mut |_: &Holdings, ids: &[Id]| changes(&[noise(ids[0], 1)]);
    assert!(store.update(few, Want::Todos, 1, decide).await.unwrap());
    assert_eq!(way.calls(), ["PutItem", "Query", "UpdateItem"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_big_change_that_is_cut_off_anywhere_is_done_or_not() {
    let emulator = Emulator::ministack().await;
    let (old, new) = (many(1), many(2));
    let mut done = 0;
    for lost in [(|| Fate::RequestLost) as fn() -> Fate, || Fate::AnswerLost] {
        let mut passing = 0;
        loop {
            let (table, direct) = new_table(&emulator.url()).await;
            let user = direct.create(person()).await.unwrap().id;
            update(&direct, user, &changes(&old)).await.unwrap();
            // The process dies after so many requests: none of its own attempts comes through any more.
            let way = Faulty::start(emulator.url(), move |number, _| {
                if number < passing {
                    Fate::Passes
                } else if number == passing {
                    lost()
                } else {
                    Fate::RequestLost
                }
            });
            let dying = DynamoDb::open(&table, &account(&way.url));
            let mut all = changes(&new);
            all.push(device("one"));
            let answer = update(&dying, user, &all).await;
            let committed = todos(&direct, user).await == new;
            if !committed {
                assert!(answer.is_err());
                assert_eq!(todos(&direct, user).await, old, "after {passing} requests");
            }
            let owner = committed.then_some(user);
            assert_eq!(direct.find(&Key::Device("one".to_owned())).await.unwrap(), owner, "after {passing} requests");
            // The next writer goes on, and what was left behind is gone with him.
            let third = many(3);
            assert!(update(&direct, user, &changes(&third)).await.unwrap());
            assert_eq!(todos(&direct, user).await, third);
            let items = items(&emulator, &table, user).await;
            let found: Vec<&str> = items["Items"].as_array().unwrap().iter().map(|item| item["sk"]["S"].as_str().unwrap()).collect();
            let head: serde_json::Value = serde_json::from_str(items["Items"][0]["head"]["S"].as_str().unwrap()).unwrap();
            let listed = head["parts"].as_array().unwrap().iter().map(|part| part["key"].as_str().unwrap());
            let listed: Vec<&str> = std::iter::once("owner").chain(listed).collect();
            assert_eq!(found, listed, "after {passing} requests");
            assert!(listed.len() > 5, "{listed:?}");
            if answer.is_ok() && committed {
                done += 1;
                break;
            }
            passing += 1;
        }
        assert!(passing > 5, "{passing}");
    }
    assert_eq!(done, 2);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_query_that_saw_half_of_a_commit_is_asked_again() {
    let emulator = Emulator::ministack().await;
    let (table, direct) = new_table(&emulator.url()).await;
    let user = direct.create(person()).await.unwrap().id;
    update(&direct, user, &changes(&many(1))).await.unwrap();
    let mut torn = items(&emulator, &table, user).await;
    torn["Items"].as_array_mut().unwrap().pop();
    let torn = torn.to_string();
    for (halves, expected) in [(1, Some(many(1))), (usize::MAX, None)] {
        let torn = torn.clone();
        let way = Faulty::start(emulator.url(), move |number, _| if number < halves { Fate::Answered(200, torn.clone()) } else { Fate::Passes });
        let store = DynamoDb::open(&table, &account(&way.url));
        match store.read(user, Want::Todos).await {
            Ok(found) => assert_eq!(found.map(|found| found.todos), expected),
            Err(StoreError::Contended(8)) => assert_eq!(expected, None),
            Err(other) => panic!("{other:?}"),
        }
        assert_eq!(way.calls().len(), halves.saturating_add(1).min(8));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn more_than_a_query_takes_is_read_in_pages() {
    let emulator = Emulator::ministack().await;
    let (table, direct) = new_table(&emulator.url()).await;
    let user = direct.create(person()).await.unwrap().id;
    let rows: Vec<Todo> = (1..=2_400).map(|id| noise(id, 1)).collect();
    update(&direct, user, &changes(&rows)).await.unwrap();
    let way = Faulty::start(emulator.url(), |_, _| Fate::Passes);
    let store = DynamoDb::open(&table, &account(&way.url));
    assert!(todos(&store, user).await == rows);
    assert_eq!(way.calls(), ["Query", "Query"]);
    let all = direct.archive(user).await.unwrap().unwrap();
    assert!(all.todos == rows);
    // And into a place where all of it is past.
    let gone: Vec<Todo> = rows.iter().map(|row| Todo { deleted_at: Some(DateTime::UNIX_EPOCH), ..row.clone() }).collect();
    update(&direct, user, &changes(&gone)).await.unwrap();
    let all = direct.archive(user).await.unwrap().unwrap();
    assert!(all.todos == gone);
    let (_, other) = new_table(&emulator.url()).await;
    other.restore(&all).await.unwrap();
    assert!(other.archive(user).await.unwrap().unwrap() == all);
    assert_eq!(todos(&other, user).await, []);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_sees_half_of_many_parts() {
    let emulator = Emulator::ministack().await;
    let (table, first) = new_table(&emulator.url()).await;
    let user = first.create(person()).await.unwrap().id;
    update(&first, user, &changes(&many(0))).await.unwrap();
    let writers = (0..2).map(|_| {
        let store = DynamoDb::open(&table, &account(&emulator.url()));
        tokio::spawn(async move {
            for _ in 0..4 {
                let decide = &mut |holdings: &Holdings, _: &[Id]| {
                    let generation: u32 = holdings.todos[0].rank.split('|').next().unwrap().parse().unwrap();
                    changes(&many(generation + 1))
                };
                assert!(store.update(user, Want::Todos, 0, decide).await.unwrap());
            }
        })
    });
    let writers: Vec<_> = writers.collect();
    loop {
        let last = writers.iter().all(tokio::task::JoinHandle::is_finished);
        let found = todos(&first, user).await;
        let generation: u32 = found[0].rank.split('|').next().unwrap().parse().unwrap();
        assert!(found == many(generation), "a mixture");
        if last {
            assert_eq!(generation, 8);
            break;
        }
    }
    for writer in writers {
        writer.await.unwrap();
    }
}

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
            let way = Faulty::start(emulator.url(), move |_, asked| if asked == operation && first() { Fate::AnswerLost } else { Fate::Passes });
            let store = DynamoDb::open(&table, &account(&way.url));
            let mut decided = 0;
            let decide = &mut |holdings: &Holdings, ids: &[Id]| {
                decided += 1;
                let mut all = changes(&[noise(ids[0], holdings.todos.len() as u32)]);
                if operation == "TransactWriteItems" {
                    all.push(device(operation));
                }
                all
            };
            assert!(store.update(user, Want::Todos, 1, decide).await.unwrap());
            assert_eq!(decided, 1);
            assert!(way.calls().iter().filter(|asked| *asked == operation).count() >= 2);
            assert_eq!(todos(&direct, user).await.len(), 1);
        }
        let way = {
            let lost = AtomicUsize::new(0);
            let first = move || lost.fetch_add(1, Ordering::SeqCst) == 0;
            Faulty::start(emulator.url(), move |_, asked| if asked == "TransactWriteItems" && first() { Fate::AnswerLost } else { Fate::Passes })
        };
        let made = DynamoDb::open(&table, &account(&way.url)).create(person()).await.unwrap();
        assert_eq!(direct.find(&Key::Username(made.username)).await.unwrap(), Some(made.id));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn throttling_is_waited_for_and_then_said() {
    let emulator = Emulator::ministack().await;
    let (table, direct) = new_table(&emulator.url()).await;
    let user = direct.create(person()).await.unwrap().id;
    let refusal = |kind: &str| format!(r#"{{"__type":"com.amazonaws.dynamodb.v20120810#{kind}","message":"Too much for table onestep"}}"#);
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
                if asked == operation && seen.fetch_add(1, Ordering::SeqCst) < refused { Fate::Answered(400, body.clone()) } else { Fate::Passes }
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
        let message = "User: arn:aws:sts::123456789012:assumed-role/onestep-api is not authorized to perform: dynamodb:Query";
        Fate::Answered(400, format!(r#"{{"__type":"com.amazon.coral.service#AccessDeniedException","Message":"{message}"}}"#))
    });
    let nobody = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    for (url, word) in [(&hanging.url, "timed out"), (&cutting.url, "connection"), (&refusing.url, "not authorized"), (&nobody, "refused")] {
        let config = account(url);
        let keys = Credentials::new("AKIDSECRETIVE", "wJalrXUtnFEMI", Some("FwoGZXIvYXdzEBYaD".to_owned()), None, "test");
        let config = config.into_builder().credentials_provider(SharedCredentialsProvider::new(keys)).build();
        let store = DynamoDb::open(&table, &config);
        let (name, claim) = (Key::AppleSub("a".to_owned()), [device("one")]);
        let start = std::time::Instant::now();
        let problems = tokio::join!(store.ready(), store.find(&name), store.read(user, Want::Todos), update(&store, user, &claim));
        assert!(start.elapsed().as_secs() < 8, "{:?}", start.elapsed());
        let problems = [problems.0.unwrap_err(), problems.1.unwrap_err(), problems.2.unwrap_err(), problems.3.unwrap_err()];
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
async fn what_somebody_else_wrote_into_an_item_is_said_and_not_quoted() {
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
        let problem = store.read(user, Want::Todos).await.unwrap_err();
        let said = format!("{problem} {problem:?}");
        assert!(matches!(problem, StoreError::Broken { store: "DynamoDB", .. }), "{said}");
        assert!(said.contains(&format!("user#{user} / owner")) && !said.contains("diary"), "{said}");
        assert!(update(&store, user, &[device("one")]).await.is_err());
    }
}
