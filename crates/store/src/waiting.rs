//! What waits to be told and is not part of a message yet.

use alerting::outbox::QueuedIncident;
use rusqlite::params;

use crate::database::Database;
use crate::error::StoreError;
use crate::store::Store;

const WAITING: &str = "SELECT n.id, n.event, n.at, n.incident, i.body,
        (SELECT min(m.id) FROM notification k JOIN message m ON m.id = k.message
         WHERE k.incident = n.incident AND k.receiver = n.receiver AND m.sent IS NOT NULL)
    FROM notification n JOIN incident i ON i.id = n.incident
    WHERE n.receiver = ?1 AND n.done IS NULL AND n.message IS NULL AND (n.incident, n.id) > (?2, ?3) ORDER BY n.incident, n.id LIMIT ?4";
/// Notifications that are read at once. Much more may wait for a receiver that takes nothing for days than fits into a
/// message.
const PAGE: usize = 500;

/// Some of what waits, and the incident and the number of the last notification if there may be more.
struct Page {
    incidents: Vec<QueuedIncident>,
    next: Option<(String, i64)>,
}

impl Store {
    /// Passes the waiting notifications of a receiver that are not part of a message, by incident, oldest first, for as
    /// long as `take` wants more of it.
    ///
    /// # Errors
    /// If the database refuses, or holds what this version cannot read.
    pub async fn waiting(
        &self,
        receiver: &str,
        mut take: impl FnMut(QueuedIncident) -> bool,
    ) -> Result<(), StoreError> {
        let mut one: Option<QueuedIncident> = None;
        let mut after = Some((String::new(), 0));
        while let Some((incident, id)) = after {
            let receiver = receiver.to_owned();
            let page = self.run(move |database| database.page(&receiver, &incident, id)).await?;
            for next in page.incidents {
                match one.as_mut().filter(|known| known.incident.id == next.incident.id) {
                    Some(known) => {
                        known.rows.extend(next.rows);
                        known.events.extend(next.events);
                    }
                    None => {
                        if one.replace(next).is_some_and(|whole| !take(whole)) {
                            return Ok(());
                        }
                    }
                }
            }
            after = page.next;
        }
        one.map(take);
        Ok(())
    }
}

impl Database {
    fn page(&self, receiver: &str, after_incident: &str, after_id: i64) -> Result<Page, StoreError> {
        let mut page = Page { incidents: Vec::new(), next: None };
        let rows = self.rows("a notification", WAITING, params![receiver, after_incident, after_id, PAGE], |row| {
            let (id, event, at) = (row.get(0)?, row.event(1)?, row.time(2)?);
            let incident: String = row.get(3)?;
            match page.incidents.last_mut().filter(|known| known.incident.id == incident) {
                Some(known) => {
                    known.rows.push(id);
                    known.events.push((event, at));
                }
                None => page.incidents.push(QueuedIncident {
                    rows: vec![id],
                    events: vec![(event, at)],
                    incident: row.json(4)?,
                    root: row.get(5)?,
                }),
            }
            Ok((incident, id))
        })?;
        page.next = if rows.len() < PAGE { None } else { rows.into_iter().next_back() };
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::database::Durability;

    #[tokio::test]
    async fn incidents_come_whole_however_many_notifications_are_read_at_once() {
        let folder = TempDir::new().unwrap();
        let store = Store::open(&folder.path().join("monitor.db"), Durability::None).await.unwrap();
        // Three times 400, for one receiver of two: the second and the third are cut by the end of what is read at
        // once.
        let rows = r#"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i + 1 FROM n WHERE i < 2399)
            INSERT INTO notification (key, incident, receiver, event, at) SELECT i, 'i' || (i / 800), CASE i % 2 WHEN 0 THEN 'team' ELSE 'me' END, 'reminder', 0 FROM n;
            INSERT INTO incident SELECT 'i' || value, 'bill' || value, 'total', 0, 0, NULL, json_object('id', 'i' || value, 'rule', 'bill' || value, 'subject', 'total',
                'severity', 'warning', 'state', 'firing', 'opened', '2024-12-20T11:00:00Z', 'fired', NULL, 'told', NULL, 'resolved', NULL, 'finding', json('FINDING'),
                'causes', json('[]'), 'receivers', json('[]')) FROM json_each('[0,1,2]');"#;
        let rows = rows.replace(
            "FINDING",
            r#"{"headline":"It costs.","said":[],"facts":[],"cause":null,"next_step":"Look.","evidence":[]}"#,
        );
        store.run(move |database| database.batch(&rows)).await.unwrap();
        let taken = async |most: usize| {
            let mut all: Vec<(String, usize)> = vec![];
            let take = |one: QueuedIncident| {
                assert_eq!(one.rows.len(), one.events.len());
                all.push((one.incident.id, one.rows.len()));
                all.len() < most
            };
            store.waiting("team", take).await.unwrap();
            all
        };
        let whole = ["i0", "i1", "i2"].map(|id| (id.to_owned(), 400));
        for most in 1..=3 {
            assert_eq!(taken(most).await, whole[..most], "{most} are wanted");
        }
    }
}
