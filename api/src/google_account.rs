//! A service account of Google: the JSON of its key, and access tokens.
//!
//! A signed assertion is posted to the account's `token_uri`; the answer is a token for one scope, valid for an hour
//! (<https://developers.google.com/identity/protocols/oauth2/service-account#httprest>). With a subject, the token acts
//! for that user; an administrator of the user's Workspace must allow this (domain-wide delegation).

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::StatusCode;
use serde::{Deserialize, Serialize};
use url::Url;

use onestep_core::secret::Secret;

use crate::answer;

/// How long an assertion is valid: Google's maximum.
const ASSERTION_HOLDS: TimeDelta = TimeDelta::hours(1);
/// A token is not used in this time before its end: longer than any request takes, and than clocks differ.
const SPARE: TimeDelta = TimeDelta::minutes(2);
/// An answer with a token is about 1 KiB.
const MAX_ANSWER: usize = 64 * 1024;
/// The most tokens that are kept at the same time.
const KEPT: usize = 10_000;

/// The account. Its `Debug` form shows nothing of the key.
#[derive(Clone)]
pub struct ServiceAccount {
    /// The project it belongs to.
    pub project_id: String,
    /// Its mail address.
    pub client_email: String,
    /// Where tokens are requested.
    pub token_uri: Url,
    key_id: Option<String>,
    key: EncodingKey,
}

impl std::fmt::Debug for ServiceAccount {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.debug_struct("ServiceAccount").field("client_email", &self.client_email).finish_non_exhaustive()
    }
}

#[derive(Deserialize)]
struct Json {
    project_id: Option<String>,
    client_email: Option<String>,
    private_key: Option<String>,
    private_key_id: Option<String>,
    token_uri: Option<String>,
}

impl ServiceAccount {
    /// Reads the JSON of a key, as Google's console gives it.
    ///
    /// # Errors
    /// What is missing or wrong in it, without any of its values.
    pub fn parse(json: &Secret) -> Result<Self, String> {
        // Without the parser's own message, which quotes the text.
        let fields: Json = serde_json::from_str(json.reveal()).map_err(|error| {
            format!(
                "the service account is not the JSON of a key: wrong at line {}, column {}",
                error.line(),
                error.column()
            )
        })?;
        let given = |name: &str, value: Option<String>| {
            value.filter(|text| !text.trim().is_empty()).ok_or_else(|| {
                format!("the service account has no {name}; download its key again from the console of Google")
            })
        };
        let private_key = given("private_key", fields.private_key)?;
        // In a setting, the line ends are often written as the two characters `\n`.
        let pem = private_key.replace("\\n", "\n");
        let key = EncodingKey::from_rsa_pem(pem.as_bytes())
            .map_err(|_| "the service account's private_key is not an RSA key in PEM".to_owned())?;
        let token_uri = fields.token_uri.unwrap_or_else(|| "https://oauth2.googleapis.com/token".to_owned());
        Ok(Self {
            project_id: given("project_id", fields.project_id)?,
            client_email: given("client_email", fields.client_email)?,
            token_uri: secure_url(&token_uri).map_err(|reason| format!("the service account's token_uri {reason}"))?,
            key_id: fields.private_key_id,
            key,
        })
    }

    /// The assertion that is exchanged for a token.
    fn assertion(&self, scope: &str, subject: Option<&str>, now: DateTime<Utc>) -> Result<String, String> {
        #[derive(Serialize)]
        struct Claims<'a> {
            iss: &'a str,
            scope: &'a str,
            /// The `token_uri` of the JSON, even when tokens are requested elsewhere.
            aud: &'a str,
            iat: i64,
            exp: i64,
            #[serde(skip_serializing_if = "Option::is_none")]
            sub: Option<&'a str>,
        }
        let exp = (now + ASSERTION_HOLDS).timestamp();
        let claims = Claims {
            iss: &self.client_email,
            scope,
            aud: self.token_uri.as_str(),
            iat: now.timestamp(),
            exp,
            sub: subject,
        };
        let header = Header { kid: self.key_id.clone(), ..Header::new(Algorithm::RS256) };
        jsonwebtoken::encode(&header, &claims, &self.key)
            .map_err(|_| "the service account's private_key does not sign".to_owned())
    }
}

/// Reads a URL to which secrets may be sent: `https`, or any URL on this machine.
///
/// # Errors
/// What is wrong with it, as the end of a sentence.
pub fn secure_url(text: &str) -> Result<Url, String> {
    let url = Url::parse(text).map_err(|error| format!("is not a URL: {error}"))?;
    let here = match url.host() {
        Some(url::Host::Domain(name)) => name == "localhost",
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    };
    match url.scheme() {
        "https" => Ok(url),
        "http" if here => Ok(url),
        _ => Err("must begin with https:// (http:// is for this machine only)".to_owned()),
    }
}

struct Token {
    value: Secret,
    until: DateTime<Utc>,
}

/// By scope and subject.
type TokenCache = HashMap<(String, Option<String>), Token>;

/// Requests tokens and keeps each until shortly before its end. Cheap to clone; the clones share the tokens.
#[derive(Clone)]
pub struct AccessTokens {
    account: Arc<ServiceAccount>,
    address: Url,
    http: reqwest::Client,
    kept: Arc<Mutex<TokenCache>>,
}

impl AccessTokens {
    /// Tokens of this account, from its `token_uri` or another URL. `http` must have a timeout.
    ///
    /// # Errors
    /// When secrets may not be sent to the other URL.
    pub fn new(
        account: ServiceAccount,
        token_url_override: Option<String>,
        http: reqwest::Client,
    ) -> Result<Self, String> {
        let address = match token_url_override {
            Some(text) => secure_url(&text).map_err(|reason| format!("the URL for Google's tokens {reason}"))?,
            None => account.token_uri.clone(),
        };
        Ok(Self { account: Arc::new(account), address, http, kept: Arc::default() })
    }

    /// The account.
    pub fn account(&self) -> &ServiceAccount {
        &self.account
    }

    /// A token for one scope, for the account itself or for a user for whom it acts.
    ///
    /// # Errors
    /// One sentence for the operator: what Google says, and what to do.
    pub async fn token(&self, scope: &str, subject: Option<&str>, now: DateTime<Utc>) -> Result<Secret, String> {
        let name = (scope.to_owned(), subject.map(str::to_owned));
        if let Some(token) = self.kept().get(&name).filter(|token| now < token.until) {
            return Ok(token.value.clone());
        }
        let token = self.buy(scope, subject, now).await?;
        let value = token.value.clone();
        let mut kept = self.kept();
        if kept.len() >= KEPT {
            kept.retain(|_, token| now < token.until);
        }
        if kept.len() < KEPT {
            kept.insert(name, token);
        }
        Ok(value)
    }

    /// Forgets this token, because a service refused it.
    pub fn forget(&self, refused: &Secret) {
        self.kept().retain(|_, token| token.value != *refused);
    }

    fn kept(&self) -> MutexGuard<'_, TokenCache> {
        // Each statement leaves the map consistent, so a panic elsewhere does not matter.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn buy(&self, scope: &str, subject: Option<&str>, now: DateTime<Utc>) -> Result<Token, String> {
        #[derive(Deserialize)]
        struct Bought {
            access_token: String,
            /// Seconds.
            expires_in: i64,
        }
        let assertion = self.account.assertion(scope, subject, now)?;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("grant_type", "urn:ietf:params:oauth:grant-type:jwt-bearer")
            .append_pair("assertion", &assertion)
            .finish();
        let request =
            self.http.post(self.address.clone()).header("content-type", "application/x-www-form-urlencoded").body(form);
        let failed = |reason: &str| format!("Google's tokens: {reason}");
        let answer = request.send().await.map_err(|error| failed(answer::reason(&error)))?;
        let status = answer.status();
        let body = answer::body(answer, MAX_ANSWER).await.map_err(failed)?;
        if !status.is_success() {
            return Err(refused(status, &body, &self.account.client_email, scope, subject));
        }
        let bought: Bought =
            serde_json::from_slice(&body).map_err(|_| "Google's tokens: the answer is not a token".to_owned())?;
        let holds = TimeDelta::try_seconds(bought.expires_in.clamp(0, 86_400)).unwrap_or_default();
        // A token that is valid for less than twice the spare time is used for half of its time.
        let used = if holds > SPARE * 2 { holds - SPARE } else { holds / 2 };
        Ok(Token { value: Secret::new(bought.access_token), until: now + used })
    }
}

/// Why there is no token, and what to do (RFC 6749, section 5.2).
fn refused(status: StatusCode, body: &[u8], account: &str, scope: &str, subject: Option<&str>) -> String {
    #[derive(Deserialize)]
    struct Refusal {
        error: String,
        #[serde(default)]
        error_description: String,
    }
    let Ok(Refusal { error, error_description }) = serde_json::from_slice(body) else {
        return format!("Google's tokens: answered {status}");
    };
    let said: String =
        format!("{error}: {error_description}").chars().filter(|sign| !sign.is_control()).take(200).collect();
    match (error.as_str(), subject) {
        ("unauthorized_client" | "access_denied", Some(_)) => format!(
            "Google gives {account} no token for this user ({said}); an administrator of the user's Workspace must allow it domain-wide delegation with the scope {scope}"
        ),
        ("invalid_grant", Some(_)) => {
            format!(
                "Google gives {account} no token for this user ({said}); the address must be a Workspace account, and this machine's clock must be right"
            )
        }
        ("invalid_grant", None) => format!(
            "Google refuses the key of {account} ({said}); make a new key in the console, or set this machine's clock"
        ),
        _ => format!("Google gives {account} no token: {said}"),
    }
}
