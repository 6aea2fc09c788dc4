//! What a request needs, put together once: the settings, the store, the services of others.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::core::model::Id;
use crate::core::token::{Kind, Signer};
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

impl App {
    /// A new token for a user, as of now.
    pub fn sign(&self, kind: Kind, user: Id, device: Option<&str>) -> String {
        let mut bytes = [0; 16];
        // Tokens are told apart by it; they are kept secret by their signature.
        if aws_lc_rs::rand::fill(&mut bytes).is_err() {
            tracing::warn!("no random numbers");
        }
        let jti: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.signer.sign(kind, user, device, &jti, (self.now)())
    }
}
