//! The bill: its amounts by day ([`costs`]), why they changed ([`explain`]), the forecast of the month
//! ([`forecast`]) and anomalies ([`anomaly`]).

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
pub mod regions;
pub mod series;
pub mod services;
pub mod usage;
