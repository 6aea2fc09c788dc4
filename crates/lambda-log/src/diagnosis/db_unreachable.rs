//! The database does not answer.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::evidence::names_database;
use super::sign::{MatchWeight, said};
use super::verdict::Diagnosis;
use crate::line::ApplicationLine;

pub(super) const WORDS: &[&str] = &[
    // Only databases and their drivers say these.
    "connect to MySQL server",
    "connection to server at",
    "ServerSelection",
    "Server selection timed out",
    "server selection timeout",
    "server selection error",
    "No suitable servers found",
    "Communications link failure",
    "connect to the database",
    "reach database server",
    "SequelizeConnection",
    "SequelizeHostNotFound",
    "PROTOCOL_CONNECTION_LOST",
    "Login timeout expired",
    "ORA-12170",
    "ORA-12541",
    "Lost connection to MySQL",
    "server closed the connection unexpectedly",
    "buffering timed out after",
    "Access denied for user",
    "password authentication failed",
    "no pg_hba.conf entry",
    "Unable to connect to Redis",
    "Redis connection",
    "network-related or instance-specific error",
    "SQLSTATE[HY000]",
    "Unable to obtain connection from database",
    "Unable to acquire JDBC Connection",
    "MongoNetworkError",
    "MongoError: failed to connect",
    // Anything that listens may fail like this: the line has to name a database.
    "ECONNREFUSED",
    "Connection refused",
    "connection refused",
    "ConnectionRefused",
    "connect to server",
    "Connection terminated",
    "connect ETIMEDOUT",
    "timeout expired",
    "ailed to connect to ",
    "dial tcp",
];

/// How many of the words only databases say.
const OF_DATABASES: usize = 30;

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let text = line.text.as_ref();
    let by_itself = WORDS.iter().take(OF_DATABASES).any(|word| text.contains(word));
    (by_itself || names_database(text)).then(|| said(line)).flatten()
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::DbUnreachable, "The database did not take the connection.")
}
