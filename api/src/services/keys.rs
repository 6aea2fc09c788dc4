//! The public keys of an identity provider: fetched when they are needed, and cached for as long as the provider says.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use chrono::{DateTime, TimeDelta, Utc};
use jsonwebtoken::DecodingKey;
use serde::Deserialize;
use serde_json::Value;
use tokio::sync::Mutex;

use super::client::{self, LazyClient};

/// The time limit of connecting and reading together.
const BUDGET: Duration = Duration::from_secs(3);
/// How long keys are cached when the provider does not say.
const USUAL_AGE: TimeDelta = TimeDelta::hours(1);
/// The longest time for which keys are cached, whatever the provider says.
const MAX_AGE: TimeDelta = TimeDelta::hours(24);
/// How long expired keys are used while the provider cannot be reached.
const STALE: TimeDelta = TimeDelta::hours(24);
/// How often an unknown key causes a request: any client can send tokens that name unknown keys.
const UNKNOWN_EVERY: TimeDelta = TimeDelta::minutes(1);
/// How long to wait after a failed request, while there are keys to use.
const PAUSE: TimeDelta = TimeDelta::seconds(10);
/// How much of the name of a key is logged, in characters.
const SHOWN: usize = 100;
/// The longest answer in bytes. Google and Apple answer with a few KiB.
const MAX_ANSWER: usize = 256 * 1024;

/// The keys of one provider.
pub struct ProviderKeys {
    provider: &'static str,
    address: String,
    web: Arc<LazyClient>,
    kept: RwLock<CachedKeys>,
    /// Held during a request: one at a time.
    fetching: Mutex<()>,
    /// Counts the requests.
    tries: AtomicU64,
}

#[derive(Clone, Default)]
struct CachedKeys {
    keys: Arc<HashMap<String, DecodingKey>>,
    /// When the keys were fetched and when they expire; None: never fetched.
    times: Option<(DateTime<Utc>, DateTime<Utc>)>,
    /// When keys were last fetched because of an unknown key.
    sought: Option<DateTime<Utc>>,
    /// When and why the last request failed.
    failed: Option<(DateTime<Utc>, String)>,
}

/// Why there is no key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeyError {
    /// The provider has no key of this name.
    Unknown,
    /// The keys cannot be fetched. The reason is a sentence.
    NotFetched(String),
}

impl CachedKeys {
    fn is_fresh(&self, now: DateTime<Utc>) -> bool {
        // A clock that was set back does not make old keys fresh.
        self.times.is_some_and(|(fetched, until)| fetched <= now && now < until)
    }

    fn is_usable(&self, now: DateTime<Utc>) -> bool {
        self.times.is_some_and(|(_, until)| now < until + STALE)
    }

    fn was_just_sought(&self, now: DateTime<Utc>) -> bool {
        self.sought.is_some_and(|at| (now - at).abs() < UNKNOWN_EVERY)
    }

    fn has_just_failed(&self, now: DateTime<Utc>) -> bool {
        self.failed.as_ref().is_some_and(|(at, _)| (now - *at).abs() < PAUSE)
    }
}

impl ProviderKeys {
    /// The keys at this URL. Sends no request yet.
    pub fn new(provider: &'static str, address: String, web: Arc<LazyClient>) -> Self {
        Self { provider, address, web, kept: RwLock::default(), fetching: Mutex::default(), tries: AtomicU64::new(0) }
    }

    /// The key of this name.
    ///
    /// # Errors
    /// When the provider has no such key, or the keys cannot be fetched.
    pub async fn key(&self, name: &str, now: DateTime<Utc>) -> Result<DecodingKey, KeyError> {
        let kept = self.kept();
        match kept.keys.get(name) {
            Some(key) if kept.is_fresh(now) => return Ok(key.clone()),
            None if kept.is_fresh(now) && kept.was_just_sought(now) => return Err(KeyError::Unknown),
            _ => {}
        }
        if !(kept.is_usable(now) && kept.has_just_failed(now)) {
            self.fetch_together(now, kept.is_fresh(now)).await;
        }
        let kept = self.kept();
        let usable = kept.is_usable(now);
        match (kept.keys.get(name).filter(|_| usable), &kept.failed) {
            (Some(key), _) => Ok(key.clone()),
            (None, Some((_, reason))) => Err(KeyError::NotFetched(reason.clone())),
            (None, None) => Err(KeyError::Unknown),
        }
    }

    fn kept(&self) -> CachedKeys {
        self.kept.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Fetches the keys. Of several tasks that call this at once, one sends the request and all see the result.
    async fn fetch_together(&self, now: DateTime<Utc>, for_an_unknown_key: bool) {
        let seen = self.tries.load(Ordering::Acquire);
        let _turn = self.fetching.lock().await;
        if self.tries.load(Ordering::Acquire) != seen {
            return;
        }
        let fetched = self.fetch().await;
        {
            let mut kept = self.kept.write().unwrap_or_else(PoisonError::into_inner);
            match fetched {
                Ok((keys, age)) => {
                    *kept = CachedKeys {
                        keys: Arc::new(keys),
                        times: Some((now, now + age)),
                        failed: None,
                        sought: kept.sought,
                    }
                }
                Err(reason) => {
                    tracing::warn!(
                        provider = self.provider,
                        reason,
                        usable = kept.is_usable(now),
                        "the provider's keys cannot be fetched"
                    );
                    kept.failed = Some((now, reason));
                }
            }
            if for_an_unknown_key {
                kept.sought = Some(now);
            }
        }
        self.tries.fetch_add(1, Ordering::Release);
    }

    async fn fetch(&self) -> Result<(HashMap<String, DecodingKey>, TimeDelta), String> {
        let whose = |reason: &str| format!("{}'s keys: {reason}", self.provider);
        let request = self.web.client()?.get(&self.address).header("accept", "application/json");
        let answer = client::send(request, BUDGET, MAX_ANSWER).await.map_err(|error| whose(error.reason))?;
        if !answer.status.is_success() {
            return Err(whose(&format!("answered {}", answer.status.as_u16())));
        }
        let Published { keys, unreadable } =
            read(&answer.body).ok_or_else(|| whose("the answer is not a set of keys"))?;
        if !unreadable.is_empty() {
            tracing::warn!(provider = self.provider, keys = ?unreadable, "some keys cannot be read; identities that are signed with them are refused");
        }
        if keys.is_empty() {
            return Err(whose("the answer has no keys"));
        }
        let age = answer
            .max_age
            .and_then(|seconds| TimeDelta::try_seconds(i64::try_from(seconds).ok()?))
            .unwrap_or(USUAL_AGE);
        Ok((keys, age.min(MAX_AGE)))
    }
}

/// The keys in an answer.
#[derive(Default)]
struct Published {
    keys: HashMap<String, DecodingKey>,
    /// Names of keys for RS256 that cannot be read.
    unreadable: Vec<String>,
}

impl Published {
    fn add(&mut self, name: &str, key: Option<DecodingKey>) {
        match key {
            Some(key) => {
                self.keys.insert(name.to_owned(), key);
            }
            None => self.unreadable.push(name.chars().take(SHOWN).collect()),
        }
    }
}

/// Reads a set of JSON web keys (RFC 7517), or Google's older map from names to certificates; None when it is neither.
/// Keys for anything but RS256 signatures are left out.
fn read(body: &[u8]) -> Option<Published> {
    #[derive(Deserialize)]
    struct Jwk {
        kid: Option<String>,
        kty: String,
        n: Option<String>,
        e: Option<String>,
        alg: Option<String>,
        #[serde(rename = "use")]
        purpose: Option<String>,
    }
    let Value::Object(answer) = serde_json::from_slice(body).ok()? else { return None };
    let mut published = Published::default();
    let Some(keys) = answer.get("keys") else {
        for (name, certificate) in &answer {
            published.add(name, certificate.as_str().and_then(|pem| DecodingKey::from_rsa_pem(pem.as_bytes()).ok()));
        }
        return Some(published);
    };
    for (index, key) in keys.as_array()?.iter().enumerate() {
        let number = || format!("number {index}");
        let Ok(key) = Jwk::deserialize(key) else {
            published.add(&number(), None);
            continue;
        };
        if key.kty == "RSA"
            && key.alg.is_none_or(|name| name == "RS256")
            && key.purpose.is_none_or(|purpose| purpose == "sig")
        {
            let decoding = key.n.zip(key.e).and_then(|(n, e)| DecodingKey::from_rsa_components(&n, &e).ok());
            match key.kid {
                Some(name) => published.add(&name, decoding),
                None => published.add(&number(), None),
            }
        }
    }
    Some(published)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_key_for_rs256_that_cannot_be_read_is_named_and_keys_for_something_else_are_left_out() {
        let right = json!({"kid": "right", "kty": "RSA", "n": "AQAB", "e": "AQAB", "alg": "RS256", "use": "sig"});
        let changed = |name: &str, field: &str, value: Value| {
            let mut key = right.clone();
            key["kid"] = json!(name);
            key[field] = value;
            key
        };
        for (answer, readable, unreadable) in [
            (json!({"keys": [right]}), vec!["right"], vec![]),
            (
                json!({"keys": [right, changed("no-n", "n", Value::Null), changed("odd-n", "n", json!("/+"))]}),
                vec!["right"],
                vec!["no-n", "odd-n"],
            ),
            (json!({"keys": [changed("", "kid", Value::Null), 5, right]}), vec!["right"], vec!["number 0", "number 1"]),
            (
                json!({"keys": [changed("ec", "kty", json!("EC")), changed("es", "alg", json!("ES256")), changed("enc", "use", json!("enc"))]}),
                vec![],
                vec![],
            ),
            (json!({"older": "no certificate", "odd": 5}), vec![], vec!["odd", "older"]),
        ] {
            let published = read(answer.to_string().as_bytes()).unwrap();
            assert_eq!(published.keys.keys().collect::<Vec<_>>(), readable, "{answer}");
            assert_eq!(published.unreadable, unreadable, "{answer}");
        }
        for neither in ["", "[]", "{\"keys\": 5}", "<html>"] {
            assert!(read(neither.as_bytes()).is_none(), "{neither}");
        }
    }
}
