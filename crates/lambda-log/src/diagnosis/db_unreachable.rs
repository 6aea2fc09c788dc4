//! The database does not answer.

use super::{Application, Case, Cause, Diagnosis, Weight};

pub(super) const MEANING: &str = "the database does not answer";
pub(super) const NEXT_STEP: &str = "Check host and port that the quoted line shows (`localhost` in it means that the setting is missing), then the security group, the allow list and whether the database runs at all.";
pub(super) const WORDS: &[&str] = &[
    "ECONNREFUSED",
    "Connection refused",
    "connection refused",
    "ConnectionRefused",
    "connect to MySQL server",
    "connect to server",
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
    "Connection terminated",
    "buffering timed out after",
    "connect ETIMEDOUT",
    "timeout expired",
    "Access denied for user",
    "password authentication failed",
    "no pg_hba.conf entry",
    "Unable to connect to Redis",
    "Redis connection",
    "network-related or instance-specific error",
    "failed to connect to `host",
    "failed to connect to server",
    "dial tcp",
    "SQLSTATE[HY000]",
    "Unable to obtain connection from database",
    "Unable to acquire JDBC Connection",
    "MongoNetworkError",
    "MongoError: failed to connect",
];

/// Words that say that a database is spoken to, where the others do not.
const OF_DATABASES: [&str; 25] = [
    ":3306",
    ":5432",
    ":27017",
    ":6379",
    ":1433",
    ":1521",
    ":5439",
    "mysql",
    "MySQL",
    "ostgres",
    "psycopg2",
    "pymongo",
    "redis",
    "Redis",
    "Sequelize",
    "ongo",
    "atabase",
    "jdbc",
    "JDBC",
    "SQL",
    "Prisma",
    "127.0.0.1",
    "localhost",
    "ORA-",
    "Operational",
];

pub(super) fn sign(line: &Application<'_>) -> Option<Weight> {
    let text = line.text.as_ref();
    let silent = ["connect ETIMEDOUT", "dial tcp", "timeout expired", "connection refused", "Connection refused", "ECONNREFUSED", "ConnectionRefused"];
    let by_itself = WORDS.iter().any(|word| !silent.contains(word) && text.contains(word));
    let refused = ["onnection refused", "ECONNREFUSED", "ConnectionRefused"].iter().any(|word| text.contains(word));
    let of_database = OF_DATABASES.iter().any(|word| text.contains(word));
    (by_itself || refused || of_database).then(|| super::said(line)).flatten()
}

pub(super) fn judge(case: &Case<'_>) -> Option<Diagnosis> {
    case.by_sign(Cause::DbUnreachable, "The database (or whatever listens at that address) did not take the connection.")
}
