//! The result of a job.

use serde::Serialize;

/// The result of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct JobOutcome {
    /// The job, such as `reminders/2026-11-22/08`.
    pub job: String,
    /// Users who were notified, on at least one device or by mail.
    pub told: u64,
    /// Users without anything to send, or who were notified before.
    pub skipped: u64,
    /// Users who could not be notified. The log has the reasons.
    pub failed: u64,
    /// Users who are left because the time was up.
    pub left: u64,
}

/// The result for one user.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UserOutcome {
    Told,
    Skipped,
    Failed,
    Left,
}

impl JobOutcome {
    pub(super) fn count(&mut self, fate: UserOutcome, users: u64) {
        let count = match fate {
            UserOutcome::Told => &mut self.told,
            UserOutcome::Skipped => &mut self.skipped,
            UserOutcome::Failed => &mut self.failed,
            UserOutcome::Left => &mut self.left,
        };
        *count += users;
    }
}
