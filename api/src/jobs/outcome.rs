//! What came of a job.

use serde::Serialize;

/// What came of a job.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct JobOutcome {
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
