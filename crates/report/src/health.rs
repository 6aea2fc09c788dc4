//! The output of `monitor diagnose`, as text and as JSON.

use std::collections::BTreeMap;

use lambda_log::diagnosis::Confidence;
use lambda_log::health::{Health, LineCounts, NO_NAME};
use model::span::spoken;
use serde::Serialize;

/// `monitor diagnose --format json`, schema 1.
#[derive(Debug, Serialize)]
pub struct HealthDocument {
    schema: u32,
    functions: Vec<FunctionHealth>,
    lines: LinesRead,
}

#[derive(Debug, Serialize)]
struct FunctionHealth {
    function: String,
    invocations: u64,
    cold_starts: u64,
    user_cold_starts: u64,
    timeouts: u64,
    errors: u64,
    duration_ms: DurationMs,
    memory_mb: MemoryMb,
    verdict: &'static str,
    confidence: &'static str,
    causes: Vec<CauseView>,
}

#[derive(Debug, Serialize)]
struct DurationMs {
    p50: Option<f64>,
    p95: Option<f64>,
    p99: Option<f64>,
    max: Option<f64>,
}

#[derive(Debug, Serialize)]
struct MemoryMb {
    size: Option<f64>,
    max_used: Option<f64>,
}

#[derive(Debug, Serialize)]
struct CauseView {
    code: &'static str,
    count: u64,
    first: Option<String>,
    last: Option<String>,
    confidence: &'static str,
    evidence: Vec<String>,
    remedy: String,
    not_shown: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct LinesRead {
    read: u64,
    platform: u64,
    application: u64,
    unparsed: u64,
}

/// Converts the result to the document.
pub fn json(lines: LineCounts, functions: BTreeMap<String, Health>) -> HealthDocument {
    HealthDocument {
        schema: 1,
        functions: functions.into_iter().map(|(name, health)| one(name, health, lines.unparsed)).collect(),
        lines: LinesRead {
            read: lines.read(),
            platform: lines.platform,
            application: lines.application,
            unparsed: lines.unparsed,
        },
    }
}

fn one(function: String, mut health: Health, unparsed: u64) -> FunctionHealth {
    // What no summary said is unknown, and not zero.
    let [p50, p95, p99, max] =
        health.durations.quantiles([0.5, 0.95, 0.99, 1.0]).map_or([None; 4], |all| all.map(Some));
    let time = |at: Option<chrono::DateTime<chrono::Utc>>| {
        at.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true))
    };
    // Without a single summary nothing shows that all is well, and what could not be read may say otherwise.
    let is_shown = health.invocations > 0 && unparsed == 0;
    let healthy = if is_shown { Confidence::Proved } else { Confidence::Likely };
    let (verdict, confidence) =
        health.verdict().map_or(("healthy", healthy), |(cause, seen)| (cause.code(), seen.confidence));
    let causes = health.causes().into_iter().map(|(cause, seen)| CauseView {
        code: cause.code(),
        count: seen.count,
        first: time(seen.first),
        last: time(seen.last),
        confidence: seen.confidence.word(),
        evidence: seen.evidence.clone(),
        remedy: seen.remedy.clone(),
        not_shown: cause.not_shown(),
    });
    FunctionHealth {
        causes: causes.collect(),
        function,
        invocations: health.invocations,
        cold_starts: health.cold,
        user_cold_starts: health.cold_waited,
        timeouts: health.timeouts,
        errors: health.errors,
        duration_ms: DurationMs { p50, p95, p99, max },
        memory_mb: MemoryMb { size: health.memory_mb, max_used: health.max_memory_mb },
        verdict,
        confidence: confidence.word(),
    }
}

/// The bill of health as a person reads it.
pub fn text(lines: LineCounts, functions: BTreeMap<String, Health>) -> String {
    let mut text = String::new();
    for (name, health) in functions {
        bill(&name, health, lines.unparsed, &mut text);
    }
    let mut read = format!(
        "{} lines read: {} of the platform, {} of the application",
        lines.read(),
        lines.platform,
        lines.application
    );
    if lines.unparsed > 0 {
        read.push_str(&format!(", {} that could not be read", lines.unparsed));
    }
    text.push_str(&read);
    text.push('\n');
    text
}

fn bill(name: &str, mut health: Health, unparsed: u64, into: &mut String) {
    let mut line = |text: String| {
        into.push_str(&text);
        into.push('\n');
    };
    let named = if name == NO_NAME { "(function without a name)" } else { name };
    let verdict = match health.verdict() {
        Some((cause, seen)) => format!("{} ({}): {}", cause.code(), seen.confidence.word(), plain(&seen.meaning)),
        None if health.invocations > 0 && unparsed == 0 => "healthy: no cause found".to_owned(),
        None if health.invocations > 0 => {
            let lines = if unparsed == 1 { "1 line".to_owned() } else { format!("{unparsed} lines") };
            format!("unknown: the lines that were read show no cause, but {lines} could not be read")
        }
        None => "unknown: the lines show no invocation".to_owned(),
    };
    line(format!("{}  {verdict}", plain(named)));
    line(counts(&health));
    if let Some([p50, p95, p99, max]) = health.durations.quantiles([0.5, 0.95, 0.99, 1.0]) {
        line(format!("  duration       p50 {}, p95 {}, p99 {}, longest {}", ms(p50), ms(p95), ms(p99), ms(max)));
    }
    if let Some(longest) = health.longest_wait_ms.filter(|longest| health.cold > 0 && *longest > 0.0) {
        line(format!("  longest wait   {} with start-up", ms(longest)));
    }
    if let Some(used) = health.max_memory_mb {
        let of = health
            .memory_mb
            .map(|size| format!(" of {size:.0} MB, {:.0} MB to spare", (size - used).max(0.0)))
            .unwrap_or_default();
        line(format!("  memory         {used:.0} MB{of}"));
    }
    if health.pings.0 > 0 {
        line(format!("  pings          {}, {} of them cold", health.pings.0, health.pings.1));
    }
    if let Some((environments, longest)) = health.environments() {
        let idle = health
            .longest_idle
            .map(|idle| format!(", longest idle time between two calls {}", spoken(idle)))
            .unwrap_or_default();
        line(format!("  environments   {environments}, the longest-lived for {}{idle}", spoken(longest)));
    }
    let causes = health.causes();
    if !causes.is_empty() {
        line(String::new());
    }
    for (cause, seen) in causes {
        let when = match (seen.first, seen.last) {
            (Some(first), Some(last)) if first < last => {
                format!(", {} to {} UTC", first.format("%F %T"), last.format("%F %T"))
            }
            (Some(at), _) => format!(", {} UTC", at.format("%F %T")),
            _ => String::new(),
        };
        line(format!("  {} x{} ({}{when})", cause.code(), seen.count, seen.confidence.word()));
        line(format!("    {}", plain(&seen.remedy)));
        for quote in &seen.evidence {
            line(format!("    | {}", plain(quote)));
        }
        if let Some(not_shown) = cause.not_shown() {
            line(format!("    {not_shown}"));
        }
    }
    line(String::new());
}

fn counts(health: &Health) -> String {
    let mut said = vec![format!("{} ended", health.invocations)];
    if health.cold > 0 {
        let share = 100.0 * health.cold as f64 / health.invocations.max(1) as f64;
        said.push(format!("{} cold ({share:.0} %), {} of them user-visible", health.cold, health.cold_waited));
    }
    if health.timeouts > 0 {
        said.push(format!("{} timed out", health.timeouts));
    }
    if health.errors > 0 {
        said.push(format!("{} failed", health.errors));
    }
    format!("  invocations    {}", said.join(", "))
}

/// Milliseconds below ten seconds, seconds above.
pub(super) fn ms(ms: f64) -> String {
    if ms < 10_000.0 { format!("{ms:.0} ms") } else { format!("{:.1} s", ms / 1000.0) }
}

/// Foreign text on a terminal: nothing in it may move the cursor or change a colour.
pub(super) fn plain(text: &str) -> String {
    text.chars().filter(|c| !c.is_control()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_could_not_be_read_leaves_the_verdict_open() {
        for (invocations, unparsed, said, sure) in [
            (3, 0, "healthy: no cause found", "proved"),
            (3, 1, "unknown: the lines that were read show no cause, but 1 line could not be read", "likely"),
            (3, 20, "unknown: the lines that were read show no cause, but 20 lines could not be read", "likely"),
            (0, 1, "unknown: the lines show no invocation", "likely"),
        ] {
            let lines = LineCounts { unparsed, ..LineCounts::default() };
            let of = || {
                let mut health = Health::default();
                health.invocations = invocations;
                BTreeMap::from([("shop".to_owned(), health)])
            };
            let text = text(lines, of());
            assert!(text.starts_with(&format!("shop  {said}\n")), "{text}");
            let document = json(lines, of());
            let found: Vec<_> = document.functions.iter().map(|one| (one.verdict, one.confidence)).collect();
            assert_eq!(found, [("healthy", sure)]);
        }
    }
}
