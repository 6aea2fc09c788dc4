//! External services. Each request has a time limit, and a service that does not answer neither delays the start nor
//! fails a login.

use std::sync::Arc;

use crate::settings::Settings;
use client::LazyClient;
use fcm::Fcm;
use keys::ProviderKeys;
use openai::OpenAi;
use resend::Resend;
use sentry::Sentry;

pub mod client;
pub mod fcm;
pub mod identity;
pub mod keys;
pub mod messages;
pub mod openai;
pub mod resend;
pub mod sentry;

/// All external services. No request is sent before the first use.
pub struct Services {
    /// The HTTP client that they share.
    pub web: Arc<LazyClient>,
    /// Google's keys for identity tokens.
    pub google_keys: ProviderKeys,
    /// Apple's keys for identity tokens.
    pub apple_keys: ProviderKeys,
    /// Splits todos into steps; None: no recommendations.
    pub model: Option<OpenAi>,
    /// Sends mail; None: off.
    pub mail: Option<Arc<Resend>>,
    /// Sends pushes; None: off.
    pub pushes: Option<Arc<Fcm>>,
    /// Receives error reports; None: off.
    pub sentry: Option<Arc<Sentry>>,
}

impl Services {
    /// Reads the settings.
    ///
    /// # Errors
    /// Names the setting of a service that cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, String> {
        let web = Arc::new(LazyClient::default());
        Ok(Self {
            google_keys: ProviderKeys::new("Google", settings.urls.google_keys.clone(), web.clone()),
            apple_keys: ProviderKeys::new("Apple", settings.urls.apple_keys.clone(), web.clone()),
            model: OpenAi::new(settings, web.clone()),
            mail: Resend::new(settings, web.clone()).map(Arc::new),
            pushes: Fcm::new(settings, web.clone())?.map(Arc::new),
            sentry: Sentry::new(settings, web.clone())?.map(Arc::new),
            web,
        })
    }
}
