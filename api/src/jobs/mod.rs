//! What is done without a request: reminders by a schedule, patch notes by an operator.
//!
//! A schedule may send an event twice, and Lambda repeats one that failed. What a user was told is written into his account before it
//! is said, so that nobody is told twice; if it then could not be said, that is taken back.

use std::sync::Arc;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use tokio::time::Instant;

use crate::services::messages::{Mailer, PushSender};
use crate::store::Store;

mod outcome;
mod patch_notes;
mod reminders;
mod request;
mod users;

pub use outcome::JobOutcome;
pub use request::{JobRequest, PatchNote, ReminderTime, ZONE, due};

/// Does jobs.
#[async_trait]
pub trait JobRunner: Send + Sync {
    /// Does one, and stops in time.
    ///
    /// # Errors
    /// When it could not be begun. What is wrong with single users is in the outcome.
    async fn run(&self, order: &JobRequest, until: Instant) -> Result<JobOutcome, String>;
}

/// What jobs are done with.
pub struct JobContext {
    /// Where the users are.
    pub store: Arc<dyn Store>,
    /// None: no pushes are set up.
    pub push: Option<Arc<dyn PushSender>>,
    /// None: no mail is set up.
    pub mail: Option<Arc<dyn Mailer>>,
    /// The time now, in UTC.
    pub now: fn() -> DateTime<Utc>,
}

#[async_trait]
impl JobRunner for JobContext {
    async fn run(&self, order: &JobRequest, until: Instant) -> Result<JobOutcome, String> {
        match order {
            JobRequest::Reminders { at, time } => {
                let push = self.push.as_ref().ok_or("reminders need pushes, which are not set up")?;
                let (day, slot) = due(*at, time.unwrap_or_else(self.now))?;
                reminders::run(self.store.as_ref(), push.as_ref(), day, slot, until).await
            }
            JobRequest::PatchNotes(note) => {
                let mail = self.mail.as_ref().ok_or("patch notes need mail, which is not set up")?;
                patch_notes::run(self.store.as_ref(), mail.as_ref(), note, until).await
            }
        }
        .map_err(|error| error.to_string())
    }
}
