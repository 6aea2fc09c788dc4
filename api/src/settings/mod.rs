//! Settings, from the environment and from one secret of Secrets Manager; the environment comes first.

pub use crate::core::secret::Secret;

pub mod development_key;
pub mod environment;
pub mod read;
pub mod secret;

/// Where the services of others are; each can be moved, so that tests reach their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceUrls {
    /// `ONESTEP_GOOGLE_JWKS_URL`: the keys that Google signs identities with.
    pub google_keys: String,
    /// `ONESTEP_APPLE_JWKS_URL`: the keys that Apple signs identities with.
    pub apple_keys: String,
    /// `ONESTEP_OPENAI_BASE_URL`, up to and with `/v1`.
    pub openai: String,
    /// `ONESTEP_RESEND_BASE_URL`.
    pub resend: String,
    /// `ONESTEP_FCM_BASE_URL`.
    pub fcm: String,
    /// `ONESTEP_FCM_TOKEN_URL`; None: the one in the service account.
    pub fcm_tokens: Option<String>,
}

impl Default for ServiceUrls {
    fn default() -> Self {
        Self {
            google_keys: "https://www.googleapis.com/oauth2/v3/certs".to_owned(),
            apple_keys: "https://appleid.apple.com/auth/keys".to_owned(),
            openai: "https://api.openai.com/v1".to_owned(),
            resend: "https://api.resend.com".to_owned(),
            fcm: "https://fcm.googleapis.com".to_owned(),
            fcm_tokens: None,
        }
    }
}

/// All of the settings that do not say where the process listens.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `ONESTEP_STORE`, such as `sqlite:onestep.db`; see [`crate::store::setting::open`]. It may hold the key of a service.
    pub store: Secret,
    /// `ONESTEP_SECRET_KEY`: signs the tokens.
    pub secret_key: Secret,
    /// `ONESTEP_GOOGLE_ANDROID_CLIENT_IDS`; the first is what the client is told.
    pub google_android: Vec<String>,
    /// `ONESTEP_GOOGLE_IOS_CLIENT_IDS`; the first is what the client is told.
    pub google_ios: Vec<String>,
    /// `ONESTEP_APPLE_AUDIENCES`: bundle ids of all builds, and the Services ID.
    pub apple_audiences: Vec<String>,
    /// `ONESTEP_OPENAI_API_KEY`; None: no recommendations.
    pub openai_key: Option<Secret>,
    /// `ONESTEP_RESEND_API_KEY`; None: no mail.
    pub resend_key: Option<Secret>,
    /// `ONESTEP_FIREBASE`, the service account as JSON; None: no pushes.
    pub firebase: Option<Secret>,
    /// `ONESTEP_SENTRY_DSN`; None: faults are in the log only.
    pub sentry_dsn: Option<Secret>,
    /// `FIRESTORE_EMULATOR_HOST`, host and port; None: Firestore itself.
    pub firestore_emulator: Option<String>,
    /// Where the services of others are.
    pub urls: ServiceUrls,
}

impl Settings {
    /// Every audience that an identity of Google may be for.
    pub fn google_audiences(&self) -> impl Iterator<Item = &String> {
        self.google_android.iter().chain(&self.google_ios)
    }
}
