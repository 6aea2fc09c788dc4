//! Identity tokens of Google and Apple: signed with RS256 by a key of the provider, for one of our apps.

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, Validation};
use serde::Deserialize;
use serde_json::Value;

use super::keys::{KeyError, ProviderKeys};
use onestep_core::model::Provider;

/// How far the provider's clock may be ahead of ours.
const AHEAD: TimeDelta = TimeDelta::seconds(10);
/// The longest identity token in bytes. Real ones have about 1 KiB.
const MAX_TOKEN: usize = 16 * 1024;
/// How much of an unknown audience is logged, in characters.
const SHOWN: usize = 200;

/// A person, as the provider identifies them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Person {
    /// The identity provider.
    pub provider: Provider,
    /// The provider's id of the person, which never changes.
    pub sub: String,
    /// The mail address, if the provider has verified it.
    pub email: Option<String>,
}

/// Why an identity token is refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IdentityError {
    /// It has expired.
    Expired,
    /// It is not valid, or for another app. The reason is for the log.
    Invalid(String),
    /// It cannot be checked. The reason is a sentence.
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

/// Checks an identity token that Google issued for one of these audiences.
///
/// # Errors
/// Why it is refused.
pub async fn google(
    token: &str,
    keys: &ProviderKeys,
    audiences: &[&str],
    now: DateTime<Utc>,
) -> Result<Person, IdentityError> {
    let claims = checked(token, keys, &["https://accounts.google.com", "accounts.google.com"], audiences, now).await?;
    let person = person(Provider::Google, claims)?;
    if person.email.is_none() {
        return Err(IdentityError::Invalid("it has no verified mail address".to_owned()));
    }
    Ok(person)
}

/// Checks an identity token that Apple issued for one of these audiences. Apple may leave out the mail address.
///
/// # Errors
/// Why it is refused.
pub async fn apple(
    token: &str,
    keys: &ProviderKeys,
    audiences: &[&str],
    now: DateTime<Utc>,
) -> Result<Person, IdentityError> {
    let claims = checked(token, keys, &["https://appleid.apple.com"], audiences, now).await?;
    person(Provider::Apple, claims)
}

async fn checked(
    token: &str,
    keys: &ProviderKeys,
    issuers: &[&str],
    audiences: &[&str],
    now: DateTime<Utc>,
) -> Result<Claims, IdentityError> {
    let invalid = |reason: &str| IdentityError::Invalid(reason.to_owned());
    if token.len() > MAX_TOKEN {
        return Err(invalid("it is too long"));
    }
    let header = jsonwebtoken::decode_header(token).map_err(|_| invalid("it is not a JWT with a known algorithm"))?;
    if header.alg != Algorithm::RS256 {
        return Err(invalid("it is not signed with RS256"));
    }
    let name = header.kid.ok_or_else(|| IdentityError::Unchecked("it names no key".to_owned()))?;
    let key = keys.key(&name, now).await.map_err(|reason| match reason {
        KeyError::Unknown => IdentityError::Unchecked("it names a key that the provider does not have".to_owned()),
        KeyError::NotFetched(sentence) => IdentityError::Unchecked(sentence),
    })?;
    let mut validation = Validation::new(Algorithm::RS256);
    // Checked below, against `now`.
    validation.validate_exp = false;
    validation.validate_aud = false;
    validation.required_spec_claims.clear();
    let claims = jsonwebtoken::decode::<Claims>(token, &key, &validation)
        .map_err(|_| invalid("its signature or its claims are not valid"))?
        .claims;
    let seconds = now.timestamp_micros() as f64 / 1e6;
    let latest = seconds + AHEAD.num_seconds() as f64;
    match claims.exp {
        None => return Err(invalid("it has no expiry")),
        Some(exp) if exp <= seconds => return Err(IdentityError::Expired),
        Some(_) => {}
    }
    if [claims.iat, claims.nbf].into_iter().flatten().any(|from| from > latest) {
        return Err(invalid("it is not valid yet"));
    }
    if !claims.iss.as_deref().is_some_and(|iss| issuers.contains(&iss)) {
        return Err(invalid("another issuer issued it"));
    }
    if !named(&claims.aud).any(|audience| audiences.contains(&audience)) {
        // An audience is the name of an app, and not secret.
        let received: String = claims.aud.to_string().chars().take(SHOWN).collect();
        tracing::warn!(received, accepted = ?audiences, "the identity is for another app");
        return Err(IdentityError::Invalid(format!("it is for another app: {received}")));
    }
    Ok(claims)
}

/// One audience, or a list of them.
fn named(audience: &Value) -> impl Iterator<Item = &str> {
    audience.as_str().into_iter().chain(audience.as_array().into_iter().flatten().filter_map(Value::as_str))
}

fn person(provider: Provider, claims: Claims) -> Result<Person, IdentityError> {
    let verified =
        matches!(&claims.email_verified, Value::Bool(true)) || claims.email_verified.as_str() == Some("true");
    let email = claims.email.map(|email| email.trim().to_owned()).filter(|email| verified && email.contains('@'));
    let sub =
        claims.sub.filter(|sub| !sub.is_empty()).ok_or_else(|| IdentityError::Invalid("it has no sub".to_owned()))?;
    Ok(Person { provider, sub, email })
}
