//! `[warm.<name>]`

use aws::settings::AwsSettings;
use chrono::{DateTime, Utc};
use chrono_tz::Tz;
use model::money::Percent;
use model::schedule::Schedule;
use model::settings::{TableReader, TaggedSettings, one_of};
use model::span::Span;
use monitor_warmup::PingDialect;
use rust_decimal::Decimal;
use source::{PingPayload, WarmPing, WarmSettings};

use super::WatchSettings;
use super::cron::schedule;

/// `every = "auto"` looks so often whether to ping.
const LOOKED_AT: Span = Span::minutes(1);
/// The share of calls that may be cold starts, if `max_cold` does not say.
const MAX_COLD: Percent = Percent(Decimal::ONE);

pub(super) fn read(
    name: &str,
    table: &mut TableReader<'_, '_>,
    aws: Option<&AwsSettings>,
    (zone, now): (Tz, DateTime<Utc>),
) -> Option<WarmSettings> {
    let is_auto = table.text("every") == Some("auto");
    let schedule = if is_auto { planned(table) } else { schedule(table, zone, now) };
    let max_cold = max_cold(table, is_auto);
    let function: Option<String> = table.required("function");
    if function.as_deref().is_some_and(|function| function.trim().is_empty() || function.contains('*')) {
        table.problem(
            "function",
            "`function` must name one function",
            "expected one name or ARN, without wildcards",
            None,
        );
    }
    let concurrency = table.number("concurrency", 1, 1..1000);
    let payload = payload(table);
    let region: Option<String> = table.optional("region");
    let is_watched = |region: &String| {
        aws.is_none_or(|aws| aws.region.as_ref() == Some(region) || aws.other_regions.contains(region))
    };
    if let Some(unknown) = region.as_ref().filter(|region| !is_watched(region)) {
        table.problem(
            "region",
            format!("`{unknown}` is not among the regions of the account"),
            "not watched",
            Some(format!("under [aws], add \"{unknown}\" to `regions`")),
        );
    }
    let region = region.filter(|region| aws.is_none_or(|aws| aws.region.as_ref() != Some(region)));
    let jitter: Option<Span> = table.optional("jitter");
    // Planned pings take one place of the ten that a new account has.
    let share = if is_auto { Decimal::TEN } else { Decimal::from(20) };
    let max_share = table.or("max_share", Percent(share));
    let give_up = table.or("give_up", Span::seconds(65));
    Some(WarmSettings {
        name: format!("warm.{name}"),
        schedule: schedule?,
        function: function?,
        region,
        concurrency: concurrency?,
        max_cold: max_cold?,
        payload: payload?,
        jitter,
        max_share: max_share?,
        give_up: give_up?,
    })
}

/// `every = "auto"`: the plan says when, and how many at once.
fn planned(table: &mut TableReader<'_, '_>) -> Option<Schedule> {
    for key in ["cron", "concurrency", "jitter"] {
        if table.has(key) {
            table.problem(
                key,
                format!("`{key}` does not go with every = \"auto\""),
                "planned by the monitor",
                Some(format!("remove it, or write a length of time: every = \"5m\" with `{key}`")),
            );
        }
    }
    Some(Schedule::Every(LOOKED_AT))
}

/// The share of calls that may be cold starts; `Some(None)` for pings that are not planned.
fn max_cold(table: &mut TableReader<'_, '_>, is_auto: bool) -> Option<Option<Percent>> {
    let share: Option<Percent> = table.or("max_cold", MAX_COLD);
    if table.has("max_cold") && !is_auto {
        table.problem(
            "max_cold",
            "`max_cold` needs pings that are planned",
            "not planned",
            Some("write every = \"auto\", or remove `max_cold`".to_owned()),
        );
        return None;
    }
    if !is_auto {
        return Some(None);
    }
    if share.is_some_and(|share| share.0 <= Decimal::ZERO || share.0 > Decimal::from(50)) {
        table.problem(
            "max_cold",
            "`max_cold` must be more than 0% and at most 50%",
            "no plan can keep this",
            Some("max_cold = \"1%\"".to_owned()),
        );
        return None;
    }
    share.map(Some)
}

fn payload(table: &mut TableReader<'_, '_>) -> Option<PingPayload> {
    if !table.has("payload") {
        return Some(PingPayload::Of(PingDialect::Monitor));
    }
    let text: String = table.optional("payload")?;
    if let Some((_, dialect)) = PingDialect::ALL.iter().find(|(name, _)| *name == text) {
        return Some(PingPayload::Of(*dialect));
    }
    let Err(error) = serde_json::from_str::<serde_json::Value>(&text) else { return Some(PingPayload::Json(text)) };
    let names = PingDialect::ALL.map(|(name, _)| name);
    let is_word = text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let help = if is_word {
        one_of(&text, &names)
    } else {
        format!(r#"for example payload = '{{"warmer":true}}', or a library: {}"#, names.join(", "))
    };
    table.problem(
        "payload",
        "the payload must be JSON, or the name of a warm-up library",
        error.to_string(),
        Some(help),
    );
    None
}

/// A plan is made from the function's log: a watch must read it.
pub(super) fn check_logs<R: TaggedSettings>(
    root: &TableReader<'_, '_>,
    warms: &[WarmSettings],
    watches: &[WatchSettings<R>],
) {
    for warm in warms.iter().filter(|warm| warm.max_cold.is_some()) {
        let function = WarmPing::function(warm);
        if watches.iter().any(|watch| watch.read.reads_log_of(function)) {
            continue;
        }
        let at = root.place_at(&["warm", warm.name.trim_start_matches("warm."), "every"]);
        root.notes().problem(
            at,
            format!("every = \"auto\" plans from the log of `{function}`, and no watch reads it"),
            "nothing to plan from",
            Some(format!("add a watch: read.lambda_logs = {{ functions = [\"{function}\"] }}")),
        );
    }
}
