//! A part of statements.

/// The functions of a table, found by hopping through its key and not by reading it all.
macro_rules! functions_of {
    ($table:literal) => {
        concat!(
            "WITH RECURSIVE known(name) AS (SELECT min(function) FROM ",
            $table,
            " UNION ALL SELECT (SELECT min(function) FROM ",
            $table,
            " WHERE function > name) FROM known WHERE name IS NOT NULL) "
        )
    };
}
pub(crate) use functions_of;

/// An hour, as the index of late minutes has it.
pub(crate) const LATE_MS: i64 = 3_600_000;
