//! `google-drive:`: each user's document is in the hidden app folder of their own Google Drive.
//!
//! The service account acts for the user (domain-wide delegation with the scope `drive.appdata`), so users must belong
//! to a Workspace whose administrator allows this. The folders of other people cannot be reached without their consent.
//! An index in the app folder of one account has the owners of documents, the names and the counter of ids. That
//! account is the service account itself or, because newer service accounts have no storage, a user of the Workspace
//! (`google-drive:ADDRESS`).
//!
//! The folder of a user is the one of their first address: a changed address does not move it.

mod files;
mod index;

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use serde::{Deserialize, Serialize};

use self::files::{Files, MAX_BYTES, STORE};
use self::index::Index;
use super::backend::{Document, DocumentBackend, DocumentKey, Put, Version};
use super::handle::Documents;
use super::wire::{self, Address, unavailable};
use crate::google_account::{AccessTokens, ServiceAccount, secure_url};
use crate::settings::Secret;
use crate::store::{Store, StoreError};
use onestep_core::model::{Id, User};

/// The most users whose folders are remembered.
const REMEMBERED: usize = 100_000;

/// Opens the store of a setting after `google-drive:`: nothing or `ADDRESS` of the Workspace user whose app folder has
/// the index, and optionally `?base=URL`.
///
/// # Errors
/// What is missing or wrong, for the operator.
pub fn open(rest: &str, firebase: Option<&Secret>) -> Result<Arc<dyn Store>, String> {
    let mut address = Address::parse(rest);
    let base = address.take("base").unwrap_or_else(|| "https://www.googleapis.com".to_owned());
    let owner = Some(std::mem::take(&mut address.name)).filter(|name| !name.is_empty());
    address.done().map_err(|reason| format!("ONESTEP_STORE: {reason}; the only known option is base"))?;
    let base = secure_url(&base).map_err(|reason| format!("ONESTEP_STORE: base {reason}"))?;
    if base.cannot_be_a_base() || base.query().is_some() {
        return Err("ONESTEP_STORE: base must be a URL without a query".to_owned());
    }
    if let Some(owner) = owner.as_deref().filter(|owner| !owner.contains('@')) {
        return Err(format!(
            "ONESTEP_STORE: {owner:?} is not the mail address of a Workspace user; write google-drive: or google-drive:ADDRESS"
        ));
    }
    let json = firebase
        .ok_or("a store in Google Drive needs a service account: set ONESTEP_FIREBASE to the JSON of its key")?;
    let http = wire::client()?;
    let tokens = AccessTokens::new(ServiceAccount::parse(json)?, None, http.clone())?;
    let files = Files::new(http, base, tokens);
    let backend = GoogleDrive { index: Index::new(files.clone(), owner), files, locations: Mutex::default() };
    Ok(Arc::new(Documents::new(backend, Utc::now)))
}

/// The location of a user's document. This is a document of the index.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
enum FileLocation {
    /// A file in the app folder of this address.
    Folder { address: String, file: String },
    /// In the index itself, in base64: it was written before there was a folder, and says that the user does not exist.
    Index(String),
}

struct GoogleDrive {
    files: Files,
    index: Index,
    /// The locations of users, which seldom change.
    locations: Mutex<HashMap<Id, FileLocation>>,
}

/// The version of a document that is in the index.
fn version(body: &[u8]) -> Version {
    Version(index::fingerprint(body))
}

/// Parses the entry of a user in the index.
fn parse_location(user: Id, body: &[u8]) -> Result<FileLocation, StoreError> {
    let broken = |_| StoreError::Broken {
        store: STORE,
        place: DocumentKey::User(user).to_string(),
        reason: "the index does not say where the document is".to_owned(),
    };
    serde_json::from_slice(body).map_err(broken)
}

/// The ids of the users with a folder, in order. A document in the index itself says that the user does not exist.
///
/// # Errors
/// When an entry cannot be read: without that user the list would be incomplete.
fn with_folder(entries: Vec<(Id, Vec<u8>)>) -> Result<Vec<Id>, StoreError> {
    let mut ids = Vec::new();
    for (id, body) in entries {
        match parse_location(id, &body)? {
            FileLocation::Folder { .. } => ids.push(id),
            FileLocation::Index(_) => {}
        }
    }
    ids.sort_unstable();
    Ok(ids)
}

impl GoogleDrive {
    fn remember(&self, user: Id, home: Option<&FileLocation>) {
        let mut locations = self.locations.lock().unwrap_or_else(PoisonError::into_inner);
        match home {
            Some(home @ FileLocation::Folder { .. }) => {
                if locations.len() >= REMEMBERED {
                    locations.clear();
                }
                locations.insert(user, home.clone());
            }
            _ => {
                locations.remove(&user);
            }
        }
    }

    fn remembered(&self, user: Id) -> Option<FileLocation> {
        self.locations.lock().unwrap_or_else(PoisonError::into_inner).get(&user).cloned()
    }

    /// The location of a user's document, from the index.
    async fn location(&self, user: Id) -> Result<Option<(FileLocation, Version)>, StoreError> {
        let Some(Document { body, version }) = self.index.get(&DocumentKey::User(user)).await? else { return Ok(None) };
        let home = parse_location(user, &body)?;
        self.remember(user, Some(&home));
        Ok(Some((home, version)))
    }

    async fn move_to(&self, user: Id, home: &FileLocation, expected: Option<&Version>) -> Result<Put, StoreError> {
        let body = serde_json::to_vec(home).map_err(|error| unavailable(STORE, error.to_string()))?;
        let put = self.index.put(&DocumentKey::User(user), &body, expected).await?;
        self.remember(user, matches!(put, Put::Written(_)).then_some(home));
        Ok(put)
    }

    /// The document at a location; None: it does not exist.
    async fn document(&self, user: Id, home: &FileLocation) -> Result<Option<Document>, StoreError> {
        match home {
            FileLocation::Folder { address, file } => self.files.get(Some(address), file).await,
            FileLocation::Index(text) => {
                let reason = "it is not base64".to_owned();
                let body = STANDARD.decode(text).map_err(|_| StoreError::Broken {
                    store: STORE,
                    place: DocumentKey::User(user).to_string(),
                    reason,
                })?;
                Ok(Some(Document { version: version(&body), body }))
            }
        }
    }

    async fn put_user(&self, user: Id, body: &[u8], expected: Option<&Version>) -> Result<Put, StoreError> {
        let kept_here = FileLocation::Index(STANDARD.encode(body));
        // The version of a document in the index is that of its body, and not that of the entry.
        let as_body = |put: Put| if let Put::Written(_) = put { Put::Written(version(body)) } else { put };
        match (self.location(user).await?, expected) {
            (None, None) => self.move_to(user, &kept_here, None).await.map(as_body),
            (None, Some(_)) => Ok(Put::Conflict),
            (Some((home @ FileLocation::Index(_), seen)), expected) => {
                let now = self.document(user, &home).await?.map(|document| document.version);
                if now.as_ref() != expected {
                    return Ok(Put::Conflict);
                }
                self.move_to(user, &kept_here, Some(&seen)).await.map(as_body)
            }
            (Some((FileLocation::Folder { address, file }, _)), Some(version)) => {
                self.files.replace(Some(&address), &file, body, version).await
            }
            (Some((FileLocation::Folder { address, file }, seen)), None) => {
                let name = DocumentKey::User(user).name();
                if let put @ Put::Written(_) = self.files.create(Some(&address), &file, &name, body).await? {
                    return Ok(put);
                }
                if self.files.etag(Some(&address), &file).await?.is_some() {
                    return Ok(Put::Conflict);
                }
                // The user has deleted the app's data in their Drive. A new file needs a new id.
                let Some(file) = self.files.new_ids(Some(&address), 1).await?.pop() else { return Ok(Put::Conflict) };
                let home = FileLocation::Folder { address: address.clone(), file: file.clone() };
                match self.move_to(user, &home, Some(&seen)).await? {
                    Put::Written(_) => self.files.create(Some(&address), &file, &name, body).await,
                    Put::Conflict => Ok(Put::Conflict),
                }
            }
        }
    }
}

#[async_trait]
impl DocumentBackend for GoogleDrive {
    fn name(&self) -> &'static str {
        STORE
    }

    fn max_bytes(&self) -> usize {
        MAX_BYTES
    }

    async fn get(&self, place: &DocumentKey) -> Result<Option<Document>, StoreError> {
        let DocumentKey::User(user) = place else { return self.index.get(place).await };
        if let Some(home) = self.remembered(*user)
            && let Some(document) = self.document(*user, &home).await?
        {
            return Ok(Some(document));
        }
        match self.location(*user).await? {
            Some((home, _)) => self.document(*user, &home).await,
            None => Ok(None),
        }
    }

    async fn look(&self, place: &DocumentKey) -> Result<Option<Vec<u8>>, StoreError> {
        let DocumentKey::User(user) = place else { return self.index.look(place).await };
        if let Some(FileLocation::Folder { address, file }) = self.remembered(*user)
            && let Some(body) = self.files.read(Some(&address), &file).await?
        {
            return Ok(Some(body));
        }
        match self.location(*user).await? {
            Some((FileLocation::Folder { address, file }, _)) => self.files.read(Some(&address), &file).await,
            Some((home, _)) => Ok(self.document(*user, &home).await?.map(|document| document.body)),
            None => Ok(None),
        }
    }

    async fn put(&self, place: &DocumentKey, body: &[u8], expected: Option<&Version>) -> Result<Put, StoreError> {
        match place {
            DocumentKey::User(user) => self.put_user(*user, body, expected).await,
            _ => self.index.put(place, body, expected).await,
        }
    }

    async fn users(&self, after: Option<Id>, most: u32) -> Result<Vec<Id>, StoreError> {
        let mut ids = with_folder(self.index.users().await?)?;
        ids.retain(|id| after.is_none_or(|after| *id > after));
        ids.truncate(most as usize);
        Ok(ids)
    }

    async fn reserve_user(&self, user: &User) -> Result<bool, StoreError> {
        if let Some((home, _)) = self.location(user.id).await? {
            return Ok(matches!(home, FileLocation::Folder { .. }));
        }
        let Some(file) = self.files.new_ids(Some(&user.username), 1).await?.pop() else {
            return Err(unavailable(STORE, "it gave out no id for a new file"));
        };
        let home = FileLocation::Folder { address: user.username.clone(), file };
        Ok(matches!(self.move_to(user.id, &home, None).await?, Put::Written(_)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(id: Id, home: &FileLocation) -> (Id, Vec<u8>) {
        (id, serde_json::to_vec(home).unwrap())
    }

    #[test]
    fn a_list_of_users_names_the_entry_that_cannot_be_read_instead_of_leaving_the_user_out() {
        let folder = FileLocation::Folder { address: "a@example.com".to_owned(), file: "1a".to_owned() };
        let entries = vec![entry(7, &folder), entry(3, &FileLocation::Index("e30=".to_owned())), entry(2, &folder)];
        assert_eq!(with_folder(entries.clone()).unwrap(), [2, 7]);
        let damaged = [entries, vec![(5, b"{\"Folder\": {}}".to_vec())]].concat();
        let refusal = with_folder(damaged).unwrap_err().to_string();
        assert!(refusal.contains("users/0000000000000005"), "{refusal}");
    }
}
