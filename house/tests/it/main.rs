//! What holds for the workspace as a whole. Needs cargo and nothing else.
//!
//! Each check returns what it refuses, each with its place and what to do; `known.toml` lists what is still wrong.
//! Tables stand at the top of each check. Every check is also tried on made-up input that it must refuse.

#![allow(clippy::expect_used, clippy::indexing_slicing, clippy::panic, reason = "all of this is a test")]

mod arrows;
mod cargo;
mod circles;
mod deny;
mod dependencies;
mod features;
mod finding;
mod floors;
mod graph;
mod links;
mod map;
mod money;
mod names;
mod sizes;
mod source;
