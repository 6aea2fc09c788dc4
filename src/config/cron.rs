//! Reads `cron`: a cron expression and the zone it is read in.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use model::schedule::{CronInZone, ParseCronError};
use model::settings::TableReader;

/// The expression of `cron`.
pub(super) fn cron_in_zone(
    table: &TableReader<'_, '_>,
    expression: &str,
    zone: Tz,
    now: DateTime<Utc>,
) -> Option<CronInZone> {
    match CronInZone::parse(expression, zone, now) {
        Ok(cron) => Some(cron),
        Err(why) => {
            let help = match why {
                ParseCronError::FiveFields => {
                    "add `0 ` in front: the fields are second minute hour day-of-month month day-of-week"
                }
                ParseCronError::Never => "no such date exists up to the year 2100",
                ParseCronError::Syntax => {
                    "the fields are second minute hour day-of-month month day-of-week, as in \"0 10 */6 * * *\""
                }
            };
            table.problem(
                "cron",
                format!("the cron expression of `{}` cannot be used", table.path()),
                why.to_string(),
                Some(help.to_owned()),
            );
            None
        }
    }
}
