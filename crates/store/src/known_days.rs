//! The first and the last day with a known cost.

use model::calendar::DayRange;

use crate::error::StoreError;
use crate::store::Store;

impl Store {
    /// The first and the last UTC day with a known cost, of any month; days between them may be missing.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn known_days(&self) -> Result<Option<DayRange>, StoreError> {
        let query = "SELECT min(day), max(day) FROM cost_day HAVING count(*) > 0";
        self.run(|database| {
            database.first("a day's cost", query, [], |row| Ok(DayRange { first: row.parse(0)?, last: row.parse(1)? }))
        })
        .await
    }
}
