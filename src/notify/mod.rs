//! Floor 3: how receivers are told. Each kind is one file and one line in the table below; none knows another.

mod email;
mod slack;
mod stdout;

use std::sync::Arc;

use async_trait::async_trait;
use chrono::TimeDelta;
use chrono_tz::Tz;

use crate::core::notification::Message;
use crate::core::settings::{Kind, Settings};

/// What a receiver is handed.
#[derive(Debug, Clone)]
pub struct Parcel {
    /// The notification's key; the same for a repeat.
    pub key: String,
    /// What to say.
    pub message: Message,
    /// It may have arrived before, in an attempt that a crash cut short.
    pub possible_repeat: bool,
    /// The reader's time zone.
    pub zone: Tz,
}

/// What became of an attempt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// The receiver has it; the receipt is what it answered, if that identifies the message.
    Delivered(Option<String>),
    /// Not now; tried again, not before the receiver's own wish if it has one.
    Later {
        /// Why, without any secret.
        why: String,
        /// How long the receiver asked to wait.
        wait: Option<TimeDelta>,
    },
    /// It was sent, and no answer came: it may have arrived.
    Unknown(String),
    /// The receiver will not take it as things are: an address, a password or a webhook is wrong.
    Refused(String),
}

/// A place to tell.
#[async_trait]
pub trait Receiver: Send + Sync {
    /// Tells, once. Ends within its own time limit.
    async fn send(&self, parcel: &Parcel) -> Outcome;

    /// Looks whether it could tell, without telling anything to anybody.
    async fn probe(&self) -> Result<String, String>;
}

macro_rules! receivers {
    ($($module:ident: $name:ident),* $(,)?) => {
        /// How a receiver is told: one of the `via.` kinds.
        #[derive(Debug, Clone)]
        pub enum Via {
            $(
                #[doc = concat!("`via.", stringify!($module), "`")]
                $name($module::$name)
            ),*
        }

        impl Kind for Via {
            const KEY: &'static str = "via";
            const NAMES: &'static [&'static str] = &[$(stringify!($module)),*];

            fn read(name: &str, settings: &mut Settings<'_, '_>) -> Option<Self> {
                match name {
                    $(stringify!($module) => $module::$name::read(settings).map(Self::$name),)*
                    _ => None,
                }
            }
        }

        impl Via {
            /// The receiver these settings make. The error says what the machine lacks, such as root certificates.
            pub fn receiver(self) -> Result<Arc<dyn Receiver>, String> {
                match self { $(Self::$name(settings) => settings.receiver().map(|receiver| Arc::new(receiver) as Arc<dyn Receiver>)),* }
            }
        }
    };
}

receivers! {
    slack: Slack,
    email: Email,
    stdout: Stdout,
}
