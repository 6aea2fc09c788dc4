//! The bill of health of functions, as text and as JSON.

use std::collections::BTreeMap;

use serde::Serialize;

use crate::core::diagnosis::Confidence;
use crate::core::lambda_log::health::{Health, Lines};

/// `monitor diagnose --format json`, schema 1.
#[derive(Debug, Serialize)]
pub struct Document {
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
    causes: Vec<CauseLine>,
}

#[derive(Debug, Serialize)]
struct DurationMs {
    p50: f64,
    p95: f64,
    p99: f64,
    max: f64,
}

#[derive(Debug, Serialize)]
struct MemoryMb {
    size: Option<f64>,
    max_used: Option<f64>,
}

#[derive(Debug, Serialize)]
struct CauseLine {
    code: &'static str,
    count: u64,
    first: Option<String>,
    last: Option<String>,
    confidence: &'static str,
    evidence: Vec<String>,
    remedy: String,
}

#[derive(Debug, Serialize)]
struct LinesRead {
    read: u64,
    platform: u64,
    application: u64,
    unparsed: u64,
}

/// Sums up what was read.
pub fn json(lines: Lines, functions: BTreeMap<String, Health>) -> Document {
    Document {
        schema: 1,
        functions: functions.into_iter().map(|(name, health)| one(name, health)).collect(),
        lines: LinesRead { read: lines.read(), platform: lines.platform, application: lines.application, unparsed: lines.unparsed },
    }
}

fn one(function: String, mut health: Health) -> FunctionHealth {
    let [p50, p95, p99, max] = health.durations.quantiles([0.5, 0.95, 0.99, 1.0]).unwrap_or_default();
    let time = |at: Option<chrono::DateTime<chrono::Utc>>| at.map(|at| at.to_rfc3339_opts(chrono::SecondsFormat::Millis, true));
    // Without a single summary nothing shows that all is well.
    let healthy = if health.invocations > 0 { Confidence::Proved } else { Confidence::Likely };
    let (verdict, confidence) = health.verdict().map_or(("healthy", healthy), |(cause, seen)| (cause.code(), seen.confidence));
    let causes = health.causes().into_iter().map(|(cause, seen)| CauseLine {
        code: cause.code(),
        count: seen.count,
        first: time(seen.first),
        last: time(seen.last),
        confidence: seen.confidence.word(),
        evidence: seen.evidence.clone(),
        remedy: seen.remedy.clone(),
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
