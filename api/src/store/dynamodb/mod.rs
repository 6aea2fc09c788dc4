//! `dynamodb:TABLE`: Amazon DynamoDB, one table on demand with the keys `pk` and `sk` (both text).
//!
//! | pk | sk | what |
//! | --- | --- | --- |
//! | `user#ID` | `owner` | the account as JSON, the number of its commits, and all live rows, compressed, while they are few |
//! | `user#ID` | `part#…` | live rows of a range of ids, once they are many; never changed, only replaced |
//! | `past#ID#…` | commit | deleted rows and feedback of one commit; only an archive reads them |
//! | `name#…`, `apple#…`, `device#…` | `name` | which user goes by it |
//! | `users` | ID | every user, in order |
//! | `counter` | `counter` | the last id that was given |
//!
//! A read of a user is one strongly consistent query of his partition. A write is one conditional put over the commit that was read,
//! or one transaction where names or deleted rows are concerned. Rows lie together, and not one in an item, because the client
//! asks for all of them every minute: compressed, that is a fifth of what is paid for by the kilobyte, and what one item holds is of
//! one commit by itself, which a query over many items is not.

use std::hash::{BuildHasher, RandomState};
use std::time::Duration;

use async_trait::async_trait;
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use tokio::sync::{Mutex, MutexGuard};
use tokio::time::Instant;

use self::commit::Outcome;
use self::fault::failed;
use self::item::{COUNTER, USER, key, name_key, number_of};
use self::layout::Next;
use self::look::Seen;
use super::{Decide, Store, StoreError};
use crate::core::holdings::{Archive, Holdings, Key, Want};
use crate::core::model::{Id, User};

mod commit;
mod fault;
mod ids;
mod item;
mod layout;
mod look;
mod restore;
mod table;

const STORE: &str = "DynamoDB";

const CONNECT: Duration = Duration::from_secs(1);
const ATTEMPT: Duration = Duration::from_secs(2);
const OPERATION: Duration = Duration::from_secs(5);
/// Times that the SDK sends a request.
const SENDINGS: u32 = 3;
/// The longest wait before a request is sent again for the first time. The SDK's own second is too long for somebody who waits.
const BACKOFF: Duration = Duration::from_millis(100);
/// Times that a commit is begun.
const ATTEMPTS: u32 = 8;
/// Times that a commit is begun while DynamoDB asks for less.
const THROTTLED_ATTEMPTS: u32 = 3;
/// No commit is begun again after so long.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long one waits for the other writers of a user in this process.
const TURN: Duration = Duration::from_secs(3);
/// Turns of one process; users share them by their numbers.
const TURNS: usize = 256;

/// A table of DynamoDB.
pub struct DynamoDb {
    client: Client,
    table: String,
    /// Writers of one user in this process queue here, and do not make each other begin again.
    turns: Vec<Mutex<()>>,
}

impl DynamoDb {
    /// The table of this name in the account and region of `shared`. Nothing is sent yet.
    pub fn open(table: impl Into<String>, shared: &aws_config::SdkConfig) -> Self {
        let timeouts = TimeoutConfig::builder().connect_timeout(CONNECT).operation_attempt_timeout(ATTEMPT).operation_timeout(OPERATION);
        let config = aws_sdk_dynamodb::config::Builder::from(shared)
            .timeout_config(timeouts.build())
            .retry_config(RetryConfig::standard().with_max_attempts(SENDINGS).with_initial_backoff(BACKOFF))
            .build();
        Self { client: Client::from_conf(config), table: table.into(), turns: (0..TURNS).map(|_| Mutex::new(())).collect() }
    }

    /// None when the others take too long: then it goes on without, as it does between processes.
    async fn turn(&self, user: Id) -> Option<MutexGuard<'_, ()>> {
        let turn = usize::try_from(user).ok().and_then(|user| self.turns.get(user % TURNS))?;
        tokio::time::timeout(TURN, turn.lock()).await.ok()
    }

    /// Begins again until `next` has been written over what it was made from, or there is nothing to write. `seen` is a first look.
    async fn replace<F>(&self, user: Id, seen: Option<Seen>, past: Option<&str>, mut next: F) -> Result<(), StoreError>
    where
        F: FnMut(Option<&Seen>) -> Result<Option<Next>, StoreError> + Send,
    {
        let start = Instant::now();
        let mut seen = seen;
        let mut throttled = 0;
        for attempt in 1..=ATTEMPTS {
            let Some(wanted) = next(seen.as_ref())? else { return Ok(()) };
            let tag = new_tag();
            match self.commit(seen.as_ref(), wanted, past, &tag).await? {
                Outcome::Done => return Ok(()),
                Outcome::Again => {}
                Outcome::Throttled(reason) => {
                    throttled += 1;
                    if throttled == THROTTLED_ATTEMPTS {
                        return Err(StoreError::Throttled { store: STORE, reason });
                    }
                }
            }
            pause(attempt).await;
            seen = self.look(user).await?;
            // The answer was lost, and sent again it met itself.
            if seen.as_ref().is_some_and(|seen| seen.head.recent.contains(&tag)) {
                return Ok(());
            }
            if start.elapsed() > PATIENCE {
                return Err(StoreError::Contended(attempt));
            }
        }
        Err(StoreError::Contended(ATTEMPTS))
    }
}

/// What nobody else says: 32 hexadecimal digits.
fn new_tag() -> String {
    // Keyed by the system's randomness at the start of each thread, and differently each time.
    let state = RandomState::new();
    format!("{:016x}{:016x}", state.hash_one(0), state.hash_one(1))
}

/// Waits before the next attempt: a while that doubles, and differs between those who wait.
async fn pause(attempt: u32) {
    let longest = 20_u64 << attempt.min(5);
    let share = RandomState::new().hash_one(attempt) % longest;
    tokio::time::sleep(Duration::from_millis(share)).await;
}

#[async_trait]
impl Store for DynamoDb {
    fn name(&self) -> &'static str {
        STORE
    }

    async fn prepare(&self) -> Result<(), StoreError> {
        self.ensure_table().await
    }

    async fn ready(&self) -> Result<(), StoreError> {
        self.item(key(COUNTER, COUNTER)).await.map(drop)
    }

    async fn find(&self, name: &Key) -> Result<Option<Id>, StoreError> {
        let item = self.item(name_key(name)).await?;
        item.map(|item| number_of(&item, USER)).transpose()
    }

    async fn create(&self, user: User) -> Result<User, StoreError> {
        let id = self.new_ids(1).await?.start;
        let user = User { id, ..user };
        self.replace(id, None, None, |seen| match seen {
            None => Ok(Some(Next::of(Archive::of(user.clone())))),
            Some(_) => Err(item::broken(&key(COUNTER, COUNTER), format!("it gave {id}, the number of a user who is there"))),
        })
        .await?;
        Ok(user)
    }

    async fn read(&self, user: Id, want: Want) -> Result<Option<Holdings>, StoreError> {
        Ok(self.look(user).await?.map(|seen| seen.archive().holdings(want)))
    }

    async fn update(&self, user: Id, want: Want, new_ids: u32, decide: Decide<'_>) -> Result<bool, StoreError> {
        let _turn = self.turn(user).await;
        let (ids, seen) = tokio::try_join!(self.new_ids(new_ids), self.look(user))?;
        let ids: Vec<Id> = ids.collect();
        if seen.is_none() {
            return Ok(false);
        }
        self.replace(user, seen, None, |seen| {
            let Some(seen) = seen else { return Ok(None) };
            let mut archive = seen.archive();
            let changes = decide(&archive.holdings(want), &ids);
            archive.apply(changes);
            let next = Next::of(archive);
            let same = next.past.is_empty() && next.user == seen.head.user && next.rows == seen.rows;
            Ok((!same).then_some(next))
        })
        .await?;
        Ok(true)
    }

    async fn users(&self, after: Option<Id>, most: u32) -> Result<Vec<Id>, StoreError> {
        self.list_users(after, most).await
    }

    async fn archive(&self, user: Id) -> Result<Option<Archive>, StoreError> {
        let mut before = self.look(user).await?;
        for _ in 0..ATTEMPTS {
            let Some(seen) = before else { return Ok(None) };
            let past = self.look_back(&seen).await?;
            // Restoring moves the past: had it done so meanwhile, some of it would be gone.
            let after = self.look(user).await?;
            if after.as_ref().is_some_and(|after| after.head.past == seen.head.past) {
                let mut archive = Archive::of(seen.head.user);
                archive.apply(past);
                archive.apply(seen.rows);
                return Ok(Some(archive));
            }
            before = after;
        }
        Err(StoreError::Contended(ATTEMPTS))
    }

    async fn restore(&self, archive: &Archive) -> Result<(), StoreError> {
        self.put_back(archive).await
    }
}

impl DynamoDb {
    async fn item(&self, key: item::Item) -> Result<Option<item::Item>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true).set_key(Some(key));
        get.send().await.map(|answer| answer.item).map_err(|error| failed(&self.table, &error))
    }
}
