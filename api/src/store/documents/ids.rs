//! Ids for new rows. A counter document gives them out in blocks, one to each process: otherwise every new row of any
//! user would write that document.

use std::ops::Range;

use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

use super::backend::{Document, DocumentBackend, DocumentKey, Put, Version};
use super::retry::{ATTEMPTS, pause};
use crate::store::StoreError;
use onestep_core::model::Id;

/// The number of ids in a block.
const BLOCK: Id = 64;
/// All ids are below.
const END: Id = 1 << 53;

/// The ids that this process may still give out.
#[derive(Debug, Default)]
pub(super) struct Block {
    next: Id,
    end: Id,
}

impl Block {
    /// The next `count` ids; None when fewer are left.
    fn take(&mut self, count: Id) -> Option<Range<Id>> {
        let start = self.next;
        self.next = start.checked_add(count).filter(|end| *end <= self.end)?;
        Some(start..self.next)
    }
}

/// The counter document.
#[derive(Clone, Serialize, Deserialize)]
struct Counter {
    /// The first id that is in no block.
    next: Id,
    /// Blocks below it are void, because rows with such ids were restored.
    floor: Id,
}

/// The ids of one process.
#[derive(Debug, Default)]
pub(super) struct Ids(Mutex<Block>);

impl Ids {
    /// Returns new ids, in ascending order.
    pub(super) async fn take<S: DocumentBackend>(&self, backend: &S, count: u32) -> Result<Range<Id>, StoreError> {
        if count == 0 {
            return Ok(0..0);
        }
        let count = Id::from(count);
        // One task requests a block while the others wait for the rest of it.
        let mut block = self.0.lock().await;
        for attempt in 1..=ATTEMPTS {
            // Read each time, because another process may have restored rows.
            let (current, version) = counter(backend).await?;
            if block.next >= current.floor
                && let Some(ids) = block.take(count)
            {
                return Ok(ids);
            }
            let (start, end) = (current.next, current.next + count.max(BLOCK));
            if end > END {
                return Err(end_of_ids(backend, start));
            }
            if let Put::Written(_) = put_counter(backend, &Counter { next: end, ..current }, version.as_ref()).await? {
                *block = Block { next: start + count, end };
                return Ok(start..start + count);
            }
            pause(attempt).await;
        }
        Err(StoreError::Contended(ATTEMPTS))
    }

    /// Makes all ids up to this one unusable for new rows, in all processes.
    pub(super) async fn skip<S: DocumentBackend>(&self, backend: &S, highest: Id) -> Result<(), StoreError> {
        for attempt in 1..=ATTEMPTS {
            let (current, version) = counter(backend).await?;
            if current.floor > highest {
                return Ok(());
            }
            let floor =
                highest.checked_add(1).filter(|floor| *floor < END).ok_or_else(|| end_of_ids(backend, highest))?;
            if let Put::Written(_) =
                put_counter(backend, &Counter { next: current.next.max(floor), floor }, version.as_ref()).await?
            {
                return Ok(());
            }
            pause(attempt).await;
        }
        Err(StoreError::Contended(ATTEMPTS))
    }
}

async fn counter<S: DocumentBackend>(backend: &S) -> Result<(Counter, Option<Version>), StoreError> {
    let Some(Document { body, version }) = backend.get(&DocumentKey::Counter).await? else {
        return Ok((Counter { next: 1, floor: 1 }, None));
    };
    let counter: Counter = serde_json::from_slice(&body)
        .map_err(|_| DocumentKey::Counter.broken(backend.name(), "it is not a counter"))?;
    if counter.next < 1 || counter.next > END {
        return Err(DocumentKey::Counter.broken(backend.name(), "it counts outside of 1 to 2^53"));
    }
    Ok((counter, Some(version)))
}

async fn put_counter<S: DocumentBackend>(
    backend: &S,
    counter: &Counter,
    expected: Option<&Version>,
) -> Result<Put, StoreError> {
    let body =
        serde_json::to_vec(counter).map_err(|error| DocumentKey::Counter.broken(backend.name(), error.to_string()))?;
    backend.put(&DocumentKey::Counter, &body, expected).await
}

fn end_of_ids<S: DocumentBackend>(backend: &S, next: Id) -> StoreError {
    StoreError::Full { store: backend.name(), reason: format!("ids must be below 2^53, and the next one is {next}") }
}
