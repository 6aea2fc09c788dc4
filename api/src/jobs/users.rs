//! Iteration over all users.

use std::time::Duration;

use futures::StreamExt;
use tokio::time::Instant;

use super::outcome::{JobOutcome, UserOutcome};
use crate::store::{Store, StoreError};
use onestep_core::model::Id;

/// How many users are handled at the same time.
const AT_ONCE: usize = 8;
/// How many ids are read at once.
const PAGE: u32 = 1000;
/// No user is started when less time than this is left: one user takes two store requests and one round of pushes.
pub(super) const ONE_TAKES: Duration = Duration::from_secs(4);

/// The ids of all users.
pub(super) async fn everyone(store: &dyn Store) -> Result<Vec<Id>, StoreError> {
    let mut ids = Vec::new();
    loop {
        let page = store.users(ids.last().copied(), PAGE).await?;
        if page.is_empty() {
            return Ok(ids);
        }
        ids.extend(page);
    }
}

/// Handles each user, some at the same time, until the time is nearly up.
pub(super) async fn each<F: Future<Output = Result<UserOutcome, StoreError>>>(
    ids: &[Id],
    until: Instant,
    outcome: &mut JobOutcome,
    see_to: impl Fn(Id) -> F,
) {
    let fates = futures::stream::iter(ids.iter().copied()).map(|id| {
        let seen_to = see_to(id);
        async move {
            if Instant::now() + ONE_TAKES > until {
                return UserOutcome::Left;
            }
            match tokio::time::timeout_at(until, seen_to).await {
                Ok(Ok(fate)) => fate,
                Ok(Err(error)) => {
                    tracing::error!(user = id, %error, "the user was not notified");
                    UserOutcome::Failed
                }
                Err(_) => {
                    tracing::error!(user = id, "the user was not notified in time");
                    UserOutcome::Failed
                }
            }
        }
    });
    let mut fates = fates.buffer_unordered(AT_ONCE);
    while let Some(fate) = fates.next().await {
        outcome.count(fate, 1);
    }
}
