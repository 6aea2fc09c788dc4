//! The document of one user: everything of his as JSON, compressed.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::DeflateDecoder;
use flate2::write::DeflateEncoder;
use serde::{Deserialize, Serialize};

use crate::core::holdings::{Archive, Change, Holdings, Key, Want};
use crate::core::model::{Id, User};

/// Nothing that we wrote unpacks to more; guards against a document made to.
const UNPACKED_MAX: u64 = 128 * 1024 * 1024;

/// A user's document.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Page {
    /// Counts the writes: no two states of a document have the same bytes, so each gets a version of its own.
    pub turn: u64,
    /// None: there is no such user, and never will be.
    pub archive: Option<Archive>,
}

impl Page {
    /// As bytes.
    pub(super) fn pack(&self) -> Result<Vec<u8>, String> {
        deflate(&serde_json::to_vec(self).map_err(|error| error.to_string())?)
    }

    /// From bytes; why not.
    pub(super) fn unpack(bytes: &[u8]) -> Result<Self, String> {
        // Not the reader's own words: they quote what people wrote.
        serde_json::from_slice(&inflate(bytes)?)
            .map_err(|error| format!("it is not what was written: wrong at line {}, column {}", error.line(), error.column()))
    }

    /// Whether its user goes by this name.
    pub(super) fn owns(&self, key: &Key) -> bool {
        self.archive.as_ref().is_some_and(|archive| names(&archive.user).contains(key))
    }
}

/// Compresses.
pub(super) fn deflate(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut packed = DeflateEncoder::new(Vec::new(), Compression::default());
    packed.write_all(bytes).and_then(|()| packed.finish()).map_err(|error| error.to_string())
}

/// Undoes [`deflate`]; why not.
pub(super) fn inflate(bytes: &[u8]) -> Result<Vec<u8>, String> {
    let mut unpacked = Vec::new();
    let read = DeflateDecoder::new(bytes).take(UNPACKED_MAX + 1).read_to_end(&mut unpacked);
    read.map_err(|_| "it does not unpack".to_owned())?;
    if unpacked.len() as u64 > UNPACKED_MAX {
        return Err(format!("it unpacks to more than {UNPACKED_MAX} bytes"));
    }
    Ok(unpacked)
}

/// All names of a user, his devices too.
pub(super) fn names(user: &User) -> Vec<Key> {
    let devices = user.devices.iter().map(|device| Key::Device(device.token.clone()));
    Key::of(user).into_iter().chain(devices).collect()
}

/// What is handed out of an archive: no deleted rows, in the order of the ranks.
pub(super) fn holdings(archive: &Archive, want: Want) -> Holdings {
    let mut holdings = Holdings::of(archive.user.clone());
    if want.categories() {
        holdings.categories = archive.categories.iter().filter(|row| row.deleted_at.is_none()).cloned().collect();
    }
    if want.todos() {
        holdings.todos = archive.todos.iter().filter(|row| row.deleted_at.is_none()).cloned().collect();
        holdings.subs = archive.subs.iter().filter(|row| row.deleted_at.is_none()).cloned().collect();
    }
    holdings.sort();
    holdings
}

/// Makes the changes. The archive's rows stand in the order of their ids, before and after.
pub(super) fn apply(archive: &mut Archive, changes: Vec<Change>) {
    for change in changes {
        match change {
            Change::User(user) => {
                let devices = std::mem::take(&mut archive.user.devices);
                archive.user = User { id: archive.user.id, devices, ..user };
            }
            Change::AddDevice(device) => {
                let devices = &mut archive.user.devices;
                devices.retain(|known| known.token != device.token);
                devices.push(device);
                devices.sort_by_key(|device| device.seen_at);
            }
            Change::DropDevice(token) => archive.user.devices.retain(|device| device.token != token),
            Change::Category(row) => set(&mut archive.categories, row, |row| row.id),
            Change::Todo(row) => set(&mut archive.todos, row, |row| row.id),
            Change::Sub(row) => set(&mut archive.subs, row, |row| row.id),
            Change::Feedback(row) => set(&mut archive.feedback, row, |row| row.id),
        }
    }
}

fn set<Row>(rows: &mut Vec<Row>, row: Row, id: fn(&Row) -> Id) {
    match rows.binary_search_by_key(&id(&row), id) {
        Ok(at) => {
            if let Some(known) = rows.get_mut(at) {
                *known = row;
            }
        }
        Err(at) => rows.insert(at, row),
    }
}
