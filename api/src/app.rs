//! What a request needs, put together once: the settings, the store, the services of others.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::after::After;
use crate::core::token::Signer;
use crate::outside::Outside;
use crate::settings::Settings;
use crate::settings::environment::Place;
use crate::store::Store;

/// Everything behind the routes.
pub struct App {
    /// As they were read.
    pub settings: Settings,
    /// Signs and reads the client's tokens.
    pub signer: Signer,
    /// Where the rows are kept.
    pub store: Arc<dyn Store>,
    /// The time now, in UTC.
    pub now: fn() -> DateTime<Utc>,
    /// The services of others.
    pub outside: Outside,
    /// Does what nobody waits for.
    pub after: After,
}

impl App {
    /// Puts it together; asks nobody anything yet.
    pub fn new(settings: Settings, store: Arc<dyn Store>, place: Place) -> Self {
        let outside = Outside::new(&settings);
        Self { signer: Signer::new(settings.secret_key.reveal()), store, now: Utc::now, outside, after: After::new(place), settings }
    }
}
