//! The lines of bills: written with what they add up to, all of them or none, and read back day by day.

use std::collections::BTreeMap;

use billing::line::{Charged, DayLines, LineKey};
use chrono::{DateTime, NaiveDate, Utc};
use model::money::{Money, Totals};
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};
use serde_json::json;
use sqlx::{Sqlite, Transaction};

use super::commit::{COSTS, insert};
use super::{Store, StoreError, ms};

/// Lines that are what they were are not new, so that what is read twice changes nothing. What was seen earlier cannot replace what was
/// seen later.
pub(super) const LINES: &str = "INSERT INTO bill_day (source, day, seen, body) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT DO UPDATE SET seen = excluded.seen, body = excluded.body WHERE body IS NOT excluded.body AND seen <= excluded.seen";

/// Two sources that are no further apart say the same of a day: Cost Explorer rounds each of its lines to ten digits, exports do not.
const SAME: Decimal = Decimal::from_parts(5, 0, 0, false, 3);

impl Store {
    /// Writes everything a source says of some days, each with its sums by service, in one transaction: all of them or nothing. Days
    /// before `settled_before` that the source does not call estimated are settled. Gives how many days were not known in just these words.
    ///
    /// # Errors
    /// If the database refuses; then nothing of it is written.
    pub async fn write_bill(
        &self,
        source: &str,
        seen: DateTime<Utc>,
        days: impl IntoIterator<Item = DayLines>,
        settled_before: NaiveDate,
    ) -> Result<u64, StoreError> {
        let mut transaction = self.pool.begin().await.map_err(|error| self.database(error))?;
        let mut changed = 0;
        for day in days {
            let cost = day.day_cost(day.day < settled_before && !day.estimated);
            let row = json!([source, day.day.to_string(), ms(seen), json!(cost).to_string()]);
            let new_lines = write_lines(&mut transaction, source, seen, &day).await.map_err(|error| self.database(error))?;
            let new_cost = insert(&mut transaction, COSTS, vec![row]).await.map_err(|error| self.database(error))?;
            changed += u64::from(new_lines || new_cost > 0);
        }
        transaction.commit().await.map_err(|error| self.database(error))?;
        Ok(changed)
    }

    /// The lines of each day from `first` on, before `end`, with the source they are of: those that were seen last, but of sources that
    /// say the same of a day those of the one that tells more lines apart. Empty where this version's schema is not there yet.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn bill_lines(&self, first: NaiveDate, end: NaiveDate) -> Result<Vec<(String, DayLines)>, StoreError> {
        if self.rows(sqlx::query("SELECT 1 FROM sqlite_master WHERE name = 'bill_day'")).await?.is_empty() {
            return Ok(vec![]);
        }
        let query = "SELECT source, day, body FROM bill_day WHERE day >= ?1 AND day < ?2 ORDER BY day, seen DESC, source";
        let mut days: Vec<(String, DayLines)> = Vec::new();
        for row in self.rows(sqlx::query(query).bind(first.to_string()).bind(end.to_string())).await? {
            let day = self.get::<String>(&row, 1)?.parse().map_err(|error| self.content("the day of a bill", error))?;
            let lines = read(day, &self.get::<String>(&row, 2)?).map_err(|why| self.content("the lines of a bill", why))?;
            match days.last_mut().filter(|(_, known)| known.day == day) {
                None => days.push((self.get(&row, 0)?, lines)),
                Some(known) if lines.lines.len() > known.1.lines.len() && say_the_same(&known.1, &lines) => *known = (self.get(&row, 0)?, lines),
                Some(_) => {}
            }
        }
        Ok(days)
    }
}

/// Writes the lines of one day. Says whether they were not known in just these words.
pub(super) async fn write_lines(transaction: &mut Transaction<'_, Sqlite>, source: &str, seen: DateTime<Utc>, day: &DayLines) -> Result<bool, sqlx::Error> {
    let query = sqlx::query(LINES).bind(source).bind(day.day.to_string()).bind(ms(seen)).bind(written(day));
    query.execute(&mut **transaction).await.map(|done| done.rows_affected() > 0)
}

fn say_the_same(one: &DayLines, other: &DayLines) -> bool {
    let mut sums = Totals::default();
    for (key, charged) in &one.lines {
        sums.add(&Money { amount: charged.amount, currency: key.currency.clone() });
    }
    for (key, charged) in &other.lines {
        sums.add(&Money { amount: -charged.amount, currency: key.currency.clone() });
    }
    sums.iter().all(|(_, difference)| difference.is_some_and(|difference| difference.abs() < SAME))
}

/// A day's lines as they are kept: account, currency and service are the same in thousands of lines, so each text stands there once.
#[derive(Serialize, Deserialize)]
struct Body {
    #[serde(default)]
    estimated: bool,
    words: Vec<String>,
    /// Places of service, record type, usage type, account, resource, currency and unit; amount; quantity.
    lines: Vec<([usize; 7], Decimal, Option<Decimal>)>,
}

fn written(day: &DayLines) -> String {
    let mut places = BTreeMap::<&str, usize>::new();
    let mut words = Vec::new();
    let mut place = |word| {
        *places.entry(word).or_insert_with(|| {
            words.push(str::to_owned(word));
            words.len() - 1
        })
    };
    let mut lines = Vec::with_capacity(day.lines.len());
    for (key, charged) in &day.lines {
        let texts = [&key.service, &key.record_type, &key.usage_type, &key.account, &key.resource, &key.currency, &charged.unit];
        lines.push((texts.map(|text| place(text)), charged.amount, charged.quantity));
    }
    json!(Body { estimated: day.estimated, words, lines }).to_string()
}

fn read(day: NaiveDate, body: &str) -> Result<DayLines, String> {
    let Body { estimated, words, lines } = serde_json::from_str(body).map_err(|error| error.to_string())?;
    let word = |place: usize| words.get(place).cloned().ok_or_else(|| format!("there is no word {place}"));
    let mut read = DayLines { estimated, ..DayLines::new(day) };
    for ([service, record_type, usage_type, account, resource, currency, unit], amount, quantity) in lines {
        let key = LineKey {
            service: word(service)?,
            record_type: word(record_type)?,
            usage_type: word(usage_type)?,
            account: word(account)?,
            resource: word(resource)?,
            currency: word(currency)?,
        };
        read.add(key, Charged { amount, quantity, unit: word(unit)? });
    }
    Ok(read)
}
