//! What a user can ask to be told of. Each condition is one file here and one line in the table of `condition.rs`.

mod certificate;
mod chain_changed;
mod changed;
mod cold_starts;
mod condition;
mod cost_above;
mod cost_anomaly;
mod cost_jump;
mod duration_above;
mod endpoint_down;
mod finding;
mod forecast_above;
mod free_tier_above;
mod idle_resource;
mod lambda_cause;
mod measure;
mod memory_above;
mod metric_above;
mod new_error;
mod new_region;
mod new_service;
mod ping_failing;
mod receiver_failing;
mod required_data;
mod rule;
mod severity;
mod silence;
mod slow;
mod source_failing;
#[cfg(test)]
mod tests;
mod verdict;

pub use condition::Condition;
pub use finding::{IncidentDetails, PINGING_CANNOT_HELP};
pub use measure::{MeasuredValue, Times};
pub use required_data::RequiredData;
pub use rule::{Escalation, Rule};
pub use severity::Severity;
pub use verdict::{Judgement, Verdict};
