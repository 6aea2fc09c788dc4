//! Floor 3: where observations come from. Each kind of source is one file and one line in the table in `read.rs`; none
//! knows another.

mod account;
pub mod billfile;
mod cost_explorer;
mod endpoint;
mod estimated_charges;
mod exact;
mod finder;
mod focus_export;
mod inventory;
mod lambda_logs;
mod lambda_metrics;
pub mod logfile;
mod metrics;
mod poll;
mod read;
mod regional;
mod retry;
mod usage_estimate;
mod warm_ping;

pub use account::{
    AccountSurvey, CHAIN_CALLS, ChainReader, ChainReading, StoredMap, SurveyStep, SurveyedKind, stored_map,
};
pub use cost_explorer::CostBackfill;
pub use estimated_charges::find_estimate;
pub use inventory::inventory_calls;
pub use lambda_logs::{FollowEvent, FollowPace, FollowResult, FunctionStretch, LogFollower, LogSink, LogStretch};
pub use poll::{PollOutput, Source};
pub use read::SourceKind;
pub use regional::name_in_region;
pub use warm_ping::{PingLane, PingPayload, WarmPing, WarmSettings};
