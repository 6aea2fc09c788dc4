//! Who signs in, as Google or Apple vouch for it: an id token, signed with RS256 by one of the provider's keys, for one of our apps.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;
use serde_json::Value;

use super::keys::{KeyError, ProviderKeys};
use crate::core::model::Provider;

/// How far the provider's clock may be ahead of ours.
const AHEAD: TimeDelta = TimeDelta::seconds(10);
/// Identities are about 1 KiB.
const MAX_TOKEN: usize = 16 * 1024;
/// How much of a foreign audience is logged, in characters.
const SHOWN: usize = 200;

/// A person, as a provider vouches for him.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// Who vouches.
    pub provider: Provider,
    /// The provider's own name for the person, which never changes.
    pub sub: String,
    /// An address that the provider has verified.
    pub email: Option<String>,
}

/// Why an identity does not count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityError {
    /// Its time is over.
    Expired,
    /// It is none, or not for us; for the log.
    Invalid(String),
    /// It cannot be checked; a sentence.
    Unchecked(String),
}

#[derive(Deserialize)]
struct Claims {
    iss: Option<String>,
    sub: Option<String>,
    #[serde(default)]
    aud: Value,
    exp: Option<f64>,
    iat: Option<f64>,
    nbf: Option<f64>,
    email: Option<String>,
    #[serde(default)]
    email_verified: Value,
}

/// Checks an identity that Google issued for one of these audiences.
///
/// # Errors
/// Why it does not count.
pub async fn google(token: &str, keys: &ProviderKeys, audiences: &[&str], now: DateTime<Utc>) -> Result<Person, IdentityError> {
    let claims = checked(token, keys, &["https://accounts.google.com", "accounts.google.com"], audiences, now).await?;
    let person = person(Provider::Google, claims)?;
    if person.email.is_none() {
        return Err(IdentityError::Invalid("it has no verified mail address".to_owned()));
    }
    Ok(person)
}

/// Checks an identity that Apple issued for one of these audiences. Apple may leave the mail address out.
///
/// # Errors
/// Why it does not count.
pub async fn apple(token: &str, keys: &ProviderKeys, audiences: &[&str], now: DateTime<Utc>) -> Result<Person, IdentityError> {
    let claims = checked(token, keys, &["https://appleid.apple.com"], audiences, now).await?;
    person(Provider::Apple, claims)
}

async fn checked(token: &str, keys: &ProviderKeys, issuers: &[&str], audiences: &[&str], now: DateTime<Utc>) -> Result<Claims, IdentityError> {
    let invalid = |reason: &str| IdentityError::Invalid(reason.to_owned());
    if token.len() > MAX_TOKEN {
        return Err(invalid("it is too long"));
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| invalid("it is no JWT with an algorithm we know"))?;
    if header.alg != Algorithm::RS256 {
        return Err(invalid("it is not signed with RS256"));
    }
    let name = header.kid.ok_or_else(|| IdentityError::Unchecked("it names no key".to_owned()))?;
    let key = keys.key(&name, now).await.map_err(|reason| match reason {
        KeyError::Unknown => IdentityError::Unchecked("it names a key that the provider does not have".to_owned()),
        KeyError::NotFetched(sentence) => IdentityError::Unchecked(sentence),
    })?;
    let mut validation = Validation::new(Algorithm::RS256);
    // Below, against the time that is handed in.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation).map_err(|_| invalid("its signature or its claims are not right"))?.claims;
    let seconds = now.timestamp_micros() as f64 / 1e6;
    let latest = seconds + AHEAD.num_seconds() as f64;
    match claims.exp {
        None => return Err(invalid("it never expires")),
        Some(exp) if exp <= seconds => return Err(IdentityError::Expired),
        Some(_) => {}
    }
    if [claims.iat, claims.nbf].into_iter().flatten().any(|from| from > latest) {
        return Err(invalid("it is of the future"));
    }
    if !claims.iss.as_deref().is_some_and(|iss| issuers.contains(&iss)) {
        return Err(invalid("someone else issued it"));
    }
    if !named(&claims.aud).any(|audience| audiences.contains(&audience)) {
        // An audience is an app's name, and no secret.
        let received: String = claims.aud.to_string().chars().take(SHOWN).collect();
        tracing::warn!(received, accepted = ?audiences, "an identity for another app");
        return Err(IdentityError::Invalid(format!("it is for another app: {received}")));
    }
    Ok(claims)
}

/// One audience, or a list of them.
fn named(audience: &Value) -> impl Iterator<Item = &str> {
    audience.as_str().into_iter().chain(audience.as_array().into_iter().flatten().filter_map(Value::as_str))
}

fn person(provider: Provider, claims: Claims) -> Result<Person, IdentityError> {
    let verified = matches!(&claims.email_verified, Value::Bool(true)) || claims.email_verified.as_str() == Some("true");
    let email = claims.email.map(|email| email.trim().to_owned()).filter(|email| verified && email.contains('@'));
    let sub = claims.sub.filter(|sub| !sub.is_empty()).ok_or_else(|| IdentityError::Invalid("it names nobody".to_owned()))?;
    Ok(Person { provider, sub, email })
}
