//! A stretch of days on which a series cost more than it should.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Serialize;

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum EpisodeKind {
    /// The series rose and stayed up for more than three days.
    Step,
    /// It rose, for up to three days so far.
    Spike,
    /// It grew slowly, to half as much again and more.
    Drift,
    /// It was not on the bill before.
    New,
}

impl EpisodeKind {
    /// Its name in output.
    pub fn word(self) -> &'static str {
        match self {
            Self::Step => "step",
            Self::Spike => "spike",
            Self::Drift => "drift",
            Self::New => "new",
        }
    }
}

/// A stretch of days on which a series cost more than it should.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Episode {
    /// The series.
    pub series: String,
    /// The kind as known on the last day; a spike may become a step.
    pub kind: EpisodeKind,
    /// The first day, on which it was found.
    pub from: NaiveDate,
    /// The last day; `null` while it lasts.
    pub to: Option<NaiveDate>,
    /// Exact sum of what the series cost on the days of the episode. `null` if it is too large for an amount.
    pub amount: Option<Decimal>,
    /// The baseline of these days, from before the first. `null` if the statistics give no amount.
    pub expected: Option<Decimal>,
}
