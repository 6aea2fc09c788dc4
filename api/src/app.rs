//! What a request needs, put together once: the settings, the store, the services of others.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, Utc};

use crate::after::After;
use crate::core::model::User;
use crate::core::token::Signer;
use crate::outside::Outside;
use crate::outside::sentry::Fault;
use crate::settings::Settings;
use crate::settings::environment::Place;
use crate::store::Store;

/// What the answer of a function may be held up by pushes, and by a report.
const PUSHES: Duration = Duration::from_secs(2);
const REPORT: Duration = Duration::from_secs(1);

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
    /// Tells all devices of a user but the one that asked, after the answer where that is possible. Never fails.
    pub async fn announce(self: &Arc<Self>, user: User, not_to: Option<String>, title: &'static str, body: &'static str) {
        let others = user.devices.iter().any(|device| Some(&device.token) != not_to.as_ref());
        if self.outside.pushes.is_none() || !others {
            return;
        }
        let app = self.clone();
        let work = async move {
            if let Some(pushes) = &app.outside.pushes {
                pushes.announce(&app, &user, not_to.as_deref(), title, body).await;
            }
        };
        self.after.run(PUSHES, "pushes", work).await;
    }

    /// Reports a fault, after the answer where that is possible. Never fails.
    pub async fn report(self: &Arc<Self>, fault: Fault) {
        if self.outside.sentry.is_none() {
            return;
        }
        let app = self.clone();
        let work = async move {
            if let Some(sentry) = &app.outside.sentry {
                sentry.report(fault).await;
            }
        };
        self.after.run(REPORT, "a report", work).await;
    }
}
