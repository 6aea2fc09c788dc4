//! Receivers. Each kind is one file and one line in the table below; kinds do not depend on each other.

mod email;
mod email_form;
mod email_page;
mod email_partly;
mod heartbeat;
mod http;
mod plain;
#[cfg(test)]
mod samples;
mod slack;
mod slack_api;
mod slack_app;
mod slack_blocks;
mod slack_errors;
mod slack_page;
mod slack_place;
mod slack_text;
mod smtp;
mod stdout;
mod webhook;
mod webhook_json;

pub use heartbeat::{Heartbeat, HttpHeartbeat};

use std::sync::Arc;

use alerting::notification::Message;
use alerting::outbox::ThreadSupport;
use async_trait::async_trait;
use chrono::{DateTime, TimeDelta, Utc};
use chrono_tz::Tz;
use model::settings::{TableReader, TaggedSettings};

/// The message of an attempt, with what a receiver needs to send it.
#[derive(Debug, Clone)]
pub struct DeliveryRequest {
    /// The message's key; the same for a repeat, and for no other message.
    pub key: String,
    /// The message.
    pub message: Message,
    /// The messages it follows, oldest first; none if it is the first about its incidents.
    pub follows: Vec<EarlierMessage>,
    /// It may have arrived before, in an attempt that got no answer or that a crash cut short.
    pub possible_repeat: bool,
    /// When the first attempt at it was made, UTC.
    pub sealed: DateTime<Utc>,
    /// When this attempt is made, UTC.
    pub attempted: DateTime<Utc>,
    /// The reader's time zone.
    pub zone: Tz,
}

/// A message that the receiver has taken, and that another one follows.
#[derive(Debug, Clone)]
pub struct EarlierMessage {
    /// Its key.
    pub key: String,
    /// What the receiver answered to it, if that identifies the message.
    pub receipt: Option<String>,
    /// Its current version, for receivers that can edit messages.
    pub now: Message,
}

/// A picture to show, such as a chart of costs.
#[derive(Debug, Clone)]
pub struct ImageAttachment {
    /// The file's name, with its ending.
    pub name: String,
    /// A one-line description.
    pub title: String,
    /// A PNG file.
    pub png: Vec<u8>,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum DeliveryOutcome {
    /// The receiver accepted it; the receipt is its answer, if that identifies the message.
    Delivered(Option<String>),
    /// Not now, and it certainly did not arrive; tried again, not before the receiver's own wish if it has one.
    Later {
        /// Why, without any secret.
        why: String,
        /// How long the receiver asked to wait.
        wait: Option<TimeDelta>,
    },
    /// It was sent, and no answer came: it may have arrived.
    Unknown(String),
    /// The receiver refuses this message as it is; it may accept others.
    Refused(String),
    /// The receiver refuses everything: an address, a password or a webhook is wrong.
    Stopped(String),
}

/// A receiver of messages.
#[async_trait]
pub trait Receiver: Send + Sync {
    /// Tells, once. Ends within its own time limit.
    async fn send(&self, parcel: &DeliveryRequest) -> DeliveryOutcome;

    /// Looks whether it could tell, without telling anything to anybody.
    async fn probe(&self) -> Result<String, String>;

    /// Shows a picture, below an earlier message if one is named.
    async fn show(&self, _picture: &ImageAttachment, _below: Option<&EarlierMessage>) -> DeliveryOutcome {
        DeliveryOutcome::Refused("this kind of receiver cannot show images".to_owned())
    }

    /// What it makes of messages that belong together.
    fn threads(&self) -> ThreadSupport {
        ThreadSupport::None
    }

    /// The shortest time between two messages that it likes.
    fn pace(&self) -> TimeDelta {
        TimeDelta::zero()
    }
}

macro_rules! receivers {
    ($($module:ident: $name:ident),* $(,)?) => {
        /// A kind of receiver, with its settings.
        #[derive(Debug, Clone)]
        pub enum ReceiverKind {
            $(
                #[doc = concat!("`via.", stringify!($module), "`")]
                $name($module::$name)
            ),*
        }

        impl TaggedSettings for ReceiverKind {
            const KEY: &'static str = "via";
            const NAMES: &'static [&'static str] = &[$(stringify!($module)),*];

            fn read(name: &str, settings: &mut TableReader<'_, '_>) -> Option<Self> {
                match name {
                    $(stringify!($module) => $module::$name::read(settings).map(Self::$name),)*
                    _ => None,
                }
            }
        }

        impl ReceiverKind {
            /// Creates the receiver. The error says what the machine lacks, such as root certificates.
            pub fn receiver(self) -> Result<Arc<dyn Receiver>, String> {
                match self { $(Self::$name(settings) => settings.receiver().map(|receiver| Arc::new(receiver) as Arc<dyn Receiver>)),* }
            }
        }
    };
}

receivers! {
    slack: Slack,
    slack_app: SlackApp,
    email: Email,
    webhook: Webhook,
    stdout: Stdout,
}
