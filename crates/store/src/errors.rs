//! Every error that functions have ever shown.

use std::collections::BTreeSet;

use alerting::fingerprints::{KnownError, MOST_FINGERPRINTS};
use chrono::{DateTime, Utc};
use lambda_log::fault::FailedInvocation;
use rusqlite::params;

use crate::database::Database;
use crate::error::StoreError;
use crate::record::ms;

const WRITE: &str = "INSERT INTO error (function, fingerprint, first, seen, last, cause, excerpt) VALUES (?1, ?2, ?3, ?4, ?4, ?5, ?6)
    ON CONFLICT DO UPDATE SET first = min(first, excluded.first), seen = min(seen, excluded.seen), last = max(last, excluded.last)";
/// As `Fingerprints::learn` does it: of too many errors of one function those not seen for longest go.
const FORGET: &str = "DELETE FROM error WHERE function = ?1 AND fingerprint IN (
        SELECT fingerprint FROM error WHERE function = ?1 ORDER BY last DESC, fingerprint DESC LIMIT -1 OFFSET ?2)";
const WRITE_KNOWN: &str =
    "INSERT INTO error (function, fingerprint, first, seen, last, cause, excerpt) VALUES (?1, ?2, ?3, ?4, ?5, '', '')
    ON CONFLICT DO NOTHING";

impl Database {
    pub(crate) fn errors(&self) -> Result<Vec<KnownError>, StoreError> {
        self.rows("an error", "SELECT function, fingerprint, first, seen, last FROM error", [], |row| {
            Ok(KnownError {
                function: row.get(0)?,
                fingerprint: row.get(1)?,
                first: row.time(2)?,
                seen: row.time(3)?,
                last: row.time(4)?,
            })
        })
    }

    /// Writes down that a fault showed an error, if it did.
    pub(crate) fn write_error(
        &self,
        at: DateTime<Utc>,
        seen: DateTime<Utc>,
        fault: &FailedInvocation,
    ) -> Result<(), StoreError> {
        if let Some(fingerprint) = &fault.fingerprint {
            self.execute(
                WRITE,
                params![fault.function, fingerprint, ms(at), ms(seen), fault.cause.code(), fault.excerpt()],
            )?;
        }
        Ok(())
    }

    /// Keeps no more errors of each function than the history does.
    pub(crate) fn forget_errors(&self, functions: &BTreeSet<&str>) -> Result<(), StoreError> {
        functions.iter().try_for_each(|function| self.execute(FORGET, params![function, MOST_FINGERPRINTS]).map(drop))
    }

    /// Writes errors down that are known from elsewhere.
    pub(crate) fn write_known(&self, errors: &[KnownError]) -> Result<(), StoreError> {
        let write = |error: &KnownError| {
            let KnownError { function, fingerprint, first, seen, last } = error;
            self.execute(WRITE_KNOWN, params![function, fingerprint, ms(*first), ms(*seen), ms(*last)]).map(drop)
        };
        errors.iter().try_for_each(write)
    }
}
