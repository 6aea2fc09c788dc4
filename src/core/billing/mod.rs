//! What a bill says, and what can be said of it: which figures hold, why they changed, and how the month will end.

pub mod explain;
pub mod export;
pub mod line;
