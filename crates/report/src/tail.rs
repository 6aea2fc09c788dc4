//! A line of a live log, as text and as JSON.

use chrono::SecondsFormat;
use chrono_tz::Tz;
use lambda_log::diagnosis::Confidence;
use lambda_log::tail::{TailEntry, TailFigures, TailOutcome};
use serde::Serialize;

use super::health::{ms, plain};

/// A function's name takes this much of a line at most, so that what follows stays in columns.
const WIDEST: usize = 40;

/// A line of `monitor tail --format json`, schema 1; its schema is `docs/tail.schema.json`.
#[derive(Debug, Serialize)]
struct TailLine<'a> {
    schema: u32,
    at: String,
    function: &'a str,
    stream: &'a str,
    request_id: Option<&'a str>,
    outcome: &'static str,
    duration_ms: Option<f64>,
    billed_ms: Option<f64>,
    memory_mb: Option<f64>,
    max_memory_mb: Option<f64>,
    cold: bool,
    init_ms: Option<f64>,
    waited_ms: Option<f64>,
    ping: bool,
    cause: Option<&'static str>,
    confidence: Option<&'static str>,
    also: Vec<&'static str>,
    finding: Option<&'a str>,
    evidence: &'a [String],
}

/// An invocation as an object on one line, without the end of the line.
///
/// # Errors
/// Never: nothing in it is beyond JSON.
pub fn json(ended: &TailEntry) -> Result<String, serde_json::Error> {
    let (figures, why) = (ended.figures.as_ref(), ended.why.as_ref());
    let figure = |of: fn(&TailFigures) -> Option<f64>| figures.and_then(of);
    serde_json::to_string(&TailLine {
        schema: 1,
        at: ended.at.to_rfc3339_opts(SecondsFormat::Millis, true),
        function: &ended.function,
        stream: &ended.stream,
        request_id: ended.request_id.as_deref(),
        outcome: ended.end.word(),
        duration_ms: figure(|figures| Some(figures.duration_ms)),
        billed_ms: figure(|figures| figures.billed_ms),
        memory_mb: figure(|figures| figures.memory_mb),
        max_memory_mb: figure(|figures| figures.max_memory_mb),
        cold: ended.cold,
        init_ms: figure(|figures| figures.init_ms),
        waited_ms: figure(|figures| figures.waited_ms),
        ping: ended.is_ping,
        cause: why.map(|why| why.cause.code()),
        confidence: why.map(|why| why.confidence.word()),
        also: why.map(|why| why.also.iter().map(|cause| cause.code()).collect()).unwrap_or_default(),
        finding: why.map(|why| why.finding.as_str()),
        evidence: why.map(|why| why.evidence.as_slice()).unwrap_or_default(),
    })
}

/// Writes lines for a person.
#[derive(Debug)]
pub struct TailLayout {
    zone: Tz,
    colors: bool,
    /// How wide the column of functions is.
    width: usize,
}

impl TailLayout {
    /// Times in `zone`, with or without colours.
    pub fn new(zone: Tz, colors: bool) -> Self {
        Self { zone, colors, width: 0 }
    }

    /// Makes room for functions that may come.
    pub fn expect<'a>(&mut self, functions: impl IntoIterator<Item = &'a String>) {
        let longest = functions.into_iter().map(|function| function.chars().count()).max().unwrap_or(0);
        self.width = self.width.max(longest.min(WIDEST));
    }

    /// An invocation as one line, without its end.
    pub fn line(&mut self, ended: &TailEntry) -> String {
        self.expect([&ended.function]);
        let (red, yellow, dim) = (self.paint("31"), self.paint("33"), self.paint("2"));
        let at = ended.at.with_timezone(&self.zone).format("%F %T %Z");
        let (word, paint) = match ended.end {
            TailOutcome::Success => ("ok", &dim),
            TailOutcome::Error => ("ERROR", &red),
            TailOutcome::Timeout => ("TIMEOUT", &red),
            TailOutcome::Unknown => ("NO END", &red),
            TailOutcome::StartUp => ("START-UP", &red),
        };
        let figures = ended.figures;
        let took = figures.map_or_else(|| "-".to_owned(), |figures| ms(figures.duration_ms));
        let memory = figures.and_then(|figures| figures.max_memory_mb.zip(figures.memory_mb));
        let memory = memory.map_or_else(|| "-".to_owned(), |(used, size)| format!("{used:.0}/{size:.0} MB"));
        let mut line = format!(
            "{at}  {:<width$}  {}  {took:>9}  {memory:>13}",
            plain(&ended.function),
            paint(&format!("{word:<8}")),
            width = self.width
        );
        let mut add = |text: String| {
            line.push_str("  ");
            line.push_str(&text);
        };
        if ended.cold {
            let start_up =
                figures.and_then(|figures| figures.init_ms).map(|init| format!(" {}", ms(init))).unwrap_or_default();
            let waited = figures.and_then(|figures| figures.waited_ms.filter(|waited| *waited > figures.duration_ms));
            let waited = waited.map(|waited| format!(", waited {}", ms(waited))).unwrap_or_default();
            add(yellow(&format!("COLD{start_up}{waited}")));
        }
        if ended.is_ping {
            add(dim("ping"));
        }
        if let Some(cause) = cause_line(ended) {
            let (code, rest) = cause.split_once(' ').unwrap_or((&cause, ""));
            add(format!("{} {rest}", red(code)));
        }
        line
    }

    /// Colours a text by an SGR code, or leaves it.
    fn paint(&self, code: &'static str) -> impl Fn(&str) -> String + use<> {
        let colors = self.colors;
        move |text| if colors { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}

/// The cause of a failed invocation in one line: code, meaning, and the first line of evidence.
pub fn cause_line(ended: &TailEntry) -> Option<String> {
    let why = ended.why.as_ref()?;
    let likely = if why.confidence == Confidence::Likely { " (likely)" } else { "" };
    // What the summary says stands in the columns already.
    let telling = why.evidence.iter().find(|line| !line.starts_with("REPORT ")).or(why.evidence.first());
    let evidence = telling.map(|line| format!(" | {}", plain(line))).unwrap_or_default();
    Some(format!("{}{likely}: {}{evidence}", why.cause.code(), plain(&why.meaning)))
}
