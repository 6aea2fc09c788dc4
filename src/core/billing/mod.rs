//! What a bill says of itself: its days ([`series`]), how its month will end ([`forecast`]), and what is out of the ordinary in it ([`anomaly`]).

pub mod anomaly;
mod dense;
pub mod forecast;
pub mod series;
