//! What a bill says, and what can be said of it: which figures hold ([`costs`]), why they changed ([`explain`]), how the month will end
//! ([`forecast`]), and what is out of the ordinary ([`anomaly`]).

pub mod anomaly;
pub mod costs;
mod dense;
pub mod early;
pub mod explain;
pub mod export;
pub mod forecast;
pub mod line;
pub mod series;
pub mod service_codes;
pub mod usage;
pub mod which;
