//! Records the monitor's own billable calls before they are made.

use chrono::NaiveDate;
use model::calendar::Month;
use model::money::kept;
use model::own_calls::BookingOutcome;
use rusqlite::params;
use rust_decimal::Decimal;

use crate::database::Database;
use crate::error::StoreError;
use crate::queue::Queue;
use crate::store::Store;

/// The `spend` table. Other processes may write into it at the same time.
#[derive(Debug, Clone)]
pub struct SpendLedger {
    queue: Queue,
}

const ADD: &str = "INSERT INTO spend (day, operation, price, count) VALUES (?1, ?2, ?3, 1) ON CONFLICT DO UPDATE SET count = count + 1";
const TAKE: &str = "UPDATE spend SET count = count - 1 WHERE day = ?1 AND operation = ?2 AND price = ?3 AND count > 0";
const MONTH: &str = "SELECT operation, price, sum(count) FROM spend WHERE day >= ?1 AND day < ?2 GROUP BY operation, price ORDER BY operation";

impl Store {
    /// Where calls that cost something are written down.
    pub fn ledger(&self) -> SpendLedger {
        SpendLedger { queue: self.queue.clone() }
    }

    /// What the own calls of a month have cost, in US dollars.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn spent(&self, month: Month) -> Result<Decimal, StoreError> {
        self.run(move |database| database.spent(month)).await
    }

    /// What the monitor's own calls of a month have cost, in US dollars.
    ///
    /// # Errors
    /// As [`Store::spent`].
    pub async fn own_cost(&self, month: Month) -> Result<Decimal, StoreError> {
        self.spent(month).await
    }
}

impl Database {
    /// What the own calls of a month have cost, in US dollars.
    pub(crate) fn spent(&self, month: Month) -> Result<Decimal, StoreError> {
        let mut sum = Decimal::ZERO;
        for (_, _, usd) in self.own_calls(month)? {
            sum = sum.checked_add(usd).ok_or_else(|| {
                self.content("the monitor's own calls", format!("those of {month} cost too much to be added"))
            })?;
        }
        Ok(sum)
    }

    /// The monitor's own calls of a month: operation, count, US dollars.
    pub(crate) fn own_calls(&self, month: Month) -> Result<Vec<(String, u64, Decimal)>, StoreError> {
        let mut calls: Vec<(String, u64, Decimal)> = Vec::new();
        let days = [month.first_day(), month.end()].map(|day| day.to_string());
        self.rows("the monitor's own calls", MONTH, days, |row| {
            let (operation, price, count): (String, Decimal, u64) = (row.get(0)?, row.parse(1)?, row.get(2)?);
            let price = kept(price).map_err(|why| row.unreadable(1, why))?;
            let too_many = || row.unreadable(2, format!("{count} calls at {price} USD are too many to be added"));
            let exact = |usd: Option<Decimal>| usd.and_then(|usd| kept(usd).ok()).ok_or_else(too_many);
            let usd = exact(price.checked_mul(Decimal::from(count)))?;
            match calls.last_mut().filter(|(known, _, _)| *known == operation) {
                Some((_, all, cost)) => {
                    *all = all.checked_add(count).ok_or_else(too_many)?;
                    *cost = exact(cost.checked_add(usd))?;
                }
                None => calls.push((operation, count, usd)),
            }
            Ok(())
        })?;
        Ok(calls)
    }

    fn book(
        &self,
        day: NaiveDate,
        operation: &str,
        price: Decimal,
        cap: Decimal,
    ) -> Result<BookingOutcome, StoreError> {
        // No other process may add to the sum between reading it and writing.
        self.transaction(|| {
            let spent = self.spent(Month::of(day))?;
            // What is too large to be added is over any cap.
            if spent.checked_add(price).is_none_or(|with_it| with_it > cap) {
                return Ok(BookingOutcome::CapReached(spent));
            }
            self.execute(ADD, params![day.to_string(), operation, price.normalize().to_string()])?;
            Ok(BookingOutcome::Yes)
        })
    }
}

impl SpendLedger {
    /// Writes a call of `operation` at `price` (US dollars) down for `day` (UTC), if the month stays within `cap` with
    /// it. Once begun it is done to its end, also if its caller is dropped.
    ///
    /// # Errors
    /// If the store cannot be read or written; nothing is written down then.
    pub async fn book(
        &self,
        day: NaiveDate,
        operation: &str,
        price: Decimal,
        cap: Decimal,
    ) -> Result<BookingOutcome, String> {
        let operation = operation.to_owned();
        self.queue
            .run(move |database| database.book(day, &operation, price, cap))
            .await
            .map_err(|error| error.to_string())
    }

    /// Takes back a call that was written down and turned out to cost nothing.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn strike(&self, day: NaiveDate, operation: &str, price: Decimal) -> Result<(), String> {
        let operation = operation.to_owned();
        let strike = move |database: &Database| {
            database.execute(TAKE, params![day.to_string(), operation, price.normalize().to_string()])
        };
        self.queue.run(strike).await.map(drop).map_err(|error| error.to_string())
    }
}
