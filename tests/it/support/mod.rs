//! The world around the program, for the integration tests: AWS emulators (of
//! the crate `test_stack`, which the API's tests share), a mail server, a webhook
//! receiver and the program itself as a child process.
//!
//! Everything listens on a loopback port of its own and ends with the value
//! that stands for it, so tests are independent and may run at once. Nothing
//! here needs the test's tokio runtime to make progress: a test may block on
//! the program while a server of this module answers it.
//!
//! [`checks`] exercises each piece, which also keeps the compiler's dead-code
//! lint meaningful: what is reported as unused here is unused indeed.

pub(crate) mod bills;
mod checks;
pub(crate) mod mail;
pub(crate) mod naive;
pub(crate) mod program;
pub(crate) mod receivers;
pub(crate) mod recorder;
pub(crate) mod schema;
pub(crate) mod slack_api;
pub(crate) mod webhook;

use test_stack::{install, leash, server};
pub(crate) use test_stack::{stack, wait};
