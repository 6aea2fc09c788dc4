//! Google's tokens for service accounts
//! (<https://developers.google.com/identity/protocols/oauth2/service-account#httprest>).

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Mutex};

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::post;
use axum::{Json, Router};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use chrono::Utc;
use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use onestep_api::settings::Secret;
use serde_json::{Value, json};

use super::{Faults, serve};

/// The address of the service account.
pub(crate) const ACCOUNT: &str = "api@one-step.iam.gserviceaccount.com";

/// Private key in PEM, public key as Google keeps it. One for all tests: it takes long to make.
static KEY: LazyLock<(String, DecodingKey)> = LazyLock::new(|| {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).unwrap();
    let pem =
        format!("-----BEGIN PRIVATE KEY-----\n{}\n-----END PRIVATE KEY-----\n", STANDARD.encode(private.as_ref()));
    (pem, DecodingKey::from_rsa_der(aws_lc_rs::signature::KeyPair::public_key(&pair).as_ref()))
});

/// What a token is good for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Good {
    pub(crate) scope: String,
    /// The user that it speaks for, or the account.
    pub(crate) who: String,
}

#[derive(Default)]
struct Issued {
    tokens: HashMap<String, Good>,
    count: usize,
    strangers: Vec<String>,
}

/// Sells tokens to one account.
#[derive(Clone)]
pub(crate) struct GoogleTokens {
    pub(crate) faults: Faults,
    address: Arc<Mutex<String>>,
    issued: Arc<Mutex<Issued>>,
}

impl GoogleTokens {
    pub(crate) async fn start() -> Self {
        let tokens = Self { faults: Faults::default(), address: Arc::default(), issued: Arc::default() };
        let routes = Router::new().route("/token", post(sell)).with_state(tokens.clone());
        *tokens.address.lock().unwrap() = format!("{}/token", serve(routes, tokens.faults.clone()).await);
        tokens
    }

    /// The JSON of the account's key.
    pub(crate) fn account(&self) -> Secret {
        let json = json!({
            "type": "service_account", "project_id": "one-step", "private_key_id": "k1", "private_key": KEY.0,
            "client_email": ACCOUNT, "token_uri": *self.address.lock().unwrap(),
        });
        Secret::new(json.to_string())
    }

    /// How many were sold.
    pub(crate) fn sold(&self) -> usize {
        self.issued.lock().unwrap().count
    }

    /// None of those sold is good any more.
    pub(crate) fn expire(&self) {
        self.issued.lock().unwrap().tokens.clear();
    }

    /// The domain of this user does not let the account act for them.
    pub(crate) fn stranger(&self, address: &str) {
        self.issued.lock().unwrap().strangers.push(address.to_owned());
    }

    /// What the token of a request is good for.
    pub(crate) fn check(&self, headers: &HeaderMap) -> Option<Good> {
        let token = headers.get("authorization")?.to_str().ok()?.strip_prefix("Bearer ")?;
        self.issued.lock().unwrap().tokens.get(token).cloned()
    }

    fn sale(&self, form: &str) -> Result<Value, (&'static str, String)> {
        let field = |name: &str| {
            url::form_urlencoded::parse(form.as_bytes())
                .find(|(field, _)| field == name)
                .map(|(_, value)| value.into_owned())
        };
        if field("grant_type").as_deref() != Some("urn:ietf:params:oauth:grant-type:jwt-bearer") {
            return Err(("unsupported_grant_type", "Invalid grant_type".to_owned()));
        }
        let mut validation = Validation::new(Algorithm::RS256);
        validation.set_issuer(&[ACCOUNT]);
        validation.set_audience(&[self.address.lock().unwrap().as_str()]);
        validation.set_required_spec_claims(&["iss", "aud", "exp"]);
        let claims = jsonwebtoken::decode::<Value>(field("assertion").unwrap_or_default(), &KEY.1, &validation);
        let claims = claims.map_err(|error| ("invalid_grant", format!("Invalid JWT: {error}")))?.claims;
        let (iat, exp) = (claims["iat"].as_i64().unwrap_or(0), claims["exp"].as_i64().unwrap_or(0));
        if exp - iat > 3600 || (Utc::now().timestamp() - iat).abs() > 300 {
            return Err((
                "invalid_grant",
                "Invalid JWT: Token must be a short-lived token (60 minutes) and in a reasonable timeframe.".to_owned(),
            ));
        }
        let scope = claims["scope"]
            .as_str()
            .ok_or(("invalid_scope", "Empty or missing scope not allowed.".to_owned()))?
            .to_owned();
        let who = claims["sub"].as_str().unwrap_or(ACCOUNT).to_owned();
        let mut issued = self.issued.lock().unwrap();
        if issued.strangers.contains(&who) {
            let reason = "Client is unauthorized to retrieve access tokens using this method, or client not authorized for any of the scopes requested.";
            return Err(("unauthorized_client", reason.to_owned()));
        }
        issued.count += 1;
        let token = format!("ya29.secret-{}", issued.count);
        issued.tokens.insert(token.clone(), Good { scope, who });
        Ok(json!({ "access_token": token, "expires_in": 3599, "token_type": "Bearer" }))
    }
}

async fn sell(State(tokens): State<GoogleTokens>, headers: HeaderMap, form: String) -> Response {
    assert_eq!(headers["content-type"], "application/x-www-form-urlencoded");
    match tokens.sale(&form) {
        Ok(token) => Json(token).into_response(),
        Err((error, description)) => {
            (StatusCode::BAD_REQUEST, Json(json!({ "error": error, "error_description": description }))).into_response()
        }
    }
}
