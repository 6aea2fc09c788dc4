//! Where the rows are kept: [`Store`] is what every store does, [`setting`] opens the one that a setting names.

pub use self::contract::{Decide, Store, StoreError};

mod contract;
pub mod documents;
pub mod dynamodb;
pub mod setting;
pub mod sqlite;
pub mod transfer;
