//! A laboratory on loopback addresses: DNS servers, TLS servers and pages of our own, with faults built in. Each fault
//! has to be named by its link, its state and its next step.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::unreachable,
    reason = "a test ends with a panic"
)]

mod bytes;
#[path = "../../../../fuzz/src/probe_checks.rs"]
pub mod checks;
mod dns_faults;
mod lab;
mod limits;
mod page_faults;
mod tls_faults;
mod well;
