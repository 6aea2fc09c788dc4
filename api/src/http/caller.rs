//! The caller: the user of the bearer token.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::ReadyApp;
use super::error::{ApiError, Unauthorized};
use onestep_core::model::Id;
use onestep_core::token::TokenKind;
use onestep_core::user_rows::UserRows;

/// The user that the token names. Whether the account still exists is known when its rows are read: see
/// [`Caller::present`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// The id of the user.
    pub id: Id,
    /// The FCM token of the device, if it gave one at login.
    pub device: Option<String>,
}

impl Caller {
    /// The rows, if the account exists and is not deleted.
    ///
    /// # Errors
    /// 401.
    pub fn present(user_rows: Option<UserRows>) -> Result<UserRows, ApiError> {
        user_rows
            .filter(|user_rows| user_rows.user.deleted_at.is_none())
            .ok_or(ApiError::Unauthorized(Unauthorized::UserNotFound))
    }
}

/// The token of `Authorization: Bearer <token>`.
pub(super) fn bearer(headers: &HeaderMap) -> Result<&str, Unauthorized> {
    let header = headers.get(header::AUTHORIZATION).ok_or(Unauthorized::NotProvided)?;
    let header = header.to_str().map_err(|_| Unauthorized::NotValid)?;
    let mut words = header.split_ascii_whitespace();
    if words.next() != Some("Bearer") {
        return Err(Unauthorized::NotProvided);
    }
    match (words.next(), words.next()) {
        (Some(token), None) => Ok(token),
        _ => Err(Unauthorized::BadHeader),
    }
}

impl FromRequestParts<super::SharedProvider> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, entry: &super::SharedProvider) -> Result<Self, ApiError> {
        let token = bearer(&parts.headers)?.to_owned();
        let ReadyApp(app) = ReadyApp::from_request_parts(parts, entry).await?;
        let session = app
            .signer
            .read(&token, (app.now)())
            .filter(|session| session.kind == TokenKind::Access)
            .ok_or(Unauthorized::NotValid)?;
        let id = session.user.ok_or(Unauthorized::NoUserId)?;
        Ok(Self { id, device: session.device })
    }
}
