//! What was open, who was told of it, and what became of that: what commands show.

use chrono::{DateTime, Utc};

use crate::incident::{Event, Incident};
use crate::notification::Message;
use crate::operator::Ack;

/// An incident with what was said of it, in both directions.
#[derive(Debug, Clone)]
pub struct Record {
    /// The incident as it is now.
    pub incident: Incident,
    /// That somebody takes care of it.
    pub ack: Option<Ack>,
    /// What its receivers were to be told, oldest first.
    pub told: Vec<NotificationRow>,
}

/// That one receiver was to be told of one event of an incident, and what became of that.
#[derive(Debug, Clone)]
pub struct NotificationRow {
    /// The incident's id.
    pub incident: String,
    /// The receiver's name.
    pub receiver: String,
    /// What happened.
    pub event: Event,
    /// When that was decided, UTC.
    pub at: DateTime<Utc>,
    /// When it was told, or it was clear that it need not be, UTC; `None` while it waits.
    pub done: Option<DateTime<Utc>>,
    /// Why it need not be told.
    pub dropped: Option<String>,
    /// Attempts at messages that told it.
    pub attempts: u32,
    /// Why the last one that failed did.
    pub last_error: Option<String>,
    /// The message that tells it; `None` while it waits, if it was dropped, and once the message is no longer kept.
    pub message: Option<i64>,
    /// What the receiver answered to that.
    pub receipt: Option<String>,
    /// An attempt at that message got no answer, so the receiver may have it twice.
    pub possible_repeat: bool,
    /// The receiver will not take that message as it is.
    pub refused: bool,
}

/// A message to a receiver, and what became of it.
#[derive(Debug, Clone)]
pub struct MessageRow {
    /// Its row.
    pub id: i64,
    /// The receiver's name.
    pub receiver: String,
    /// When the first attempt was made, UTC.
    pub sealed: DateTime<Utc>,
    /// When it arrived, UTC.
    pub sent: Option<DateTime<Utc>>,
    /// Attempts so far.
    pub attempts: u32,
    /// An attempt has begun, and how it ended is not written down.
    pub under_way: bool,
    /// An attempt got no answer, so the receiver may have it twice.
    pub possible_repeat: bool,
    /// The receiver will not take it as it is.
    pub refused: bool,
    /// What the receiver answered.
    pub receipt: Option<String>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// What it says.
    pub message: Message,
}
