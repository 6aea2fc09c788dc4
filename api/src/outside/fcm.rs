//! Pushes, by Firebase Cloud Messaging (HTTP v1): each device on its own, none of them waited for long.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use futures::StreamExt;
use reqwest::StatusCode;
use serde::Deserialize;
use serde_json::json;
use tokio::time::{Instant, timeout_at};

use super::google_account::{AccessTokens, ServiceAccount};
use super::web::{self, Web};
use crate::app::App;
use crate::core::holdings::{Change, Want};
use crate::core::model::User;
use crate::settings::{Secret, Settings};

const SCOPE: &str = "https://www.googleapis.com/auth/firebase.messaging";
/// For all devices of a user together; what is left of two seconds goes to forgetting devices.
const BUDGET: Duration = Duration::from_millis(1_600);
/// Sent at the same time, at most.
const AT_ONCE: usize = 16;
const ANSWER_MAX: usize = 64 * 1024;

/// Sends pushes.
pub struct Pushes {
    account: ServiceAccount,
    address: String,
    token_address: Option<String>,
    web: Arc<Web>,
    tokens: OnceLock<Result<AccessTokens, String>>,
}

/// What became of an announcement.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Announced {
    /// Devices that FCM took it for.
    pub sent: usize,
    /// Devices that are no longer there, and have been forgotten.
    pub gone: usize,
    /// Devices that it did not get to; the reasons are in the log.
    pub failed: usize,
}

/// Why one device did not get a push.
enum NotSent {
    /// The app is no longer there.
    Gone,
    Failed(String),
}

impl Pushes {
    /// As the settings say; None: off.
    pub fn new(settings: &Settings, web: Arc<Web>) -> Option<Self> {
        let account = match ServiceAccount::parse(settings.firebase.as_ref()?) {
            Ok(account) => account,
            Err(reason) => {
                tracing::error!(reason, "no pushes");
                return None;
            }
        };
        let (address, token_address) = (settings.addresses.fcm.clone(), settings.addresses.fcm_tokens.clone());
        Some(Self { account, address, token_address, web, tokens: OnceLock::new() })
    }

    /// Tells all devices of a user but one. Ends within two seconds, and never fails.
    pub async fn announce(&self, app: &App, user: &User, not_to: Option<&str>, title: &str, body: &str) -> Announced {
        let deadline = Instant::now() + BUDGET;
        let late = || NotSent::Failed("no answer in time".to_owned());
        // One token for all of them, bought before the first needs it.
        let token = timeout_at(deadline, self.token(app)).await.unwrap_or_else(|_| Err("Google's tokens: no answer in time".to_owned()));
        let mut sends = Vec::new();
        for device in user.devices.iter().filter(|device| Some(device.token.as_str()) != not_to) {
            let bought = token.clone();
            sends.push(async move {
                let sent = timeout_at(deadline, self.send(app, bought, &device.token, title, body)).await;
                (device.token.as_str(), sent.unwrap_or_else(|_| Err(late())))
            });
        }
        let outcomes: Vec<(&str, Result<(), NotSent>)> = futures::stream::iter(sends).buffer_unordered(AT_ONCE).collect().await;
        let mut announced = Announced::default();
        let mut gone = Vec::new();
        for (token, outcome) in outcomes {
            match outcome {
                Ok(()) => announced.sent += 1,
                Err(NotSent::Gone) => gone.push(token.to_owned()),
                Err(NotSent::Failed(reason)) => {
                    announced.failed += 1;
                    tracing::warn!(user = user.id, reason, "push not sent");
                }
            }
        }
        announced.gone = gone.len();
        if !gone.is_empty() {
            let forgotten = app.store.update(user.id, Want::Account, 0, &mut |_, _| gone.iter().cloned().map(Change::DropDevice).collect()).await;
            if let Err(error) = forgotten {
                tracing::warn!(user = user.id, error = %error, "a device that is gone is not forgotten yet");
            }
        }
        announced
    }

    fn tokens(&self) -> Result<&AccessTokens, String> {
        let made = self.tokens.get_or_init(|| AccessTokens::new(self.account.clone(), self.token_address.clone(), self.web.client()?.clone()));
        made.as_ref().map_err(Clone::clone)
    }

    async fn token(&self, app: &App) -> Result<Secret, String> {
        self.tokens()?.token(SCOPE, None, (app.now)()).await
    }

    async fn send(&self, app: &App, token: Result<Secret, String>, device: &str, title: &str, body: &str) -> Result<(), NotSent> {
        let token = token.map_err(NotSent::Failed)?;
        if self.send_with(&token, device, title, body).await? != StatusCode::UNAUTHORIZED {
            return Ok(());
        }
        self.tokens().map_err(NotSent::Failed)?.forget(&token);
        let token = self.token(app).await.map_err(NotSent::Failed)?;
        match self.send_with(&token, device, title, body).await? {
            StatusCode::UNAUTHORIZED => Err(NotSent::Failed("FCM does not take the access token".to_owned())),
            _ => Ok(()),
        }
    }

    /// 401 or a success.
    async fn send_with(&self, token: &Secret, device: &str, title: &str, body: &str) -> Result<StatusCode, NotSent> {
        let url = format!("{}/v1/projects/{}/messages:send", self.address, self.account.project_id);
        let message = json!({"message": {"token": device, "notification": {"title": title, "body": body}}});
        let request = self.web.client().map_err(NotSent::Failed)?.post(url).bearer_auth(token.reveal()).json(&message);
        let answer = web::ask(request, BUDGET, ANSWER_MAX).await.map_err(|silence| NotSent::Failed(format!("FCM: {}", silence.reason)))?;
        match answer.status {
            status if status.is_success() || status == StatusCode::UNAUTHORIZED => Ok(status),
            status => Err(not_sent(status, &answer.body)),
        }
    }
}

/// A 404 alone may also mean a wrong project, and that is no reason to forget every device there is.
fn not_sent(status: StatusCode, body: &[u8]) -> NotSent {
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
        Ok("UNREGISTERED") => NotSent::Gone,
        Ok(code) => NotSent::Failed(format!("FCM answered {}: {}", status.as_u16(), code.chars().take(60).collect::<String>())),
        Err(_) => NotSent::Failed(format!("FCM answered {}", status.as_u16())),
    }
}
