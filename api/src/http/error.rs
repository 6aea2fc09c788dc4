//! Errors as answers: always JSON, without details that are meant for the operator.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Map, Value, json};

use crate::store::StoreError;
use onestep_core::token::SignError;

/// The errors of each field of a request. Keys are in camelCase; `nonFieldErrors` has the errors that belong to no
/// field.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct FieldErrors(Map<String, Value>);

impl FieldErrors {
    /// One error of one field.
    pub fn of(field: &str, sentence: impl Into<String>) -> Self {
        let mut faults = Self::default();
        faults.add(field, sentence);
        faults
    }

    /// Adds an error of a field, by its name in camelCase.
    pub fn add(&mut self, field: &str, sentence: impl Into<String>) {
        let sentences = self.0.entry(field).or_insert_with(|| Value::Array(Vec::new()));
        if let Value::Array(sentences) = sentences {
            sentences.push(Value::String(sentence.into()));
        }
    }

    /// Adds all errors of another request part.
    pub fn merge(&mut self, other: Self) {
        for (field, sentences) in other.0 {
            for sentence in sentences.as_array().into_iter().flatten().filter_map(Value::as_str) {
                self.add(&field, sentence);
            }
        }
    }

    /// Whether a field has an error, by its name in camelCase.
    pub fn has(&self, field: &str) -> bool {
        self.0.contains_key(field)
    }

    /// Whether there are no errors.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The JSON for the client.
    pub fn into_value(self) -> Value {
        Value::Object(self.0)
    }

    /// All errors in one text, for the routes whose answer has it under `error`.
    pub fn sentence(&self) -> String {
        let field = |(field, sentences): (&String, &Value)| {
            let sentences: Vec<&str> = sentences.as_array().into_iter().flatten().filter_map(Value::as_str).collect();
            format!("{field}: {}", sentences.join(" "))
        };
        self.0.iter().map(field).collect::<Vec<_>>().join(" ")
    }
}

/// Why a request failed, and the answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ApiError {
    /// 400 with the errors of each field.
    Fields(FieldErrors),
    /// 400 with one object for each element of the sent list, `{}` for elements without errors.
    Rows(Vec<FieldErrors>),
    /// 400 `{"error": ...}` with all errors in one text, and the errors of each field beside it.
    Sentence(FieldErrors),
    /// 400 `{"error": ...}`.
    Bad(String),
    /// 404 `{"error": ...}`.
    Missing(String),
    /// 401.
    Unauthorized(Unauthorized),
    /// 413 `{"error": ...}`.
    TooLarge(String),
    /// 429 `{"error": ...}`, and the seconds of `Retry-After`.
    TooOften(String, u64),
    /// 502 `{"error": ...}`: an external service failed.
    Upstream(String),
    /// 503 `{"error": ...}`, which names what cannot be reached. Trying again may help.
    Unavailable(String),
    /// 500 `{"error": ...}`; the cause is in the log only.
    Internal,
}

/// Why a token is refused. The client acts on the `detail` of two of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unauthorized {
    /// No header, or another scheme.
    NotProvided,
    /// The header is not two words.
    BadHeader,
    /// Not a valid access token, or an expired one.
    NotValid,
    /// The token has no usable user id.
    NoUserId,
    /// The user does not exist or is deleted.
    UserNotFound,
    /// For the token routes: not a valid token, or an expired one.
    InvalidOrExpired,
    /// For the token routes: a valid token of the other kind.
    WrongType,
}

impl Unauthorized {
    /// The body of the answer.
    pub fn body(self) -> Value {
        let coded = |detail: &str, code: &str| json!({"detail": detail, "code": code});
        match self {
            Self::NotProvided => json!({"detail": "Authentication credentials were not provided."}),
            Self::BadHeader => {
                coded("Authorization header must contain two space-delimited values", "bad_authorization_header")
            }
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
            StoreError::Contended(_) => {
                Self::Unavailable("The same rows are being changed by someone else. Please try again.".to_owned())
            }
            StoreError::Throttled { store, .. } => {
                Self::Unavailable(format!("{store} is throttling requests. Please try again."))
            }
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
            Self::Rows(rows) => {
                (StatusCode::BAD_REQUEST, Json(rows.into_iter().map(FieldErrors::into_value).collect::<Value>()))
                    .into_response()
            }
            Self::Sentence(faults) => {
                let sentence = faults.sentence();
                let FieldErrors(mut body) = faults;
                body.insert("error".to_owned(), Value::String(sentence));
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
