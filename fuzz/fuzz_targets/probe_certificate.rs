//! What a stranger's servers send, and what a person types: see `src/probe_checks.rs`.

#![no_main]

#[path = "../src/probe_checks.rs"]
mod probe_checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| probe_checks::probe_certificate(bytes));
