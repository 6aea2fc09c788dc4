//! `[report]`: the form of the monthly report, its schedule and its receivers.

use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use model::currency::{ExchangeRate, UnitsPerUsd, decimals};
use model::language::Language;
use model::money::Money;
use model::settings::{ReferenceKind, TableReader};

use super::cron::cron_in_zone;
use super::{MonthlyReportSettings, ReportSettings};

pub(super) fn read(table: &mut TableReader<'_, '_>, zone: Tz, now: DateTime<Utc>) -> Option<ReportSettings> {
    let language =
        if table.has("language") { table.word("language", Language::ALL) } else { Some(Language::default()) };
    let currency = if table.has("currency") { table.table("currency", rate).map(Some) } else { Some(None) };
    let monthly = match (table.has("cron"), table.has("tell")) {
        (false, false) => Some(None),
        (true, false) => {
            table.problem(
                "cron",
                "`report` has `cron` but no `tell`",
                "`tell` is missing",
                Some("write tell = [\"team\"]".to_owned()),
            );
            None
        }
        (false, true) => {
            let help = "write cron = \"0 0 9 2 * *\", or remove `tell` and run `monitor report --send`".to_owned();
            table.problem("tell", "`report` has `tell` but no `cron`", "`cron` is missing", Some(help));
            None
        }
        (true, true) => {
            let expression: Option<String> = table.optional("cron");
            let cron = expression.and_then(|expression| cron_in_zone(table, &expression, zone, now));
            let tell = table.mentions("tell", ReferenceKind::Receiver).map(|mut names| {
                names.sort();
                names.dedup();
                names
            });
            cron.zip(tell).map(|(cron, tell)| Some(MonthlyReportSettings { cron, tell }))
        }
    };
    Some(ReportSettings { language: language?, currency: currency?, monthly: monthly? })
}

fn rate(table: &mut TableReader<'_, '_>) -> Option<ExchangeRate> {
    let code: Option<String> = table.required("code");
    let per_usd: Option<UnitsPerUsd> = table.required("per_usd");
    let code = code?;
    if code == Money::USD {
        table.problem(
            "code",
            "the second currency must not be USD",
            "US dollars are always shown",
            Some("remove `currency`".to_owned()),
        );
        return None;
    }
    if decimals(&code).is_none() {
        table.problem(
            "code",
            format!("`{code}` is not a currency"),
            "expected an ISO 4217 code",
            Some("write it like \"KRW\" or \"EUR\"".to_owned()),
        );
        return None;
    }
    Some(ExchangeRate { code, per_usd: per_usd? })
}
