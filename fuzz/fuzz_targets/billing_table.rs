//! A table of Cost Explorer of any content is read or refused.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::billing_table(bytes));
