//! What is told to people: a notification on a device, a mail. Who carries it is behind these two traits.

use async_trait::async_trait;

/// What appears on the screen of a device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// One line.
    pub title: String,
    /// Lines below it. At most [`MAX_BODY`] bytes.
    pub body: String,
}

/// FCM takes 4,096 bytes in all; what is around the body fits into the rest.
pub const MAX_BODY: usize = 3000;

/// Why a device was not told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PushError {
    /// The device is registered no longer, and its token never will be again: forget it.
    #[error("the device is gone")]
    Gone,
    /// It was not told now; another time it may be.
    #[error("{0}")]
    Failed(String),
}

/// Carries notifications to devices.
#[async_trait]
pub trait PushSender: Send + Sync {
    /// Tells one device, within a budget of a few seconds.
    ///
    /// # Errors
    /// Why not, without the token and other secrets.
    async fn push(&self, token: &str, notification: &Notification) -> Result<(), PushError>;
}

/// A mail to one person. The sender is always the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Email {
    /// The only address that the mail shows.
    pub to: String,
    /// One line.
    pub subject: String,
    /// The text.
    pub html: String,
}

/// As many letters go in one call.
pub const MAX_EMAILS: usize = 100;

/// Carries mails.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Sends at most [`MAX_EMAILS`], each to its own recipient: all of them, or none. The same letters with the same `key` (at
    /// most 256 characters) are sent once, however often they are given within a day.
    ///
    /// # Errors
    /// Why not, without secrets.
    async fn send(&self, letters: &[Email], key: &str) -> Result<(), String>;
}
