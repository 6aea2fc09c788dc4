//! Answers: JSON always, and nothing in them that is meant for the operator.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::core::token::SignError;
use crate::store::StoreError;

/// What is wrong with each field of a request; keys in camelCase, `nonFieldErrors` for what concerns none of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldErrors(Map<String, Value>);

impl FieldErrors {
    /// One sentence about one field.
    pub fn of(field: &str, sentence: impl Into<String>) -> Self {
        let mut faults = Self::default();
        faults.add(field, sentence);
        faults
    }

    /// One sentence more about a field, given in camelCase.
    pub fn add(&mut self, field: &str, sentence: impl Into<String>) {
        let sentences = self.0.entry(field).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(sentences) = sentences {
            sentences.push(Value::String(sentence.into()));
        }
    }

    /// Takes in those of another.
    pub fn merge(&mut self, other: Self) {
        for (field, sentences) in other.0 {
            for sentence in sentences.as_array().into_iter().flatten().filter_map(Value::as_str) {
                self.add(&field, sentence);
            }
        }
    }

    /// Whether something is wrong with this field, given in camelCase.
    pub fn has(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    /// Nothing is wrong.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As the client gets it.
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    /// In one sentence, for the routes whose answer has it under `error`.
    pub fn sentence(&self) -> String {
        let field = |(field, sentences): (&String, &Value)| {
            let sentences: Vec<&str> = sentences.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            format!("{field}: {}", sentences.join(" "))
        };
        self.0.iter().map(field).collect::<Vec<_>>().join(" ")
    }
}

/// Why a request is not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    /// 400 with the faults field by field.
    Fields(FieldErrors),
    /// 400 with one object an element of the list that was sent, `{}` where nothing is wrong.
    Rows(Vec<FieldErrors>),
    /// 400 `{"error": ...}` with the faults as a sentence, and field by field beside it.
    Sentence(FieldErrors),
    /// 400 `{"error": ...}`.
    Bad(String),
    /// 404 `{"error": ...}`.
    Missing(String),
    /// 401.
    Unauthorized(Unauthorized),
    /// 413 `{"error": ...}`.
    TooLarge(String),
    /// 429 `{"error": ...}`; seconds until it is worth trying again.
    TooOften(String, u64),
    /// 502 `{"error": ...}`: a service of others failed.
    Upstream(String),
    /// 503 `{"error": ...}`, naming the hop; worth trying again.
    Unavailable(String),
    /// 500 `{"error": ...}`; the cause is in the log only.
    Internal,
}

/// Why the caller is not let in. The client acts on the `detail` of two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unauthorized {
    /// No header, or another scheme.
    NotProvided,
    /// Not two words.
    BadHeader,
    /// No access token of ours, or no longer.
    NotValid,
    /// A token without a usable user id.
    NoUserId,
    /// A user that is not there, or no longer.
    UserNotFound,
    /// For the token routes: not a token of ours, or no longer.
    InvalidOrExpired,
    /// For the token routes: ours, but of the other kind.
    WrongType,
}

impl Unauthorized {
    /// The body of the answer.
    pub fn body(self) -> Value {
        let coded = |detail: &str, code: &str| json!({"detail": detail, "code": code});
        match self {
            Self::NotProvided => json!({"detail": "Authentication credentials were not provided."}),
            Self::BadHeader => coded("Authorization header must contain two space-delimited values", "bad_authorization_header"),
            Self::NotValid => json!({
                "detail": "Given token not valid for any token type",
                "code": "token_not_valid",
                "messages": [{"tokenClass": "AccessToken", "tokenType": "access", "message": "Token is invalid or expired"}],
            }),
            Self::NoUserId => coded("Token contained no recognizable user identification", "token_not_valid"),
            Self::UserNotFound => coded("User not found", "user_not_found"),
            Self::InvalidOrExpired => coded("Token is invalid or expired", "token_not_valid"),
            Self::WrongType => coded("Token has wrong type", "token_not_valid"),
        }
    }
}

impl From<FieldErrors> for ApiError {
    fn from(faults: FieldErrors) -> Self {
        Self::Fields(faults)
    }
}

impl From<Unauthorized> for ApiError {
    fn from(why: Unauthorized) -> Self {
        Self::Unauthorized(why)
    }
}

impl From<SignError> for ApiError {
    fn from(error: SignError) -> Self {
        tracing::error!(%error, "token");
        Self::Internal
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        tracing::error!(error = %error, "store");
        match error {
            StoreError::Contended(_) => Self::Unavailable("The same rows are being changed by someone else. Please try again.".to_owned()),
            StoreError::Throttled { store, .. } => Self::Unavailable(format!("{store} asks for a pause. Please try again.")),
            StoreError::Unavailable { store, .. } => Self::Unavailable(format!("{store} cannot be reached.")),
            StoreError::Full { store, .. } => Self::TooLarge(format!("{store} has no room for this.")),
            StoreError::Taken(_) | StoreError::Broken { .. } => Self::Internal,
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let error = |status: StatusCode, sentence: String| (status, Json(json!({"error": sentence}))).into_response();
        match self {
            Self::Fields(faults) => (StatusCode::BAD_REQUEST, Json(faults.into_value())).into_response(),
            Self::Rows(rows) => (StatusCode::BAD_REQUEST, Json(rows.into_iter().map(FieldErrors::into_value).collect::<Value>())).into_response(),
            Self::Sentence(faults) => {
                let sentence = faults.sentence();
                let mut body = faults.into_value();
                body["error"] = Value::String(sentence);
                (StatusCode::BAD_REQUEST, Json(body)).into_response()
            }
            Self::Bad(sentence) => error(StatusCode::BAD_REQUEST, sentence),
            Self::Missing(sentence) => error(StatusCode::NOT_FOUND, sentence),
            Self::Unauthorized(why) => {
                let challenge = [(header::WWW_AUTHENTICATE, HeaderValue::from_static(r#"Bearer realm="api""#))];
                (StatusCode::UNAUTHORIZED, challenge, Json(why.body())).into_response()
            }
            Self::TooLarge(sentence) => error(StatusCode::PAYLOAD_TOO_LARGE, sentence),
            Self::TooOften(sentence, seconds) => {
                let mut response = error(StatusCode::TOO_MANY_REQUESTS, sentence);
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(seconds));
                response
            }
            Self::Upstream(sentence) => error(StatusCode::BAD_GATEWAY, sentence),
            Self::Unavailable(sentence) => error(StatusCode::SERVICE_UNAVAILABLE, sentence),
            Self::Internal => error(StatusCode::INTERNAL_SERVER_ERROR, "Something went wrong on our side.".to_owned()),
        }
    }
}
