//! Mail by Resend: one recipient for each message, and an idempotency key with each request, so that a repeated request
//! sends nothing twice.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use serde::Serialize;
use serde_json::Value;

use super::client::{self, LazyClient};
use super::messages::{Email, MAX_EMAILS, Mailer};
use crate::settings::{Secret, Settings};

/// The sender.
const FROM: &str = "developers@stepby.one";
/// The time limit of a request.
const BUDGET: Duration = Duration::from_secs(10);
const MAX_ANSWER: usize = 256 * 1024;

/// Sends mail.
pub struct Resend {
    key: Secret,
    address: String,
    web: Arc<LazyClient>,
}

/// A mail in Resend's form.
#[derive(Serialize)]
struct Message<'a> {
    from: &'static str,
    to: [&'a str; 1],
    subject: &'a str,
    html: &'a str,
}

impl<'a> Message<'a> {
    fn of(letter: &'a Email) -> Self {
        Self { from: FROM, to: [&letter.to], subject: &letter.subject, html: &letter.html }
    }
}

/// The mail to a new user.
pub fn welcome(to: &str) -> Email {
    let name = escaped(to);
    let html = format!(
        "<!doctype html><html lang=\"ko\"><body><h1>{name}님, 반갑습니다!</h1><p>OneStep과 함께하게 되어 기쁩니다. 큰 일도 작은 한 걸음으로 나누면 시작할 수 있어요.</p>\
         <p>궁금한 점이 있으면 언제든지 이 메일로 답장해 주세요.</p><p>OneStep 팀 드림</p></body></html>"
    );
    Email { to: to.to_owned(), subject: "Welcome to join us".to_owned(), html }
}

#[async_trait]
impl Mailer for Resend {
    async fn send(&self, letters: &[Email], key: &str) -> Result<(), String> {
        match letters {
            [] => Ok(()),
            letters if letters.len() > MAX_EMAILS => {
                Err(format!("{} mails are more than the {MAX_EMAILS} of one call", letters.len()))
            }
            letters => self.post("/emails/batch", &letters.iter().map(Message::of).collect::<Vec<_>>(), key).await,
        }
    }
}

impl Resend {
    /// Reads the settings. None: off.
    pub fn new(settings: &Settings, web: Arc<LazyClient>) -> Option<Self> {
        Some(Self { key: settings.resend_key.clone()?, address: settings.urls.resend.clone(), web })
    }

    /// Sends one mail. With the same key it is sent only once within 24 hours.
    ///
    /// # Errors
    /// Why it failed, without secrets.
    pub async fn send_one(&self, letter: &Email, key: &str) -> Result<(), String> {
        self.post("/emails", &Message::of(letter), key).await
    }

    async fn post(&self, path: &str, body: &impl Serialize, key: &str) -> Result<(), String> {
        let request = self.web.client()?.post(format!("{}{path}", self.address)).bearer_auth(self.key.reveal());
        let request = request.header("idempotency-key", key).json(body);
        let answer =
            client::send(request, BUDGET, MAX_ANSWER).await.map_err(|error| format!("Resend: {}", error.reason))?;
        if answer.status.is_success() {
            Ok(())
        } else {
            Err(format!("Resend answered {}{}", answer.status.as_u16(), name(&answer.body)))
        }
    }
}

/// The name of an error, without its message, which may contain an address.
fn name(body: &[u8]) -> String {
    let body = serde_json::from_slice::<Value>(body).unwrap_or_default();
    let name = body.get("name").and_then(Value::as_str).unwrap_or_default();
    let name: String = name.chars().filter(|sign| sign.is_ascii_alphanumeric() || *sign == '_').take(60).collect();
    if name.is_empty() { name } else { format!(": {name}") }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}
