//! Reading one user.

use aws_sdk_dynamodb::types::AttributeValue;

use super::client::DynamoDb;
use super::error::failed;
use super::item::{
    HEAD, Item, OWNER, PART, PK, ROWS, SK, VERSION, broken, bytes_of, number_of, past_partition, past_sort, text_of,
    user_partition,
};
use super::layout::{Head, unpack};
use super::retry::{ATTEMPTS, pause};
use crate::store::StoreError;
use onestep_core::model::Id;
use onestep_core::user_rows::{Archive, Change};

/// The state of a user after one commit.
#[derive(Debug, Clone)]
pub(super) struct Snapshot {
    /// The number of the commit.
    pub version: u64,
    pub head: Head,
    /// All live rows, ordered by id.
    pub rows: Vec<Change>,
    /// The sort keys of parts that the account does not list, from a writer that was cut off or is still at work.
    pub strays: Vec<String>,
}

impl Snapshot {
    /// The live rows as an archive, without deleted rows and feedback.
    pub(super) fn archive(&self) -> Archive {
        let mut archive = Archive::of(self.head.user.clone());
        archive.apply(self.rows.clone());
        archive
    }
}

impl DynamoDb {
    /// Reads a user after one commit; None when the user does not exist.
    ///
    /// This is one request while the rows are less than 1 MB, compressed. A query may see only some items of a commit
    /// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis.html>): then a part that the
    /// account lists is missing, and the user is read again. Parts themselves never change.
    pub(super) async fn load(&self, user: Id) -> Result<Option<Snapshot>, StoreError> {
        for attempt in 1..=ATTEMPTS {
            let items = self.partition(&user_partition(user)).await?;
            if items.is_empty() {
                return Ok(None);
            }
            let Some(owner) = items.iter().find(|item| text_of(item, SK).is_ok_and(|sort| sort == OWNER)) else {
                return Ok(None);
            };
            if let Some(seen) = assemble(owner, &items)? {
                return Ok(Some(seen));
            }
            pause(attempt).await;
        }
        Err(StoreError::Contended(ATTEMPTS))
    }

    /// The deleted rows and the feedback of a user up to the commit of the snapshot, in the order of the commits.
    pub(super) async fn load_past(&self, seen: &Snapshot) -> Result<Vec<Change>, StoreError> {
        let end = past_sort(seen.version + 1, 0);
        let mut rows = Vec::new();
        for item in self.partition(&past_partition(seen.head.user.id, &seen.head.past)).await? {
            if text_of(&item, SK)? < end.as_str() {
                rows.extend(rows_of(&item)?);
            }
        }
        Ok(rows)
    }

    /// All items of a partition, ordered by sort key.
    pub(super) async fn partition(&self, partition: &str) -> Result<Vec<Item>, StoreError> {
        let mut items = Vec::new();
        let mut start = None;
        loop {
            let query =
                self.client.query().table_name(&self.table).consistent_read(true).set_exclusive_start_key(start);
            let query = query.key_condition_expression("#pk = :pk").expression_attribute_names("#pk", PK);
            let query = query.expression_attribute_values(":pk", AttributeValue::S(partition.to_owned()));
            let answer = query.send().await.map_err(|error| failed(&self.table, &error))?;
            items.extend(answer.items.unwrap_or_default());
            start = answer.last_evaluated_key.filter(|key| !key.is_empty());
            if start.is_none() {
                return Ok(items);
            }
        }
    }
}

/// Assembles a snapshot; None when the account and the parts are of different commits.
fn assemble(owner: &Item, items: &[Item]) -> Result<Option<Snapshot>, StoreError> {
    let version = number_of(owner, VERSION)?;
    let head: Head = serde_json::from_str(text_of(owner, HEAD)?).map_err(|error| {
        broken(owner, format!("its head cannot be read: wrong at line {}, column {}", error.line(), error.column()))
    })?;
    let part = |key: &str| items.iter().find(|item| text_of(item, SK).is_ok_and(|sort| sort == key));
    let mut rows = Vec::new();
    // An account whose last part was emptied has neither parts nor rows.
    if head.parts.is_empty() && owner.contains_key(ROWS) {
        rows = rows_of(owner)?;
    }
    for listed in &head.parts {
        let Some(item) = part(&listed.key) else { return Ok(None) };
        rows.extend(rows_of(item)?);
    }
    let mut strays = Vec::new();
    for item in items {
        let sort = text_of(item, SK)?;
        if sort.starts_with(PART) && !head.parts.iter().any(|part| part.key == sort) {
            strays.push(sort.to_owned());
        }
    }
    Ok(Some(Snapshot { version, head, rows, strays }))
}

fn rows_of(item: &Item) -> Result<Vec<Change>, StoreError> {
    let packed = bytes_of(item, ROWS)?.ok_or_else(|| broken(item, format!("it has no {ROWS:?}")))?;
    unpack(packed).map_err(|reason| broken(item, reason))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;

    use super::*;
    use crate::store::dynamodb::item::{bytes, key, number};
    use crate::store::dynamodb::layout::{Part, pack};
    use onestep_core::model::{Provider, User};

    fn owner(parts: &[&str]) -> Item {
        let parts = parts.iter().zip(1..).map(|(key, from)| Part { from, key: (*key).to_owned() }).collect();
        let user = User::new("ann@example.com", Provider::Google, DateTime::UNIX_EPOCH);
        let head = Head { user, past: "0".to_owned(), parts, recent: Vec::new() };
        let mut owner = key("user#1", OWNER);
        owner.insert(VERSION.to_owned(), number(1));
        owner.insert(HEAD.to_owned(), AttributeValue::S(serde_json::to_string(&head).unwrap()));
        owner
    }

    fn with_rows(mut item: Item, rows: AttributeValue) -> Item {
        item.insert(ROWS.to_owned(), rows);
        item
    }

    #[test]
    fn an_item_whose_rows_cannot_be_read_is_an_error_and_not_a_user_without_rows() {
        for (owner, parts, reason) in [
            (
                with_rows(owner(&[]), AttributeValue::S("text".to_owned())),
                vec![],
                "user#1 / owner: \"rows\" is not bytes",
            ),
            (with_rows(owner(&[]), bytes(b"damaged".to_vec())), vec![], "user#1 / owner: it does not unpack"),
            (owner(&["part#1"]), vec![key("user#1", "part#1")], "user#1 / part#1: it has no \"rows\""),
        ] {
            let items: Vec<Item> = std::iter::once(owner.clone()).chain(parts).collect();
            let refused = assemble(&owner, &items).unwrap_err().to_string();
            assert!(refused.ends_with(reason), "{refused}");
        }
        for without_rows in [owner(&[]), with_rows(owner(&[]), bytes(pack(&[]).unwrap()))] {
            assert_eq!(assemble(&without_rows, std::slice::from_ref(&without_rows)).unwrap().unwrap().rows, []);
        }
    }
}
