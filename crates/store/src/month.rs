//! Loads the rows of a month for the report.

use account::map::merged;
use alerting::month_rows::MonthRows;
use alerting::observation::PingResult;
use alerting::warm_day::WarmDay;
use model::calendar::Month;

use crate::database::Database;
use crate::error::StoreError;
use crate::record::ms;
use crate::store::Store;

const PINGS: &str = "SELECT at, body FROM observation WHERE kind = 'ping' AND at >= ?1 AND at < ?2 ORDER BY at, id";
const WARM_DAYS: &str =
    "SELECT at, body FROM observation WHERE kind = 'warm_day' AND at >= ?1 AND at < ?2 ORDER BY at, seen, id";
const CHANGES: &str = "SELECT body FROM observation WHERE kind = 'change' AND at >= ?1 AND at < ?2 ORDER BY at, id";
const INCIDENTS: &str = "SELECT body FROM incident WHERE fired IS NOT NULL AND fired < ?2 AND (resolved IS NULL OR resolved >= ?1) ORDER BY fired, rule, subject";

impl Store {
    /// Everything the store knows of a month.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn month(&self, month: Month) -> Result<MonthRows, StoreError> {
        self.run(move |database| database.month(month)).await
    }
}

impl Database {
    fn month(&self, month: Month) -> Result<MonthRows, StoreError> {
        let (from, to) = month.instants();
        let past = self.past(month)?;
        let of = |month: Month| past.iter().filter(|day| month.contains(day.day)).cloned().collect();
        let lines = self.bill_lines(month.previous().first_day(), month.end())?;
        Ok(MonthRows {
            days: of(month),
            days_before: of(month.previous()),
            figures: self.figures(month)?,
            lines: lines.into_iter().map(|(_, lines)| lines).collect(),
            inventories: self.inventories_of(month)?,
            tallies: self.tallies(month)?,
            pings: self
                .rows("a ping", PINGS, [ms(from), ms(to)], |row| Ok((row.time(0)?, row.json::<PingResult>(1)?)))?,
            warm_days: self.rows("a day of pings", WARM_DAYS, [ms(from), ms(to)], |row| {
                Ok((row.time(0)?, row.json::<WarmDay>(1)?))
            })?,
            incidents: self.rows("an incident", INCIDENTS, [ms(from), ms(to)], |row| row.json(0))?,
            changes: merged(self.rows("a change", CHANGES, [ms(from), ms(to)], |row| row.json(0))?),
            watched_until: self.last_sign()?,
            calls: self.own_calls(month)?,
            past,
        })
    }
}
