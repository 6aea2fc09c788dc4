//! Reading and changing the rows of the caller.

use super::caller::Caller;
use super::error::{ApiError, Unauthorized};
use crate::app::App;
use crate::services::messages::Notification;
use onestep_core::model::{Id, User};
use onestep_core::user_rows::{Change, Scope, UserRows};

/// The rows of the caller.
///
/// # Errors
/// 401 when the account does not exist or is deleted.
pub async fn load_rows(app: &App, caller: &Caller, scope: Scope) -> Result<UserRows, ApiError> {
    Caller::present(app.store.read(caller.id, scope).await?)
}

/// Changes the rows of the caller. `decide` gets the rows and the new ids and returns the changes; it may be called
/// more than once.
///
/// # Errors
/// The error of `decide`, and 401 when the account does not exist or is deleted.
pub async fn change_rows<T: Send>(
    app: &App,
    caller: &Caller,
    scope: Scope,
    new_ids: u32,
    mut decide: impl FnMut(&UserRows, &[Id]) -> Result<(T, Vec<Change>), ApiError> + Send,
) -> Result<(T, User), ApiError> {
    let mut outcome = Err(ApiError::Unauthorized(Unauthorized::UserNotFound));
    let mut deciding = |user_rows: &UserRows, ids: &[Id]| {
        if user_rows.user.deleted_at.is_some() {
            outcome = Err(ApiError::Unauthorized(Unauthorized::UserNotFound));
            return Vec::new();
        }
        match decide(user_rows, ids) {
            Ok((answer, changes)) => {
                outcome = Ok((answer, user_rows.user.clone()));
                changes
            }
            Err(refusal) => {
                outcome = Err(refusal);
                Vec::new()
            }
        }
    };
    app.store.update(caller.id, scope, new_ids, &mut deciding).await?;
    outcome
}

/// Notifies the other devices of the user that a row of this kind has changed.
pub async fn announce(app: &App, user: &User, caller: &Caller, kind: &str) {
    let notification = Notification { title: kind.to_owned(), body: format!("{kind}가 변경되었습니다.") };
    app.announce(user, caller.device.as_deref(), notification).await;
}
