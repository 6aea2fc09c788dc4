//! Whether a resource is idle, by the days of a metric.

use std::collections::BTreeMap;

use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use model::calendar::day_start;
use model::span::Span;

use super::resource::{Idle, Usage};

/// What a day on which a metric has no point means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Gap {
    /// The metric has a point for every minute in which the thing is there: without one, nobody knows.
    Unknown,
    /// The metric has a point only where there was something to count.
    Nothing,
}

/// The days that were looked at, and what they have to be held against.
#[derive(Debug, Clone, Copy)]
pub struct Looked {
    /// The first day that was asked for.
    pub first: NaiveDate,
    /// Now, UTC.
    pub now: DateTime<Utc>,
    /// So long without use is idle.
    pub idle_after: Span,
    /// What a day without a point means.
    pub gap: Gap,
}

/// Whether a thing is used, by the UTC days of which a metric has a point and whether it counted anything on them. `why` stands
/// before "for 21 days".
pub fn usage(days: &BTreeMap<NaiveDate, bool>, created: Option<DateTime<Utc>>, looked: Looked, why: &str) -> Usage {
    let today = looked.now.date_naive();
    let born = created.map(|created| created.date_naive());
    // The running day can only prove that a thing is used.
    if days.get(&today) == Some(&true) {
        return Usage::Used;
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
            (None, Gap::Unknown) => break,
            (Some(false), _) | (None, Gap::Nothing) => (since, known) = (day, known + 1),
        }
    }
    let start = day_start(since).max(created.filter(|created| *created <= looked.now).unwrap_or(day_start(since)));
    if looked.now - start >= looked.idle_after.delta() && known > 0 {
        return Usage::Idle(Idle { since: start, at_least: !used && since <= looked.first && born.is_none_or(|born| born < since), why: why.to_owned() });
    }
    match born {
        _ if used => Usage::Used,
        Some(born) if born >= since => Usage::Unknown(match today - born {
            age if age < TimeDelta::days(1) => "it was made today".to_owned(),
            age => format!("it is only {} old", days_long(age)),
        }),
        _ if known == 0 => Usage::Unknown("its metric says nothing of the last day".to_owned()),
        _ => Usage::Unknown(format!("its metric only says something of the last {}", days_long(today - since))),
    }
}

fn days_long(length: TimeDelta) -> String {
    match length.num_days() {
        1 => "day".to_owned(),
        days => format!("{days} days"),
    }
}
