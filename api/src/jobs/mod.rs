//! What is done without a request: reminders by a schedule, patch notes by an operator.
//!
//! A schedule may send an event twice, and Lambda repeats one that failed. What a user was told is written into his account before it
//! is said, so that nobody is told twice; if it then could not be said, that is taken back.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::StreamExt;
use serde::Serialize;
use tokio::time::Instant;

use crate::core::model::Id;
use crate::outside::messages::{Mail, Push};
use crate::store::{Store, StoreError};

mod order;
mod patch_notes;
mod reminders;

pub use order::{Order, PatchNote, Slot, ZONE, due};

/// How many users are seen to at the same time.
const AT_ONCE: usize = 8;
/// How many ids are read at a time.
const PAGE: u32 = 1000;
/// Nobody is begun with when less than this is left: one user takes two looks into the store and one round of pushes.
const ONE_TAKES: Duration = Duration::from_secs(4);

/// What came of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Outcome {
    /// What it was, such as `reminders/2026-11-22/08`.
    pub job: String,
    /// Users who were told, on at least one device or by mail.
    pub told: u64,
    /// Users whom there was nothing to tell, or who had been told before.
    pub skipped: u64,
    /// Users who could not be told; the log says why.
    pub failed: u64,
    /// Users who were not looked at, as time was up.
    pub left: u64,
}

/// What became of one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Fate {
    Told,
    Skipped,
    Failed,
    Left,
}

impl Outcome {
    fn count(&mut self, fate: Fate, users: u64) {
        let count = match fate {
            Fate::Told => &mut self.told,
            Fate::Skipped => &mut self.skipped,
            Fate::Failed => &mut self.failed,
            Fate::Left => &mut self.left,
        };
        *count += users;
    }
}

/// Does jobs.
#[async_trait]
pub trait Jobs: Send + Sync {
    /// Does one, and stops in time.
    ///
    /// # Errors
    /// When it could not be begun. What is wrong with single users is in the outcome.
    async fn run(&self, order: &Order, until: Instant) -> Result<Outcome, String>;
}

/// What jobs are done with.
pub struct Tools {
    /// Where the users are.
    pub store: Arc<dyn Store>,
    /// None: no pushes are set up.
    pub push: Option<Arc<dyn Push>>,
    /// None: no mail is set up.
    pub mail: Option<Arc<dyn Mail>>,
    /// The time now, in UTC.
    pub now: fn() -> DateTime<Utc>,
}

#[async_trait]
impl Jobs for Tools {
    async fn run(&self, order: &Order, until: Instant) -> Result<Outcome, String> {
        match order {
            Order::Reminders { at, time } => {
                let push = self.push.as_ref().ok_or("reminders need pushes, which are not set up")?;
                let (day, slot) = due(*at, time.unwrap_or_else(self.now))?;
                reminders::run(self.store.as_ref(), push.as_ref(), day, slot, until).await
            }
            Order::PatchNotes(note) => {
                let mail = self.mail.as_ref().ok_or("patch notes need mail, which is not set up")?;
                patch_notes::run(self.store.as_ref(), mail.as_ref(), note, until).await
            }
        }
        .map_err(|error| error.to_string())
    }
}

/// The ids of all users.
async fn everyone(store: &dyn Store) -> Result<Vec<Id>, StoreError> {
    let mut ids = Vec::new();
    loop {
        let page = store.users(ids.last().copied(), PAGE).await?;
        if page.is_empty() {
            return Ok(ids);
        }
        ids.extend(page);
    }
}

/// Sees to each user, some at the same time; to none any more when time is nearly up.
async fn each<F: Future<Output = Result<Fate, StoreError>>>(ids: &[Id], until: Instant, outcome: &mut Outcome, see_to: impl Fn(Id) -> F) {
    let fates = futures::stream::iter(ids.iter().copied()).map(|id| {
        let seen_to = see_to(id);
        async move {
            if Instant::now() + ONE_TAKES > until {
                return Fate::Left;
            }
            match tokio::time::timeout_at(until, seen_to).await {
                Ok(Ok(fate)) => fate,
                Ok(Err(error)) => {
                    tracing::error!(user = id, %error, "not told");
                    Fate::Failed
                }
                Err(_) => {
                    tracing::error!(user = id, "not told in time");
                    Fate::Failed
                }
            }
        }
    });
    let mut fates = fates.buffer_unordered(AT_ONCE);
    while let Some(fate) = fates.next().await {
        outcome.count(fate, 1);
    }
}
