//! The index: small documents, many to a file, in the app folder of one account.
//!
//! One file, [`ROOT`], has the ids of the [`PARTS`] other files, which are created with their first document. So a
//! process searches by name once. Drive has no unique names: if the first two processes both create a root, both see
//! both files, and the older one counts.

use std::collections::BTreeMap;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use futures::{StreamExt, TryStreamExt, stream};
use sha2::{Digest, Sha256};
use tokio::sync::OnceCell;

use super::super::backend::{Document, DocumentKey, Put, Version};
use super::super::retry::{ATTEMPTS, pause};
use super::super::user_document;
use super::super::wire::unavailable;
use super::files::{Files, MAX_BYTES, STORE};
use crate::store::StoreError;
use onestep_core::model::Id;

const ROOT: &str = "onestep";
/// The number of files: enough that two writers seldom need the same one.
const PARTS: usize = 64;
/// The number of files for users, the last ones. A list of users reads all of these.
const OF_USERS: usize = 16;

/// Bodies in base64, by document name.
type Part = BTreeMap<String, String>;

pub(super) struct Index {
    files: Files,
    /// The owner of the folder; None: the service account.
    owner: Option<String>,
    parts: OnceCell<Vec<String>>,
}

/// The version of a body.
pub(super) fn fingerprint(body: &[u8]) -> String {
    STANDARD.encode(Sha256::digest(body))
}

fn broken(place: impl Into<String>, reason: &str) -> StoreError {
    StoreError::Broken { store: STORE, place: place.into(), reason: reason.to_owned() }
}

/// The file of a document.
fn part_of(place: &DocumentKey) -> usize {
    match place {
        // For a power of two, the remainder of the bits is the Euclidean remainder, also for a negative id.
        DocumentKey::User(id) => PARTS - OF_USERS + id.cast_unsigned() as usize % OF_USERS,
        DocumentKey::Name([first, second, ..]) => {
            usize::from(u16::from_be_bytes([*first, *second])) % (PARTS - OF_USERS)
        }
        DocumentKey::Counter => 0,
    }
}

fn unpack(part: usize, body: &[u8]) -> Result<Part, StoreError> {
    let reason = "it is not a part of the index";
    let json = user_document::inflate(body).map_err(|_| broken(format!("index/{part}"), reason))?;
    serde_json::from_slice(&json).map_err(|_| broken(format!("index/{part}"), reason))
}

fn entry(part: &Part, place: &DocumentKey) -> Result<Option<Vec<u8>>, StoreError> {
    let text = part.get(&place.to_string());
    text.map(|text| STANDARD.decode(text).map_err(|_| broken(place.to_string(), "it is not base64"))).transpose()
}

impl Index {
    pub(super) fn new(files: Files, owner: Option<String>) -> Self {
        Self { files, owner, parts: OnceCell::new() }
    }

    fn owner(&self) -> Option<&str> {
        self.owner.as_deref()
    }

    /// The id of a part, from the root, which is created if it is missing.
    async fn file_of(&self, part: usize) -> Result<&str, StoreError> {
        let parts = self.parts.get_or_try_init(|| self.root()).await?;
        parts.get(part).map(String::as_str).ok_or_else(|| broken(ROOT, "it does not name all parts"))
    }

    async fn root(&self) -> Result<Vec<String>, StoreError> {
        let mut made = None;
        if self.files.named(self.owner(), ROOT).await?.is_empty() {
            let mut ids = self.files.new_ids(self.owner(), PARTS as u32 + 1).await?;
            let Some(id) = ids.pop().filter(|_| ids.len() == PARTS) else {
                return Err(unavailable(STORE, "it gave out too few ids for new files"));
            };
            let body = serde_json::to_vec(&ids).map_err(|error| unavailable(STORE, error.to_string()))?;
            if let Put::Conflict = self.files.create(self.owner(), &id, ROOT, &body).await? {
                return Err(unavailable(STORE, "it gave out an id that is in use"));
            }
            made = Some(id);
        }
        let roots = self.files.named(self.owner(), ROOT).await?;
        if let Some(id) = made
            .filter(|id| roots.iter().any(|root| root.id == *id) && roots.first().is_some_and(|first| first.id != *id))
        {
            tracing::info!(%id, "another process has created the index of the store at the same time; this one is deleted");
            self.files.remove(self.owner(), &id).await?;
        }
        let root = roots
            .first()
            .ok_or_else(|| unavailable(STORE, "it does not list the index that was just created; try again"))?;
        let body = self
            .files
            .read(self.owner(), &root.id)
            .await?
            .ok_or_else(|| unavailable(STORE, "the index was deleted meanwhile; try again"))?;
        serde_json::from_slice(&body).map_err(|_| broken(ROOT, "it is not a list of ids"))
    }

    pub(super) async fn look(&self, place: &DocumentKey) -> Result<Option<Vec<u8>>, StoreError> {
        let part = part_of(place);
        match self.files.read(self.owner(), self.file_of(part).await?).await? {
            Some(body) => entry(&unpack(part, &body)?, place),
            None => Ok(None),
        }
    }

    pub(super) async fn get(&self, place: &DocumentKey) -> Result<Option<Document>, StoreError> {
        Ok(self.look(place).await?.map(|body| Document { version: Version(fingerprint(&body)), body }))
    }

    /// Writes a document like one with its own file: changes to others in the same file are not a conflict.
    pub(super) async fn put(
        &self,
        place: &DocumentKey,
        body: &[u8],
        expected: Option<&Version>,
    ) -> Result<Put, StoreError> {
        let number = part_of(place);
        let file = self.file_of(number).await?;
        for attempt in 1..=ATTEMPTS {
            let seen = self.files.get(self.owner(), file).await?;
            let mut part = match &seen {
                Some(document) => unpack(number, &document.body)?,
                None => Part::new(),
            };
            if entry(&part, place)?.map(|known| fingerprint(&known)).as_ref() != expected.map(|version| &version.0) {
                return Ok(Put::Conflict);
            }
            part.insert(place.to_string(), STANDARD.encode(body));
            let json = serde_json::to_vec(&part).map_err(|error| unavailable(STORE, error.to_string()))?;
            let packed = user_document::deflate(&json).map_err(|reason| unavailable(STORE, reason))?;
            if packed.len() > MAX_BYTES {
                return Err(StoreError::Full {
                    store: STORE,
                    reason: format!("a part of the index is {} bytes, compressed", packed.len()),
                });
            }
            let put = match &seen {
                Some(document) => self.files.replace(self.owner(), file, &packed, &document.version).await?,
                None => self.files.create(self.owner(), file, &format!("part{number}"), &packed).await?,
            };
            if let Put::Written(_) = put {
                return Ok(Put::Written(Version(fingerprint(body))));
            }
            pause(attempt).await;
        }
        Err(StoreError::Contended(ATTEMPTS))
    }

    /// The documents of all users, in no order.
    pub(super) async fn users(&self) -> Result<Vec<(Id, Vec<u8>)>, StoreError> {
        let parts = stream::iter(PARTS - OF_USERS..PARTS).map(|number| async move {
            let body = self.files.read(self.owner(), self.file_of(number).await?).await?;
            body.map_or(Ok(Part::new()), |body| unpack(number, &body))
        });
        let parts: Vec<Part> = parts.buffer_unordered(8).try_collect().await?;
        let mut users = Vec::new();
        for (name, text) in parts.into_iter().flatten() {
            let id = name
                .rsplit('/')
                .next()
                .and_then(|label| label.parse().ok())
                .ok_or_else(|| broken(&name, "it is not a user"))?;
            users.push((id, STANDARD.decode(text).map_err(|_| broken(&name, "it is not base64"))?));
        }
        Ok(users)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onestep_core::user_rows::UniqueName;

    #[test]
    fn every_document_stays_in_the_part_that_earlier_versions_put_it_in() {
        for (place, part) in [
            (DocumentKey::User(0), 48),
            (DocumentKey::User(1), 49),
            (DocumentKey::User(17), 49),
            (DocumentKey::User((1 << 53) - 1), 63),
            (DocumentKey::User(-1), 63),
            (DocumentKey::Counter, 0),
            // The SHA-256 of these begin with 4469 and a275.
            (DocumentKey::of(&UniqueName::Username("a@example.com".to_owned())), 41),
            (DocumentKey::of(&UniqueName::Device("one".to_owned())), 21),
        ] {
            assert_eq!(part_of(&place), part, "{place}");
        }
    }
}
