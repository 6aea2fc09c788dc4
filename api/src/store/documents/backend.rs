//! What a service must do so that [`super::Documents`] can use it: few operations, which every service has.

use std::fmt;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::store::StoreError;
use onestep_core::model::{Id, User};
use onestep_core::user_rows::UniqueName;

/// Which document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DocumentKey {
    /// Everything of one user.
    User(Id),
    /// The user of a name. The key is the SHA-256 of the name, which may be long and contain any character.
    Name([u8; 32]),
    /// The counter of ids.
    Counter,
}

impl DocumentKey {
    /// The document of a name.
    pub fn of(key: &UniqueName) -> Self {
        let (kind, name) = match key {
            UniqueName::Username(name) => ("username", name),
            UniqueName::AppleSub(name) => ("apple_sub", name),
            UniqueName::Device(name) => ("device", name),
        };
        let hash = Sha256::new().chain_update(kind).chain_update(":").chain_update(name).finalize();
        Self::Name(hash.into())
    }

    /// The error of a document that cannot be read.
    pub fn broken(&self, store: &'static str, reason: impl Into<String>) -> StoreError {
        StoreError::Broken { store, place: self.to_string(), reason: reason.into() }
    }

    /// The name of its collection: letters only.
    pub fn collection(&self) -> &'static str {
        match self {
            Self::User(_) => "users",
            Self::Name(_) => "names",
            Self::Counter => "counters",
        }
    }

    /// Its name in the collection: letters and digits only. The names of users are in the order of their ids.
    pub fn name(&self) -> String {
        match self {
            Self::User(id) => user_document_name(*id),
            Self::Name(hash) => hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            Self::Counter => "ids".to_owned(),
        }
    }
}

/// The name of a user's document. It has the same length for every id, so that the names are in the order of the ids.
pub fn user_document_name(id: Id) -> String {
    format!("{id:016}")
}

impl fmt::Display for DocumentKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.collection(), self.name())
    }
}

/// The version of a document, as the service writes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(pub String);

/// A document as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// The content.
    pub body: Vec<u8>,
    /// The version, which the next write names.
    pub version: Version,
}

/// The result of a write.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Put {
    /// The document was written and has this version.
    Written(Version),
    /// The document had another version than expected; nothing was written.
    Conflict,
}

/// A service with named documents, which writes a document only over the version that the writer has read.
#[async_trait]
pub trait DocumentBackend: Send + Sync {
    /// The name of the store in messages.
    fn name(&self) -> &'static str;

    /// The largest document, in bytes.
    fn max_bytes(&self) -> usize;

    /// Reads a document.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn get(&self, place: &DocumentKey) -> Result<Option<Document>, StoreError>;

    /// Reads a document without its version, which may be cheaper.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn look(&self, place: &DocumentKey) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.get(place).await?.map(|document| document.body))
    }

    /// Writes a document over the expected version; None: it must not exist. A changed body always gets another
    /// version.
    ///
    /// # Errors
    /// When the store cannot be written. Unless the error is [`StoreError::Throttled`] or [`StoreError::Full`], the
    /// document may have been written all the same.
    async fn put(&self, place: &DocumentKey, body: &[u8], expected: Option<&Version>) -> Result<Put, StoreError>;

    /// The ids of users with a document, in ascending order after `after`, at most `most`.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn users(&self, after: Option<Id>, most: u32) -> Result<Vec<Id>, StoreError>;

    /// Prepares the storage of a user who has no document yet, where each user has their own. False: another writer has
    /// made this id unusable.
    ///
    /// # Errors
    /// When the user cannot have storage, and when the store cannot be written.
    async fn reserve_user(&self, _user: &User) -> Result<bool, StoreError> {
        Ok(true)
    }
}
