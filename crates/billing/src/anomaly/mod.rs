//! Finds anomalies in a bill on the day they show.
//!
//! Each series is followed day by day. The days before give the baseline of a day (`expect`); the usual error of the
//! series gives the limit above it. Consecutive days above the limit are one episode (`watch`).

mod episode;
mod expect;
mod watch;

use chrono::{NaiveDate, TimeDelta};

use super::dense::DayIndex;
use super::series::CostSeries;

pub use episode::{Episode, EpisodeKind};

/// Every episode, by first day and then by series. Each day is judged from that day and the days before it.
pub fn anomalies(series: &[CostSeries]) -> Vec<Episode> {
    let Some(last) = series.iter().filter_map(|one| one.days.last_key_value()).map(|(date, _)| *date).max() else {
        return Vec::new();
    };
    let Some(days) =
        last.succ_opt().and_then(|end| DayIndex::new(&series.iter().collect::<Vec<&CostSeries>>(), end, last))
    else {
        return Vec::new();
    };
    let mut found: Vec<Episode> = series.iter().flat_map(|one| watch::episodes(&days, one)).collect();
    found.sort_by(|a, b| a.from.cmp(&b.from).then_with(|| a.series.cmp(&b.series)));
    found
}

/// So many days are enough to say what is out of the ordinary now.
const ENOUGH: TimeDelta = TimeDelta::days(200);

/// The episodes that last on the day before `as_of`, reading only the last 200 days before it.
pub fn lasting(series: &[CostSeries], as_of: NaiveDate) -> Vec<Episode> {
    let from = as_of.checked_sub_signed(ENOUGH).unwrap_or(NaiveDate::MIN);
    let cut = |one: &CostSeries| CostSeries {
        name: one.name.clone(),
        days: one.days.range(from..as_of).map(|(date, amount)| (*date, *amount)).collect(),
    };
    let cut: Vec<CostSeries> = series.iter().map(cut).filter(|one| !one.days.is_empty()).collect();
    anomalies(&cut).into_iter().filter(|episode| episode.to.is_none()).collect()
}

#[cfg(test)]
mod tests;
