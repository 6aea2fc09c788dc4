//! Identities as Google and Apple issue them, signed with keys made for this run.

use std::sync::OnceLock;

use aws_lc_rs::encoding::AsDer;
use aws_lc_rs::rsa::KeySize;
use aws_lc_rs::signature::{KeyPair, RsaKeyPair};
use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use chrono::Utc;
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use serde_json::{Value, json};

pub(crate) const ANDROID: &str = "android.apps.googleusercontent.com";
pub(crate) const IOS: &str = "ios.apps.googleusercontent.com";
pub(crate) const BUNDLE: &str = "com.safezone.onestep";

/// One key pair of a provider.
pub(crate) struct Signing {
    pub(crate) name: &'static str,
    pub(crate) private: EncodingKey,
    pem: String,
    pub(crate) jwk: Value,
}

fn make(name: &'static str) -> Signing {
    let pair = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let number = |bytes: &[u8]| BASE64_URL_SAFE_NO_PAD.encode(bytes);
    let public = pair.public_key();
    let jwk = json!({"kid": name, "kty": "RSA", "alg": "RS256", "use": "sig",
        "n": number(public.modulus().big_endian_without_leading_zero()), "e": number(public.exponent().big_endian_without_leading_zero())});
    let document: aws_lc_rs::encoding::Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let pem = pem(document.as_ref());
    Signing { name, private: EncodingKey::from_rsa_pem(pem.as_bytes()).unwrap(), pem, jwk }
}

fn pem(der: &[u8]) -> String {
    format!(
        "-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n",
        base64::prelude::BASE64_STANDARD.encode(der)
    )
}

/// The key that a provider signs with.
pub(crate) fn current() -> &'static Signing {
    static KEY: OnceLock<Signing> = OnceLock::new();
    KEY.get_or_init(|| make("current"))
}

/// Another one.
pub(crate) fn other() -> &'static Signing {
    static KEY: OnceLock<Signing> = OnceLock::new();
    KEY.get_or_init(|| make("other"))
}

/// A private key as the JSON of a service account has it.
pub(crate) fn private_pem() -> &'static str {
    &current().pem
}

/// What a provider publishes.
pub(crate) fn published(keys: &[&Signing]) -> Value {
    json!({"keys": keys.iter().map(|key| key.jwk.clone()).collect::<Vec<_>>()})
}

pub(crate) fn signed(key: &Signing, claims: &Value) -> String {
    jsonwebtoken::encode(
        &Header { kid: Some(key.name.to_owned()), ..Header::new(Algorithm::RS256) },
        claims,
        &key.private,
    )
    .unwrap()
}

/// As Google vouches for an address, to the app for Android.
pub(crate) fn google(email: &str) -> Value {
    let now = Utc::now().timestamp();
    json!({"iss": "https://accounts.google.com", "aud": ANDROID, "azp": ANDROID, "sub": format!("g-{email}"), "email": email, "email_verified": true,
        "iat": now, "exp": now + 3600})
}

/// As Apple vouches for a person.
pub(crate) fn apple(sub: &str, email: Option<&str>) -> Value {
    let now = Utc::now().timestamp();
    let mut claims =
        json!({"iss": "https://appleid.apple.com", "aud": BUNDLE, "sub": sub, "iat": now, "exp": now + 600});
    if let Some(email) = email {
        claims["email"] = json!(email);
        claims["email_verified"] = json!("true");
    }
    claims
}

/// The same claims with one of them changed; null removes it.
pub(crate) fn with(mut claims: Value, name: &str, value: Value) -> Value {
    let fields = claims.as_object_mut().unwrap();
    if value.is_null() {
        fields.remove(name);
    } else {
        fields.insert(name.to_owned(), value);
    }
    claims
}
