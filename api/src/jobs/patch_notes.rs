//! What is new, by mail: one mail a user, many in one call, and the same one to nobody twice.

use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::order::PatchNote;
use super::outcome::{Fate, Outcome};
use super::users::{ONE_TAKES, everyone};
use crate::core::holdings::{Change, Holdings, Want};
use crate::core::model::Id;
use crate::outside::messages::{Letter, MOST_LETTERS, Mail};
use crate::store::{Store, StoreError};

/// One whom a letter is being written to.
struct Addressee {
    id: Id,
    before: Option<String>,
}

/// Mails everyone who was not mailed this note.
pub(super) async fn run(store: &dyn Store, mail: &dyn Mail, note: &PatchNote, until: Instant) -> Result<Outcome, StoreError> {
    let mut outcome = Outcome { job: format!("patch_notes/{}", note.id), ..Outcome::default() };
    let ids = everyone(store).await?;
    let mut rest = ids.as_slice();
    while !rest.is_empty() {
        let (mut addressees, mut letters) = (Vec::new(), Vec::new());
        while let Some((&id, others)) = rest.split_first().filter(|_| letters.len() < MOST_LETTERS && Instant::now() + ONE_TAKES <= until) {
            rest = others;
            match claim(store, id, &note.id).await {
                Ok(Some((to, before))) => {
                    addressees.push(Addressee { id, before });
                    letters.push(Letter { to, subject: note.subject.clone(), html: note.html.clone() });
                }
                Ok(None) => outcome.count(Fate::Skipped, 1),
                Err(error) => {
                    tracing::error!(user = id, %error, "not mailed");
                    outcome.count(Fate::Failed, 1);
                }
            }
        }
        let count = letters.len() as u64;
        if count > 0 {
            let sent = tokio::time::timeout_at(until, mail.send(&letters, &key(note, &addressees))).await;
            match sent.unwrap_or_else(|_| Err("out of time".to_owned())) {
                Ok(()) => outcome.count(Fate::Told, count),
                Err(reason) => {
                    tracing::error!(count, reason, "mails were not sent");
                    outcome.count(Fate::Failed, count);
                    take_back(store, &addressees, &note.id).await;
                }
            }
        }
        if Instant::now() + ONE_TAKES > until {
            outcome.count(Fate::Left, rest.len() as u64);
            break;
        }
    }
    Ok(outcome)
}

/// The same for the same letters, so that a call whose answer was lost can be made again.
fn key(note: &PatchNote, addressees: &[Addressee]) -> String {
    let mut hash = Sha256::new();
    for text in [&note.id, &note.subject, &note.html] {
        hash.update(text.len().to_le_bytes());
        hash.update(text);
    }
    addressees.iter().for_each(|addressee| hash.update(addressee.id.to_le_bytes()));
    let digest: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
    format!("patch-notes/{digest}")
}

/// Writes down that the user is mailed now; his address, and what stood there before. None when he has had this note, is deleted or
/// has no address.
async fn claim(store: &dyn Store, id: Id, note: &str) -> Result<Option<(String, Option<String>)>, StoreError> {
    let mut claimed = None;
    let mut claim = |holdings: &Holdings, _: &[Id]| {
        claimed = None;
        let user = &holdings.user;
        if user.deleted_at.is_some() || user.patch_note.as_deref() == Some(note) || !user.username.contains('@') {
            return Vec::new();
        }
        claimed = Some((user.username.clone(), user.patch_note.clone()));
        let mut user = user.clone();
        user.patch_note = Some(note.to_owned());
        vec![Change::User(user)]
    };
    store.update(id, Want::Account, 0, &mut claim).await?;
    Ok(claimed)
}

async fn take_back(store: &dyn Store, addressees: &[Addressee], note: &str) {
    for addressee in addressees {
        let mut back = |holdings: &Holdings, _: &[Id]| {
            if holdings.user.patch_note.as_deref() != Some(note) {
                return Vec::new();
            }
            let mut user = holdings.user.clone();
            user.patch_note.clone_from(&addressee.before);
            vec![Change::User(user)]
        };
        if let Err(error) = store.update(addressee.id, Want::Account, 0, &mut back).await {
            tracing::error!(user = addressee.id, %error, "written down as mailed, and was not");
        }
    }
}
