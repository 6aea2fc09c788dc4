//! Floor 2: what survives. One SQLite file; each table has one writer, and every program may read it.
//!
//! [`Store`] is what the other crates use. Its methods hand a piece of work to the store's own thread, which has the
//! only connection to the file (`queue.rs`); what they do there is in the methods of the same names of `Database`.

mod billing;
mod changes;
mod commit;
mod costs;
mod database;
mod error;
mod errors;
mod extent;
mod functions;
mod history;
mod inventory;
mod known_days;
mod ledger;
mod load;
mod lock;
mod migrations;
mod month;
#[cfg(test)]
mod old_versions;
mod orders;
mod outbox;
mod points;
mod prune;
mod queue;
mod record;
mod rehearsal;
mod replay;
mod signs;
mod store;
mod tallies;
#[cfg(test)]
mod tests;
mod waiting;

pub use commit::{Commit, PlannedMessage, SourceRow};
pub use database::Durability;
pub use error::StoreError;
pub use extent::StoreExtent;
pub use ledger::SpendLedger;
pub use load::LoadedState;
pub use outbox::{AttemptOutcome, Backlog, SealedMessage, SentMessage};
pub use rehearsal::{AcknowledgementRecord, DeliveredMessage};
pub use store::Store;
