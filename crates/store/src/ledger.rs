//! What the monitor's own calls cost, written down before they are made.

use chrono::NaiveDate;
use model::calendar::Month;
use model::own_calls::Booked;
use rust_decimal::Decimal;
use sqlx::{Row, SqliteConnection, SqlitePool};

use super::Store;

/// The `spend` table. Other processes may write into it at the same time.
#[derive(Debug, Clone)]
pub struct SpendLedger {
    pool: SqlitePool,
}

impl Store {
    /// Where calls that cost something are written down.
    pub fn ledger(&self) -> SpendLedger {
        SpendLedger { pool: self.pool.clone() }
    }
}

const ADD: &str = "INSERT INTO spend (day, operation, price, count) VALUES (?1, ?2, ?3, 1) ON CONFLICT DO UPDATE SET count = count + 1";
const TAKE: &str = "UPDATE spend SET count = count - 1 WHERE day = ?1 AND operation = ?2 AND price = ?3 AND count > 0";
const MONTH: &str = "SELECT price, sum(count) FROM spend WHERE day >= ?1 AND day < ?2 GROUP BY price";

async fn spent(connection: &mut SqliteConnection, month: Month) -> Result<Decimal, String> {
    let mut sum = Decimal::ZERO;
    let query = sqlx::query(MONTH).bind(month.first_day().to_string()).bind(month.end().to_string());
    for row in query.fetch_all(connection).await.map_err(|error| error.to_string())? {
        let (price, count): (String, i64) = (row.try_get(0).map_err(|error| error.to_string())?, row.try_get(1).map_err(|error| error.to_string())?);
        let price: Decimal = price.parse().map_err(|_| format!("`{price}` is not a price"))?;
        sum = sum.saturating_add(price.saturating_mul(Decimal::from(count)));
    }
    Ok(sum)
}

/// Runs to its end by itself. Whoever waits for it may be put aside in the middle by a loop that waits for the store itself, and must not
/// hold on to the only connection meanwhile.
async fn by_itself<T: Send + 'static>(work: impl Future<Output = Result<T, String>> + Send + 'static) -> Result<T, String> {
    tokio::spawn(work).await.map_err(|error| error.to_string())?
}

async fn book(pool: SqlitePool, day: NaiveDate, operation: String, price: Decimal, cap: Decimal) -> Result<Booked, String> {
    // Whoever reads the sum holds the right to write, so that nobody else adds to it meanwhile.
    let mut transaction = pool.begin_with("BEGIN IMMEDIATE").await.map_err(|error| error.to_string())?;
    let spent = spent(&mut transaction, Month::of(day)).await?;
    if spent.saturating_add(price) > cap {
        transaction.rollback().await.map_err(|error| error.to_string())?;
        return Ok(Booked::CapReached(spent));
    }
    let add = sqlx::query(ADD).bind(day.to_string()).bind(operation).bind(price.normalize().to_string());
    add.execute(&mut *transaction).await.map_err(|error| error.to_string())?;
    transaction.commit().await.map_err(|error| error.to_string())?;
    Ok(Booked::Yes)
}

async fn strike(pool: SqlitePool, day: NaiveDate, operation: String, price: Decimal) -> Result<(), String> {
    let take = sqlx::query(TAKE).bind(day.to_string()).bind(operation).bind(price.normalize().to_string());
    take.execute(&pool).await.map(drop).map_err(|error| error.to_string())
}

impl SpendLedger {
    /// Writes a call of `operation` at `price` (US dollars) down for `day` (UTC), if the month stays within `cap` with it.
    ///
    /// # Errors
    /// If the store cannot be read or written; nothing is written down then.
    pub async fn book(&self, day: NaiveDate, operation: &str, price: Decimal, cap: Decimal) -> Result<Booked, String> {
        by_itself(book(self.pool.clone(), day, operation.to_owned(), price, cap)).await
    }

    /// Takes back a call that was written down and turned out to cost nothing.
    ///
    /// # Errors
    /// If the store cannot be written.
    pub async fn strike(&self, day: NaiveDate, operation: &str, price: Decimal) -> Result<(), String> {
        by_itself(strike(self.pool.clone(), day, operation.to_owned(), price)).await
    }
}
