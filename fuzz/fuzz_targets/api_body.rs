//! What a stranger can hand to the API: see `src/api_checks.rs`.

#![no_main]

#[path = "../src/api_checks.rs"]
mod api_checks;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| api_checks::api_body(bytes));
