//! The rows of a month from the store.

use account::inventory::Inventory;
use account::map::Change;
use billing::day_cost::DayCost;
use billing::line::DayCharges;
use chrono::{DateTime, Utc};
use lambda_log::tally::InvocationCounts;
use rust_decimal::Decimal;

use crate::history::Timestamped;
use crate::incident::Incident;
use crate::observation::PingResult;
use crate::warm_day::WarmDay;

/// Everything the store knows of a month.
#[derive(Debug, Default)]
pub struct MonthRows {
    /// The latest figure of each day of the month.
    pub days: Vec<DayCost>,
    /// The same for the month before.
    pub days_before: Vec<DayCost>,
    /// Every figure that was seen of the days of the month, with when it was seen.
    pub figures: Vec<(DateTime<Utc>, DayCost)>,
    /// The latest figure of each day of the thirteen months up to the end of this one, oldest first.
    pub past: Vec<DayCost>,
    /// The lines of this month and the one before, as far as they are known.
    pub lines: Vec<DayCharges>,
    /// The last inventories of the month, with their times.
    pub inventories: Vec<Timestamped<Inventory>>,
    /// Counts of each function over the month, causes among them.
    pub tallies: Vec<InvocationCounts>,
    /// Pings, with when they were sent.
    pub pings: Vec<(DateTime<Utc>, PingResult)>,
    /// Days of planned pings, by their begin; of a day the last word comes last.
    pub warm_days: Vec<(DateTime<Utc>, WarmDay)>,
    /// Incidents that were open at any time of the month.
    pub incidents: Vec<Incident>,
    /// The changes of the account that were seen in the month, each once, in the order in which they were made.
    pub changes: Vec<Change>,
    /// The last moment at which the daemon is known to have run. It has not seen whether an incident went on after that.
    pub watched_until: Option<DateTime<Utc>>,
    /// The monitor's own calls: operation, count, US dollars.
    pub calls: Vec<(String, u64, Decimal)>,
}
