//! New ids, and the list of users.

use std::ops::Range;

use aws_sdk_dynamodb::operation::update_item::UpdateItemError;
use aws_sdk_dynamodb::types::{AttributeValue, ReturnValue};

use super::client::DynamoDb;
use super::error::{failed, full};
use super::item::{COUNTER, LAST, PK, SK, USERS, broken, key, number, number_of, text_of, users_sort};
use crate::store::StoreError;
use onestep_core::model::Id;

/// All ids are below, because the client reads them as JavaScript numbers.
const END: Id = 1 << 53;

impl DynamoDb {
    /// Returns new ids, in ascending order. Unused ids are lost.
    pub(super) async fn new_ids(&self, count: u32) -> Result<Range<Id>, StoreError> {
        if count == 0 {
            return Ok(0..0);
        }
        let update = self.client.update_item().table_name(&self.table).set_key(Some(key(COUNTER, COUNTER)));
        let update = update.update_expression("ADD #last :count").expression_attribute_names("#last", LAST);
        let update = update.expression_attribute_values(":count", number(count)).return_values(ReturnValue::UpdatedNew);
        let answer = update.send().await.map_err(|error| failed(&self.table, &error))?;
        let last: Id = number_of(&answer.attributes.unwrap_or_default(), LAST)
            .map_err(|_| broken(&key(COUNTER, COUNTER), "it does not count"))?;
        if last >= END {
            return Err(full(format!("ids must be below 2^53, and the next one is {last}")));
        }
        Ok(last - Id::from(count) + 1..last + 1)
    }

    /// Makes all ids up to this one unusable for new rows.
    pub(super) async fn skip_ids(&self, highest: Id) -> Result<(), StoreError> {
        if highest >= END {
            return Err(full(format!("ids must be below 2^53, and one is {highest}")));
        }
        let update = self.client.update_item().table_name(&self.table).set_key(Some(key(COUNTER, COUNTER)));
        let update = update
            .update_expression("SET #last = :highest")
            .condition_expression("attribute_not_exists(#last) OR #last < :highest");
        let update =
            update.expression_attribute_names("#last", LAST).expression_attribute_values(":highest", number(highest));
        match update.send().await {
            Ok(_) => Ok(()),
            // The counter is higher already.
            Err(error)
                if matches!(error.as_service_error(), Some(UpdateItemError::ConditionalCheckFailedException(_))) =>
            {
                Ok(())
            }
            Err(error) => Err(failed(&self.table, &error)),
        }
    }

    /// The ids of users after one, in order.
    pub(super) async fn list_users(&self, after: Option<Id>, most: u32) -> Result<Vec<Id>, StoreError> {
        let mut found = Vec::new();
        let mut after = after.map_or_else(|| "0".to_owned(), users_sort);
        loop {
            let missing = most.saturating_sub(u32::try_from(found.len()).unwrap_or(u32::MAX));
            if missing == 0 {
                return Ok(found);
            }
            let query = self
                .client
                .query()
                .table_name(&self.table)
                .consistent_read(true)
                .limit(i32::try_from(missing).unwrap_or(i32::MAX));
            let query = query.key_condition_expression("#pk = :pk AND #sk > :after").projection_expression("#pk, #sk");
            let query = query.expression_attribute_names("#pk", PK).expression_attribute_names("#sk", SK);
            let query = query.expression_attribute_values(":pk", AttributeValue::S(USERS.to_owned()));
            let query = query.expression_attribute_values(":after", AttributeValue::S(after.clone()));
            let answer = query.send().await.map_err(|error| failed(&self.table, &error))?;
            let more = answer.last_evaluated_key.is_some_and(|key| !key.is_empty());
            for item in answer.items.unwrap_or_default() {
                text_of(&item, SK)?.clone_into(&mut after);
                found.push(after.parse().map_err(|_| broken(&item, "it is not the number of a user"))?);
            }
            if !more {
                return Ok(found);
            }
        }
    }
}
