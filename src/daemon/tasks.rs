//! The calls that the loop has under way, and how they end.

use futures::future::BoxFuture;
use futures::stream::FuturesUnordered;
use notify::DeliveryOutcome;
use source::{PollOutput, Source};
use store::SealedMessage;

/// Something that was under way and has ended.
pub(super) enum FinishedTask {
    Polled(Box<FinishedPoll>),
    Delivered(Box<FinishedAttempt>),
    /// The heartbeat was answered, or not.
    Beaten(Result<(), String>),
    /// The messages about the store have been sent.
    Alarmed,
}

/// A poll that has ended.
pub(super) struct FinishedPoll {
    pub(super) index: usize,
    pub(super) source: BoxedSource,
    pub(super) gathered: PollOutput,
}

/// An attempt that has ended.
pub(super) struct FinishedAttempt {
    pub(super) sealed: SealedMessage,
    pub(super) receiver: String,
    pub(super) outcome: DeliveryOutcome,
}

/// A source that is on its way, and comes back with what it gathered.
pub(super) type PendingTasks = FuturesUnordered<BoxFuture<'static, FinishedTask>>;

/// A source as the loop holds it.
pub(super) type BoxedSource = Box<dyn Source>;
