//! Messages to users: pushes and mails, and the traits of the services that send them.

use async_trait::async_trait;

/// A push, as the device shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The title, one line.
    pub title: String,
    /// The lines below it. At most [`MAX_BODY`] bytes.
    pub body: String,
}

/// The longest body in bytes. FCM accepts 4,096 bytes with everything around the body.
pub const MAX_BODY: usize = 3000;

/// Why a push failed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The device is no longer registered, and its token never will be again: remove it.
    #[error("the device is no longer registered")]
    Gone,
    /// The push failed; another one may succeed.
    #[error("{0}")]
    Failed(String),
}

/// Sends pushes to devices.
#[async_trait]
pub trait PushSender: Send + Sync {
    /// Sends a push to one device, within a few seconds.
    ///
    /// # Errors
    /// Why it failed, without the token and other secrets.
    async fn push(&self, token: &str, notification: &Notification) -> Result<(), PushError>;
}

/// A mail to one person. The sender is always the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// The only recipient.
    pub to: String,
    /// The title, one line.
    pub subject: String,
    /// The text.
    pub html: String,
}

/// The most mails in one call.
pub const MAX_EMAILS: usize = 100;

/// Sends mails.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends at most [`MAX_EMAILS`] mails, each to its own recipient: all of them, or none. The same mails with the
    /// same `key` (at most 256 characters) are sent only once within a day.
    ///
    /// # Errors
    /// Why it failed, without secrets.
    async fn send(&self, letters: &[Email], key: &str) -> Result<(), String>;
}
