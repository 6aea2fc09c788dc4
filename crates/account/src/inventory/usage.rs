//! Whether a resource is idle, by the days of a metric.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use model::calendar::day_start;
use model::span::Span;

use super::resource::{IdleSince, ResourceUsage};

/// What a day on which a metric has no point means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MissingDatapoint {
    /// The metric has a point for every minute in which the resource exists: a missing point is unknown.
    Unknown,
    /// The metric has a point only where there was something to count.
    Nothing,
}

/// The range of the metric data, and the limits to judge it by.
#[derive(Debug, Clone, Copy)]
pub struct UsageWindow {
    /// The first day that was asked for.
    pub first: NaiveDate,
    /// Now, UTC.
    pub now: DateTime<Utc>,
    /// So long without use is idle.
    pub idle_after: Span,
    /// What a day without a point means.
    pub gap: MissingDatapoint,
}

/// Whether a resource is used, from the UTC days of a metric and whether each counted anything. `why` continues with
/// before "for 21 days".
pub fn usage(
    days: &BTreeMap<NaiveDate, bool>,
    created: Option<DateTime<Utc>>,
    looked: UsageWindow,
    why: &str,
) -> ResourceUsage {
    let today = looked.now.date_naive();
    let born = created.map(|created| created.date_naive());
    // The running day can only prove that a thing is used.
    if days.get(&today) == Some(&true) {
        return ResourceUsage::Used;
    }
    let mut since = today;
    let mut known = 0;
    let mut used = false;
    for day in std::iter::successors(today.pred_opt(), NaiveDate::pred_opt).take_while(|day| *day >= looked.first) {
        if born.is_some_and(|born| day < born) {
            break;
        }
        match (days.get(&day), looked.gap) {
            (Some(true), _) => {
                used = true;
                break;
            }
            (None, MissingDatapoint::Unknown) => break,
            (Some(false), _) | (None, MissingDatapoint::Nothing) => (since, known) = (day, known + 1),
        }
    }
    let start = day_start(since).max(created.filter(|created| *created <= looked.now).unwrap_or(day_start(since)));
    if looked.now - start >= looked.idle_after.delta() && known > 0 {
        return ResourceUsage::Idle(IdleSince {
            since: start,
            at_least: !used && since <= looked.first && born.is_none_or(|born| born < since),
            why: why.to_owned(),
        });
    }
    match born {
        _ if used => ResourceUsage::Used,
        Some(born) if born >= since => ResourceUsage::Unknown(match today - born {
            age if age < TimeDelta::days(1) => "it was created today".to_owned(),
            age => format!("it is only {} old", days_long(age)),
        }),
        _ if known == 0 => ResourceUsage::Unknown("its metric has no data for the last day".to_owned()),
        _ => ResourceUsage::Unknown(format!("its metric has data only for the last {}", days_long(today - since))),
    }
}

fn days_long(length: TimeDelta) -> String {
    match length.num_days() {
        1 => "day".to_owned(),
        days => format!("{days} days"),
    }
}
