//! What a request needs, put together once: the settings, the store, the services of others.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};

use crate::background::BackgroundTasks;
use crate::core::model::{Id, User};
use crate::core::token::{SignError, Signer, TokenKind};
use crate::jobs::JobContext;
use crate::services::Services;
use crate::services::messages::{Mailer, Notification, PushSender};
use crate::services::resend;
use crate::services::sentry::ErrorReport;
use crate::settings::Settings;
use crate::settings::environment::RunMode;
use crate::store::Store;

/// What the answer of a function may be held up by pushes, by a mail, and by a report.
const PUSHES: Duration = Duration::from_secs(2);
const MAIL: Duration = Duration::from_millis(1_500);
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
    pub services: Services,
    /// Does what nobody waits for.
    pub background: BackgroundTasks,
}

impl App {
    /// Puts it together; asks nobody anything yet.
    ///
    /// # Errors
    /// The setting of a service that cannot be used.
    pub fn new(settings: Settings, store: Arc<dyn Store>, mode: RunMode) -> Result<Self, String> {
        let services = Services::new(&settings)?;
        Ok(Self { signer: Signer::new(settings.secret_key.reveal()), store, now, services, background: BackgroundTasks::new(mode), settings })
    }

    /// What jobs are done with.
    pub fn job_context(&self) -> JobContext {
        let push = self.services.pushes.clone().map(|push| push as Arc<dyn PushSender>);
        let mail = self.services.mail.clone().map(|mail| mail as Arc<dyn Mailer>);
        JobContext { store: Arc::clone(&self.store), push, mail, now: self.now }
    }

    /// A new token for a user, as of now.
    ///
    /// # Errors
    /// When the machine has no random numbers, or the key does not sign.
    pub fn sign(&self, kind: TokenKind, user: Id, device: Option<&str>) -> Result<String, SignError> {
        let mut bytes = [0; 16];
        aws_lc_rs::rand::fill(&mut bytes).map_err(|_| SignError::NoRandomness)?;
        let jti: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        self.signer.sign(kind, user, device, &jti, (self.now)())
    }

    /// Tells all devices of a user but the one that asked, after the answer where that is possible. Never fails.
    pub async fn announce(&self, user: &User, not_to: Option<&str>, notification: Notification) {
        let Some(pushes) = self.services.pushes.clone() else { return };
        if user.devices.iter().all(|device| Some(device.token.as_str()) == not_to) {
            return;
        }
        let (store, user, not_to) = (self.store.clone(), user.clone(), not_to.map(str::to_owned));
        let work = async move {
            pushes.announce(store.as_ref(), &user, not_to.as_deref(), &notification).await;
        };
        self.background.run(PUSHES, "pushes", work).await;
    }

    /// Greets somebody who is new, after the answer where that is possible. Never fails.
    pub async fn welcome(&self, user: Id, address: &str) {
        let Some(mail) = self.services.mail.clone() else { return };
        // Not by the number alone: other stores of the same makers count too.
        let (letter, key) = (resend::welcome(address), format!("welcome/{user}/{}", (self.now)().timestamp_micros()));
        let work = async move {
            if let Err(reason) = mail.send_one(&letter, &key).await {
                tracing::warn!(user, reason, "no welcome mail");
            }
        };
        self.background.run(MAIL, "a welcome mail", work).await;
    }

    /// Reports a fault, after the answer where that is possible. Never fails.
    pub async fn report(&self, fault: ErrorReport) {
        let Some(sentry) = self.services.sentry.clone() else { return };
        self.background.run(REPORT, "a report", async move { sentry.report(fault).await }).await;
    }
}

/// The time now, to the microsecond, which is what stores keep and the client gets.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
