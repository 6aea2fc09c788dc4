//! Opening the store of `ONESTEP_STORE`.

use std::path::Path;
use std::sync::Arc;

use super::{Store, documents, dynamodb, sqlite};
use crate::settings::{Secret, secret};

/// The forms of `ONESTEP_STORE`.
pub const KINDS: &str = "sqlite:PATH, dynamodb:TABLE, firestore:PROJECT, google-drive:, icloud:CONTAINER";

/// Opens the store that a setting names. This opens a file, but sends no request to a service. `emulator` is host and
/// port of an emulator of Firestore.
///
/// # Errors
/// What is wrong with the setting, or why the store cannot be opened.
pub async fn open(setting: &str, firebase: Option<&Secret>, emulator: Option<&str>) -> Result<Arc<dyn Store>, String> {
    let (kind, rest) =
        setting.split_once(':').ok_or_else(|| format!("the setting does not name a store; write one of {KINDS}"))?;
    match kind {
        "sqlite" if rest.is_empty() => Err("sqlite: needs a path, such as sqlite:onestep.db".to_owned()),
        "sqlite" => sqlite::Sqlite::open(Path::new(rest))
            .map(|store| Arc::new(store) as Arc<dyn Store>)
            .map_err(|error| format!("{rest}: {error}")),
        "dynamodb" if rest.is_empty() => {
            Err("dynamodb: needs the name of a table, such as dynamodb:onestep".to_owned())
        }
        "dynamodb" => Ok(Arc::new(dynamodb::DynamoDb::open(rest, &secret::default_loader().load().await))),
        "firestore" => documents::firestore::open(rest, firebase, emulator),
        "google-drive" => documents::google_drive::open(rest, firebase),
        "icloud" => documents::icloud::open(rest),
        _ => Err(format!("{kind:?} is not a kind of store; write one of {KINDS}")),
    }
}
