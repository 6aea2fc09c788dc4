//! What the last log lines of a function say.

use std::sync::Arc;
use std::time::Duration;

use ::chain::seen::inside::FunctionLogSeen;
use account::map::MapResource;
use aws::{LogEvent, LogsApi};
use chrono::{DateTime, TimeDelta, Utc};
use lambda_log::diagnosis::Causes;
use lambda_log::health::HealthReader;
use lambda_log::reader::FunctionLimits;
use model::call_failure::FailureKind;

/// How far back is read.
const BACK: TimeDelta = TimeDelta::minutes(30);
/// The most pages that are read.
const MOST_PAGES: usize = 3;

/// Reads the end of a log group, and finds out why invocations fail.
pub(super) async fn read(
    logs: Arc<dyn LogsApi>,
    group: &str,
    function: &MapResource,
    causes: &Causes,
    now: DateTime<Utc>,
) -> FunctionLogSeen {
    let since = now - BACK;
    let (mut events, mut token) = (Vec::<LogEvent>::new(), None::<String>);
    for _ in 0..MOST_PAGES {
        match logs.events(group, since.timestamp_millis(), now.timestamp_millis(), token.as_deref()).await {
            Ok(page) => {
                events.extend(page.items);
                token = page.next;
            }
            Err(failure) if failure.kind == FailureKind::NotFound => {
                return FunctionLogSeen::Unknown(format!(
                    "the log group {group} is not there: the function has never run, or may not write its log"
                ));
            }
            Err(failure) if failure.kind == FailureKind::Denied => {
                let why = format!("{} is not allowed for these credentials; allow {0}", failure.call);
                return FunctionLogSeen::Unknown(why);
            }
            Err(failure) => return FunctionLogSeen::Unknown(format!("{}: {}", failure.call, failure.said)),
        }
        if token.is_none() {
            break;
        }
    }
    events.sort_by(|a, b| (&a.stream, a.at_ms).cmp(&(&b.stream, b.at_ms)));
    judged(&events, function, causes, since)
}

fn judged(events: &[LogEvent], function: &MapResource, causes: &Causes, since: DateTime<Utc>) -> FunctionLogSeen {
    let number = |setting: &str| function.setting(setting)?.split(' ').next()?.parse::<f64>().ok();
    let limits = FunctionLimits {
        memory_mb: number("memory"),
        timeout_ms: number("timeout").map(|seconds| seconds * 1000.0),
        is_excerpt: true,
    };
    let mut reader = HealthReader::new(Some(function.id.clone()), limits).with_causes(causes);
    for line in events.iter().flat_map(|event| event.message.lines()) {
        reader.line(line);
    }
    let (_, functions) = reader.end();
    let health = functions.into_values().next().unwrap_or_default();
    let cause = health.verdict();
    let evidence = cause.map(|(_, seen)| seen.evidence.clone()).unwrap_or_default();
    let cause = cause.map(|(cause, seen)| (format!("{} ({})", seen.meaning, cause.code()), seen.remedy.clone()));
    let newest = events.iter().max_by_key(|event| event.at_ms).map(|event| event.stream.as_str());
    let report = events.iter().rev().filter(|event| Some(event.stream.as_str()) == newest);
    let last = report.filter_map(|event| duration(&event.message)).next();
    FunctionLogSeen::Read {
        since,
        invocations: health.invocations.max(health.errors + health.timeouts),
        failed: health.errors + health.timeouts,
        timed_out: health.timeouts,
        cause,
        evidence,
        last,
    }
}

/// The duration of a REPORT line.
fn duration(line: &str) -> Option<Duration> {
    let rest = line.strip_prefix("REPORT RequestId: ")?.split_once("Duration: ")?.1;
    let ms: f64 = rest.split(' ').next()?.parse().ok()?;
    Duration::try_from_secs_f64(ms / 1000.0).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(at_ms: i64, message: &str) -> LogEvent {
        LogEvent { stream: "s".to_owned(), at_ms, id: None, message: message.to_owned() }
    }

    #[test]
    fn a_time_out_is_counted_and_the_last_report_says_how_long_it_ran() {
        lambda_log::load().expect("the words of causes");
        let mut function = MapResource::new("shop");
        function.set("timeout", "3 s");
        let id = "8f5c1b2e-1111-4222-8333-444455556666";
        let events = [
            event(1, &format!("START RequestId: {id} Version: $LATEST\n")),
            event(2, &format!("2024-12-20T12:00:03.000Z {id} Task timed out after 3.00 seconds\n")),
            event(3, &format!("END RequestId: {id}\n")),
            event(
                4,
                &format!(
                    "REPORT RequestId: {id}\tDuration: 3000.00 ms\tBilled Duration: 3000 ms\tMemory Size: 128 MB\tMax Memory Used: 30 MB\n"
                ),
            ),
        ];
        let seen = judged(&events, &function, &Causes::built_in(), DateTime::UNIX_EPOCH);
        let FunctionLogSeen::Read { invocations, failed, timed_out, last, .. } = &seen else { panic!("{seen:?}") };
        assert_eq!((*invocations, *failed, *timed_out, *last), (1, 1, 1, Some(Duration::from_secs(3))), "{seen:?}");
    }
}
