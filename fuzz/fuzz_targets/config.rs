//! An `alerts.toml` of any content is read, or every mistake in it is shown.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::config(bytes));
