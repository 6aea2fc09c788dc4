//! Pushes by Firebase Cloud Messaging (HTTP v1): one request for each device, within short limits.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use async_trait::async_trait;
use chrono::Utc;
use futures::StreamExt;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout, timeout_at};

use super::client::{self, LazyClient};
use super::messages::{Notification, PushError, PushSender};
use crate::google_account::{AccessTokens, ServiceAccount};
use crate::settings::{Secret, Settings};
use crate::store::Store;
use onestep_core::model::User;
use onestep_core::user_rows::{Change, Scope};

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// The time limit of one device.
const ONE: Duration = Duration::from_secs(3);
/// The time limit of all devices of a user. The rest of two seconds is for removing devices.
const ALL: Duration = Duration::from_millis(1_600);
/// The most requests at the same time.
const AT_ONCE: usize = 16;
const MAX_ANSWER: usize = 64 * 1024;

/// Sends pushes.
pub struct Fcm {
    account: ServiceAccount,
    address: String,
    token_address: Option<String>,
    web: Arc<LazyClient>,
    tokens: OnceLock<Result<AccessTokens, String>>,
    /// Held while a token is requested, so that it is requested once.
    buying: Mutex<()>,
}

/// The result of a push to all devices of a user.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PushReport {
    /// Devices for which FCM accepted the push.
    pub sent: usize,
    /// Devices that are no longer registered, and were removed.
    pub gone: usize,
    /// Devices for which the push failed. The log has the reasons.
    pub failed: usize,
}

#[async_trait]
impl PushSender for Fcm {
    async fn push(&self, token: &str, notification: &Notification) -> Result<(), PushError> {
        timeout(ONE, self.send(token, notification)).await.unwrap_or_else(|_| Err(late()))
    }
}

fn late() -> PushError {
    PushError::Failed("FCM: no answer in time".to_owned())
}

impl Fcm {
    /// Reads the settings. None: pushes are off.
    ///
    /// # Errors
    /// When the service account cannot be read.
    pub fn new(settings: &Settings, web: Arc<LazyClient>) -> Result<Option<Self>, String> {
        let Some(account) = &settings.firebase else { return Ok(None) };
        let account = ServiceAccount::parse(account).map_err(|reason| format!("ONESTEP_FIREBASE: {reason}"))?;
        let (address, token_address) = (settings.urls.fcm.clone(), settings.urls.fcm_tokens.clone());
        Ok(Some(Self { account, address, token_address, web, tokens: OnceLock::new(), buying: Mutex::new(()) }))
    }

    /// Notifies all devices of a user except one, and removes devices that are no longer registered. Ends within two
    /// seconds. Failures are logged.
    pub async fn announce(
        &self,
        store: &dyn Store,
        user: &User,
        not_to: Option<&str>,
        notification: &Notification,
    ) -> PushReport {
        let deadline = Instant::now() + ALL;
        let mut sends = Vec::new();
        for device in user.devices.iter().filter(|device| Some(device.token.as_str()) != not_to) {
            sends.push(async move {
                (
                    device,
                    timeout_at(deadline, self.send(&device.token, notification)).await.unwrap_or_else(|_| Err(late())),
                )
            });
        }
        let mut sends = futures::stream::iter(sends).buffer_unordered(AT_ONCE);
        let mut announced = PushReport::default();
        let mut gone = Vec::new();
        while let Some((device, sent)) = sends.next().await {
            match sent {
                Ok(()) => announced.sent += 1,
                Err(PushError::Gone) => gone.push(device.token.clone()),
                Err(PushError::Failed(reason)) => {
                    announced.failed += 1;
                    tracing::warn!(user = user.id, reason, "the push was not sent");
                }
            }
        }
        announced.gone = gone.len();
        if !gone.is_empty() {
            let forgotten = store
                .update(user.id, Scope::Account, 0, &mut |_, _| gone.iter().cloned().map(Change::DropDevice).collect())
                .await;
            if let Err(error) = forgotten {
                tracing::warn!(user = user.id, %error, "a device that is no longer registered could not be removed");
            }
        }
        announced
    }

    fn tokens(&self) -> Result<&AccessTokens, PushError> {
        let made = self.tokens.get_or_init(|| {
            AccessTokens::new(self.account.clone(), self.token_address.clone(), self.web.client()?.clone())
        });
        made.as_ref().map_err(|reason| PushError::Failed(reason.clone()))
    }

    async fn token(&self) -> Result<Secret, PushError> {
        let _turn = self.buying.lock().await;
        self.tokens()?.token(SCOPE, None, Utc::now()).await.map_err(PushError::Failed)
    }

    async fn send(&self, device: &str, notification: &Notification) -> Result<(), PushError> {
        let token = self.token().await?;
        if self.send_with(&token, device, notification).await? != StatusCode::UNAUTHORIZED {
            return Ok(());
        }
        // The token was refused before its end: try once more with a new one.
        self.tokens()?.forget(&token);
        match self.send_with(&self.token().await?, device, notification).await? {
            StatusCode::UNAUTHORIZED => Err(PushError::Failed("FCM refuses the access token".to_owned())),
            _ => Ok(()),
        }
    }

    /// Success, or 401 for a refused access token.
    async fn send_with(
        &self,
        token: &Secret,
        device: &str,
        notification: &Notification,
    ) -> Result<StatusCode, PushError> {
        let url = format!("{}/v1/projects/{}/messages:send", self.address, self.account.project_id);
        let message = json!({"message": {"token": device, "notification": {"title": notification.title, "body": notification.body}}});
        let request =
            self.web.client().map_err(PushError::Failed)?.post(url).bearer_auth(token.reveal()).json(&message);
        let answer = client::send(request, ONE, MAX_ANSWER)
            .await
            .map_err(|error| PushError::Failed(format!("FCM: {}", error.reason)))?;
        match answer.status {
            status if status.is_success() || status == StatusCode::UNAUTHORIZED => Ok(status),
            status => Err(not_sent(status, &answer.body)),
        }
    }
}

/// Reads FCM's error. A 404 without `UNREGISTERED` may mean a wrong project, and must not remove devices.
fn not_sent(status: StatusCode, body: &[u8]) -> PushError {
    #[derive(Deserialize)]
    struct Answer {
        error: Fault,
    }
    #[derive(Deserialize)]
    struct Fault {
        #[serde(default)]
        status: String,
        #[serde(default)]
        details: Vec<Detail>,
    }
    #[derive(Deserialize)]
    struct Detail {
        #[serde(default, rename = "errorCode")]
        error_code: String,
    }
    let code = serde_json::from_slice::<Answer>(body).map(|answer| {
        let of_fcm = answer.error.details.into_iter().map(|detail| detail.error_code).find(|code| !code.is_empty());
        of_fcm.unwrap_or(answer.error.status)
    });
    match code.as_deref() {
        Ok("UNREGISTERED") => PushError::Gone,
        Ok(code) => PushError::Failed(format!(
            "FCM answered {}: {}",
            status.as_u16(),
            code.chars().take(60).collect::<String>()
        )),
        Err(_) => PushError::Failed(format!("FCM answered {}", status.as_u16())),
    }
}
