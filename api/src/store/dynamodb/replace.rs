//! Replacing the rows of one user by others, however many write at the same time.

use tokio::time::Instant;

use super::client::DynamoDb;
use super::commit::CommitOutcome;
use super::error::STORE;
use super::layout::NewState;
use super::retry::{ATTEMPTS, PATIENCE, THROTTLED_ATTEMPTS, new_tag, pause};
use super::snapshot::Snapshot;
use crate::core::model::Id;
use crate::store::StoreError;

impl DynamoDb {
    /// Begins again until `next` has been written over what it was made from, or there is nothing to write. `seen` is a first look.
    pub(super) async fn replace<F>(&self, user: Id, seen: Option<Snapshot>, past: Option<&str>, mut next: F) -> Result<(), StoreError>
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
            // The answer was lost, and sent again it met itself.
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
