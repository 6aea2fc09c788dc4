//! Restoring an archive.

use super::client::DynamoDb;
use super::item::{ROWS, broken, bytes, key, past_partition, past_sort};
use super::layout::{NewState, pack_past};
use super::retry::new_tag;
use crate::store::StoreError;
use onestep_core::user_rows::Archive;

impl DynamoDb {
    /// Writes the past rows first, into a new partition; then one commit refers to it.
    pub(super) async fn put_archive(&self, archive: &Archive) -> Result<(), StoreError> {
        let user = archive.user.id;
        let _lock = self.lock(user).await;
        self.skip_ids(archive.highest_id()).await?;
        let mut archived = NewState::of(archive.clone());
        let past = new_tag();
        let partition = past_partition(user, &past);
        let packed =
            pack_past(&std::mem::take(&mut archived.past)).map_err(|reason| broken(&key(&partition, ""), reason))?;
        let items = packed.into_iter().enumerate().map(|(number, packed)| {
            let mut item = key(&partition, past_sort(0, number));
            item.insert(ROWS.to_owned(), bytes(packed));
            item
        });
        let written = self.put_all(items.collect()).await;

        let seen = self.load(user).await?;
        let mut replaced = seen.as_ref().map(|seen| seen.head.past.clone());
        let moved = match written {
            Ok(()) => {
                self.replace(user, seen, Some(&past), |seen| {
                    replaced = seen.map(|seen| seen.head.past.clone());
                    Ok(Some(archived.clone()))
                })
                .await
            }
            Err(problem) => Err(problem),
        };
        match (&moved, replaced) {
            (Ok(()), Some(old)) => self.delete_past(user, &old).await,
            (Err(StoreError::Unavailable { .. }), _) | (Ok(()), None) => {}
            // Not when the commit may have been written.
            (Err(_), _) => self.delete_past(user, &past).await,
        }
        moved
    }
}
