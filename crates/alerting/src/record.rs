//! Incidents with their notifications and messages, as commands show them.

use chrono::{DateTime, Utc};

use crate::incident::{Incident, IncidentEvent};
use crate::notification::Message;
use crate::operator::Acknowledgement;

/// An incident with its acknowledgement and notifications.
#[derive(Debug, Clone)]
pub struct IncidentRecord {
    /// The current incident.
    pub incident: Incident,
    /// Its acknowledgement.
    pub ack: Option<Acknowledgement>,
    /// Its notifications, oldest first.
    pub told: Vec<NotificationRow>,
}

/// A notification and its state.
#[derive(Debug, Clone)]
pub struct NotificationRow {
    /// The incident's id.
    pub incident: String,
    /// The receiver's name.
    pub receiver: String,
    /// What happened.
    pub event: IncidentEvent,
    /// When that was decided, UTC.
    pub at: DateTime<Utc>,
    /// When it was sent or dropped, UTC; `None` while it waits.
    pub done: Option<DateTime<Utc>>,
    /// Why it was dropped.
    pub dropped: Option<String>,
    /// Attempts at messages with it.
    pub attempts: u32,
    /// Why the last one that failed did.
    pub last_error: Option<String>,
    /// The message with it; `None` while it waits, if it was dropped, and once the message was deleted.
    pub message: Option<i64>,
    /// What the receiver answered to that.
    pub receipt: Option<String>,
    /// An attempt at that message got no answer, so the receiver may have it twice.
    pub possible_repeat: bool,
    /// The receiver refuses that message as it is.
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
    /// The receiver refuses it as it is.
    pub refused: bool,
    /// What the receiver answered.
    pub receipt: Option<String>,
    /// Why the last attempt failed.
    pub last_error: Option<String>,
    /// The message.
    pub message: Message,
}
