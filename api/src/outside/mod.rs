//! The services of others. Each has a budget of its own, and none of them can hang a start or fail a login.

use std::sync::Arc;

use crate::settings::Settings;
use fcm::Fcm;
use keys::Keys;
use openai::Model;
use resend::Resend;
use sentry::Sentry;
use web::Web;

pub mod fcm;
pub mod identity;
pub mod keys;
pub mod messages;
pub mod openai;
pub mod resend;
pub mod sentry;
pub mod web;

/// All of them. Nothing is asked, and no connection made, before the first need.
pub struct Outside {
    /// The HTTP client that they share.
    pub web: Arc<Web>,
    /// What Google signs identities with.
    pub google_keys: Keys,
    /// What Apple signs identities with.
    pub apple_keys: Keys,
    /// Splits todos into steps.
    pub model: Option<Model>,
    /// Sends mail.
    pub mail: Option<Arc<Resend>>,
    /// Sends pushes.
    pub pushes: Option<Arc<Fcm>>,
    /// Takes reports of faults.
    pub sentry: Option<Arc<Sentry>>,
}

impl Outside {
    /// As the settings say.
    ///
    /// # Errors
    /// The setting of a service that cannot be used.
    pub fn new(settings: &Settings) -> Result<Self, String> {
        let web = Arc::new(Web::default());
        Ok(Self {
            google_keys: Keys::new("Google", settings.addresses.google_keys.clone(), web.clone()),
            apple_keys: Keys::new("Apple", settings.addresses.apple_keys.clone(), web.clone()),
            model: Model::new(settings, web.clone()),
            mail: Resend::new(settings, web.clone()).map(Arc::new),
            pushes: Fcm::new(settings, web.clone())?.map(Arc::new),
            sentry: Sentry::new(settings, web.clone())?.map(Arc::new),
            web,
        })
    }
}
