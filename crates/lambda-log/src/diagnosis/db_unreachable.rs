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
    "Connection terminated unexpectedly",
    "Connection terminated due to connection timeout",
    "max retries per request limit",
    "Timeout connecting to server",
    "Could not get a resource from the pool",
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
const OF_DATABASES: usize = 35;

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let text = line.text.as_ref();
    let by_itself = WORDS.iter().take(OF_DATABASES).any(|word| text.contains(word));
    (by_itself || names_database(text)).then(|| said(line)).flatten()
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::DbUnreachable, "The database did not take the connection.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_meant_by_its_drivers_words_or_by_its_name() {
        for (text, one) in [
            ("Error: Connection terminated unexpectedly", true),
            ("Reached the max retries per request limit (which is 20).", true),
            ("TimeoutError: Timeout connecting to server", true),
            ("Failed to connect to 10.0.1.5:5432", true),
            ("failed to connect to `host=db user=app`: dial tcp 10.0.0.9:5432: i/o timeout", true),
            ("Failed to connect to rates.test:443", false),
            ("connect ETIMEDOUT 10.0.0.9:443", false),
        ] {
            let line = ApplicationLine { text: text.into(), unhandled: true, ..ApplicationLine::default() };
            assert_eq!(sign(&line).is_some(), one, "{text}");
        }
        assert_eq!(WORDS.get(OF_DATABASES), Some(&"ECONNREFUSED"));
    }
}
