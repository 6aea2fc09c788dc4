//! Replacing the state of one user while other writers may do the same.

use tokio::time::Instant;

use super::client::DynamoDb;
use super::commit::CommitOutcome;
use super::error::STORE;
use super::layout::NewState;
use super::retry::{ATTEMPTS, PATIENCE, THROTTLED_ATTEMPTS, new_tag, pause};
use super::snapshot::Snapshot;
use crate::store::StoreError;
use onestep_core::model::Id;

impl DynamoDb {
    /// Writes the state that `next` makes of the snapshot, and starts again with a new snapshot after a conflict.
    /// `seen` is the first snapshot. Ends without a write when `next` returns None.
    pub(super) async fn replace<F>(
        &self,
        user: Id,
        seen: Option<Snapshot>,
        past: Option<&str>,
        mut next: F,
    ) -> Result<(), StoreError>
    where
        F: FnMut(Option<&Snapshot>) -> Result<Option<NewState>, StoreError> + Send,
    {
        let start = Instant::now();
        let mut seen = seen;
        let mut throttled = 0;
        for attempt in 1..=ATTEMPTS {
            let Some(wanted) = next(seen.as_ref())? else { return Ok(()) };
            let tag = new_tag();
            match self.commit(seen.as_ref(), wanted, past, &tag).await? {
                CommitOutcome::Committed => return Ok(()),
                CommitOutcome::Conflict => {}
                CommitOutcome::Throttled(reason) => {
                    throttled += 1;
                    if throttled == THROTTLED_ATTEMPTS {
                        return Err(StoreError::Throttled { store: STORE, reason });
                    }
                }
            }
            pause(attempt).await;
            seen = self.load(user).await?;
            // The commit succeeded, its answer was lost, and the retry found it.
            if seen.as_ref().is_some_and(|seen| seen.head.recent.contains(&tag)) {
                return Ok(());
            }
            if start.elapsed() > PATIENCE {
                return Err(StoreError::Contended(attempt));
            }
        }
        Err(StoreError::Contended(ATTEMPTS))
    }
}
