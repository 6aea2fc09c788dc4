//! Numbers for new rows. They come from one document, in blocks, of which each process keeps one: that document would otherwise be
//! written with every new row of anybody.

use std::ops::Range;

use serde::{Deserialize, Serialize};

use super::shelf::{Document, Place, Put, Shelf, Version};
use super::{ATTEMPTS, Documents, wire};
use crate::core::model::Id;
use crate::store::StoreError;

/// How many numbers are taken at once.
const BLOCK: Id = 64;
/// Ids stay below it.
const END: Id = 1 << 53;

/// The numbers that this process may still give out.
#[derive(Debug, Default)]
pub(super) struct Block {
    next: Id,
    end: Id,
}

impl Block {
    /// The next `count` of them; None when there are not as many.
    fn take(&mut self, count: Id) -> Option<Range<Id>> {
        let start = self.next;
        self.next = start.checked_add(count).filter(|end| *end <= self.end)?;
        Some(start..self.next)
    }
}

/// The document.
#[derive(Clone, Serialize, Deserialize)]
struct Counter {
    /// In nobody's block yet, and all above it neither.
    next: Id,
    /// Blocks below it are void: rows with ids like theirs were restored.
    floor: Id,
}

impl<S: Shelf> Documents<S> {
    async fn counter(&self) -> Result<(Counter, Option<Version>), StoreError> {
        let Some(Document { body, version }) = self.shelf.get(&Place::Counter).await? else { return Ok((Counter { next: 1, floor: 1 }, None)) };
        let counter: Counter = serde_json::from_slice(&body).map_err(|_| self.broken(&Place::Counter, "it is not a counter"))?;
        if counter.next < 1 || counter.next > END {
            return Err(self.broken(&Place::Counter, "it counts outside of 1 to 2^53"));
        }
        Ok((counter, Some(version)))
    }

    async fn put_counter(&self, counter: &Counter, expected: Option<&Version>) -> Result<Put, StoreError> {
        let body = serde_json::to_vec(counter).map_err(|error| self.broken(&Place::Counter, error.to_string()))?;
        self.shelf.put(&Place::Counter, &body, expected).await
    }

    fn end_of_ids(&self, next: Id) -> StoreError {
        StoreError::Full { store: self.shelf.name(), reason: format!("ids end at 2^53, and {next} is the next") }
    }

    /// As many new ids as are asked for, in ascending order.
    pub(super) async fn free_ids(&self, count: u32) -> Result<Range<Id>, StoreError> {
        if count == 0 {
            return Ok(0..0);
        }
        let count = Id::from(count);
        // One task asks for a block while the others wait for what is left of it.
        let mut block = self.block.lock().await;
        for attempt in 1..=ATTEMPTS {
            // Read each time: another process may have restored rows since.
            let (counter, version) = self.counter().await?;
            if block.next >= counter.floor
                && let Some(ids) = block.take(count)
            {
                return Ok(ids);
            }
            let (start, end) = (counter.next, counter.next + count.max(BLOCK));
            if end > END {
                return Err(self.end_of_ids(start));
            }
            if let Put::Written(_) = self.put_counter(&Counter { next: end, ..counter }, version.as_ref()).await? {
                *block = Block { next: start + count, end };
                return Ok(start..start + count);
            }
            wire::pause(attempt).await;
        }
        Err(StoreError::Contended(ATTEMPTS))
    }

    /// Gives out no id up to this one any more, in any process.
    pub(super) async fn skip_ids(&self, highest: Id) -> Result<(), StoreError> {
        for attempt in 1..=ATTEMPTS {
            let (counter, version) = self.counter().await?;
            if counter.floor > highest {
                return Ok(());
            }
            let floor = highest.checked_add(1).filter(|floor| *floor < END).ok_or_else(|| self.end_of_ids(highest))?;
            if let Put::Written(_) = self.put_counter(&Counter { next: counter.next.max(floor), floor }, version.as_ref()).await? {
                return Ok(());
            }
            wire::pause(attempt).await;
        }
        Err(StoreError::Contended(ATTEMPTS))
    }
}
