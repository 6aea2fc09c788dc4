//! The copy of a log of any content is put together again and diagnosed.

#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| checks::lambda_copy(bytes));
