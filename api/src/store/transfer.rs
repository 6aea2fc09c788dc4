//! Copying a whole store to another, directly or through a file. Each user is read back and compared.
//!
//! The file has one JSON value on each line: a header, one line for each user, and a last line with the counts and a
//! hash over all users, so that a truncated file is detected.

use std::collections::BTreeSet;
use std::io::{BufRead, Write};

use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

use super::{Store, StoreError};
use onestep_core::model::Id;
use onestep_core::user_rows::Archive;

/// The name of the file format.
const FORMAT: &str = "onestep-export";
const VERSION: u32 = 1;
/// Users on one page. Google Drive reads its whole index for each page.
const PAGE: u32 = 1_000;

/// Why a transfer failed.
#[derive(Debug, thiserror::Error)]
pub enum TransferError {
    /// An error of one of the stores.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The file cannot be read or written.
    #[error("cannot read or write the file: {0}")]
    File(#[from] std::io::Error),
    /// A line of the file is wrong.
    #[error("line {line} of the file: {reason}")]
    Line {
        /// The number of the line, from 1.
        line: usize,
        /// One sentence.
        reason: String,
    },
    /// What was written has another hash than the file.
    #[error("what was written has the hash {found}, and the file has {expected}")]
    OtherHash {
        /// The hash in the file.
        expected: String,
        /// The hash of what was written.
        found: String,
    },
    /// The target store has other users.
    #[error("{store} already has user {user} with other rows; the target of a transfer must be empty")]
    NotEmpty {
        /// Which store.
        store: &'static str,
        /// One of its users.
        user: Id,
    },
    /// A user that was read back differs from what was written.
    #[error(
        "{store} returns other rows for user {user} than were written: the hash should be {expected} and is {found}"
    )]
    Differs {
        /// Which store.
        store: &'static str,
        /// The user.
        user: Id,
        /// The hash of what was written.
        expected: String,
        /// The hash of what was read, or `nothing`.
        found: String,
    },
}

/// The numbers of rows, including deleted ones.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Accounts.
    pub users: u64,
    /// Categories.
    pub categories: u64,
    /// Todos.
    pub todos: u64,
    /// Sub-todos.
    pub subs: u64,
    /// Messages to the developers.
    pub feedback: u64,
}

impl Counts {
    fn add(&mut self, archive: &Archive) {
        let count = |rows: usize| u64::try_from(rows).unwrap_or(u64::MAX);
        self.users += 1;
        self.categories += count(archive.categories.len());
        self.todos += count(archive.todos.len());
        self.subs += count(archive.subs.len());
        self.feedback += count(archive.feedback.len());
    }
}

/// The summary of a transfer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TransferSummary {
    /// The numbers of rows.
    pub counts: Counts,
    /// The SHA-256 over all users in the order of their ids, in hexadecimal digits.
    pub sha256: String,
}

#[derive(Serialize, Deserialize)]
struct FileHeader {
    format: String,
    version: u32,
    store: String,
}

/// Counts and hashes the users of a transfer.
#[derive(Default)]
struct Totals {
    counts: Counts,
    hash: Sha256,
}

impl Totals {
    fn add(&mut self, archive: &Archive, line: &str) {
        self.counts.add(archive);
        self.hash.update(line.as_bytes());
        self.hash.update(b"\n");
    }

    fn done(self) -> TransferSummary {
        TransferSummary { counts: self.counts, sha256: hexadecimal(&self.hash.finalize()) }
    }
}

fn hexadecimal(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The line of one user: the same text for the same rows, from any store.
fn line_of(archive: &mut Archive) -> Result<String, TransferError> {
    archive.sort();
    archive.user.devices.sort_by(|a, b| a.token.cmp(&b.token));
    serde_json::to_string(archive).map_err(|error| TransferError::File(error.into()))
}

fn hash_of(line: &str) -> String {
    hexadecimal(&Sha256::digest(line.as_bytes()))
}

/// All users of a store, in the order of their ids.
struct UserPages<'a> {
    store: &'a dyn Store,
    page: std::vec::IntoIter<Id>,
    last: Option<Id>,
}

impl<'a> UserPages<'a> {
    fn of(store: &'a dyn Store) -> Self {
        Self { store, page: Vec::new().into_iter(), last: None }
    }

    /// The ids of all users.
    async fn ids(mut self) -> Result<Vec<Id>, StoreError> {
        let mut all = Vec::new();
        loop {
            let page = self.store.users(self.last, PAGE).await?;
            let Some(last) = page.last() else { return Ok(all) };
            self.last = Some(*last);
            all.extend(page);
        }
    }

    async fn next(&mut self) -> Result<Option<Archive>, StoreError> {
        loop {
            let id = match self.page.next() {
                Some(id) => id,
                None => {
                    self.page = self.store.users(self.last, PAGE).await?.into_iter();
                    match self.page.next() {
                        Some(id) => id,
                        None => return Ok(None),
                    }
                }
            };
            self.last = Some(id);
            if let Some(archive) = self.store.archive(id).await? {
                return Ok(Some(archive));
            }
        }
    }
}

/// Writes everything to a file. Calls `seen` after each user, with the number of users so far.
///
/// # Errors
/// When the store cannot be read or the file cannot be written.
pub async fn export(
    from: &dyn Store,
    to: &mut (dyn Write + Send),
    mut seen: impl FnMut(u64),
) -> Result<TransferSummary, TransferError> {
    let heading = FileHeader { format: FORMAT.to_owned(), version: VERSION, store: from.name().to_owned() };
    write_line(to, &heading)?;
    let mut tally = Totals::default();
    let mut users = UserPages::of(from);
    while let Some(mut archive) = users.next().await? {
        let line = line_of(&mut archive)?;
        writeln!(to, "{line}")?;
        tally.add(&archive, &line);
        seen(tally.counts.users);
    }
    let moved = tally.done();
    write_line(to, &moved)?;
    to.flush()?;
    Ok(moved)
}

fn write_line(to: &mut (dyn Write + Send), value: &impl Serialize) -> Result<(), TransferError> {
    let line = serde_json::to_string(value).map_err(|error| TransferError::File(error.into()))?;
    Ok(writeln!(to, "{line}")?)
}

/// Writes everything in a file to an empty store, and reads it back. The whole file is read before anything is written.
/// After a failure it may be called again, and skips the users that are complete.
///
/// # Errors
/// When the file is damaged, the store has other users or cannot be written, or what is read back differs.
pub async fn import(
    from: &mut (dyn BufRead + Send),
    to: &dyn Store,
    mut seen: impl FnMut(u64),
) -> Result<TransferSummary, TransferError> {
    let (archives, expected) = read_file(from)?;
    let there = UserPages::of(to).ids().await?;
    let known: BTreeSet<Id> = archives.iter().map(|archive| archive.user.id).collect();
    if let Some(user) = there.into_iter().find(|id| !known.contains(id)) {
        return Err(TransferError::NotEmpty { store: to.name(), user });
    }
    let mut tally = Totals::default();
    for mut archive in archives {
        let line = line_of(&mut archive)?;
        put(to, &archive, &line).await?;
        tally.add(&archive, &line);
        seen(tally.counts.users);
    }
    let moved = tally.done();
    if moved.sha256 == expected.sha256 {
        Ok(moved)
    } else {
        Err(TransferError::OtherHash { expected: expected.sha256, found: moved.sha256 })
    }
}

fn read_file(from: &mut (dyn BufRead + Send)) -> Result<(Vec<Archive>, TransferSummary), TransferError> {
    let wrong = |line: usize, reason: String| TransferError::Line { line, reason };
    let mut lines = from.lines().enumerate().map(|(index, line)| line.map(|line| (index + 1, line)));
    let (_, first) = lines.next().transpose()?.ok_or_else(|| wrong(1, "the file is empty".to_owned()))?;
    let heading: FileHeader = serde_json::from_str(&first)
        .map_err(|error| wrong(1, format!("this is not an export of onestep-api: {error}")))?;
    if heading.format != FORMAT || heading.version != VERSION {
        return Err(wrong(
            1,
            format!("this is {} {}, and this program reads {FORMAT} {VERSION}", heading.format, heading.version),
        ));
    }
    let mut tally = Totals::default();
    let mut archives: Vec<Archive> = Vec::new();
    let mut number = 1;
    while let Some((line, text)) = lines.next().transpose()? {
        number = line;
        if let Ok(expected) = serde_json::from_str::<TransferSummary>(&text) {
            let found = tally.done();
            if found != expected {
                let reason = format!(
                    "the file is damaged: it contains {:?}, its last line says {:?}, or the hash is wrong",
                    found.counts, expected.counts
                );
                return Err(wrong(line, reason));
            }
            return match lines.next().transpose()? {
                None => Ok((archives, expected)),
                Some((line, _)) => {
                    Err(wrong(line, "the file continues after its last line; it may be two exports in one".to_owned()))
                }
            };
        }
        let archive: Archive =
            serde_json::from_str(&text).map_err(|error| wrong(line, format!("this is not a user: {error}")))?;
        tally.add(&archive, &text);
        archives.push(archive);
    }
    Err(wrong(number, "the file ends before its last line; it is truncated".to_owned()))
}

/// Copies everything in a store to another, empty one, and reads it back. After a failure it may be called again, and
/// skips the users that are complete.
///
/// # Errors
/// When a store cannot be read or written, the target has other users, or what is read back differs.
pub async fn migrate(
    from: &dyn Store,
    to: &dyn Store,
    mut seen: impl FnMut(u64),
) -> Result<TransferSummary, TransferError> {
    let there = UserPages::of(to).ids().await?;
    if !there.is_empty() {
        let known: BTreeSet<Id> = UserPages::of(from).ids().await?.into_iter().collect();
        if let Some(user) = there.into_iter().find(|id| !known.contains(id)) {
            return Err(TransferError::NotEmpty { store: to.name(), user });
        }
    }
    let mut tally = Totals::default();
    let mut users = UserPages::of(from);
    while let Some(mut archive) = users.next().await? {
        let line = line_of(&mut archive)?;
        put(to, &archive, &line).await?;
        tally.add(&archive, &line);
        seen(tally.counts.users);
    }
    Ok(tally.done())
}

/// Writes one user, unless the same user exists already, and reads it back.
async fn put(to: &dyn Store, archive: &Archive, line: &str) -> Result<(), TransferError> {
    let expected = hash_of(line);
    if let Some(mut there) = to.archive(archive.user.id).await? {
        if hash_of(&line_of(&mut there)?) == expected {
            return Ok(());
        }
        return Err(TransferError::NotEmpty { store: to.name(), user: archive.user.id });
    }
    to.restore(archive).await?;
    let found = match to.archive(archive.user.id).await? {
        Some(mut found) => hash_of(&line_of(&mut found)?),
        None => "nothing".to_owned(),
    };
    if found == expected {
        Ok(())
    } else {
        Err(TransferError::Differs { store: to.name(), user: archive.user.id, expected, found })
    }
}
