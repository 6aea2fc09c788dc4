//! Items, their keys and their attributes.

use std::collections::HashMap;

use aws_sdk_dynamodb::primitives::Blob;
use aws_sdk_dynamodb::types::AttributeValue;
use sha2::{Digest, Sha256};

use super::error::STORE;
use crate::store::StoreError;
use onestep_core::model::Id;
use onestep_core::user_rows::UniqueName;

/// An item of the SDK.
pub(super) type Item = HashMap<String, AttributeValue>;

/// Partition key.
pub(super) const PK: &str = "pk";
/// Sort key.
pub(super) const SK: &str = "sk";
/// Counts the commits of one user, from 1.
pub(super) const VERSION: &str = "version";
/// The account as JSON.
pub(super) const HEAD: &str = "head";
/// Rows, compressed.
pub(super) const ROWS: &str = "rows";
/// The user of a name.
pub(super) const USER: &str = "user";
/// The highest id that was given out.
pub(super) const LAST: &str = "last";

/// Sort key of the account.
pub(super) const OWNER: &str = "owner";
/// The prefix of the sort keys of parts.
pub(super) const PART: &str = "part#";
/// Sort key of a name.
const NAME: &str = "name";
/// Partition of the list of users.
pub(super) const USERS: &str = "users";
/// Both keys of the counter of ids.
pub(super) const COUNTER: &str = "counter";

/// The longest name in a key, in bytes; DynamoDB's limit is 2,048. Longer names are replaced by their digest.
const LONGEST_NAME: usize = 1_024;

/// The two keys of an item.
pub(super) fn key(partition: impl Into<String>, sort: impl Into<String>) -> Item {
    Item::from([(PK.to_owned(), AttributeValue::S(partition.into())), (SK.to_owned(), AttributeValue::S(sort.into()))])
}

/// The partition of the live rows of a user.
pub(super) fn user_partition(user: Id) -> String {
    format!("user#{user}")
}

/// The partition of deleted rows and feedback.
pub(super) fn past_partition(user: Id, past: &str) -> String {
    format!("past#{user}#{past}")
}

/// The sort key of the deleted rows of a commit, in the order of the commits.
pub(super) fn past_sort(version: u64, number: usize) -> String {
    format!("{version:012}#{number:04}")
}

/// The sort key in the list of users, in the order of the ids.
pub(super) fn users_sort(user: Id) -> String {
    format!("{user:016}")
}

/// Both keys of a name.
pub(super) fn name_key(name: &UniqueName) -> Item {
    let (kind, name) = match name {
        UniqueName::Username(name) => ("name", name),
        UniqueName::AppleSub(name) => ("apple", name),
        UniqueName::Device(name) => ("device", name),
    };
    if name.len() <= LONGEST_NAME {
        return key(format!("{kind}#{name}"), NAME);
    }
    let digest: String = Sha256::digest(name.as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect();
    key(format!("{kind}-sha256#{digest}"), NAME)
}

/// A number attribute.
pub(super) fn number(value: impl ToString) -> AttributeValue {
    AttributeValue::N(value.to_string())
}

/// A bytes attribute.
pub(super) fn bytes(value: Vec<u8>) -> AttributeValue {
    AttributeValue::B(Blob::new(value))
}

/// The error of an item that cannot be read.
pub(super) fn broken(item: &Item, reason: impl Into<String>) -> StoreError {
    let place =
        [PK, SK].map(|name| item.get(name).and_then(|value| value.as_s().ok()).map_or("?", String::as_str)).join(" / ");
    StoreError::Broken { store: STORE, place, reason: reason.into() }
}

/// A text of an item.
pub(super) fn text_of<'a>(item: &'a Item, name: &str) -> Result<&'a str, StoreError> {
    let text = item.get(name).and_then(|value| value.as_s().ok());
    text.map(String::as_str).ok_or_else(|| broken(item, format!("it has no text {name:?}")))
}

/// A number of an item.
pub(super) fn number_of<N: std::str::FromStr>(item: &Item, name: &str) -> Result<N, StoreError> {
    let number = item.get(name).and_then(|value| value.as_n().ok()).and_then(|number| number.parse().ok());
    number.ok_or_else(|| broken(item, format!("it has no number {name:?}")))
}

/// The bytes of an item; None when it has no attribute of this name.
pub(super) fn bytes_of<'a>(item: &'a Item, name: &str) -> Result<Option<&'a [u8]>, StoreError> {
    let bytes = item.get(name).map(|value| value.as_b().map_err(|_| broken(item, format!("{name:?} is not bytes"))));
    Ok(bytes.transpose()?.map(Blob::as_ref))
}
