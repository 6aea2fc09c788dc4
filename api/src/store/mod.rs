//! The stores. [`Store`] is what every store does; [`setting`] opens the store that a setting names.

pub use self::contract::{Decide, Store, StoreError};

mod contract;
pub mod documents;
pub mod dynamodb;
pub mod setting;
pub mod sqlite;
pub mod transfer;
