//! A table and its client. The other files of this folder read and write it.

use std::time::Duration;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use tokio::sync::{Mutex, MutexGuard};

use super::error::failed;
use super::item::Item;
use crate::store::StoreError;
use onestep_core::model::Id;

const CONNECT: Duration = Duration::from_secs(1);
const ATTEMPT: Duration = Duration::from_secs(2);
const OPERATION: Duration = Duration::from_secs(5);
/// How often the SDK sends a request.
const SENDINGS: u32 = 3;
/// The longest wait before the first retry. The SDK's default of a second is too long for a waiting user.
const BACKOFF: Duration = Duration::from_millis(100);
/// How long a writer waits for other writers of the same user in this process.
const LOCK_TIMEOUT: Duration = Duration::from_secs(3);
/// The number of locks of a process, which the users share.
const LOCKS: usize = 256;

/// A table of DynamoDB.
pub struct DynamoDb {
    pub(super) client: Client,
    pub(super) table: String,
    /// Writers of the same user in this process wait here, so that they cause no conflicts.
    locks: Vec<Mutex<()>>,
}

impl DynamoDb {
    /// The table with this name in the account and region of `shared`. Sends no request yet.
    pub fn open(table: impl Into<String>, shared: &aws_config::SdkConfig) -> Self {
        let timeouts = TimeoutConfig::builder()
            .connect_timeout(CONNECT)
            .operation_attempt_timeout(ATTEMPT)
            .operation_timeout(OPERATION);
        let config = aws_sdk_dynamodb::config::Builder::from(shared)
            .timeout_config(timeouts.build())
            .retry_config(RetryConfig::standard().with_max_attempts(SENDINGS).with_initial_backoff(BACKOFF))
            .build();
        Self {
            client: Client::from_conf(config),
            table: table.into(),
            locks: (0..LOCKS).map(|_| Mutex::new(())).collect(),
        }
    }

    /// Waits for the other writers. None when they take too long: the writer goes on without the lock, as between
    /// processes.
    pub(super) async fn lock(&self, user: Id) -> Option<MutexGuard<'_, ()>> {
        let lock = usize::try_from(user).ok().and_then(|user| self.locks.get(user % LOCKS))?;
        tokio::time::timeout(LOCK_TIMEOUT, lock.lock()).await.ok()
    }

    /// The item with these keys.
    pub(super) async fn item(&self, key: Item) -> Result<Option<Item>, StoreError> {
        let get = self.client.get_item().table_name(&self.table).consistent_read(true).set_key(Some(key));
        get.send().await.map(|answer| answer.item).map_err(|error| failed(&self.table, &error))
    }
}
