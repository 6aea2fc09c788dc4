//! The layout of one user's rows in items: compressed, in the account's own item while they are few, and in parts by
//! ranges of ids when they are many, so that a change of one row writes one part.

use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::ZlibDecoder;
use flate2::write::ZlibEncoder;
use serde::{Deserialize, Serialize};

use onestep_core::model::{Id, User};
use onestep_core::user_rows::{Archive, Change};

/// The most bytes of compressed rows in the account's item. Writes are billed by the kilobyte; with parts, a change of
/// one row writes the account and one part and deletes one, which costs as much.
const INLINE: usize = 64 * 1024;
/// The size of a part in bytes, compressed.
const PART: usize = 16 * 1024;
/// The most bytes of an item; DynamoDB's limit is 400 KB with names and keys
/// (<https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html>).
pub(super) const ITEM: usize = 380 * 1024;
/// The most bytes of uncompressed rows.
const UNPACKED: u64 = 64 * 1024 * 1024;
/// The number of commits whose tags are kept.
const RECENT: usize = 8;

/// The account's item in JSON, without the rows.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Head {
    pub user: User,
    /// The name of the partition of deleted rows and feedback. Each restore makes a new one.
    pub past: String,
    /// The parts with the rows, by ascending ids; empty while the rows are in the account's item.
    pub parts: Vec<Part>,
    /// The tags of the last commits, by which a writer recognises its own commit when the answer was lost.
    pub recent: Vec<String>,
}

impl Head {
    /// The tags after one more commit.
    pub(super) fn tagged(&self, tag: &str) -> Vec<String> {
        let recent = self.recent.iter().rev().take(RECENT - 1).rev();
        recent.cloned().chain(std::iter::once(tag.to_owned())).collect()
    }
}

/// An item with rows. A part never changes; the next commit has another part instead.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Part {
    /// The first id. The part has ids up to the first id of the next part.
    pub from: Id,
    /// Its sort key.
    pub key: String,
}

/// The new state of a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewState {
    pub user: User,
    /// Live rows, ordered by id.
    pub rows: Vec<Change>,
    /// Deleted rows and feedback, which only the archive reads again.
    pub past: Vec<Change>,
}

impl NewState {
    /// Splits an archive into live and past rows.
    pub(super) fn of(archive: Archive) -> Self {
        let Archive { user, categories, todos, subs, feedback } = archive;
        let rows = categories.into_iter().map(Change::Category).chain(todos.into_iter().map(Change::Todo));
        let rows = rows.chain(subs.into_iter().map(Change::Sub)).chain(feedback.into_iter().map(Change::Feedback));
        let (mut past, mut rows): (Vec<_>, Vec<_>) = rows.partition(is_past);
        past.sort_by_key(id);
        rows.sort_by_key(id);
        Self { user, rows, past }
    }
}

fn is_past(row: &Change) -> bool {
    match row {
        Change::Category(row) => row.deleted_at.is_some(),
        Change::Todo(row) => row.deleted_at.is_some(),
        Change::Sub(row) => row.deleted_at.is_some(),
        Change::User(_) | Change::AddDevice(_) | Change::DropDevice(_) | Change::Feedback(_) => true,
    }
}

/// The id of a row; 0 for a change without a row.
fn id(row: &Change) -> Id {
    match row {
        Change::Category(row) => row.id,
        Change::Todo(row) => row.id,
        Change::Sub(row) => row.id,
        Change::Feedback(row) => row.id,
        Change::User(_) | Change::AddDevice(_) | Change::DropDevice(_) => 0,
    }
}

/// The new layout of rows.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Layout {
    /// In the account's item.
    Inline(Vec<u8>),
    /// In parts, by ascending ids.
    Parts(Vec<PartPlan>),
}

/// One part of a layout.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum PartPlan {
    /// The part exists already.
    Unchanged(Part),
    /// The part must be written.
    New { from: Id, packed: Vec<u8> },
}

/// Lays out rows that were in `parts` before; both lists are ordered by id. Unchanged parts stay.
pub(super) fn lay_out(parts: &[Part], before: &[Change], after: &[Change]) -> Result<Layout, String> {
    if parts.len() <= 1 {
        let packed = pack(after)?;
        if packed.len() <= INLINE {
            return Ok(Layout::Inline(packed));
        }
    }
    let mut pieces = Vec::new();
    if parts.is_empty() {
        split(after, 0, &mut pieces)?;
    }
    for (place, part) in parts.iter().enumerate() {
        // The first part also has all lower ids, the last all higher ids.
        let from = if place == 0 { Id::MIN } else { part.from };
        let to = parts.get(place + 1).map(|next| next.from);
        let (old, new) = (between(before, from, to)?, between(after, from, to)?);
        if old == new {
            pieces.push(PartPlan::Unchanged(part.clone()));
        } else {
            split(new, part.from, &mut pieces)?;
        }
    }
    Ok(Layout::Parts(pieces))
}

fn between(rows: &[Change], from: Id, to: Option<Id>) -> Result<&[Change], String> {
    let start = rows.partition_point(|row| id(row) < from);
    let end = to.map_or(rows.len(), |to| rows.partition_point(|row| id(row) < to));
    rows.get(start..end).ok_or_else(|| {
        format!("its parts are not in the order of their ids: one begins at {from}, and the next one before it")
    })
}

/// Cuts rows into runs of about the same length until each is small enough. Rows with the same id stay together.
fn split(rows: &[Change], from: Id, pieces: &mut Vec<PartPlan>) -> Result<(), String> {
    if rows.is_empty() {
        return Ok(());
    }
    let packed = pack(rows)?;
    let runs = packed.len() / (PART / 4 * 3) + 1;
    let mut cuts: Vec<usize> = (1..runs)
        .filter_map(|run| rows.get(rows.len() * run / runs).map(id))
        .map(|first| rows.partition_point(|row| id(row) < first))
        .collect();
    cuts.retain(|cut| *cut > 0);
    cuts.dedup();
    if packed.len() <= PART || cuts.is_empty() {
        pieces.push(PartPlan::New { from, packed });
        return Ok(());
    }
    cuts.push(rows.len());
    let (mut start, mut from) = (0, from);
    for cut in cuts {
        let run =
            rows.get(start..cut).ok_or_else(|| format!("{} rows cannot be cut at {start} and {cut}", rows.len()))?;
        split(run, from, pieces)?;
        (start, from) = (cut, rows.get(cut).map_or(from, id));
    }
    Ok(())
}

/// Packs past rows, into as many items as necessary.
pub(super) fn pack_past(rows: &[Change]) -> Result<Vec<Vec<u8>>, String> {
    if rows.is_empty() {
        return Ok(Vec::new());
    }
    let packed = pack(rows)?;
    if packed.len() <= ITEM || rows.len() == 1 {
        return Ok(vec![packed]);
    }
    let (low, high) = rows.split_at(rows.len() / 2);
    Ok([pack_past(low)?, pack_past(high)?].concat())
}

/// Packs rows.
pub(super) fn pack(rows: &[Change]) -> Result<Vec<u8>, String> {
    let json = serde_json::to_vec(rows).map_err(|error| error.to_string())?;
    let mut packed = ZlibEncoder::new(Vec::new(), Compression::default());
    packed.write_all(&json).and_then(|()| packed.finish()).map_err(|error| error.to_string())
}

/// Unpacks rows.
pub(super) fn unpack(bytes: &[u8]) -> Result<Vec<Change>, String> {
    let mut json = Vec::new();
    ZlibDecoder::new(bytes).take(UNPACKED).read_to_end(&mut json).map_err(|_| "it does not unpack".to_owned())?;
    // Without the parser's own message, which may quote what users wrote.
    serde_json::from_slice(&json)
        .map_err(|error| format!("it is not a list of rows: wrong at line {}, column {}", error.line(), error.column()))
}

#[cfg(test)]
mod tests {
    use super::{INLINE, Layout, PART, Part, PartPlan, lay_out, pack, unpack};
    use onestep_core::model::{Feedback, Id};
    use onestep_core::user_rows::Change;

    /// A row that does not compress well. Its kind does not matter here.
    fn row(id: Id, seed: u64) -> Change {
        let mut state = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) ^ id as u64;
        let mut noise = String::new();
        for _ in 0..12 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            noise += &format!("{:012x}", state >> 16);
        }
        let created_at = chrono::DateTime::UNIX_EPOCH;
        Change::Feedback(Feedback {
            id,
            title: noise,
            category: String::new(),
            description: String::new(),
            created_at,
            status: String::new(),
        })
    }

    fn rows(count: Id) -> Vec<Change> {
        (1..=count).map(|id| row(id, 1)).collect()
    }

    fn keyed(layout: &Layout) -> Vec<Part> {
        let Layout::Parts(pieces) = layout else { return Vec::new() };
        let part = |(n, piece): (usize, &PartPlan)| match piece {
            PartPlan::Unchanged(part) => part.clone(),
            PartPlan::New { from, .. } => Part { from: *from, key: n.to_string() },
        };
        pieces.iter().enumerate().map(part).collect()
    }

    fn new_ones(layout: &Layout) -> usize {
        let Layout::Parts(pieces) = layout else { return 0 };
        pieces.iter().filter(|piece| matches!(piece, PartPlan::New { .. })).count()
    }

    #[test]
    fn few_rows_lie_with_the_account() {
        let few = rows(20);
        let Layout::Inline(packed) = lay_out(&[], &[], &few).unwrap() else { panic!("parts") };
        assert!(packed.len() <= INLINE);
        assert_eq!(unpack(&packed).unwrap(), few);
    }

    #[test]
    fn many_rows_lie_in_parts_and_none_is_lost() {
        let many = rows(3_000);
        let Layout::Parts(pieces) = lay_out(&[], &[], &many).unwrap() else { panic!("inline") };
        let mut found = Vec::new();
        let mut last = -1;
        for piece in &pieces {
            let PartPlan::New { from, packed } = piece else { panic!("kept") };
            assert!(*from > last && packed.len() <= PART);
            last = *from;
            found.extend(unpack(packed).unwrap());
        }
        assert_eq!(found, many);
    }

    #[test]
    fn a_change_of_one_row_writes_one_part() {
        let before = rows(3_000);
        let parts = keyed(&lay_out(&[], &[], &before).unwrap());
        for id in [1, 1_500, 3_000] {
            let mut after = before.clone();
            after[id as usize - 1] = row(id, 2);
            assert_eq!(new_ones(&lay_out(&parts, &before, &after).unwrap()), 1, "row {id}");
        }
        let mut after = before.clone();
        after.insert(0, row(-5, 1));
        after.push(row(9_000, 1));
        assert_eq!(new_ones(&lay_out(&parts, &before, &after).unwrap()), 2);
        assert_eq!(new_ones(&lay_out(&parts, &before, &before).unwrap()), 0);
    }

    #[test]
    fn emptied_parts_go_and_few_rows_come_home() {
        let before = rows(3_000);
        let parts = keyed(&lay_out(&[], &[], &before).unwrap());
        let fewer = lay_out(&parts, &before, &before[2_990..]).unwrap();
        let left = keyed(&fewer);
        assert_eq!(left.len(), 1);
        assert!(matches!(lay_out(&left, &before[2_990..], &before[2_991..]).unwrap(), Layout::Inline(_)));
    }

    #[test]
    fn parts_that_are_out_of_order_are_refused_and_no_row_is_dropped() {
        let before = rows(3_000);
        let mut parts = keyed(&lay_out(&[], &[], &before).unwrap());
        parts.swap(1, 2);
        let refusal = lay_out(&parts, &before, &before).unwrap_err();
        assert!(refusal.starts_with("its parts are not in the order of their ids"), "{refusal}");
    }

    #[test]
    fn damaged_bytes_are_refused_without_quoting_them() {
        let packed = pack(&rows(3)).unwrap();
        assert!(unpack(&packed[..packed.len() / 2]).is_err());
        assert!(unpack(b"").is_err());
        let mut other = packed;
        other[20] ^= 0xff;
        assert!(unpack(&other).is_err());
    }
}
