//! Replacing the rows of one user by others, however many write at the same time.

use tokio::time::Instant;

use super::client::DynamoDb;
use super::commit::Outcome;
use super::error::STORE;
use super::layout::Next;
use super::look::Seen;
use super::retry::{ATTEMPTS, PATIENCE, THROTTLED_ATTEMPTS, new_tag, pause};
use crate::core::model::Id;
use crate::store::StoreError;

impl DynamoDb {
    /// Begins again until `next` has been written over what it was made from, or there is nothing to write. `seen` is a first look.
    pub(super) async fn replace<F>(&self, user: Id, seen: Option<Seen>, past: Option<&str>, mut next: F) -> Result<(), StoreError>
    where
        F: FnMut(Option<&Seen>) -> Result<Option<Next>, StoreError> + Send,
    {
        let start = Instant::now();
        let mut seen = seen;
        let mut throttled = 0;
        for attempt in 1..=ATTEMPTS {
            let Some(wanted) = next(seen.as_ref())? else { return Ok(()) };
            let tag = new_tag();
            match self.commit(seen.as_ref(), wanted, past, &tag).await? {
                Outcome::Done => return Ok(()),
                Outcome::Again => {}
                Outcome::Throttled(reason) => {
                    throttled += 1;
                    if throttled == THROTTLED_ATTEMPTS {
                        return Err(StoreError::Throttled { store: STORE, reason });
                    }
                }
            }
            pause(attempt).await;
            seen = self.look(user).await?;
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
