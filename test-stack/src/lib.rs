//! What the tests of this workspace start beside themselves: AWS emulators and Python servers on loopback, and children
//! that end with the test.
//!
//! Everything listens on a loopback port of its own and ends with the value that stands for it, so tests are
//! independent and may run at once. What goes wrong here is a panic that says why: there is nothing a test could do
//! about it.

#![allow(
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "used by tests only, which end with a panic"
)]

pub mod function;
pub mod install;
pub mod leash;
pub mod server;
pub mod stack;
pub mod wait;
mod wire;
