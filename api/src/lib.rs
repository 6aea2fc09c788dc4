//! The OneStep todo API as one Lambda binary. This crate holds its place in the workspace until its own work begins; it has no
//! code yet.
