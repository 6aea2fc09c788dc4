//! What a day of planned pings came to.

use chrono::{DateTime, Utc};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

/// Why no pings are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PingStopReason {
    /// Times with pings and times without had as many cold starts.
    NoDifference,
    /// No plan comes near the target.
    OutOfReach,
    /// Pings time out in start-up.
    StartUp,
    /// Pings end in errors.
    Errors,
}

/// One day, UTC, of a function whose pings are planned (`every = "auto"`). The observation's `at` is its begin; the last
/// one of a day counts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WarmDay {
    /// The function's name.
    pub function: String,
    /// Until when it is counted.
    pub until: DateTime<Utc>,
    /// The share of cold starts that is aimed at, in percent.
    pub max_cold: Decimal,
    /// Calls of users.
    pub calls: u32,
    /// Users who waited for a cold start because no environment was left after a pause.
    pub idle: u32,
    /// Because AWS had ended the environment by its age.
    pub recycling: u32,
    /// Because every environment was busy.
    pub overlap: u32,
    /// Because of a deploy.
    pub deploy: u32,
    /// Pings that were answered.
    pub pings: u32,
    /// Pings that started an environment.
    pub cold_pings: u32,
    /// How many environments are kept.
    pub kept: u32,
    /// Whether each is replaced before its age ends it.
    pub replaces: bool,
    /// Calls while pings were left out, to test whether they help.
    pub test_calls: u32,
    /// Cold starts in those.
    pub test_cold: u32,
    /// Calls of the week, Monday to Sunday, until then, without those of the test.
    pub week_calls: u32,
    /// Cold starts in those.
    pub week_cold: u32,
    /// Whether it was promised that the share of cold starts of the week stays within `max_cold`.
    pub promised: bool,
    /// How many users would have waited without any ping, by replay; `None` if the log was not read in whole.
    pub without_pings: Option<u32>,
    /// Why no pings are sent.
    pub stopped: Option<PingStopReason>,
    /// A pause that environments survive, in seconds, as learned so far.
    pub safe_pause_s: i64,
    /// The same while another environment is used.
    pub safe_beside_s: i64,
    /// An age that environments reach, in seconds.
    pub safe_age_s: i64,
}

impl WarmDay {
    /// Users who waited for a cold start.
    pub fn cold(&self) -> u32 {
        self.idle + self.recycling + self.overlap + self.deploy
    }
}
