//! Of which days any cost is known.

use chrono::NaiveDate;
use model::calendar::DayRange;

use super::{Store, StoreError};

impl Store {
    /// The first and the last UTC day of which a cost is known, of whatever month; days between them may be missing.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn known_days(&self) -> Result<Option<DayRange>, StoreError> {
        let rows = self.rows(sqlx::query("SELECT min(day), max(day) FROM cost_day")).await?;
        let Some(row) = rows.first() else { return Ok(None) };
        let read = |text: Option<String>| match text {
            None => Ok(None),
            Some(day) => day.parse::<NaiveDate>().map(Some).map_err(|error| self.content("a day", error)),
        };
        Ok(read(self.get(row, 0)?)?.zip(read(self.get(row, 1)?)?).map(|(first, last)| DayRange { first, last }))
    }
}
