//! The rows of a month, for the report.

use alerting::month_rows::MonthRows;
use alerting::observation::Ping;
use billing::costs::DAYS;
use billing::day_cost::DayCost;
use chrono::{DateTime, TimeDelta, Utc};
use lambda_log::diagnosis::Cause;
use lambda_log::tally::Tally;
use model::calendar::Month;
use rust_decimal::Decimal;

use super::{Store, StoreError, ms, time};

impl Store {
    /// Everything the store knows of a month.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn month(&self, month: Month) -> Result<MonthRows, StoreError> {
        let (from, to) = month.instants();
        let mut rows = MonthRows {
            figures: self.figures(month).await?,
            inventories: self.inventories_of(month).await?,
            past: self.past(month).await?,
            lines: self.bill_lines(month.previous().first_day(), month.end()).await?.into_iter().map(|(_, lines)| lines).collect(),
            calls: self.own_calls(month).await?,
            ..MonthRows::default()
        };
        let of = |month: Month| rows.past.iter().filter(move |day| month.contains(day.day)).cloned().collect();
        (rows.days, rows.days_before) = (of(month), of(month.previous()));
        let (first, end) = (month.first_day().to_string(), month.end().to_string());
        let sums = "SELECT function, sum(invocations), sum(cold), sum(cold_waited), sum(timeouts), sum(errors), sum(billed_ms), sum(duration_ms), sum(unparsed)
                    FROM lambda_day WHERE day >= ?1 AND day < ?2 GROUP BY function ORDER BY function";
        for row in self.rows(sqlx::query(sums).bind(&first).bind(&end)).await? {
            rows.tallies.push(self.tally(&row)?);
        }
        let causes = "SELECT function, cause, sum(count) FROM cause_day WHERE day >= ?1 AND day < ?2 GROUP BY function, cause";
        for row in self.rows(sqlx::query(causes).bind(&first).bind(&end)).await? {
            let (function, code, count): (String, String, i64) = (self.get(&row, 0)?, self.get(&row, 1)?, self.get(&row, 2)?);
            let cause = Cause::of_code(&code).map_err(|error| self.content("a cause", error.to_string()))?;
            if let Some(tally) = rows.tallies.iter_mut().find(|tally| tally.function == function) {
                tally.causes.insert(cause, u64::try_from(count).unwrap_or(0));
            }
        }
        self.lengths(&first, &end, &mut rows).await?;
        for row in self
            .rows(sqlx::query("SELECT at, body FROM observation WHERE kind = 'ping' AND at >= ?1 AND at < ?2 ORDER BY at, id").bind(ms(from)).bind(ms(to)))
            .await?
        {
            rows.pings.push((time(self.get(&row, 0)?), self.json::<Ping>("a ping", &self.get::<String>(&row, 1)?)?));
        }
        let incidents =
            "SELECT body FROM incident WHERE fired IS NOT NULL AND fired < ?2 AND (resolved IS NULL OR resolved >= ?1) ORDER BY fired, rule, subject";
        for row in self.rows(sqlx::query(incidents).bind(ms(from)).bind(ms(to))).await? {
            rows.incidents.push(self.json("an incident", &self.get::<String>(&row, 0)?)?);
        }
        Ok(rows)
    }

    /// Durations and memory of the days from `first` on, before `end`.
    async fn lengths(&self, first: &str, end: &str, rows: &mut MonthRows) -> Result<(), StoreError> {
        // A report may be asked for before the daemon has brought the store to this version's schema.
        if self.rows(sqlx::query("SELECT 1 FROM pragma_table_info('lambda_day') WHERE name = 'durations'")).await?.is_empty() {
            return Ok(());
        }
        let days = "SELECT function, durations, memory_used, memory_size FROM lambda_day WHERE day >= ?1 AND day < ?2";
        for row in self.rows(sqlx::query(days).bind(first).bind(end)).await? {
            let function: String = self.get(&row, 0)?;
            let day = Tally { durations: self.json("durations", &self.get::<String>(&row, 1)?)?, memory: self.memory(&row, 2)?, ..Tally::default() };
            rows.tallies.iter_mut().filter(|tally| tally.function == function).for_each(|tally| tally.add(&day));
        }
        Ok(())
    }

    /// The newest figure of each day of the thirteen months up to the end of a month, oldest first.
    async fn past(&self, month: Month) -> Result<Vec<DayCost>, StoreError> {
        let first = month.end() - TimeDelta::days(DAYS);
        let newest = "SELECT body, max(seen) FROM cost_day WHERE day >= ?1 AND day < ?2 GROUP BY day ORDER BY day";
        let rows = self.rows(sqlx::query(newest).bind(first.to_string()).bind(month.end().to_string())).await?;
        rows.iter().map(|row| self.json("a day's cost", &self.get::<String>(row, 0)?)).collect()
    }

    /// Every figure that was seen of a month's days.
    async fn figures(&self, month: Month) -> Result<Vec<(DateTime<Utc>, DayCost)>, StoreError> {
        let all = "SELECT seen, body FROM cost_day WHERE day >= ?1 AND day < ?2 ORDER BY day, seen";
        let rows = self.rows(sqlx::query(all).bind(month.first_day().to_string()).bind(month.end().to_string())).await?;
        rows.iter().map(|row| Ok((time(self.get(row, 0)?), self.json("a day's cost", &self.get::<String>(row, 1)?)?))).collect()
    }

    /// What the monitor's own calls of a month have cost, in US dollars.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn own_cost(&self, month: Month) -> Result<Decimal, StoreError> {
        Ok(self.own_calls(month).await?.iter().map(|(_, _, usd)| *usd).sum())
    }

    /// The monitor's own calls of a month: operation, count, US dollars.
    pub(super) async fn own_calls(&self, month: Month) -> Result<Vec<(String, u64, Decimal)>, StoreError> {
        let mut calls: Vec<(String, u64, Decimal)> = Vec::new();
        let query = sqlx::query("SELECT operation, price, sum(count) FROM spend WHERE day >= ?1 AND day < ?2 GROUP BY operation, price ORDER BY operation");
        for row in self.rows(query.bind(month.first_day().to_string()).bind(month.end().to_string())).await? {
            let (operation, price, count): (String, String, i64) = (self.get(&row, 0)?, self.get(&row, 1)?, self.get(&row, 2)?);
            let price: Decimal = price.parse().map_err(|error| self.content("a price", error))?;
            let usd = price * Decimal::from(count);
            let count = u64::try_from(count).unwrap_or(0);
            match calls.last_mut().filter(|(known, _, _)| *known == operation) {
                Some(known) => {
                    known.1 += count;
                    known.2 += usd;
                }
                None => calls.push((operation, count, usd)),
            }
        }
        Ok(calls)
    }
}
