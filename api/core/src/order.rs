//! The position of a row among the rows of its user: behind all others, or where the user dragged it.

use super::model::{Category, Id, SubTodo, Todo};
use super::rank::{Rank, evenly_spaced};

/// A row with a position.
pub trait Ranked: Clone {
    /// Its id.
    fn id(&self) -> Id;
    /// Its rank.
    fn rank(&self) -> &str;
    /// Gives it another rank.
    fn set_rank(&mut self, rank: String);
}

macro_rules! ranked {
    ($($row:ty),*) => {$(
        impl Ranked for $row {
            fn id(&self) -> Id {
                self.id
            }
            fn rank(&self) -> &str {
                &self.rank
            }
            fn set_rank(&mut self, rank: String) {
                self.rank = rank;
            }
        }
    )*};
}
ranked!(Category, Todo, SubTodo);

/// The new neighbours of a dragged row.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Neighbours {
    /// The row before it.
    pub prev: Option<Id>,
    /// The row behind it.
    pub next: Option<Id>,
}

/// Why a row cannot be moved.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MoveError {
    /// This neighbour does not belong to the user.
    NoSuchRow(Id),
    /// This row is both neighbours.
    SameRow(Id),
}

/// The rank of one row, and the other rows that get new ranks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placement<R> {
    /// The rank of the row.
    pub rank: String,
    /// Other rows with new ranks, because there was no rank left between the old ones.
    pub moved: Vec<R>,
}

/// The ranks of several rows, and the other rows that get new ranks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Placements<R> {
    /// The ranks of the rows, in their order.
    pub ranks: Vec<String>,
    /// Other rows with new ranks, because there was no rank left between the old ones.
    pub moved: Vec<R>,
}

/// The rank of a new row behind all of `rows`, which must be in order.
pub fn append<R: Ranked>(rows: &[R]) -> Placement<R> {
    match last_rank(rows).and_then(|last| following(last.as_ref())) {
        Some(rank) => Placement { rank: rank.to_string(), moved: Vec::new() },
        None => Placement { rank: even(rows.len(), rows.len() + 1), moved: spread(rows, rows.len() + 1) },
    }
}

/// The ranks of `count` new rows behind all of `rows`, which must be in order.
pub fn append_many<R: Ranked>(rows: &[R], count: usize) -> Placements<R> {
    let chain = || {
        let mut last = last_rank(rows)?;
        let mut ranks = Vec::with_capacity(count);
        for _ in 0..count {
            let rank = following(last.as_ref())?;
            ranks.push(rank.to_string());
            last = Some(rank);
        }
        Some(ranks)
    };
    match chain() {
        Some(ranks) => Placements { ranks, moved: Vec::new() },
        None => {
            let all = rows.len() + count;
            Placements { ranks: (rows.len()..all).map(|index| even(index, all)).collect(), moved: spread(rows, all) }
        }
    }
}

/// The highest rank; Some(None) without rows, None when a rank cannot be read.
fn last_rank<R: Ranked>(rows: &[R]) -> Option<Option<Rank>> {
    let ranks: Result<Vec<Rank>, _> = rows.iter().map(|row| row.rank().parse::<Rank>()).collect();
    ranks.ok().map(|ranks| ranks.into_iter().max())
}

/// The rank behind the last one; None at the upper end.
fn following(last: Option<&Rank>) -> Option<Rank> {
    last.map_or_else(|| Some(Rank::first()), |last| last.next().ok())
}

/// The rank of the row at `index` when `count` rows are spread evenly.
fn even(index: usize, count: usize) -> String {
    evenly_spaced(index, count).to_string()
}

/// Spreads the rows evenly as the first of `count` rows, and returns those whose rank changed.
fn spread<R: Ranked>(rows: &[R], count: usize) -> Vec<R> {
    let moved = rows.iter().enumerate().filter_map(|(index, row)| {
        let rank = even(index, count);
        (row.rank() != rank).then(|| {
            let mut row = row.clone();
            row.set_rank(rank);
            row
        })
    });
    moved.collect()
}

/// The rank of a dragged row; None when it stays where it is. When no rank is left between the neighbours, or when
/// ranks are equal or cannot be read, all rows get new ranks, in the order that the drag asks for.
///
/// # Errors
/// When a neighbour does not belong to the user, or both are the same row.
pub fn move_between<R: Ranked>(rows: &[R], id: Id, neighbours: Neighbours) -> Result<Option<Placement<R>>, MoveError> {
    let find = |neighbour: Id| rows.iter().find(|row| row.id() == neighbour).ok_or(MoveError::NoSuchRow(neighbour));
    if let (Some(prev), Some(next)) = (neighbours.prev, neighbours.next)
        && prev == next
    {
        find(prev)?;
        return Err(MoveError::SameRow(prev));
    }
    let prev = neighbours.prev.map(find).transpose()?;
    let next = neighbours.next.map(find).transpose()?;
    let read = |row: &R| row.rank().parse::<Rank>().ok();
    let rank = match (prev, next) {
        (None, None) => return Ok(None),
        (Some(prev), None) => read(prev).and_then(|prev| prev.next().ok()),
        (None, Some(next)) => read(next).and_then(|next| next.prev().ok()),
        (Some(prev), Some(next)) => read(prev).zip(read(next)).and_then(|(prev, next)| prev.between(&next).ok()),
    };
    if let Some(rank) = rank {
        return Ok(Some(Placement { rank: rank.to_string(), moved: Vec::new() }));
    }
    let Some(row) = rows.iter().find(|row| row.id() == id) else { return Err(MoveError::NoSuchRow(id)) };
    let mut order: Vec<R> = rows.iter().filter(|row| row.id() != id).cloned().collect();
    let position = |neighbour: &R| order.iter().position(|row| row.id() == neighbour.id());
    // The two neighbours may come in either order: the row goes behind the first of them.
    let index = match (prev.and_then(position), next.and_then(position)) {
        (Some(one), Some(other)) => one.min(other) + 1,
        (Some(prev), None) => prev + 1,
        (None, Some(next)) => next,
        (None, None) => return Ok(None),
    };
    order.insert(index, row.clone());
    let moved = spread(&order, order.len()).into_iter().filter(|row| row.id() != id).collect();
    Ok(Some(Placement { rank: even(index, order.len()), moved }))
}

#[cfg(test)]
mod tests {
    use chrono::DateTime;
    use proptest::prelude::*;

    use super::*;

    fn row(id: Id, rank: &str) -> Category {
        let at = DateTime::UNIX_EPOCH;
        Category { id, created_at: at, updated_at: at, deleted_at: None, color: 0, title: None, rank: rank.to_owned() }
    }

    /// The ids in their order after a drag.
    fn order_after(rows: &[Category], id: Id, neighbours: Neighbours) -> Vec<Id> {
        let ranks = move_between(rows, id, neighbours).expect("a place").expect("a move");
        let mut after: Vec<Category> = rows.to_vec();
        for moved in ranks.moved {
            after.iter_mut().find(|row| row.id == moved.id).expect("a row").rank = moved.rank;
        }
        after.iter_mut().find(|row| row.id == id).expect("the row").rank = ranks.rank.clone();
        after.sort_by(|a, b| (&a.rank, a.id).cmp(&(&b.rank, b.id)));
        after.iter().map(|row| row.id).collect()
    }

    #[test]
    fn new_rows_stand_behind_all_others_as_the_client_would_put_them() {
        assert_eq!(append_many::<Category>(&[], 3).ranks, ["0|hzzzzz:", "0|i00007:", "0|i0000f:"]);
        // The highest counts, not the newest.
        let rows = [row(2, "0|hzzzzz:"), row(1, "0|i0000f:")];
        assert_eq!(append(&rows).rank, "0|i0000n:");
    }

    #[test]
    fn a_row_is_dragged_as_the_client_would_rank_it() {
        let rows = [row(1, "0|hzzzzz:"), row(2, "0|i00007:"), row(3, "0|i0000f:")];
        for (place, rank) in [
            (Neighbours { prev: Some(1), next: Some(2) }, "0|i00003:"),
            (Neighbours { prev: Some(2), next: Some(1) }, "0|i00003:"),
            (Neighbours { prev: None, next: Some(1) }, "0|hzzzzr:"),
            (Neighbours { prev: Some(3), next: None }, "0|i0000n:"),
        ] {
            let ranks = move_between(&rows, 3, place).expect("a place").expect("a move");
            assert_eq!((ranks.rank, ranks.moved), (rank.to_owned(), Vec::new()), "{place:?}");
        }
        assert_eq!(move_between(&rows, 3, Neighbours { prev: None, next: None }), Ok(None));
    }

    #[test]
    fn a_place_that_is_none_is_refused() {
        let rows = [row(1, "0|hzzzzz:"), row(2, "0|i00007:")];
        for (place, refused) in [
            (Neighbours { prev: Some(9), next: None }, MoveError::NoSuchRow(9)),
            (Neighbours { prev: Some(1), next: Some(9) }, MoveError::NoSuchRow(9)),
            (Neighbours { prev: Some(1), next: Some(1) }, MoveError::SameRow(1)),
        ] {
            assert_eq!(move_between(&rows, 2, place), Err(refused));
        }
    }

    #[test]
    fn where_there_is_no_room_the_others_make_room_and_the_order_is_what_was_asked_for() {
        let full = [row(1, "0|000000:"), row(2, "0|hzzzzz:"), row(3, "0|zzzzzz:")];
        assert_eq!(order_after(&full, 3, Neighbours { prev: None, next: Some(1) }), [3, 1, 2]);
        assert_eq!(order_after(&full, 1, Neighbours { prev: Some(3), next: None }), [2, 3, 1]);
        let same = [row(1, "0|hzzzzz:"), row(2, "0|hzzzzz:"), row(3, "0|i00007:")];
        assert_eq!(order_after(&same, 3, Neighbours { prev: Some(1), next: Some(2) }), [1, 3, 2]);
        let unreadable = [row(1, "junk"), row(2, "junk2"), row(3, "junk3")];
        assert_eq!(order_after(&unreadable, 3, Neighbours { prev: Some(1), next: Some(2) }), [1, 3, 2]);
        let one = append(&[row(1, "0|zzzzzz:")]);
        assert!(one.moved.len() == 1 && one.moved[0].rank < one.rank);
        let ranks = append_many(&[row(1, "0|zzzzzz:")], 2);
        assert_eq!(ranks.moved.len(), 1);
        assert!(ranks.moved[0].rank < ranks.ranks[0] && ranks.ranks[0] < ranks.ranks[1]);
    }

    proptest! {
        #[test]
        fn however_rows_are_dragged_the_order_is_what_was_asked_for(moves in proptest::collection::vec((0..6_usize, 0..5_usize), 1..60)) {
            let mut rows: Vec<Category> = append_many::<Category>(&[], 6).ranks.iter().zip(1..).map(|(rank, id)| row(id, rank)).collect();
            for (from, to) in moves {
                let id = rows[from].id;
                let mut wanted: Vec<Id> = rows.iter().map(|row| row.id).filter(|other| *other != id).collect();
                let place = Neighbours { prev: to.checked_sub(1).map(|index| wanted[index]), next: wanted.get(to).copied() };
                wanted.insert(to, id);
                let ranks = move_between(&rows, id, place).expect("a place").expect("a move");
                for moved in &ranks.moved {
                    rows.iter_mut().find(|row| row.id == moved.id).expect("a row").rank = moved.rank.clone();
                }
                rows[from].rank = ranks.rank.clone();
                rows.sort_by(|a, b| (&a.rank, a.id).cmp(&(&b.rank, b.id)));
                prop_assert_eq!(rows.iter().map(|row| row.id).collect::<Vec<_>>(), wanted);
            }
        }
    }
}
