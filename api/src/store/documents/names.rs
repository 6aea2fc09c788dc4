//! Claims of names. The rules are in [`super`].

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

use super::backend::{Document, DocumentBackend, DocumentKey, Put, Version};
use super::handle::Documents;
use super::retry::{ATTEMPTS, pause};
use super::user_document::UserDocument;
use super::wire;
use crate::store::StoreError;
use onestep_core::model::Id;
use onestep_core::user_rows::UniqueName;

/// The age at which a claim without its document is taken over. A writer needs less time for both, unless it crashed.
const GRACE: TimeDelta = TimeDelta::seconds(10);

/// The document of a name.
#[derive(Serialize, Deserialize)]
struct Claim {
    /// None: the name was released.
    user: Option<Id>,
    /// When it was written.
    at: DateTime<Utc>,
    /// A random number, so that each claim has its own version, also one that renews another.
    mark: u64,
}

/// A claim that can be released.
pub(super) struct HeldClaim {
    place: DocumentKey,
    version: Version,
}

impl<S: DocumentBackend> Documents<S> {
    async fn claim_at(&self, place: &DocumentKey) -> Result<Option<(Claim, Version)>, StoreError> {
        let Some(Document { body, version }) = self.backend.get(place).await? else { return Ok(None) };
        let claim = serde_json::from_slice(&body).map_err(|_| self.broken(place, "it is not a claim"))?;
        Ok(Some((claim, version)))
    }

    async fn put_claim(
        &self,
        place: &DocumentKey,
        user: Option<Id>,
        expected: Option<&Version>,
    ) -> Result<Put, StoreError> {
        let claim = Claim { user, at: (self.now)(), mark: wire::random(self.backend.name())? };
        let body = serde_json::to_vec(&claim).map_err(|error| self.broken(place, error.to_string()))?;
        self.backend.put(place, &body, expected).await
    }

    /// The user in the claim of a name, whether or not their document lists the name.
    pub(super) async fn claimant(&self, key: &UniqueName) -> Result<Option<Id>, StoreError> {
        let place = DocumentKey::of(key);
        let Some(body) = self.backend.look(&place).await? else { return Ok(None) };
        let claim: Claim = serde_json::from_slice(&body).map_err(|_| self.broken(&place, "it is not a claim"))?;
        Ok(claim.user)
    }

    /// Claims a name for a user whose document does not list it yet. Returns the claim, which must be released when the
    /// document is not written; None when the claim named the user before: then another process may be about to write
    /// the document with that name.
    pub(super) async fn claim(&self, key: &UniqueName, user: Id) -> Result<Option<HeldClaim>, StoreError> {
        let place = DocumentKey::of(key);
        for attempt in 0..ATTEMPTS {
            if attempt > 0 {
                pause(attempt).await;
            }
            let seen = self.claim_at(&place).await?;
            if let Some((Claim { user: Some(holder), at, .. }, _)) = &seen
                && *holder != user
                && !self.yields(key, *holder, *at).await?
            {
                continue;
            }
            if let Put::Written(version) =
                self.put_claim(&place, Some(user), seen.as_ref().map(|(_, version)| version)).await?
            {
                let renewed = seen.is_some_and(|(claim, _)| claim.user == Some(user));
                return Ok((!renewed).then_some(HeldClaim { place, version }));
            }
        }
        Err(StoreError::Contended(ATTEMPTS))
    }

    /// Makes sure that the document of the claim's user will not list the name. False: it may still do so.
    async fn yields(&self, key: &UniqueName, holder: Id, claimed_at: DateTime<Utc>) -> Result<bool, StoreError> {
        let found = self.load(holder).await?;
        if found.as_ref().is_some_and(|found| found.page.owns(key)) {
            return Err(StoreError::Taken(key.clone()));
        }
        if ((self.now)() - claimed_at).abs() < GRACE {
            return Ok(false);
        }
        let (turn, archive, version) = match found {
            Some(found) => (found.page.turn, found.page.archive, Some(found.version)),
            None => (0, None, None),
        };
        let place = DocumentKey::User(holder);
        let body = UserDocument { turn: turn + 1, archive }.pack().map_err(|reason| self.broken(&place, reason))?;
        Ok(matches!(self.backend.put(&place, &body, version.as_ref()).await?, Put::Written(_)))
    }

    /// The claim of a name, if it names this user.
    pub(super) async fn claim_of(&self, key: &UniqueName, user: Id) -> Result<Option<HeldClaim>, StoreError> {
        let place = DocumentKey::of(key);
        let seen = self.claim_at(&place).await?;
        Ok(seen.filter(|(claim, _)| claim.user == Some(user)).map(|(_, version)| HeldClaim { place, version }))
    }

    /// Releases names, so that others need not wait. A claim that cannot be released now is taken over later.
    pub(super) async fn release(&self, claims: Vec<HeldClaim>) {
        for HeldClaim { place, version } in claims {
            if let Err(error) = self.put_claim(&place, None, Some(&version)).await {
                tracing::debug!(%place, %error, "a name was not released; the next user of the name has to wait ten seconds");
            }
        }
    }
}
