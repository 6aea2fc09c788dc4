//! What a request needs, put together once: the settings, the store, the services of others.

use std::sync::Arc;

use aws_lc_rs::error::Unspecified;
use chrono::{DateTime, SubsecRound, Utc};

use crate::after::After;
use crate::core::model::Id;
use crate::core::token::{Kind, Signer};
use crate::jobs::Tools;
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
        Self { signer: Signer::new(settings.secret_key.reveal()), store, now, outside, after: After::new(place), settings }
    }

    /// What jobs are done with.
    pub fn tools(&self) -> Tools {
        Tools { store: self.store.clone(), push: None, mail: None, now: self.now }
    }

    /// A new token for a user, as of now.
    ///
    /// # Errors
    /// When the machine has no random numbers.
    pub fn sign(&self, kind: Kind, user: Id, device: Option<&str>) -> Result<String, Unspecified> {
        let mut bytes = [0; 16];
        aws_lc_rs::rand::fill(&mut bytes)?;
        let jti: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(self.signer.sign(kind, user, device, &jti, (self.now)()))
    }
}

/// The time now, to the microsecond, which is what stores keep and the client gets.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
