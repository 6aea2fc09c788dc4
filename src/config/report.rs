//! `[report]`: how the report of a month is written, and who gets it when.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use model::currency::{PerUsd, Rate, decimals};
use model::language::Language;
use model::money::Money;
use model::settings::{Names, Settings};

use super::read::cron_in_zone;
use super::{Monthly, Report};

pub(super) fn read(table: &mut Settings<'_, '_>, zone: Tz, now: DateTime<Utc>) -> Option<Report> {
    let language = if table.has("language") { table.word("language", Language::ALL) } else { Some(Language::default()) };
    let currency = if table.has("currency") { table.table("currency", rate).map(Some) } else { Some(None) };
    let monthly = match (table.has("cron"), table.has("tell")) {
        (false, false) => Some(None),
        (true, false) => {
            table.problem("cron", "`report` says when, and not to whom", "`tell` is missing", Some("write tell = [\"team\"]".to_owned()));
            None
        }
        (false, true) => {
            let help = "write cron = \"0 0 9 2 * *\", or leave `tell` out and run `monitor report --send`".to_owned();
            table.problem("tell", "`report` says to whom, and not when", "`cron` is missing", Some(help));
            None
        }
        (true, true) => {
            let expression: Option<String> = table.optional("cron");
            let cron = expression.and_then(|expression| cron_in_zone(table, &expression, zone, now));
            let tell = table.mentions("tell", Names::Receiver).map(|mut names| {
                names.sort();
                names.dedup();
                names
            });
            cron.zip(tell).map(|(cron, tell)| Some(Monthly { cron, tell }))
        }
    };
    Some(Report { language: language?, currency: currency?, monthly: monthly? })
}

fn rate(table: &mut Settings<'_, '_>) -> Option<Rate> {
    let code: Option<String> = table.required("code");
    let per_usd: Option<PerUsd> = table.required("per_usd");
    let code = code?;
    if code == Money::USD {
        table.problem("code", "the second currency is the first one", "US dollars are shown anyway", Some("leave `currency` out".to_owned()));
        return None;
    }
    if decimals(&code).is_none() {
        table.problem("code", format!("`{code}` is not a currency"), "expected a code of ISO 4217", Some("write it like \"KRW\" or \"EUR\"".to_owned()));
        return None;
    }
    Some(Rate { code, per_usd: per_usd? })
}
