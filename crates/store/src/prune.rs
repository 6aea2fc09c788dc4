//! What is too old to be kept.

use chrono::{DateTime, TimeDelta, Utc};

use crate::error::StoreError;
use crate::record::ms;
use crate::store::Store;

impl Store {
    /// Deletes rows after their retention time: single observations and sent messages after `keep`, minutes and metric
    /// data after `keep_minutes`. Errors that were ever seen stay, or they would be new when they come again.
    ///
    /// # Errors
    /// If the database refuses.
    pub async fn prune(&self, now: DateTime<Utc>, keep: TimeDelta, keep_minutes: TimeDelta) -> Result<(), StoreError> {
        let (old, old_minute) = (ms(now - keep), ms(now - keep_minutes));
        for (statement, edge) in [
            ("DELETE FROM observation WHERE at < ?1 AND seen < ?1", old),
            ("DELETE FROM notification WHERE done < ?1 AND NOT EXISTS (SELECT 1 FROM incident i WHERE i.id = incident AND i.resolved IS NULL)", old),
            // A message that told of an incident that is still open is what its end will follow.
            ("DELETE FROM message WHERE sent < ?1 AND NOT EXISTS (SELECT 1 FROM notification n WHERE n.message = message.id)", old),
            ("DELETE FROM silence WHERE ends < ?1", old),
            ("DELETE FROM incident WHERE resolved < ?1 AND NOT EXISTS (SELECT 1 FROM notification n WHERE n.incident = incident.id AND n.done IS NULL)", old),
            ("DELETE FROM ack WHERE at < ?1 AND NOT EXISTS (SELECT 1 FROM incident i WHERE i.id = ack.incident)", old),
            ("DELETE FROM sign WHERE until < ?1", old),
            ("DELETE FROM inventory WHERE seen < ?1", old),
            // A report needs the last reading of a day; the others are for rehearsals.
            (
                "DELETE FROM inventory AS i WHERE seen < ?1
                    AND EXISTS (SELECT 1 FROM inventory l WHERE l.kind = i.kind AND l.region = i.region AND l.day = i.day AND l.seen > i.seen)",
                old_minute,
            ),
            ("DELETE FROM early WHERE seen < ?1", old_minute),
            // By the key, function by function: there is no index by time alone.
            ("DELETE FROM lambda_minute WHERE function IN (SELECT DISTINCT function FROM lambda_day) AND minute < ?1 AND seen < ?1", old_minute),
        ] {
            // One by one, so that nothing waits for all of them.
            self.run(move |database| database.execute(statement, [edge])).await?;
        }
        self.run(move |database| database.prune_points(now - keep_minutes)).await
    }
}
