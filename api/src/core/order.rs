//! Where a row stands among the others of its user: behind all of them, or where it was dragged to.

use super::model::{Category, Id, SubTodo, Todo};
use super::rank::{Rank, rebalanced};

/// A row that has a place.
pub trait Ranked: Clone {
    /// Its number.
    fn id(&self) -> Id;
    /// Its rank.
    fn rank(&self) -> &str;
    /// Moves it.
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

/// Where a row was dragged to: behind one row, before another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The row it now follows.
    pub prev: Option<Id>,
    /// The row it now precedes.
    pub next: Option<Id>,
}

/// A place that is none: this row is not among the user's, or is named twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoPlace {
    /// No such row.
    NoSuchRow(Id),
    /// Both neighbours are the same row.
    Twice(Id),
}

/// New ranks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ranks<R> {
    /// For the rows in question, in their order.
    pub ranks: Vec<String>,
    /// Other rows that had to move, because there was no room left.
    pub moved: Vec<R>,
}

/// Ranks for `count` new rows behind all of `rows`, which stand in their order.
pub fn behind_all<R: Ranked>(rows: &[R], count: usize) -> Ranks<R> {
    let Some(mut last) = last_rank(rows) else { return behind_all_rebalanced(rows, count) };
    let mut ranks = Vec::with_capacity(count);
    for _ in 0..count {
        let rank = match &last {
            None => Rank::first(),
            Some(last) => match last.next() {
                Ok(rank) => rank,
                // The end is reached.
                Err(_) => return behind_all_rebalanced(rows, count),
            },
        };
        ranks.push(rank.to_string());
        last = Some(rank);
    }
    Ranks { ranks, moved: Vec::new() }
}

/// The highest rank; the outer None when a rank cannot be read.
fn last_rank<R: Ranked>(rows: &[R]) -> Option<Option<Rank>> {
    let ranks: Result<Vec<Rank>, _> = rows.iter().map(|row| row.rank().parse::<Rank>()).collect();
    ranks.ok().map(|ranks| ranks.into_iter().max())
}

fn behind_all_rebalanced<R: Ranked>(rows: &[R], count: usize) -> Ranks<R> {
    let mut even = evenly(rows.len() + count);
    let moved = spread(rows, &mut even);
    Ranks { ranks: even.collect(), moved }
}

fn evenly(count: usize) -> impl Iterator<Item = String> {
    rebalanced(u32::try_from(count).unwrap_or(u32::MAX)).map(|rank| rank.to_string())
}

/// Gives the rows the ranks in order; those whose rank changed.
fn spread<R: Ranked>(rows: &[R], ranks: &mut impl Iterator<Item = String>) -> Vec<R> {
    let moved = rows.iter().zip(ranks).filter(|(row, rank)| row.rank() != rank);
    let moved = moved.map(|(row, rank)| {
        let mut row = row.clone();
        row.set_rank(rank);
        row
    });
    moved.collect()
}

/// The rank of a row that was dragged; None leaves it where it is. Where there is no room left, or ranks are unreadable or the same,
/// all rows are spread anew in the order that the drag asks for.
///
/// # Errors
/// When the place is none.
pub fn dragged<R: Ranked>(rows: &[R], id: Id, place: Place) -> Result<Option<Ranks<R>>, NoPlace> {
    let find = |neighbour: Id| rows.iter().find(|row| row.id() == neighbour).ok_or(NoPlace::NoSuchRow(neighbour));
    if let (Some(prev), Some(next)) = (place.prev, place.next)
        && prev == next
    {
        find(prev)?;
        return Err(NoPlace::Twice(prev));
    }
    let prev = place.prev.map(find).transpose()?;
    let next = place.next.map(find).transpose()?;
    let read = |row: &R| row.rank().parse::<Rank>().ok();
    let rank = match (prev, next) {
        (None, None) => return Ok(None),
        (Some(prev), None) => read(prev).and_then(|prev| prev.next().ok()),
        (None, Some(next)) => read(next).and_then(|next| next.prev().ok()),
        (Some(prev), Some(next)) => read(prev).zip(read(next)).and_then(|(prev, next)| prev.between(&next).ok()),
    };
    if let Some(rank) = rank {
        return Ok(Some(Ranks { ranks: vec![rank.to_string()], moved: Vec::new() }));
    }
    let mut order: Vec<R> = rows.iter().filter(|row| row.id() != id).cloned().collect();
    let position = |neighbour: &R| order.iter().position(|row| row.id() == neighbour.id());
    // The two neighbours may come in either order: it stands behind the first of them.
    let place = match (prev.and_then(position), next.and_then(position)) {
        (Some(one), Some(other)) => one.min(other) + 1,
        (Some(prev), None) => prev + 1,
        (None, Some(next)) => next,
        (None, None) => return Ok(None),
    };
    let Some(row) = rows.iter().find(|row| row.id() == id) else { return Err(NoPlace::NoSuchRow(id)) };
    order.insert(place.min(order.len()), row.clone());
    let even: Vec<String> = evenly(order.len()).collect();
    let ranks = even.get(place).cloned().into_iter().collect();
    let moved = spread(&order, &mut even.into_iter()).into_iter().filter(|row| row.id() != id).collect();
    Ok(Some(Ranks { ranks, moved }))
}
