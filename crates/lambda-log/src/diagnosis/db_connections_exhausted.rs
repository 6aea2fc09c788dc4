//! The database takes no more connections.

use super::{Case, Cause, Diagnosis};

pub(super) use super::said as sign;

pub(super) const MEANING: &str = "the database has no connection left";
pub(super) const NEXT_STEP: &str = "Open one connection per environment, keep it, and cap the function's concurrency below the database's limit; a proxy such as RDS Proxy shares connections between environments.";
pub(super) const WORDS: &[&str] = &[
    "Too many connections",
    "too many connections",
    "remaining connection slots",
    "too many clients already",
    "acquire database connection",
    "\"53300\"",
    "max_user_connections",
    "fetching a new connection from the connection pool",
    "QueuePool limit",
    "ER_CON_COUNT_ERROR",
    "acquiring a connection",
    "ResourceRequest timed out",
    "connection limit exceeded",
    "Connection pool exhausted",
    "connection pool exhausted",
    "MaxClientsInSessionMode",
    "max clients reached",
    "ConnectionAcquireTimeoutError",
    "User has exceeded the 'max_",
    "Operation timed out waiting for a connection",
    "connection is not available, request timed out",
    "PoolTimeout",
];

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::DbConnectionsExhausted, "The database, or the pool in front of it, had no connection left to give.")
}
