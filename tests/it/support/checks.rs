//! The harness, tried on itself: when one of these fails, look here and at the
//! emulators before you look at the program.

mod emulators;
mod mails;
mod programs;
mod slack_apis;
mod webhooks;
