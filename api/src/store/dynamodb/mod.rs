//! `dynamodb:TABLE`: Amazon DynamoDB, one table on demand with the keys `pk` and `sk` (both text).
//!
//! | pk | sk | what |
//! | --- | --- | --- |
//! | `user#ID` | `owner` | the account as JSON, the number of its commits, and all live rows, compressed, while they are few |
//! | `user#ID` | `part#…` | live rows of a range of ids, once they are many; never changed, only replaced |
//! | `past#ID#…` | commit | deleted rows and feedback of one commit; only an archive reads them |
//! | `name#…`, `apple#…`, `device#…` | `name` | the user of the name |
//! | `users` | ID | all users, in order |
//! | `counter` | `counter` | the last id that was given out |
//!
//! A read of a user is one strongly consistent query of the user's partition. A write is one conditional put over the
//! commit that was read, or one transaction when names or deleted rows change. Many rows share an item because the
//! client reads all of them every minute: compressed, this costs a fifth, since reads are billed by the kilobyte. And
//! one item is always of one commit, while a query over many items may not be.

use async_trait::async_trait;

pub use self::client::DynamoDb;
use self::error::STORE;
use self::item::{COUNTER, USER, key, name_key, number_of};
use self::layout::NewState;
use self::retry::ATTEMPTS;
use super::{Decide, Store, StoreError};
use onestep_core::model::{Id, User};
use onestep_core::user_rows::{Archive, Scope, UniqueName, UserRows};

mod client;
mod commit;
mod error;
mod ids;
mod item;
mod layout;
mod replace;
mod restore;
mod retry;
mod snapshot;
mod table;

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

    async fn find(&self, name: &UniqueName) -> Result<Option<Id>, StoreError> {
        let item = self.item(name_key(name)).await?;
        item.map(|item| number_of(&item, USER)).transpose()
    }

    async fn create(&self, user: User) -> Result<User, StoreError> {
        let id = self.new_ids(1).await?.start;
        let user = User { id, ..user };
        self.replace(id, None, None, |seen| match seen {
            None => Ok(Some(NewState::of(Archive::of(user.clone())))),
            Some(_) => {
                Err(item::broken(&key(COUNTER, COUNTER), format!("it gave out {id}, the id of an existing user")))
            }
        })
        .await?;
        Ok(user)
    }

    async fn read(&self, user: Id, scope: Scope) -> Result<Option<UserRows>, StoreError> {
        Ok(self.load(user).await?.map(|seen| seen.archive().live_rows(scope)))
    }

    async fn update(&self, user: Id, scope: Scope, new_ids: u32, decide: Decide<'_>) -> Result<bool, StoreError> {
        let _lock = self.lock(user).await;
        let (ids, seen) = tokio::try_join!(self.new_ids(new_ids), self.load(user))?;
        let ids: Vec<Id> = ids.collect();
        if seen.is_none() {
            return Ok(false);
        }
        self.replace(user, seen, None, |seen| {
            let Some(seen) = seen else { return Ok(None) };
            let mut archive = seen.archive();
            let changes = decide(&archive.live_rows(scope), &ids);
            archive.apply(changes);
            let next = NewState::of(archive);
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
        let mut before = self.load(user).await?;
        for _ in 0..ATTEMPTS {
            let Some(seen) = before else { return Ok(None) };
            let past = self.load_past(&seen).await?;
            // A restore moves the past rows. If one happened meanwhile, some past rows are missing.
            let after = self.load(user).await?;
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
        self.put_archive(archive).await
    }
}
