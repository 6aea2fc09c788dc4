//! The client's tokens: JWTs signed with HS256, in the form of the earlier backend, so that its users stay signed in.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, DecodingKey, EncodingKey, Header, Validation};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::model::Id;

/// How long an access token is valid.
pub const ACCESS_LIFETIME: TimeDelta = TimeDelta::days(7);
/// How long a refresh token is valid.
pub const REFRESH_LIFETIME: TimeDelta = TimeDelta::days(30);

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum TokenKind {
    /// Sent with every request.
    Access,
    /// Exchanged for new access tokens, any number of times.
    Refresh,
}

/// What a valid token says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Session {
    /// Access or refresh.
    pub kind: TokenKind,
    /// The user; None when the token has no usable `user_id`.
    pub user: Option<Id>,
    /// The FCM token given at login.
    pub device: Option<String>,
}

#[derive(Serialize, Deserialize)]
struct Claims {
    token_type: TokenKind,
    /// Seconds since 1970; some libraries write a fraction.
    exp: f64,
    #[serde(default)]
    iat: Option<f64>,
    jti: String,
    #[serde(default)]
    user_id: Value,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    device: Option<String>,
}

#[derive(Serialize)]
struct NewClaims<'a> {
    token_type: TokenKind,
    exp: i64,
    iat: i64,
    jti: &'a str,
    user_id: Id,
    #[serde(skip_serializing_if = "Option::is_none")]
    device: Option<&'a str>,
}

/// Why a token cannot be made. Says nothing of the key.
#[derive(Debug, thiserror::Error)]
pub enum SignError {
    /// The machine has no random numbers for the `jti`.
    #[error("the machine has no random numbers")]
    NoRandomness,
    /// The key does not sign.
    #[error("the signing key does not sign: {0}")]
    BadKey(#[source] jsonwebtoken::errors::Error),
}

/// Signs and reads tokens. Prints nothing of its key.
pub struct Signer {
    encoding: EncodingKey,
    decoding: DecodingKey,
}

impl std::fmt::Debug for Signer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Signer(***)")
    }
}

impl Signer {
    /// With the bytes of this text as the key.
    pub fn new(key: &str) -> Self {
        Self { encoding: EncodingKey::from_secret(key.as_bytes()), decoding: DecodingKey::from_secret(key.as_bytes()) }
    }

    /// A new token. `jti` is 32 random hexadecimal digits.
    ///
    /// # Errors
    /// When the key does not sign.
    pub fn sign(
        &self,
        kind: TokenKind,
        user: Id,
        device: Option<&str>,
        jti: &str,
        now: DateTime<Utc>,
    ) -> Result<String, SignError> {
        let holds = match kind {
            TokenKind::Access => ACCESS_LIFETIME,
            TokenKind::Refresh => REFRESH_LIFETIME,
        };
        let claims = NewClaims {
            token_type: kind,
            exp: (now + holds).timestamp(),
            iat: now.timestamp(),
            jti,
            user_id: user,
            device,
        };
        jsonwebtoken::encode(&Header::new(Algorithm::HS256), &claims, &self.encoding).map_err(SignError::BadKey)
    }

    /// The session of a valid token; None for a token with another signature, an expired token, and any other text.
    pub fn read(&self, token: &str, now: DateTime<Utc>) -> Option<Session> {
        let mut validation = Validation::new(Algorithm::HS256);
        // Checked below, against `now`.
        validation.validate_exp = false;
        validation.validate_aud = false;
        validation.required_spec_claims.clear();
        let claims = jsonwebtoken::decode::<Claims>(token, &self.decoding, &validation).ok()?.claims;
        if claims.exp <= now.timestamp_micros() as f64 / 1e6 {
            return None;
        }
        let user = match &claims.user_id {
            Value::Number(number) => number.as_i64(),
            Value::String(text) => text.parse().ok(),
            _ => None,
        };
        Some(Session { kind: claims.token_type, user, device: claims.device })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_that_does_not_sign_is_an_error_and_not_an_empty_token() {
        let signer = Signer {
            encoding: EncodingKey::from_rsa_der(b"no key for HS256"),
            decoding: DecodingKey::from_secret(b"key"),
        };
        for kind in [TokenKind::Access, TokenKind::Refresh] {
            let refusal = signer.sign(kind, 1, None, "jti", DateTime::UNIX_EPOCH).unwrap_err();
            assert!(refusal.to_string().starts_with("the signing key does not sign: "), "{refusal}");
            assert!(!refusal.to_string().contains("no key for HS256"), "{refusal}");
        }
    }
}
