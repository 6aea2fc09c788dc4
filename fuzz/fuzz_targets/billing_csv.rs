//! A billing export of any content is read, row by row.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::billing_csv(bytes));
