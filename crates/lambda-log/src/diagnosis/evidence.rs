//! Words by which a line shows whom the function was talking to.

/// The SDKs of AWS, and the forms in which they report an error.
pub(super) const AWS: &[&str] = &[
    "An error occurred (",
    "when calling the",
    "botocore",
    "boto3",
    "aws-sdk",
    "amazonaws",
    "software.amazon",
    "Amazon.",
    "Amazon S3",
    "Secrets Manager",
    "Aws::",
    "Aws\\",
    "AWS",
    "arn:aws",
    "(Service: ",
    "$metadata",
    "\"$fault\"",
    "api error ",
    "smithy",
];

/// Databases, their drivers and schemes.
const DATABASES: &[&str] = &[
    "mysql",
    "MySQL",
    "ariadb",
    "ostgres",
    "psycopg",
    "asyncpg",
    "pgbouncer",
    "pg-pool",
    "/pg/",
    "pg_hba",
    "libpq",
    "Npgsql",
    "ongodb",
    "ongoDB",
    "ongoose",
    "MongoNetwork",
    "MongoServer",
    "MongoError",
    "pymongo",
    "ocumentDB",
    "redis",
    "Redis",
    "emcache",
    "assandra",
    "licHouse",
    "lickhouse",
    "neo4j",
    "Sequelize",
    "sequelize",
    "TypeORM",
    "typeorm",
    "Prisma",
    "prisma",
    "knex",
    "jdbc",
    "JDBC",
    "Hikari",
    "hibernate",
    "sqlalchemy",
    "SQLAlchemy",
    "SQLSTATE",
    "SQLException",
    "SqlException",
    "SqlClient",
    "OperationalError",
    "pyodbc",
    "mssql",
    "SQL Server",
    "ORA-",
    "oracledb",
    "cx_Oracle",
    ".rds.amazonaws.com",
    ".docdb.amazonaws.com",
    ".cache.amazonaws.com",
    ".redshift.amazonaws.com",
];

/// Ports that only databases listen on: MySQL, PostgreSQL and its poolers, MongoDB, Redis, SQL Server, Oracle,
/// Redshift, Cassandra, Memcached, Neo4j, CockroachDB.
const PORTS: [&str; 17] = [
    "3306", "33060", "5432", "5433", "6432", "27017", "27018", "27019", "6379", "6380", "1433", "1521", "5439", "9042",
    "11211", "7687", "26257",
];

/// Whether a text names a database: its product, a driver, a scheme or a port.
pub(super) fn names_database(text: &str) -> bool {
    has_any(text, DATABASES) || PORTS.iter().any(|port| names_port(text, port))
}

/// Whether a text has one of some words.
pub(super) fn has_any(text: &str, words: &[&str]) -> bool {
    words.iter().any(|word| text.contains(word))
}

/// Whether a name stands in a text, and is not the end of a longer one.
pub(super) fn is_whole_name(text: &str, name: &str) -> bool {
    text.match_indices(name).any(|(at, _)| {
        text.get(..at).is_none_or(|before| !before.ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_'))
    })
}

/// Whether a number stands in a text as a port: `host:5432`, `port 5432`, `"port": 5432`.
fn names_port(text: &str, port: &str) -> bool {
    text.match_indices(port).any(|(at, _)| {
        let before = text.get(..at).map_or("", |before| before.trim_end_matches(['"', '\'', ' ', ':', '=']));
        let is_port = before.len() < at
            && (text.get(..at).is_some_and(|before| before.ends_with(':'))
                || before.to_ascii_lowercase().ends_with("port"));
        let ends = text.get(at + port.len()..).is_none_or(|rest| !rest.starts_with(|c: char| c.is_ascii_digit()));
        is_port && ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_database_is_named_by_its_driver_its_scheme_or_its_port() {
        for text in [
            "connect ECONNREFUSED 10.0.0.9:5432",
            "connection refused on port 3306",
            "{\"code\":\"ECONNREFUSED\",\"port\":27017}",
            "redis://cache:7000 refused",
            "at Socket.<anonymous> (/var/task/node_modules/pg/lib/client.js)",
        ] {
            assert!(names_database(text), "{text}");
        }
        for text in [
            "connect ECONNREFUSED 127.0.0.1:3000",
            "connect ECONNREFUSED 10.0.0.9:54321",
            "5432 rows",
            "http://orders.test: connection refused",
        ] {
            assert!(!names_database(text), "{text}");
        }
    }
}
