//! A stretch of days on which a series cost more than it should.

use chrono::NaiveDate;
use rust_decimal::Decimal;
use serde::Serialize;

/// What kind of thing happened.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Kind {
    /// The series went up and stayed there for more than three days.
    Step,
    /// It went up, for up to three days so far.
    Spike,
    /// It grew slowly, to half as much again and more.
    Drift,
    /// It was not on the bill before.
    New,
}

impl Kind {
    /// As it is written.
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
    /// As far as it can be told on the last day; a spike may become a step.
    pub kind: Kind,
    /// The first day, on which it was found.
    pub from: NaiveDate,
    /// The last day; `null` while it lasts.
    pub to: Option<NaiveDate>,
    /// Exact sum of what the series cost on the days of the episode. `null` if it is too large for an amount.
    pub amount: Option<Decimal>,
    /// What it should have cost on them, from what was known before the first. `null` if the statistics give no amount.
    pub expected: Option<Decimal>,
}
