//! What a request needs, put together once: the settings, the store, the services of others.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::core::token::Signer;
use crate::settings::Settings;
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
}
