//! Mail, by Resend: one recipient a message, and a key with each request that keeps a repeated one from being sent twice.

use std::sync::Arc;
use std::time::Duration;

use reqwest::StatusCode;
use serde::Serialize;
use serde_json::Value;

use super::web::{self, Web};
use crate::settings::{Secret, Settings};

/// Who writes.
const FROM: &str = "developers@stepby.one";
/// How long one request may take.
const BUDGET: Duration = Duration::from_secs(10);
const ANSWER_MAX: usize = 256 * 1024;
/// Letters that one request may hold.
pub const BATCH_MAX: usize = 100;

/// Sends mail.
pub struct Mail {
    key: Secret,
    address: String,
    web: Arc<Web>,
}

/// One message to one recipient.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Letter {
    from: &'static str,
    to: [String; 1],
    subject: String,
    html: String,
}

/// Why mail was not sent. What has been tried with a key may be tried again with the same key and the same letters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotSent {
    /// It will not be taken; trying again is of no use.
    #[error("{0}")]
    Refused(String),
    /// It was not taken now; seconds to wait, when Resend says.
    #[error("{0}")]
    Later(String, Option<u64>),
    /// Nobody knows whether it was taken.
    #[error("{0}")]
    Unknown(String),
}

impl Letter {
    /// To one address.
    pub fn new(to: &str, subject: &str, html: String) -> Self {
        Self { from: FROM, to: [to.to_owned()], subject: subject.to_owned(), html }
    }

    /// To somebody who has just signed in for the first time.
    pub fn welcome(to: &str) -> Self {
        let name = escaped(to);
        let html = format!(
            "<!doctype html><html lang=\"ko\"><body><h1>{name}님, 반갑습니다!</h1><p>OneStep과 함께하게 되어 기쁩니다. 큰 일도 작은 한 걸음으로 나누면 시작할 수 있어요.</p>\
             <p>궁금한 점이 있으면 언제든지 이 메일로 답장해 주세요.</p><p>OneStep 팀 드림</p></body></html>"
        );
        Self::new(to, "Welcome to join us", html)
    }
}

impl Mail {
    /// As the settings say; None: off.
    pub fn new(settings: &Settings, web: Arc<Web>) -> Option<Self> {
        Some(Self { key: settings.resend_key.clone()?, address: settings.addresses.resend.clone(), web })
    }

    /// Sends one. With the same key, Resend sends it once within 24 hours.
    ///
    /// # Errors
    /// Why not.
    pub async fn send(&self, letter: &Letter, key: &str) -> Result<(), NotSent> {
        self.post("/emails", letter, key).await
    }

    /// Sends up to [`BATCH_MAX`]: all of them or none. With the same key, Resend sends them once within 24 hours.
    ///
    /// # Errors
    /// Why not.
    pub async fn send_batch(&self, letters: &[Letter], key: &str) -> Result<(), NotSent> {
        if letters.len() > BATCH_MAX {
            return Err(NotSent::Refused(format!("{} letters are more than the {BATCH_MAX} of one request", letters.len())));
        }
        if letters.is_empty() { Ok(()) } else { self.post("/emails/batch", letters, key).await }
    }

    async fn post(&self, path: &str, body: &(impl Serialize + ?Sized), key: &str) -> Result<(), NotSent> {
        let client = self.web.client().map_err(NotSent::Refused)?;
        let request = client.post(format!("{}{path}", self.address)).bearer_auth(self.key.reveal()).header("idempotency-key", key).json(body);
        let answer = web::ask(request, BUDGET, ANSWER_MAX).await.map_err(|silence| NotSent::Unknown(format!("Resend: {}", silence.reason)))?;
        let said = || format!("Resend answered {}{}", answer.status.as_u16(), name(&answer.body));
        match answer.status {
            status if status.is_success() => Ok(()),
            // 409: the same key is just being worked on, or belongs to other letters.
            StatusCode::TOO_MANY_REQUESTS | StatusCode::CONFLICT => Err(NotSent::Later(said(), answer.retry_after)),
            status if status.is_server_error() => Err(NotSent::Unknown(said())),
            _ => Err(NotSent::Refused(said())),
        }
    }
}

/// The name of an error; its message may quote an address.
fn name(body: &[u8]) -> String {
    let body = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    let name: String = name.chars().filter(|sign| sign.is_ascii_alphanumeric() || *sign == '_').take(60).collect();
    if name.is_empty() { name } else { format!(": {name}") }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
