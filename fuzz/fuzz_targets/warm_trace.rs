//! A trace of any content is read, learned from and replayed.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::warm_trace(bytes));
