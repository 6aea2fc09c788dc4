//! The settings, from the environment and from one secret of Secrets Manager. The environment has priority.

pub use onestep_core::secret::Secret;

pub mod development_key;
pub mod environment;
pub mod read;
pub mod secret;

/// The URLs of the external services. Tests set others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServiceUrls {
    /// `ONESTEP_GOOGLE_JWKS_URL`: Google's keys for identity tokens.
    pub google_keys: String,
    /// `ONESTEP_APPLE_JWKS_URL`: Apple's keys for identity tokens.
    pub apple_keys: String,
    /// `ONESTEP_OPENAI_BASE_URL`, including `/v1`.
    pub openai: String,
    /// `ONESTEP_RESEND_BASE_URL`.
    pub resend: String,
    /// `ONESTEP_FCM_BASE_URL`.
    pub fcm: String,
    /// `ONESTEP_FCM_TOKEN_URL`; None: the URL in the service account.
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

/// All settings except the port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// `ONESTEP_STORE`, such as `sqlite:onestep.db`; see [`crate::store::setting::open`]. It may contain the key of a
    /// service.
    pub store: Secret,
    /// `ONESTEP_SECRET_KEY`: signs the tokens.
    pub secret_key: Secret,
    /// `ONESTEP_GOOGLE_ANDROID_CLIENT_IDS`; the client gets the first.
    pub google_android: Vec<String>,
    /// `ONESTEP_GOOGLE_IOS_CLIENT_IDS`; the client gets the first.
    pub google_ios: Vec<String>,
    /// `ONESTEP_APPLE_AUDIENCES`: bundle ids of all builds, and the Services ID.
    pub apple_audiences: Vec<String>,
    /// `ONESTEP_OPENAI_API_KEY`; None: no recommendations.
    pub openai_key: Option<Secret>,
    /// `ONESTEP_RESEND_API_KEY`; None: no mail.
    pub resend_key: Option<Secret>,
    /// `ONESTEP_FIREBASE`, the service account as JSON; None: no pushes.
    pub firebase: Option<Secret>,
    /// `ONESTEP_SENTRY_DSN`; None: errors are in the log only.
    pub sentry_dsn: Option<Secret>,
    /// `FIRESTORE_EMULATOR_HOST`, host and port; None: Firestore itself.
    pub firestore_emulator: Option<String>,
    /// The URLs of the external services.
    pub urls: ServiceUrls,
}

impl Settings {
    /// All accepted audiences of Google's identity tokens.
    pub fn google_audiences(&self) -> impl Iterator<Item = &String> {
        self.google_android.iter().chain(&self.google_ios)
    }
}
