//! Words by which a line shows whom the function was talking to, and what it was doing.

use super::python_frames::{failing_source, frames};

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

/// The type by which Node's runtime says that nothing was left to wait for, and the handler had not answered.
pub(super) const LEFT: &str = "Runtime.NodeJsExit";

/// Whether a line only reports that the runtime ended: the application has raised nothing then.
pub(super) fn is_end(text: &str) -> bool {
    let (object, kind) = match text.strip_prefix("{\"errorType\":") {
        Some(rest) => (true, rest.trim_ascii_start().trim_start_matches('"')),
        None => (false, text),
    };
    let kind = kind.split([':', ' ', '\n', '"']).next().unwrap_or_default();
    kind == LEFT || (kind == "Runtime.ExitError" && !object)
}

/// The directions that end the name of a region before its number: `eu-west-1`.
const DIRECTIONS: [&str; 9] =
    ["north", "south", "east", "west", "central", "northeast", "southeast", "northwest", "southwest"];

/// Whether a word has the form of the names of AWS's regions.
fn is_region(word: &str) -> bool {
    let mut parts = word.rsplit('-');
    let is_number = |part: &str| (1..=2).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    parts.next().is_some_and(is_number)
        && parts.next().is_some_and(|direction| DIRECTIONS.contains(&direction))
        && parts.next().is_some_and(|partition| partition.len() >= 2)
}

/// Whether a text has an address of AWS, `<service>.<region>.amazonaws.com`, whose region none of AWS's can be: there is
/// no such host.
pub(super) fn names_no_region(text: &str) -> bool {
    text.match_indices(".amazonaws.com").any(|(end, _)| {
        let before = text.get(..end).unwrap_or_default();
        let host = before.rsplit(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '-' | '.')).next();
        let Some((service, region)) = host.and_then(|host| host.split_once('.')) else { return false };
        // Buckets, and hosts of one name for all regions, have something else in its place.
        let in_its_place = !service.is_empty() && !region.contains('.') && !region.starts_with("s3");
        let is_unset = matches!(region, "undefined" | "None" | "null");
        in_its_place && (is_unset || (region.contains('-') && !is_region(region)))
    })
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

/// Whether an error came up where the code read the event: the line of source, or the error itself, names it.
pub(super) fn is_of_event(text: &str) -> bool {
    let of_nothing = [
        "KeyError",
        "NoneType",
        "IndexError",
        "is not subscriptable",
        "Expecting value",
        "the JSON object must be",
        "indices must be",
    ];
    let names_event = |source: &str| {
        ["event[", "event.get(", "event.", "evt[", "evt.get("].iter().any(|name| is_whole_name(source, name))
    };
    let by_source = || has_any(text, &of_nothing) && failing_source(text).is_some_and(names_event);
    let by_node = || {
        ["Cannot destructure property '", "Cannot destructure '"]
            .iter()
            .filter_map(|words| text.split_once(words))
            .filter_map(|(_, rest)| rest.lines().next())
            .any(|rest| has_any(rest, &["'event.", "'event'", "'event["]))
    };
    // Java names the method that gave nothing.
    let by_java = || text.contains("lambda.runtime.events.") && text.contains("is null");
    let by_parser = || text.contains("aws_lambda_powertools") && text.contains("validation error");
    by_source() || by_node() || by_java() || by_parser()
}

/// System calls that change something, as Node names them behind its code for the error.
const CHANGES: &[&str] = &[
    "mkdir '",
    "mkdtemp '",
    "rmdir '",
    "unlink '",
    "rename '",
    "copyfile '",
    "symlink '",
    "link '",
    "chmod '",
    "utime '",
    "ftruncate '",
];

/// Functions of Python that change something, by the name of their frame, and modes in which a file is opened to be
/// written.
const FUNCTIONS: &[&str] = &["mkdir", "makedirs", "mkdtemp", "rename", "replace", "unlink", "remove", "copyfile"];
const MODES: &[&str] =
    &["'w'", "\"w\"", "'wb'", "\"wb\"", "'a'", "\"a\"", "'ab'", "\"ab\"", "'w+'", "\"w+\"", "'x'", "\"x\"", "mkdir("];

/// Whether a path is on the file system that is read-only in Lambda: all of it but /tmp, mounts and devices.
fn is_read_only(path: &str) -> bool {
    path.starts_with('/') && !["/tmp", "/mnt", "/dev/", "/proc/"].iter().any(|start| path.starts_with(start))
}

/// The path that a text quotes behind some words.
fn quoted<'a>(text: &'a str, before: &str) -> Option<&'a str> {
    text.split_once(before).and_then(|(_, rest)| rest.split(['\'', '"']).next())
}

/// Whether a text says that a change to a path outside of /tmp failed. The system names the reason differently: a
/// missing folder, a missing permission, or the file system itself.
pub(super) fn is_write_outside_tmp(text: &str) -> bool {
    let by_node = CHANGES.iter().any(|call| {
        let at_call = text.find(call).filter(|at| text.get(..*at).is_some_and(|before| before.ends_with(", ")));
        at_call.and_then(|at| quoted(text.get(at..)?, call)).is_some_and(is_read_only)
    });
    // There are no homes; whatever happens there is meant to be a cache or a setting.
    let by_python = ["Permission denied: '", "No such file or directory: '"].iter().any(|words| {
        let path = quoted(text, words).unwrap_or_default();
        path.starts_with("/home/")
            || (is_read_only(path)
                && frames(text).last().is_some_and(|frame| {
                    FUNCTIONS.contains(&frame.function) || frame.source.is_some_and(|source| has_any(source, MODES))
                }))
    });
    by_node || by_python
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_of_the_runtime_is_told_from_an_error_that_it_reports() {
        for (text, end) in [
            ("Runtime.NodeJsExit: Node runtime exited", true),
            ("Runtime.ExitError", true),
            ("{\"errorType\": \"Runtime.NodeJsExit\", \"errorMessage\": \"x\"}", true),
            ("Runtime.UnhandledPromiseRejection: Error: no tariff", false),
            ("Runtime.ImportModuleError: Error: Cannot find module 'zod'", false),
            ("the other function said {\"errorType\":\"Runtime.NodeJsExit\"}", false),
            ("Error: child ended with Runtime.ExitError", false),
        ] {
            assert_eq!(is_end(text), end, "{text}");
        }
    }

    #[test]
    fn a_region_that_cannot_be_is_told_from_hosts_without_one() {
        for (host, wrong) in [
            ("https://dynamodb.eu-west1.amazonaws.com/", true),
            ("sqs.us-east.amazonaws.com", true),
            ("https://sqs.None.amazonaws.com/", true),
            ("lambda.undefined.amazonaws.com", true),
            ("https://dynamodb.eu-west-1.amazonaws.com/", false),
            ("sts.us-gov-west-1.amazonaws.com", false),
            ("sqs.cn-north-1.amazonaws.com.cn", false),
            ("eusc.eusc-de-east-1.amazonaws.com", false),
            ("https://iam.amazonaws.com/", false),
            ("my-bucket.s3.amazonaws.com", false),
            ("my-bucket.s3-eu-west-1.amazonaws.com", false),
            ("my-bucket.s3.eu-west-1.amazonaws.com", false),
            ("us-east-1.queue.amazonaws.com", false),
            ("shop.cluster-c3xyz.eu-west-1.rds.amazonaws.com", false),
            (".amazonaws.com", false),
        ] {
            assert_eq!(names_no_region(host), wrong, "{host}");
        }
    }

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
