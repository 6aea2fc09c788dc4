//! Stores the charges of bills with their sums in one transaction, and reads them day by day.

use std::collections::BTreeMap;

use billing::line::{ChargeAmount, ChargeKey, DayCharges};
use chrono::{DateTime, NaiveDate, Utc};
use model::money::{Money, Totals, kept};
use rusqlite::params;
use rust_decimal::Decimal;
use serde::{Deserialize, Serialize};

use crate::database::Database;
use crate::error::StoreError;
use crate::record::{Json, ms};
use crate::store::Store;

/// Unchanged charges are not new, so reading twice changes nothing. Charges seen earlier cannot replace those
/// seen later.
const LINES: &str = "INSERT INTO bill_day (source, day, seen, body) VALUES (?1, ?2, ?3, ?4)
    ON CONFLICT DO UPDATE SET seen = excluded.seen, body = excluded.body WHERE body IS NOT excluded.body AND seen <= excluded.seen";

/// Two sources that are no further apart say the same of a day: Cost Explorer rounds each of its lines to ten digits,
/// exports do not.
const SAME: Decimal = Decimal::from_parts(5, 0, 0, false, 3);

impl Store {
    /// Writes all charges of a source for some days, with their sums by service, in one transaction. Days before
    /// `settled_before` that the source does not call estimated are settled. Returns the number of new or changed days.
    ///
    /// # Errors
    /// If the database refuses; then nothing of it is written.
    pub async fn write_bill(
        &self,
        source: &str,
        seen: DateTime<Utc>,
        days: impl IntoIterator<Item = DayCharges>,
        settled_before: NaiveDate,
    ) -> Result<u64, StoreError> {
        let (source, days) = (source.to_owned(), days.into_iter().collect::<Vec<_>>());
        self.run(move |database| database.write_bill(&source, seen, &days, settled_before)).await
    }

    /// The lines of each day from `first` on, before `end`, with the source they are of: those that were seen last, but
    /// of sources that have the same sum, those of the one with more detail. Empty if the schema of this version does
    /// not exist yet.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn bill_lines(&self, first: NaiveDate, end: NaiveDate) -> Result<Vec<(String, DayCharges)>, StoreError> {
        self.run(move |database| database.bill_lines(first, end)).await
    }
}

impl Database {
    fn write_bill(
        &self,
        source: &str,
        seen: DateTime<Utc>,
        days: &[DayCharges],
        settled_before: NaiveDate,
    ) -> Result<u64, StoreError> {
        self.transaction(|| {
            let mut changed = 0;
            for day in days {
                let new_lines = self.write_lines(source, seen, day)?;
                let new_cost =
                    self.write_cost(source, seen, &day.day_cost(day.day < settled_before && !day.estimated))?;
                changed += u64::from(new_lines || new_cost);
            }
            Ok(changed)
        })
    }

    /// Writes the charges of one day. Returns whether they are new or changed.
    pub(crate) fn write_lines(&self, source: &str, seen: DateTime<Utc>, day: &DayCharges) -> Result<bool, StoreError> {
        Ok(self.execute(LINES, params![source, day.day.to_string(), ms(seen), Json(&written(day))])? > 0)
    }

    pub(crate) fn bill_lines(&self, first: NaiveDate, end: NaiveDate) -> Result<Vec<(String, DayCharges)>, StoreError> {
        if !self.has_column("bill_day", "body")? {
            return Ok(vec![]);
        }
        let query =
            "SELECT source, day, body FROM bill_day WHERE day >= ?1 AND day < ?2 ORDER BY day, seen DESC, source";
        let mut days: Vec<(String, DayCharges)> = Vec::new();
        // One at a time: a day that another source tells better is not kept.
        self.rows("the lines of a bill", query, [first.to_string(), end.to_string()], |row| {
            let lines = read(row.parse(1)?, &row.json(2)?).map_err(|why| row.unreadable(2, why))?;
            match days.last_mut().filter(|(_, known)| known.day == lines.day) {
                None => days.push((row.get(0)?, lines)),
                Some(known) if lines.lines.len() > known.1.lines.len() && say_the_same(&known.1, &lines) => {
                    *known = (row.get(0)?, lines);
                }
                Some(_) => {}
            }
            Ok(())
        })?;
        Ok(days)
    }
}

fn say_the_same(one: &DayCharges, other: &DayCharges) -> bool {
    let mut sums = Totals::default();
    for (key, charged) in &one.lines {
        sums.add(&Money { amount: charged.amount, currency: key.currency.clone() });
    }
    for (key, charged) in &other.lines {
        sums.add(&Money { amount: -charged.amount, currency: key.currency.clone() });
    }
    sums.iter().all(|(_, difference)| difference.is_some_and(|difference| difference.abs() < SAME))
}

/// A day's lines as they are kept: account, currency and service are the same in thousands of lines, so each text
/// stands there once.
#[derive(Serialize, Deserialize)]
struct StoredCharges {
    #[serde(default)]
    estimated: bool,
    words: Vec<String>,
    /// Places of service, record type, usage type, account, resource, currency and unit; amount; quantity.
    lines: Vec<([usize; 7], Decimal, Option<Decimal>)>,
}

fn written(day: &DayCharges) -> StoredCharges {
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
        let texts = [
            &key.service,
            &key.record_type,
            &key.usage_type,
            &key.account,
            &key.resource,
            &key.currency,
            &charged.unit,
        ];
        lines.push((texts.map(|text| place(text)), charged.amount, charged.quantity));
    }
    StoredCharges { estimated: day.estimated, words, lines }
}

fn read(day: NaiveDate, body: &StoredCharges) -> Result<DayCharges, String> {
    let StoredCharges { estimated, words, lines } = body;
    let word = |place: &usize| words.get(*place).cloned().ok_or_else(|| format!("text {place} is missing"));
    let mut read = DayCharges { estimated: *estimated, ..DayCharges::new(day) };
    for ([service, record_type, usage_type, account, resource, currency, unit], amount, quantity) in lines {
        let amount = kept(*amount).map_err(|why| why.to_string())?;
        let key = ChargeKey {
            service: word(service)?,
            record_type: word(record_type)?,
            usage_type: word(usage_type)?,
            account: word(account)?,
            resource: word(resource)?,
            currency: word(currency)?,
        };
        read.add(key, ChargeAmount { amount, quantity: *quantity, unit: word(unit)? });
    }
    Ok(read)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_with_an_amount_that_no_bill_adds_up_to_cannot_be_read() {
        let day = "2024-12-19".parse().unwrap();
        let body = |amount: &str| StoredCharges {
            estimated: false,
            words: vec!["S3".to_owned()],
            lines: vec![([0; 7], amount.parse().unwrap(), None)],
        };
        assert!(read(day, &body("-999999999999999999")).is_ok());
        assert_eq!(
            read(day, &body("1000000000000000000")).unwrap_err(),
            "`1000000000000000000` is too large for an amount; it must be below 1000000000000000000"
        );
    }
}
