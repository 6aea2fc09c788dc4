//! The application: settings, store and external services, put together once and shared by all requests.

use std::sync::Arc;
use std::time::Duration;

use chrono::{DateTime, SubsecRound, Utc};

use crate::background::BackgroundTasks;
use crate::jobs::JobContext;
use crate::services::Services;
use crate::services::messages::{Mailer, Notification, PushSender};
use crate::services::resend;
use crate::services::sentry::ErrorReport;
use crate::settings::Settings;
use crate::settings::environment::RunMode;
use crate::store::Store;
use onestep_core::model::{Id, User};
use onestep_core::token::{SignError, Signer, TokenKind};

/// How long a Lambda function may delay its answer for pushes, for a mail, and for a report.
const PUSHES: Duration = Duration::from_secs(2);
const MAIL: Duration = Duration::from_millis(1_500);
const REPORT: Duration = Duration::from_secs(1);

/// Everything behind the routes.
pub struct App {
    /// The settings.
    pub settings: Settings,
    /// Signs and reads the client's tokens.
    pub signer: Signer,
    /// Where the rows are kept.
    pub store: Arc<dyn Store>,
    /// The time now, in UTC.
    pub now: fn() -> DateTime<Utc>,
    /// The external services.
    pub services: Services,
    /// Runs work that no answer depends on.
    pub background: BackgroundTasks,
}

impl App {
    /// Puts the application together. Sends no request yet.
    ///
    /// # Errors
    /// Names the setting of a service that cannot be used.
    pub fn new(settings: Settings, store: Arc<dyn Store>, mode: RunMode) -> Result<Self, String> {
        let services = Services::new(&settings)?;
        Ok(Self {
            signer: Signer::new(settings.secret_key.reveal()),
            store,
            now,
            services,
            background: BackgroundTasks::new(mode),
            settings,
        })
    }

    /// What jobs need of the application.
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

    /// Notifies all devices of a user except the one that sent the request: after the answer on a server, before it on
    /// Lambda. Failures are logged.
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

    /// Sends the welcome mail to a new user: after the answer on a server, before it on Lambda. Failures are logged.
    pub async fn welcome(&self, user: Id, address: &str) {
        let Some(mail) = self.services.mail.clone() else { return };
        // The time is part of the key because the stores of other stages give out the same ids.
        let (letter, key) = (resend::welcome(address), format!("welcome/{user}/{}", (self.now)().timestamp_micros()));
        let work = async move {
            if let Err(reason) = mail.send_one(&letter, &key).await {
                tracing::warn!(user, reason, "no welcome mail");
            }
        };
        self.background.run(MAIL, "a welcome mail", work).await;
    }

    /// Reports an error to Sentry: after the answer on a server, before it on Lambda. Failures are logged.
    pub async fn report(&self, fault: ErrorReport) {
        let Some(sentry) = self.services.sentry.clone() else { return };
        self.background.run(REPORT, "a report", async move { sentry.report(fault).await }).await;
    }
}

/// The time now in UTC, to the microsecond: stores and answers keep no more.
pub fn now() -> DateTime<Utc> {
    Utc::now().trunc_subsecs(6)
}
