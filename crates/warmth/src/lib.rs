//! How long AWS keeps execution environments, which pings keep them warm, what that costs, and how surely.
//!
//! Times are whole milliseconds since the beginning of what is looked at. Nothing here reads a clock or draws a random
//! number that is not from a seed.

pub mod account;
pub mod alternatives;
pub mod arrivals;
pub mod auto;
pub mod belief;
pub mod chance;
pub mod evidence;
pub mod fleet;
pub mod isotonic;
pub mod keeper;
pub mod keeping;
pub mod knowledge;
pub mod learn;
pub mod lifetime;
pub mod parts;
pub mod pauses;
pub mod pinger;
pub mod plan;
pub mod policy;
pub mod pool;
pub mod promise;
pub mod regime;
pub mod replay;
pub mod round;
pub mod running;
mod sparse;
pub mod stop_loss;
pub mod survival;
pub mod trace;
pub mod traffic;
