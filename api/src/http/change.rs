//! How routes read and change the caller's rows.

use super::answer::{Refusal, Unauthorized};
use super::caller::Caller;
use crate::app::App;
use crate::core::holdings::{Change, Holdings, Want};
use crate::core::model::{Id, User};
use crate::outside::messages::Notification;

/// The caller's rows.
///
/// # Errors
/// 401 when he is not there, or no longer.
pub async fn look(app: &App, caller: &Caller, want: Want) -> Result<Holdings, Refusal> {
    Caller::present(app.store.read(caller.id, want).await?)
}

/// Changes the caller's rows as `decide` says, given the rows and the new ids; it may be asked more than once.
///
/// # Errors
/// What `decide` refuses with, and 401 when the caller is not there, or no longer.
pub async fn amend<T: Send>(
    app: &App,
    caller: &Caller,
    want: Want,
    new_ids: u32,
    mut decide: impl FnMut(&Holdings, &[Id]) -> Result<(T, Vec<Change>), Refusal> + Send,
) -> Result<(T, User), Refusal> {
    let mut outcome = Err(Refusal::Unauthorized(Unauthorized::UserNotFound));
    let mut deciding = |holdings: &Holdings, ids: &[Id]| {
        if holdings.user.deleted_at.is_some() {
            outcome = Err(Refusal::Unauthorized(Unauthorized::UserNotFound));
            return Vec::new();
        }
        match decide(holdings, ids) {
            Ok((answer, changes)) => {
                outcome = Ok((answer, holdings.user.clone()));
                changes
            }
            Err(refusal) => {
                outcome = Err(refusal);
                Vec::new()
            }
        }
    };
    app.store.update(caller.id, want, new_ids, &mut deciding).await?;
    outcome
}

/// Tells the user's other devices that something of this kind has changed.
pub async fn announce(app: &App, user: &User, caller: &Caller, kind: &str) {
    let notification = Notification { title: kind.to_owned(), body: format!("{kind}가 변경되었습니다.") };
    app.announce(user, caller.device.as_deref(), notification).await;
}
