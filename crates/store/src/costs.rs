//! What days cost, as bills say it, and the figures that come before the bills do.

use alerting::observation::{Observation, ObservationBody};
use billing::costs::DAYS;
use billing::day_cost::DayCost;
use billing::early::EarlyFigure;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use model::calendar::Month;
use rusqlite::params;

use crate::database::Database;
use crate::error::StoreError;
use crate::record::{Json, Record, ms};
use crate::store::Store;

/// An answer that says what the last one said is not a new figure.
const WRITE_COST: &str = "INSERT OR REPLACE INTO cost_day (source, day, seen, body) SELECT ?1, ?2, ?3, ?4
    WHERE ?4 IS NOT (SELECT body FROM cost_day WHERE source = ?1 AND day = ?2 ORDER BY seen DESC LIMIT 1)";
/// When it was made is not part of what a figure says.
const WRITE_EARLY: &str = "INSERT OR REPLACE INTO early (source, origin, day, seen, body) SELECT ?1, ?4 ->> '$.origin', ?2, ?3, ?4
    WHERE json_remove(?4, '$.as_of') IS NOT (
        SELECT json_remove(body, '$.as_of') FROM early WHERE source = ?1 AND origin = ?4 ->> '$.origin' AND day = ?2 ORDER BY seen DESC LIMIT 1)";
/// Every figure of recent days, and the newest one of the days before.
const LOOK_BACK: &str = "SELECT source, seen, body FROM cost_day AS c
    WHERE day >= ?2 OR (day >= ?1 AND seen = (SELECT max(seen) FROM cost_day WHERE day = c.day)) ORDER BY seen";
const NEWEST_EARLY: &str = "SELECT source, max(seen), body FROM early WHERE day >= ?1 GROUP BY source, origin, day";

const COST: &str = "a day's cost";
const EARLY: &str = "an early figure";

/// Days of cost that rules look back on.
const COST_DAYS: TimeDelta = TimeDelta::days(DAYS);
/// Days of cost of which every value counts that was seen.
const RECENT_COST_DAYS: TimeDelta = TimeDelta::days(80);
/// Days of early figures that rules need.
const EARLY_DAYS: TimeDelta = TimeDelta::days(8);

impl Store {
    /// The costs of days from `first` on that were seen before `before`, in that order, and the early figures.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn costs_seen_before(
        &self,
        before: DateTime<Utc>,
        first: NaiveDate,
    ) -> Result<Vec<Observation>, StoreError> {
        self.run(move |database| {
            let costs = "SELECT source, seen, body FROM cost_day WHERE day >= ?1 AND seen < ?2 ORDER BY seen, day";
            let mut seen = database.rows(COST, costs, params![first.to_string(), ms(before)], cost)?;
            let early = "SELECT source, seen, body FROM early WHERE day >= ?1 AND seen < ?2 ORDER BY seen, day";
            let first = before.date_naive() - EARLY_DAYS;
            seen.extend(database.rows(EARLY, early, params![first.to_string(), ms(before)], early_figure)?);
            Ok(seen)
        })
        .await
    }
}

impl Database {
    /// What rules look back on at `now`.
    pub(crate) fn costs(&self, now: DateTime<Utc>) -> Result<Vec<Observation>, StoreError> {
        let days = [COST_DAYS, RECENT_COST_DAYS].map(|days| (now - days).date_naive().to_string());
        let mut seen = self.rows(COST, LOOK_BACK, days, cost)?;
        seen.extend(self.rows(EARLY, NEWEST_EARLY, [(now - EARLY_DAYS).date_naive().to_string()], early_figure)?);
        Ok(seen)
    }

    /// The figures of costs that were seen from `from` on, before `to`.
    pub(crate) fn costs_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<Observation>, StoreError> {
        self.rows(
            COST,
            "SELECT source, seen, body FROM cost_day WHERE seen >= ?1 AND seen < ?2 ORDER BY seen, day",
            [ms(from), ms(to)],
            cost,
        )
    }

    /// The early figures that were seen from `from` on, before `to`.
    pub(crate) fn early_between(&self, from: DateTime<Utc>, to: DateTime<Utc>) -> Result<Vec<Observation>, StoreError> {
        self.rows(
            EARLY,
            "SELECT source, seen, body FROM early WHERE seen >= ?1 AND seen < ?2 ORDER BY seen, day",
            [ms(from), ms(to)],
            early_figure,
        )
    }

    /// The newest figure of each day of the thirteen months up to the end of a month, oldest first.
    pub(crate) fn past(&self, month: Month) -> Result<Vec<DayCost>, StoreError> {
        let days = [month.end() - COST_DAYS, month.end()].map(|day| day.to_string());
        let newest = "SELECT body, max(seen) FROM cost_day WHERE day >= ?1 AND day < ?2 GROUP BY day ORDER BY day";
        self.rows(COST, newest, days, |row| row.json(0))
    }

    /// Every figure that was seen of a month's days.
    pub(crate) fn figures(&self, month: Month) -> Result<Vec<(DateTime<Utc>, DayCost)>, StoreError> {
        let days = [month.first_day(), month.end()].map(|day| day.to_string());
        let all = "SELECT seen, body FROM cost_day WHERE day >= ?1 AND day < ?2 ORDER BY day, seen";
        self.rows(COST, all, days, |row| Ok((row.time(0)?, row.json(1)?)))
    }

    /// Writes what a day cost. False if that is what the last figure said.
    pub(crate) fn write_cost(&self, source: &str, seen: DateTime<Utc>, cost: &DayCost) -> Result<bool, StoreError> {
        Ok(self.execute(WRITE_COST, params![source, cost.day.to_string(), ms(seen), Json(cost)])? > 0)
    }

    pub(crate) fn write_early(
        &self,
        source: &str,
        seen: DateTime<Utc>,
        figure: &EarlyFigure,
    ) -> Result<(), StoreError> {
        self.execute(WRITE_EARLY, params![source, figure.day.to_string(), ms(seen), Json(figure)]).map(drop)
    }
}

fn cost(row: &Record<'_, '_>) -> Result<Observation, StoreError> {
    let seen = row.time(1)?;
    Ok(Observation { at: seen, seen, source: row.get(0)?, what: ObservationBody::Cost(row.json(2)?) })
}

fn early_figure(row: &Record<'_, '_>) -> Result<Observation, StoreError> {
    let seen = row.time(1)?;
    Ok(Observation { at: seen, seen, source: row.get(0)?, what: ObservationBody::Early(row.json(2)?) })
}
