//! Diagnoses an invocation: finds the cause that an operator should act on.
//!
//! The causes stand in one table, `cause_table`, in the order of preference: the deepest cause that the lines prove is
//! the verdict, and a limit (`function_timeout`) is named only where nothing deeper shows. A cause that words alone
//! show is one entry of that table; any other has a file of its own beside its entry. Causes of the user's own come
//! from the configuration.

mod app_exception;
mod bad_event;
mod case;
mod cause;
mod cause_code;
mod cause_table;
mod causes;
mod code_cause;
mod cold_start;
mod cold_start_every_invocation;
mod credentials_invalid;
mod custom;
mod db_unreachable;
mod dns_failure;
mod event_loop_hang;
mod evidence;
mod extension_failure;
mod function_timeout;
mod import_error;
mod init_exception;
mod init_timeout;
mod invalid_entrypoint;
mod memory_pressure;
mod missing_config;
mod native_crash;
mod oom;
mod outcome;
mod package_permissions;
mod python_frames;
mod read_only_fs;
mod recent;
mod reinit_loop;
mod runtime_exit;
mod sign;
mod slow_cold_start;
#[cfg(test)]
mod tests;
mod upstream_error;
mod verdict;
mod vpc_no_egress;

pub use case::InvocationFacts;
pub use cause::Cause;
pub use cause_code::{BadCode, CauseCode};
pub use causes::{Causes, load};
pub use custom::CustomCause;
pub use outcome::InvocationOutcome;
pub use recent::{InvocationSummary, RecentInvocations, environment_hash};
pub use sign::{CauseMatch, MatchWeight};
pub use verdict::{Confidence, Diagnosis};
