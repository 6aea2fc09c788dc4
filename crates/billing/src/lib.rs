//! What a bill says, and what can be said of it: which figures hold ([`costs`]), why they changed ([`explain`]), how the month will end
//! ([`forecast`]), and what is out of the ordinary ([`anomaly`]).

pub mod anomaly;
pub mod best;
pub mod costs;
pub mod day_cost;
pub mod decimal;
mod dense;
pub mod early;
pub mod explain;
pub mod export;
pub mod forecast;
pub mod free_tier;
pub mod ledger;
pub mod line;
pub mod series;
pub mod services;
pub mod usage;
