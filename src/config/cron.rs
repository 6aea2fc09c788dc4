//! Reads `every` and `cron`, a cron expression and the zone it is read in.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use model::schedule::{CronInZone, ParseCronError, Schedule};
use model::settings::TableReader;
use model::span::Span;

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

/// The shortest time between two polls of the same thing.
const SHORTEST_EVERY: Span = Span::seconds(1);

/// `every` or `cron`, exactly one of them.
pub(super) fn schedule(table: &mut TableReader<'_, '_>, zone: Tz, now: DateTime<Utc>) -> Option<Schedule> {
    let every: Option<Span> = table.optional("every");
    let cron: Option<String> = table.optional("cron");
    match (table.has("every"), table.has("cron")) {
        (true, true) => {
            table.problem(
                "cron",
                format!("`{}` has both `every` and `cron`", table.path()),
                "leave one of them out",
                None,
            );
            None
        }
        (false, false) => {
            table.problem(
                "every",
                format!("`{}` has no schedule", table.path()),
                "missing",
                Some("write every = \"6h\" or cron = \"0 10 */6 * * *\"".to_owned()),
            );
            None
        }
        (true, false) => every.filter(|every| *every >= SHORTEST_EVERY).map(Schedule::Every),
        (false, true) => cron_in_zone(table, &cron?, zone, now).map(|cron| Schedule::Cron(Box::new(cron))),
    }
}
