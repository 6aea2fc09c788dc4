//! Patch notes: one mail for each user, many mails in one call, no user receives the same note twice.

use sha2::{Digest, Sha256};
use tokio::time::Instant;

use super::outcome::{JobOutcome, UserOutcome};
use super::request::PatchNote;
use super::users::{ONE_TAKES, everyone};
use crate::services::messages::{Email, MAX_EMAILS, Mailer};
use crate::store::{Store, StoreError};
use onestep_core::model::Id;
use onestep_core::user_rows::{Change, Scope, UserRows};

/// A user who is about to be mailed, and the note that was mailed before.
struct Addressee {
    id: Id,
    before: Option<String>,
}

/// Mails all users who have not received this note.
pub(super) async fn run(
    store: &dyn Store,
    mail: &dyn Mailer,
    note: &PatchNote,
    until: Instant,
) -> Result<JobOutcome, StoreError> {
    let mut outcome = JobOutcome { job: format!("patch_notes/{}", note.id), ..JobOutcome::default() };
    let ids = everyone(store).await?;
    let mut rest = ids.as_slice();
    while !rest.is_empty() {
        let (mut addressees, mut letters) = (Vec::new(), Vec::new());
        while let Some((&id, others)) =
            rest.split_first().filter(|_| letters.len() < MAX_EMAILS && Instant::now() + ONE_TAKES <= until)
        {
            rest = others;
            match claim(store, id, &note.id).await {
                Ok(Some((to, before))) => {
                    addressees.push(Addressee { id, before });
                    letters.push(Email { to, subject: note.subject.clone(), html: note.html.clone() });
                }
                Ok(None) => outcome.count(UserOutcome::Skipped, 1),
                Err(error) => {
                    tracing::error!(user = id, %error, "the user was not mailed");
                    outcome.count(UserOutcome::Failed, 1);
                }
            }
        }
        let count = letters.len() as u64;
        if count > 0 {
            let sent = tokio::time::timeout_at(until, mail.send(&letters, &key(note, &addressees))).await;
            match sent.unwrap_or_else(|_| Err("out of time".to_owned())) {
                Ok(()) => outcome.count(UserOutcome::Told, count),
                Err(reason) => {
                    tracing::error!(count, reason, "the mails were not sent");
                    outcome.count(UserOutcome::Failed, count);
                    take_back(store, &addressees, &note.id).await;
                }
            }
        }
        if Instant::now() + ONE_TAKES > until {
            outcome.count(UserOutcome::Left, rest.len() as u64);
            break;
        }
    }
    Ok(outcome)
}

/// The idempotency key: equal for equal mails, so that a call whose answer was lost can be repeated.
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

/// Notes that the user is mailed now, and returns the address and the note before. None when the user has received this
/// note, is deleted or has no address.
async fn claim(store: &dyn Store, id: Id, note: &str) -> Result<Option<(String, Option<String>)>, StoreError> {
    let mut claimed = None;
    let mut claim = |user_rows: &UserRows, _: &[Id]| {
        claimed = None;
        let user = &user_rows.user;
        if user.deleted_at.is_some() || user.patch_note.as_deref() == Some(note) || !user.username.contains('@') {
            return Vec::new();
        }
        claimed = Some((user.username.clone(), user.patch_note.clone()));
        let mut user = user.clone();
        user.patch_note = Some(note.to_owned());
        vec![Change::User(user)]
    };
    store.update(id, Scope::Account, 0, &mut claim).await?;
    Ok(claimed)
}

async fn take_back(store: &dyn Store, addressees: &[Addressee], note: &str) {
    for addressee in addressees {
        let mut back = |user_rows: &UserRows, _: &[Id]| {
            if user_rows.user.patch_note.as_deref() != Some(note) {
                return Vec::new();
            }
            let mut user = user_rows.user.clone();
            user.patch_note.clone_from(&addressee.before);
            vec![Change::User(user)]
        };
        if let Err(error) = store.update(addressee.id, Scope::Account, 0, &mut back).await {
            tracing::error!(user = addressee.id, %error, "the user is noted as mailed, but the mail was not sent");
        }
    }
}
