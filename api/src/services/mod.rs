//! The services of others. Each has a budget of its own, and none of them can hang a start or fail a login.

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

/// All of them. Nothing is asked, and no connection made, before the first need.
pub struct Services {
    /// The HTTP client that they share.
    pub web: Arc<LazyClient>,
    /// What Google signs identities with.
    pub google_keys: ProviderKeys,
    /// What Apple signs identities with.
    pub apple_keys: ProviderKeys,
    /// Splits todos into steps.
    pub model: Option<OpenAi>,
    /// Sends mail.
    pub mail: Option<Arc<Resend>>,
    /// Sends pushes.
    pub pushes: Option<Arc<Fcm>>,
    /// Takes reports of faults.
    pub sentry: Option<Arc<Sentry>>,
}

impl Services {
    /// As the settings say.
    ///
    /// # Errors
    /// The setting of a service that cannot be used.
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
