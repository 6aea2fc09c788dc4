//! Jobs: reminders by a schedule, patch notes by an operator.
//!
//! A schedule may send an event twice, and Lambda repeats an event that failed. So a job notes in the account of each
//! user what it is about to send, before it sends it: no user receives it twice. When sending fails, it undoes the
//! note.

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

/// Runs jobs.
#[async_trait]
pub trait JobRunner: Send + Sync {
    /// Runs a job, and stops before `until`.
    ///
    /// # Errors
    /// When the job cannot be started. Failures of single users are counted in the outcome.
    async fn run(&self, order: &JobRequest, until: Instant) -> Result<JobOutcome, String>;
}

/// What jobs need.
pub struct JobContext {
    /// The store with the users.
    pub store: Arc<dyn Store>,
    /// None: pushes are not configured.
    pub push: Option<Arc<dyn PushSender>>,
    /// None: mail is not configured.
    pub mail: Option<Arc<dyn Mailer>>,
    /// The time now, in UTC.
    pub now: fn() -> DateTime<Utc>,
}

#[async_trait]
impl JobRunner for JobContext {
    async fn run(&self, order: &JobRequest, until: Instant) -> Result<JobOutcome, String> {
        match order {
            JobRequest::Reminders { at, time } => {
                let push = self.push.as_ref().ok_or("reminders need pushes: set ONESTEP_FIREBASE")?;
                let (day, slot) = due(*at, time.unwrap_or_else(self.now))?;
                reminders::run(self.store.as_ref(), push.as_ref(), day, slot, until).await
            }
            JobRequest::PatchNotes(note) => {
                let mail = self.mail.as_ref().ok_or("patch notes need mail: set ONESTEP_RESEND_API_KEY")?;
                patch_notes::run(self.store.as_ref(), mail.as_ref(), note, until).await
            }
        }
        .map_err(|error| error.to_string())
    }
}
