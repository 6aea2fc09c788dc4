//! A log of any content is followed.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::lambda_log(bytes));
