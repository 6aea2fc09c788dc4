//! What holds in every store that keeps one document per user, whatever its writers meet: they die half-way, and they
//! get in each other's way at every step.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use futures::future::join_all;
use onestep_api::store::documents::Documents;
use onestep_api::store::documents::backend::{Document, DocumentBackend, DocumentKey, Put, Version};
use onestep_api::store::{Store, StoreError};
use onestep_core::model::{Device, Id, Provider, User};
use onestep_core::user_rows::{Archive, Change, Scope, UniqueName, UserRows};

use crate::conformance::conforms;

/// Bodies and versions. Like Firestore it keeps the version of a document that is put unchanged.
type Documented = HashMap<DocumentKey, (Vec<u8>, u64)>;

/// A process that shares its documents with others.
struct Memory {
    documents: Arc<Mutex<Documented>>,
    /// It dies when it has asked so often; the last thing it asks for is still done when `Fate::Done`.
    requests: AtomicI64,
    last_is_done: bool,
    /// Drives how long each request takes, in turns of the others.
    chance: AtomicU64,
}

impl Memory {
    fn immortal(documents: &Arc<Mutex<Documented>>) -> Self {
        Self {
            documents: documents.clone(),
            requests: AtomicI64::new(i64::MAX),
            last_is_done: true,
            chance: AtomicU64::new(0),
        }
    }

    fn dead() -> StoreError {
        StoreError::Unavailable { store: "memory", reason: "this process is dead".to_owned() }
    }

    /// Waits its turn. Whether the request is done, and whether its answer arrives.
    async fn ask(&self) -> (bool, bool) {
        let chance = self
            .chance
            .load(Ordering::SeqCst)
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        if self.chance.swap(chance, Ordering::SeqCst) != 0 {
            for _ in 0..(chance >> 33) % 12 {
                tokio::task::yield_now().await;
            }
        }
        let left = self.requests.fetch_sub(1, Ordering::SeqCst);
        (left > 1 || (left == 1 && self.last_is_done), left > 1)
    }
}

#[async_trait]
impl DocumentBackend for Memory {
    fn name(&self) -> &'static str {
        "memory"
    }

    fn max_bytes(&self) -> usize {
        1_000_000
    }

    async fn get(&self, place: &DocumentKey) -> Result<Option<Document>, StoreError> {
        let (_, arrives) = self.ask().await;
        if !arrives {
            return Err(Self::dead());
        }
        let documents = self.documents.lock().unwrap();
        Ok(documents
            .get(place)
            .map(|(body, version)| Document { body: body.clone(), version: Version(version.to_string()) }))
    }

    async fn put(&self, place: &DocumentKey, body: &[u8], expected: Option<&Version>) -> Result<Put, StoreError> {
        let (done, arrives) = self.ask().await;
        let mut answer = Put::Conflict;
        if done {
            let mut documents = self.documents.lock().unwrap();
            let known = documents.get(place);
            if known.map(|(_, version)| version.to_string()) == expected.map(|version| version.0.clone()) {
                let version = known.map_or(1, |(known, version)| version + u64::from(known != body));
                documents.insert(place.clone(), (body.to_vec(), version));
                answer = Put::Written(Version(version.to_string()));
            }
        }
        if arrives { Ok(answer) } else { Err(Self::dead()) }
    }

    async fn users(&self, after: Option<Id>, most: u32) -> Result<Vec<Id>, StoreError> {
        let documents = self.documents.lock().unwrap();
        let ids = documents.keys().filter_map(|place| if let DocumentKey::User(id) = place { Some(*id) } else { None });
        let mut ids: Vec<Id> = ids.filter(|id| after.is_none_or(|after| *id > after)).collect();
        ids.sort_unstable();
        ids.truncate(most as usize);
        Ok(ids)
    }
}

/// A place that never answers.
struct RequestError;

#[async_trait]
impl DocumentBackend for RequestError {
    fn name(&self) -> &'static str {
        "silence"
    }

    fn max_bytes(&self) -> usize {
        0
    }

    async fn get(&self, _: &DocumentKey) -> Result<Option<Document>, StoreError> {
        std::future::pending().await
    }

    async fn put(&self, _: &DocumentKey, _: &[u8], _: Option<&Version>) -> Result<Put, StoreError> {
        std::future::pending().await
    }

    async fn users(&self, _: Option<Id>, _: u32) -> Result<Vec<Id>, StoreError> {
        std::future::pending().await
    }
}

#[tokio::test]
async fn nothing_takes_longer_than_it_may() {
    let store = Documents::new(RequestError, Utc::now).within(Duration::from_millis(50));
    let archive = Archive {
        user: person("a", &[]),
        categories: Vec::new(),
        todos: Vec::new(),
        subs: Vec::new(),
        feedback: Vec::new(),
    };
    let key = UniqueName::Username("a".to_owned());
    let decide = &mut |_: &UserRows, _: &[Id]| Vec::new();
    let (first, second) = tokio::join!(store.update(1, Scope::Account, 1, decide), store.archive(1));
    let outcomes = [
        first.map(|_| ()),
        second.map(|_| ()),
        store.ready().await,
        store.find(&key).await.map(|_| ()),
        store.create(person("a", &[])).await.map(|_| ()),
        store.read(1, Scope::Account).await.map(|_| ()),
        store.users(None, 1).await.map(|_| ()),
        store.restore(&archive).await,
    ];
    for outcome in outcomes {
        assert_eq!(outcome.unwrap_err().to_string(), "silence cannot be used: it took longer than 50 ms");
    }
}

/// Long after everything that the others do.
fn next_day() -> DateTime<Utc> {
    Utc::now() + TimeDelta::days(1)
}

/// A clock of people who have no patience: it leaps each time it is looked at, so that every claim is an old one.
fn leaping() -> DateTime<Utc> {
    static LEAPS: AtomicI64 = AtomicI64::new(0);
    DateTime::UNIX_EPOCH + TimeDelta::minutes(LEAPS.fetch_add(1, Ordering::SeqCst))
}

fn person(username: &str, devices: &[&str]) -> User {
    User {
        devices: devices.iter().map(|token| device(token)).collect(),
        ..User::new(username, Provider::Google, DateTime::UNIX_EPOCH)
    }
}

fn device(token: &str) -> Device {
    Device { token: token.to_owned(), seen_at: DateTime::UNIX_EPOCH }
}

async fn names_of(store: &dyn Store, user: Id) -> Vec<UniqueName> {
    let Some(user_rows) = store.read(user, Scope::Account).await.unwrap() else { return Vec::new() };
    UniqueName::of_account(&user_rows.user)
        .into_iter()
        .chain(user_rows.user.devices.into_iter().map(|device| UniqueName::Device(device.token)))
        .collect()
}

/// No name is of two users, and none is of a user that it does not find. Who goes by what.
async fn sound(store: &dyn Store) -> HashMap<UniqueName, Id> {
    let mut owners = HashMap::new();
    for user in store.users(None, 1_000).await.unwrap() {
        for key in names_of(store, user).await {
            assert_eq!(store.find(&key).await.unwrap(), Some(user), "{key:?} is listed by {user}");
            assert_eq!(owners.insert(key.clone(), user), None, "{key:?} is of two users");
        }
    }
    owners
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_conform_in_memory() {
    conforms(|| async {
        let documents = Arc::default();
        let open = || Arc::new(Documents::new(Memory::immortal(&documents), Utc::now)) as Arc<dyn Store>;
        vec![open(), open(), open()]
    })
    .await;
}

/// What a process is in the middle of when it dies.
async fn work(store: &dyn Store, task: &str, first: Id) -> Result<(), StoreError> {
    match task {
        "create" => store.create(person("new@example.com", &["one", "two"])).await.map(|_| ()),
        "gain" => store
            .update(first, Scope::Account, 1, &mut |_, _| {
                vec![Change::AddDevice(device("one")), Change::AddDevice(device("two"))]
            })
            .await
            .map(|_| ()),
        "rename" => {
            let rename = &mut |user_rows: &UserRows, _: &[Id]| {
                vec![
                    Change::User(User { username: "new@example.com".to_owned(), ..user_rows.user.clone() }),
                    Change::DropDevice("old".to_owned()),
                ]
            };
            store.update(first, Scope::Account, 0, rename).await.map(|_| ())
        }
        _ => {
            let mut archive = store.archive(first).await?.unwrap();
            archive.user.devices = vec![device("one"), device("two")];
            archive.user.username = "new@example.com".to_owned();
            store.restore(&archive).await
        }
    }
}

#[tokio::test]
async fn a_process_may_die_at_any_step() {
    for task in ["create", "gain", "rename", "restore"] {
        let mut steps = 0;
        let mut finished = false;
        while !finished {
            steps += 1;
            for last_is_done in [false, true] {
                let documents = Arc::default();
                let before = Documents::new(Memory::immortal(&documents), Utc::now);
                let first = before.create(person("first@example.com", &["old"])).await.unwrap().id;
                let second = before.create(person("second@example.com", &[])).await.unwrap().id;

                let dying = Memory { requests: AtomicI64::new(steps), last_is_done, ..Memory::immortal(&documents) };
                finished = work(&Documents::new(dying, Utc::now), task, first).await.is_ok();

                // Readers see consistent rows, and all users still exist.
                let after = Documents::new(Memory::immortal(&documents), next_day);
                let case = format!("{task} that died after {steps} requests, the last one done: {last_is_done}");
                let owners = sound(&after).await;
                let free = |name: &UniqueName| !owners.contains_key(name);
                assert!(names_of(&after, first).await.len() >= 2 || task == "rename", "{case}");
                assert_eq!(
                    names_of(&after, second).await,
                    [UniqueName::Username("second@example.com".to_owned())],
                    "{case}"
                );

                // A name that was not taken is free.
                for token in ["one", "two", "old"] {
                    let claim = after
                        .update(second, Scope::Account, 0, &mut |_, _| vec![Change::AddDevice(device(token))])
                        .await;
                    match (claim, free(&UniqueName::Device(token.to_owned()))) {
                        (Ok(true), true) | (Err(StoreError::Taken(_)), false) => {}
                        other => panic!("{case}: {token}: {other:?}"),
                    }
                }
                let again = after.create(person("new@example.com", &[])).await;
                assert_eq!(
                    again.is_ok(),
                    free(&UniqueName::Username("new@example.com".to_owned())),
                    "{case}: {again:?}"
                );
                sound(&after).await;
            }
        }
        assert!(steps > 6, "{task} takes {steps} requests");
    }
}

#[tokio::test]
async fn a_young_claim_is_waited_for_and_not_taken_over() {
    let documents = Arc::default();
    // It dies between the claim and the user: counter read and taken, claim read and put, user not put.
    let dying = Memory { requests: AtomicI64::new(5), last_is_done: false, ..Memory::immortal(&documents) };
    assert!(Documents::new(dying, Utc::now).create(person("a@example.com", &[])).await.is_err());
    let other = Documents::new(Memory::immortal(&documents), Utc::now);
    assert!(matches!(other.create(person("a@example.com", &[])).await, Err(StoreError::Contended(8))));
    let later = Documents::new(Memory::immortal(&documents), next_day);
    let made = later.create(person("a@example.com", &[])).await.unwrap();
    assert_eq!(later.find(&UniqueName::Username("a@example.com".to_owned())).await.unwrap(), Some(made.id));
}

/// Six impatient processes want the same names at once, two for each of two users and two for new ones, in many
/// different orders of their requests. A writer that is told that it has them has them. In every second game one of
/// them has the device and releases it.
#[tokio::test]
async fn impatient_processes_never_share_a_name() {
    let games = (1..=500_u64).map(|seed| async move {
        let documents = Arc::default();
        let start = Documents::new(Memory::immortal(&documents), leaping);
        let mut users = Vec::new();
        for i in 0..2 {
            let devices: &[&str] = if i == 0 && seed % 2 == 1 { &["one"] } else { &[] };
            users.push(start.create(person(&format!("{i}@example.com"), devices)).await.unwrap().id);
        }
        // The first owner may lose it whatever the answer is.
        let loser = (seed % 2 == 1).then_some(users[0]);
        let players = (0..6_usize).map(|i| {
            let chance = AtomicU64::new(seed * 6 + i as u64);
            let store = Documents::new(Memory { chance, ..Memory::immortal(&documents) }, leaping);
            let user = users[i % 2];
            async move {
                if i < 2 {
                    let made = store.create(person("new@example.com", &["one"])).await;
                    return made.map(|made| {
                        (
                            made.id,
                            vec![
                                UniqueName::Username("new@example.com".to_owned()),
                                UniqueName::Device("one".to_owned()),
                            ],
                        )
                    });
                }
                let lets_go = i == 2 && loser.is_some();
                let change =
                    if lets_go { Change::DropDevice("one".to_owned()) } else { Change::AddDevice(device("one")) };
                let gained = store.update(user, Scope::Account, 0, &mut |_, _| vec![change.clone()]).await;
                gained.map(|_| (user, vec![UniqueName::Device("one".to_owned())]))
            }
        });
        let outcomes = join_all(players).await;
        let owners = sound(&Documents::new(Memory::immortal(&documents), leaping)).await;
        let mut won = HashSet::new();
        for outcome in outcomes {
            match outcome {
                Ok((user, _)) if Some(user) == loser => {}
                Ok((user, keys)) => {
                    won.insert(user);
                    assert!(
                        keys.iter().all(|key| owners.get(key) == Some(&user)),
                        "seed {seed}: {user} was told that he has {keys:?}, of {owners:?}"
                    );
                }
                Err(StoreError::Taken(_) | StoreError::Contended(_)) => {}
                Err(other) => panic!("seed {seed}: {other}"),
            }
        }
        won.len()
    });
    let won: Vec<usize> = join_all(games).await;
    // One wins nearly always; the game means something only when another loses.
    assert!(won.iter().all(|won| *won <= 1), "{won:?}");
    assert!(won.iter().sum::<usize>() >= 400, "{won:?}");
}
