//! What a place must be able to do so that [`super::Documents`] can keep everything in it: little enough for the simplest of them.

use std::fmt;

use async_trait::async_trait;
use sha2::{Digest, Sha256};

use crate::core::model::{Id, User};
use crate::core::user_rows::UniqueName;
use crate::store::StoreError;

/// Which document.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum DocumentKey {
    /// Everything of one user.
    User(Id),
    /// Who goes by a name: its SHA-256, as names may be long and hold anything.
    Name([u8; 32]),
    /// Which numbers are free for new rows.
    Counter,
}

impl DocumentKey {
    /// The document that says who goes by this name.
    pub fn of(key: &UniqueName) -> Self {
        let (kind, name) = match key {
            UniqueName::Username(name) => ("username", name),
            UniqueName::AppleSub(name) => ("apple_sub", name),
            UniqueName::Device(name) => ("device", name),
        };
        let hash = Sha256::new().chain_update(kind).chain_update(":").chain_update(name).finalize();
        Self::Name(hash.into())
    }

    /// What is kept there cannot be read.
    pub fn broken(&self, store: &'static str, reason: impl Into<String>) -> StoreError {
        StoreError::Broken { store, place: self.to_string(), reason: reason.into() }
    }

    /// Which collection it is in: letters only.
    pub fn collection(&self) -> &'static str {
        match self {
            Self::User(_) => "users",
            Self::Name(_) => "names",
            Self::Counter => "counters",
        }
    }

    /// Its name in the collection: letters and digits only. Users stand in the order of their ids.
    pub fn name(&self) -> String {
        match self {
            Self::User(id) => user_document_name(*id),
            Self::Name(hash) => hash.iter().map(|byte| format!("{byte:02x}")).collect(),
            Self::Counter => "ids".to_owned(),
        }
    }
}

/// The name of a user's document in its collection; as long for every id, so that they stand in the order of the ids.
pub fn user_document_name(id: Id) -> String {
    format!("{id:016}")
}

impl fmt::Display for DocumentKey {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}/{}", self.collection(), self.name())
    }
}

/// Which of the states of a document, in the store's own words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(pub String);

/// A document as it was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Document {
    /// What was put.
    pub body: Vec<u8>,
    /// Named when it is put again.
    pub version: Version,
}

/// What became of a document that was to be put.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Put {
    /// It is there, in this version.
    Written(Version),
    /// It was not in the expected version; nothing was written.
    Conflict,
}

/// A place that keeps named documents and puts one only over the version that the writer has read.
#[async_trait]
pub trait DocumentBackend: Send + Sync {
    /// What it is called in messages.
    fn name(&self) -> &'static str;

    /// The longest document that it takes, in bytes.
    fn max_bytes(&self) -> usize;

    /// A document as it is now.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn get(&self, place: &DocumentKey) -> Result<Option<Document>, StoreError>;

    /// The same without its version, where that is cheaper.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn look(&self, place: &DocumentKey) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.get(place).await?.map(|document| document.body))
    }

    /// Puts a document in place of an expected version; None: there must be none. A changed body always gets another version.
    ///
    /// # Errors
    /// When the store cannot be written. Unless it is [`StoreError::Throttled`] or [`StoreError::Full`], the document may have been
    /// written all the same.
    async fn put(&self, place: &DocumentKey, body: &[u8], expected: Option<&Version>) -> Result<Put, StoreError>;

    /// Ids of users that have a document, in ascending order after `after`, at most `most`.
    ///
    /// # Errors
    /// When the store cannot be read.
    async fn users(&self, after: Option<Id>, most: u32) -> Result<Vec<Id>, StoreError>;

    /// Makes room for a user that has no document yet, where each user has a place of his own. False: somebody has made sure that
    /// nobody will get this id.
    ///
    /// # Errors
    /// When there can be no room for this user, and when the store cannot be written.
    async fn reserve_user(&self, _user: &User) -> Result<bool, StoreError> {
        Ok(true)
    }
}
