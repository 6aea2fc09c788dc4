//! Writing one user: all of a commit or nothing, and only over the commit that was read.
//!
//! New parts are written first, because they are not read before the account lists them. Then the account is written,
//! together with names and deleted rows. Parts that it no longer lists are deleted last. Wherever a writer is cut off,
//! the rows are those of one commit.

use std::collections::BTreeSet;

use aws_sdk_dynamodb::operation::put_item::PutItemError;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Delete, Put, TransactWriteItem};
use futures::{StreamExt, TryStreamExt, stream};

use super::client::DynamoDb;
use super::error::{failed, full, is_throttling, unavailable};
use super::item::{
    HEAD, Item, OWNER, PART, PK, ROWS, SK, USER, USERS, VERSION, broken, bytes, key, name_key, number, past_partition,
    past_sort, user_partition, users_sort,
};
use super::layout::{Head, ITEM, Layout, NewState, Part, PartPlan, lay_out, pack_past};
use super::snapshot::Snapshot;
use crate::store::StoreError;
use onestep_core::model::Id;
use onestep_core::user_rows::UniqueName;

/// The most writes of a transaction
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
const WRITES: usize = 100;
/// The most bytes of a transaction, which DynamoDB limits to 4 MB in all.
const BYTES: usize = 3 * 1024 * 1024;
/// How many items are written or deleted at the same time, apart from the commit itself.
const AT_ONCE: usize = 4;

/// The result of a commit.
pub(super) enum CommitOutcome {
    Committed,
    /// Another writer was faster, or the answer to this commit was lost.
    Conflict,
    /// DynamoDB is throttling; nothing was written.
    Throttled(String),
}

/// A write, and the name that it claims.
struct Write {
    write: TransactWriteItem,
    claims: Option<UniqueName>,
    bytes: usize,
}

impl DynamoDb {
    /// Writes a new state over the snapshot. `tag` identifies this commit. `past` names another partition of deleted
    /// rows, which must be written already, when a restore replaces the old one.
    pub(super) async fn commit(
        &self,
        seen: Option<&Snapshot>,
        next: NewState,
        past: Option<&str>,
        tag: &str,
    ) -> Result<CommitOutcome, StoreError> {
        let user = next.user.id;
        let version = seen.map_or(1, |seen| seen.version + 1);
        let (parts, rows) = seen.map_or((&[][..], &[][..]), |seen| (&seen.head.parts, &seen.rows));
        let unpackable = |reason| broken(&key(user_partition(user), OWNER), reason);
        let layout = lay_out(parts, rows, &next.rows).map_err(unpackable)?;

        let mut owner = key(user_partition(user), OWNER);
        let mut new_parts = Vec::new();
        let mut head = Head {
            user: next.user,
            past: past.or(seen.map(|seen| seen.head.past.as_str())).unwrap_or("0").to_owned(),
            parts: Vec::new(),
            recent: seen.map_or_else(|| vec![tag.to_owned()], |seen| seen.head.tagged(tag)),
        };
        match layout {
            Layout::Inline(packed) => {
                owner.insert(ROWS.to_owned(), bytes(packed));
            }
            Layout::Parts(pieces) => {
                for (number, piece) in pieces.into_iter().enumerate() {
                    let part = match piece {
                        PartPlan::Unchanged(part) => part,
                        PartPlan::New { from, packed } => {
                            let part = Part { from, key: format!("{PART}{version:012}#{number:04}#{tag}") };
                            let mut item = key(user_partition(user), &part.key);
                            item.insert(ROWS.to_owned(), bytes(packed));
                            new_parts.push(item);
                            part
                        }
                    };
                    head.parts.push(part);
                }
            }
        }
        owner.insert(VERSION.to_owned(), number(version));
        owner.insert(
            HEAD.to_owned(),
            AttributeValue::S(serde_json::to_string(&head).map_err(|error| unpackable(error.to_string()))?),
        );

        let mut writes = vec![self.put_over(owner, seen)?];
        writes.extend(self.names(seen, &head)?);
        if seen.is_none() {
            writes.push(self.put(key(USERS, users_sort(user)))?);
        }
        for (number, packed) in pack_past(&next.past).map_err(unpackable)?.into_iter().enumerate() {
            let mut item = key(past_partition(user, &head.past), past_sort(version, number));
            item.insert(ROWS.to_owned(), bytes(packed));
            writes.push(self.put(item)?);
        }
        let size: usize = writes.iter().map(|write| write.bytes).sum();
        if writes.len() > WRITES || size > BYTES {
            let found = format!("{} writes of {size} bytes", writes.len());
            return Err(full(format!(
                "a change has at most {WRITES} writes and {BYTES} bytes, and this one has {found}"
            )));
        }
        // They are not read before the account lists them.
        self.put_all(new_parts).await?;
        let outcome = self.write(writes, seen, tag).await?;
        if let (CommitOutcome::Committed, Some(seen)) = (&outcome, seen) {
            self.sweep(seen, &head).await;
        }
        Ok(outcome)
    }

    /// Deletes the parts that are no longer listed. Parts that cannot be deleted now are deleted with the next commit.
    ///
    /// This includes parts of a writer that is still at work: it has read the user before this commit, so its own
    /// commit will fail.
    async fn sweep(&self, seen: &Snapshot, head: &Head) {
        let replaced =
            seen.head.parts.iter().map(|part| &part.key).filter(|old| !head.parts.iter().any(|part| part.key == **old));
        let partition = user_partition(head.user.id);
        self.delete_all(replaced.chain(&seen.strays).map(|sort| key(&partition, sort)).collect()).await;
    }

    /// Deletes items that are no longer read. Failures are logged.
    async fn delete_all(&self, keys: Vec<Item>) {
        let deletes =
            stream::iter(keys).map(|key| self.client.delete_item().table_name(&self.table).set_key(Some(key)).send());
        let errors = deletes.buffer_unordered(AT_ONCE).filter_map(|deleted| std::future::ready(deleted.err()));
        let errors: Vec<StoreError> = errors.map(|error| failed(&self.table, &error)).collect().await;
        if let Some(error) = errors.first() {
            tracing::warn!(count = errors.len(), %error, "items that are no longer needed could not be deleted");
        }
    }

    /// Deletes the deleted rows and feedback from before a restore.
    pub(super) async fn delete_past(&self, user: Id, past: &str) {
        let mut items = match self.partition(&past_partition(user, past)).await {
            Ok(items) => items,
            Err(error) => {
                tracing::warn!(user, past, %error, "the deleted rows from before the restore could not be removed");
                return;
            }
        };
        for item in &mut items {
            item.retain(|name, _| [PK, SK].contains(&name.as_str()));
        }
        self.delete_all(items).await;
    }

    /// The writes for names: new names must be free, lost names become free.
    fn names(&self, seen: Option<&Snapshot>, head: &Head) -> Result<Vec<Write>, StoreError> {
        let before: BTreeSet<UniqueName> =
            seen.map(|seen| UniqueName::all_of(&seen.head.user).into_iter().collect()).unwrap_or_default();
        let after: BTreeSet<UniqueName> = UniqueName::all_of(&head.user).into_iter().collect();
        let mut writes = Vec::new();
        for name in after.difference(&before) {
            let mut item = name_key(name);
            item.insert(USER.to_owned(), number(head.user.id));
            let bytes = weight(&item);
            let put = Put::builder().table_name(&self.table).set_item(Some(item));
            let put = put.condition_expression("attribute_not_exists(#pk) OR #user = :user");
            let put = put.expression_attribute_names("#pk", PK).expression_attribute_names("#user", USER);
            let put = put.expression_attribute_values(":user", number(head.user.id)).build().map_err(unbuilt)?;
            writes.push(Write {
                write: TransactWriteItem::builder().put(put).build(),
                claims: Some(name.clone()),
                bytes,
            });
        }
        for name in before.difference(&after) {
            writes.push(self.delete(name_key(name))?);
        }
        Ok(writes)
    }

    fn put(&self, item: Item) -> Result<Write, StoreError> {
        fits(&item)?;
        let bytes = weight(&item);
        let put = Put::builder().table_name(&self.table).set_item(Some(item)).build().map_err(unbuilt)?;
        Ok(Write { write: TransactWriteItem::builder().put(put).build(), claims: None, bytes })
    }

    /// The write of the account, over the snapshot.
    fn put_over(&self, owner: Item, seen: Option<&Snapshot>) -> Result<Write, StoreError> {
        fits(&owner)?;
        let bytes = weight(&owner);
        let put = Put::builder().table_name(&self.table).set_item(Some(owner));
        let put = match seen {
            None => put.condition_expression("attribute_not_exists(#pk)").expression_attribute_names("#pk", PK),
            Some(seen) => put
                .condition_expression("#version = :seen")
                .expression_attribute_names("#version", VERSION)
                .expression_attribute_values(":seen", number(seen.version)),
        };
        let put = put.build().map_err(unbuilt)?;
        Ok(Write { write: TransactWriteItem::builder().put(put).build(), claims: None, bytes })
    }

    fn delete(&self, item: Item) -> Result<Write, StoreError> {
        let delete = Delete::builder().table_name(&self.table).set_key(Some(item)).build().map_err(unbuilt)?;
        Ok(Write { write: TransactWriteItem::builder().delete(delete).build(), claims: None, bytes: 0 })
    }

    /// Writes items that are not read yet.
    pub(super) async fn put_all(&self, items: Vec<Item>) -> Result<(), StoreError> {
        let puts = stream::iter(items).map(|item| async move {
            fits(&item)?;
            let put = self.client.put_item().table_name(&self.table).set_item(Some(item));
            put.send().await.map(drop).map_err(|error| failed(&self.table, &error))
        });
        puts.buffer_unordered(AT_ONCE).try_collect().await
    }

    /// Sends the writes. A single write needs no transaction, which costs twice as much.
    async fn write(&self, writes: Vec<Write>, seen: Option<&Snapshot>, tag: &str) -> Result<CommitOutcome, StoreError> {
        if let ([Write { write: TransactWriteItem { put: Some(put), .. }, .. }], Some(seen)) = (&writes[..], seen) {
            return self.put_alone(put.clone(), seen).await;
        }
        let claims: Vec<Option<UniqueName>> = writes.iter().map(|write| write.claims.clone()).collect();
        let transaction = self.client.transact_write_items().client_request_token(tag);
        let sent =
            transaction.set_transact_items(Some(writes.into_iter().map(|write| write.write).collect())).send().await;
        let Err(error) = sent else { return Ok(CommitOutcome::Committed) };
        let reasons = match error.as_service_error() {
            Some(TransactWriteItemsError::TransactionCanceledException(cancelled)) => cancelled.cancellation_reasons(),
            Some(TransactWriteItemsError::TransactionInProgressException(_)) => return Ok(CommitOutcome::Conflict),
            _ => return Err(failed(&self.table, &error)),
        };
        let code = |place: usize| reasons.get(place).and_then(|reason| reason.code()).unwrap_or("None");
        if ["ConditionalCheckFailed", "TransactionConflict"].contains(&code(0)) {
            return Ok(CommitOutcome::Conflict);
        }
        for (place, claimed) in claims.into_iter().enumerate() {
            if let ("ConditionalCheckFailed", Some(name)) = (code(place), claimed) {
                return Err(StoreError::Taken(name));
            }
        }
        let found = reasons.iter().find(|reason| reason.code().is_some_and(|code| code != "None"));
        let (code, message) =
            found.map_or(("None", None), |reason| (reason.code().unwrap_or("None"), reason.message()));
        let reason = format!("{code} in a transaction on table {}: {}", self.table, message.unwrap_or("no message"));
        match code {
            "TransactionConflict" => Ok(CommitOutcome::Conflict),
            code if is_throttling(code) => Ok(CommitOutcome::Throttled(reason)),
            _ => Err(unavailable(reason)),
        }
    }

    async fn put_alone(&self, put: Put, seen: &Snapshot) -> Result<CommitOutcome, StoreError> {
        let request = self.client.put_item().table_name(&self.table).set_item(Some(put.item));
        let request = request.condition_expression("#version = :seen").expression_attribute_names("#version", VERSION);
        let sent = request.expression_attribute_values(":seen", number(seen.version)).send().await;
        let Err(error) = sent else { return Ok(CommitOutcome::Committed) };
        match error.as_service_error() {
            Some(PutItemError::ConditionalCheckFailedException(_) | PutItemError::TransactionConflictException(_)) => {
                Ok(CommitOutcome::Conflict)
            }
            _ => Err(failed(&self.table, &error)),
        }
    }
}

/// The approximate size of an item in bytes.
fn weight(item: &Item) -> usize {
    let value = |value: &AttributeValue| match value {
        AttributeValue::S(text) | AttributeValue::N(text) => text.len(),
        AttributeValue::B(bytes) => bytes.as_ref().len(),
        _ => 0,
    };
    item.iter().map(|(name, held)| name.len() + value(held)).sum()
}

fn fits(item: &Item) -> Result<(), StoreError> {
    let weight = weight(item);
    if weight <= ITEM + 4 * 1024 {
        Ok(())
    } else {
        Err(full(format!("an item has at most {ITEM} bytes, and this one has {weight}")))
    }
}

/// A request without a required field, which is a bug of this module.
fn unbuilt(error: impl std::fmt::Display) -> StoreError {
    unavailable(error.to_string())
}
