//! The store on DynamoDB, against two emulators that share no code, and with the network failing in between.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use aws_config::{BehaviorVersion, Region, SdkConfig};
use aws_sdk_dynamodb::config::{Credentials, SharedCredentialsProvider};
use chrono::{DateTime, Utc};
use onestep_api::store::dynamodb::DynamoDb;
use onestep_api::store::{Store, StoreError};
use onestep_core::model::{Device, Id, Provider, Todo, User};
use onestep_core::user_rows::{Change, Scope, UserRows};
use test_stack::stack::{Emulator, REGION};

use crate::conformance::{Place, conforms};
use crate::faulty::{Fate, Faulty};

mod faults;
mod parts;

fn account(url: &str) -> SdkConfig {
    SdkConfig::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(REGION))
        .credentials_provider(SharedCredentialsProvider::new(Credentials::new("test", "test", None, None, "test")))
        .endpoint_url(url)
        .build()
}

/// A new table, and a handle on it that nothing disturbs.
pub(crate) async fn new_table(url: &str) -> (String, DynamoDb) {
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
    User::new("a@example.com", Provider::Google, DateTime::UNIX_EPOCH)
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
    store.update(user, Scope::Account, 0, &mut |_, _| changes.to_vec()).await
}

async fn todos(store: &DynamoDb, user: Id) -> Vec<Todo> {
    store.read(user, Scope::Todos).await.unwrap().unwrap().todos
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

    for scope in [Scope::Todos, Scope::Categories, Scope::Everything, Scope::Account] {
        store.read(user, scope).await.unwrap();
        assert_eq!(way.calls(), ["Query"], "{scope:?}");
    }
    let row = changes(&[noise(5, 2)]);
    assert!(update(&store, user, &row).await.unwrap());
    assert_eq!(
        way.calls(),
        ["DeleteItem", "PutItem", "PutItem", "Query"],
        "the account and one part, in place of another"
    );
    assert!(update(&store, user, &row).await.unwrap());
    assert_eq!(way.calls(), ["Query"], "what is so already is not written");
    assert!(update(&store, user, &[device("one")]).await.unwrap());
    assert_eq!(way.calls(), ["Query", "TransactWriteItems"]);

    let few = direct.create(User { username: "few@example.com".to_owned(), ..person() }).await.unwrap().id;
    let decide = &mut |_: &UserRows, ids: &[Id]| changes(&[noise(ids[0], 1)]);
    assert!(store.update(few, Scope::Todos, 1, decide).await.unwrap());
    assert_eq!(way.calls(), ["PutItem", "Query", "UpdateItem"]);
}
