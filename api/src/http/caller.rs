//! Who asks: the bearer token of a request.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};

use super::Ready;
use super::answer::{Refusal, Unauthorized};
use crate::core::holdings::Holdings;
use crate::core::model::Id;
use crate::core::token::Kind;

/// The signed-in user, as his token says. Whether he is still there shows with his rows: see [`Caller::present`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Caller {
    /// His number.
    pub id: Id,
    /// The FCM token of the client that asks, if it gave one at login.
    pub device: Option<String>,
}

impl Caller {
    /// His rows, unless he is not there, or no longer.
    ///
    /// # Errors
    /// 401.
    pub fn present(holdings: Option<Holdings>) -> Result<Holdings, Refusal> {
        holdings.filter(|holdings| holdings.user.deleted_at.is_none()).ok_or(Refusal::Unauthorized(Unauthorized::UserNotFound))
    }
}

/// The second of the two words of `Authorization: Bearer <token>`.
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

impl FromRequestParts<super::Entry> for Caller {
    type Rejection = Refusal;

    async fn from_request_parts(parts: &mut Parts, entry: &super::Entry) -> Result<Self, Refusal> {
        let token = bearer(&parts.headers)?.to_owned();
        let Ready(app) = Ready::from_request_parts(parts, entry).await?;
        let session = app.signer.read(&token, (app.now)()).filter(|session| session.kind == Kind::Access).ok_or(Unauthorized::NotValid)?;
        let id = session.user.ok_or(Unauthorized::NoUserId)?;
        Ok(Self { id, device: session.device })
    }
}
