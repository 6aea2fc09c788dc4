//! The chain as text: one line a link, the verdict, the next step.

use ::chain::HopState;
use chrono_tz::Tz;
use model::redact::printable;

use super::{ChainDocument, HopView};

/// What a link without evidence has in place of it.
const NOTHING: &str = "";
/// Evidence is shown up to so many characters a line.
const WIDEST: usize = 160;

/// The chain for a person, with or without colours. Times are in `zone`.
pub fn page(document: &ChainDocument, zone: Tz, colors: bool) -> String {
    let paint = |code: &str, text: &str| {
        if colors { format!("\u{1b}[{code}m{text}\u{1b}[0m") } else { text.to_owned() }
    };
    let mut lines = vec![paint("1", &printable(&document.target)), String::new()];
    let shown: Vec<&HopView> = document.hops.iter().filter(|hop| hop.state != HopState::NotApplicable).collect();
    let unasked: Vec<&HopView> = shown.iter().copied().filter(|hop| is_unasked(hop)).collect();
    // Links that were not asked about take one line together.
    let together = unasked.len() > 3;
    let width = document.hops.iter().map(|hop| hop.link.code().len()).max().unwrap_or_default();
    for hop in shown.iter().filter(|hop| !(together && is_unasked(hop))) {
        let (sign, word, code) = sign(hop.state);
        let ms = hop.ms.map_or_else(|| NOTHING.to_owned(), |ms| format!("{ms:.1} ms"));
        let first = hop.evidence.first().map(|text| cut(text)).unwrap_or_default();
        let line = format!("{:<width$}  {word:<7}  {ms:>10}  {first}", hop.link.code());
        lines.push(format!("  {} {}", paint(code, sign), line.trim_end()));
        for evidence in hop.evidence.iter().skip(1) {
            lines.push(format!("  {} {:<width$}  {:<7}  {:>10}  {}", paint("2", "|"), "", "", "", cut(evidence)));
        }
        if hop.state == HopState::Ok && !hop.next_step.is_empty() {
            lines.push(format!(
                "  {} {:<width$}  {:<7}  {:>10}  note: {}",
                paint("2", "|"),
                "",
                "",
                "",
                cut(&hop.next_step)
            ));
        }
    }
    if together {
        let names: Vec<&str> = unasked.iter().map(|hop| hop.link.code()).collect();
        let why = unasked.first().map(|hop| hop.summary.as_str()).unwrap_or_default();
        lines.push(format!("  {} {} links {why}: {}", paint("2", "o"), names.len(), names.join(", ")));
    }
    lines.push(String::new());
    let verdict = &document.verdict;
    let (_, word, code) = sign(verdict.state);
    let link = verdict.link.map(|link| format!(" at {}", link.code())).unwrap_or_default();
    let title = paint(&format!("1;{code}"), &format!("{}{link}", word.to_uppercase()));
    lines.push(format!("{title}: {}", printable(&verdict.summary)));
    lines.extend(verdict.evidence.iter().map(|evidence| format!("  seen: {}", cut(evidence))));
    if let Some(until) = verdict.until.as_ref().and_then(|until| chrono::DateTime::parse_from_rfc3339(until).ok()) {
        lines.push(format!("  until: {}", until.with_timezone(&zone).format("%Y-%m-%d %H:%M %Z")));
    }
    if !verdict.next_step.is_empty() {
        lines.push(format!("  next: {}", printable(&verdict.next_step)));
    }
    if let Some(times) = times(document) {
        lines.push(format!("  times: {times}"));
    }
    if let Some(more) = document
        .hops
        .iter()
        .find(|hop| hop.link == ::chain::Link::Identity)
        .filter(|hop| hop.state == HopState::Unknown && !hop.next_step.is_empty() && verdict.link != Some(hop.link))
    {
        lines.push(format!("  more: {}; {}", printable(&more.summary), printable(&more.next_step)));
    }
    lines.join("\n")
}

fn is_unasked(hop: &HopView) -> bool {
    hop.state == HopState::Unknown && hop.summary.starts_with("not asked:") && hop.details().is_empty()
}

fn times(document: &ChainDocument) -> Option<String> {
    let phases = &document.phases_ms;
    let all = [
        ("dns", phases.dns),
        ("tcp", phases.tcp),
        ("tls", phases.tls),
        ("first byte", phases.ttfb),
        ("function", phases.function),
    ];
    let known: Vec<String> = all.into_iter().filter_map(|(name, ms)| Some(format!("{name} {:.1} ms", ms?))).collect();
    (!known.is_empty()).then(|| known.join(", "))
}

fn cut(text: &str) -> String {
    let text = printable(text);
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The sign, the word and the colour of a state.
fn sign(state: HopState) -> (&'static str, &'static str, &'static str) {
    match state {
        HopState::Ok => ("*", "ok", "32"),
        HopState::Broken => ("x", "broken", "31"),
        HopState::Waiting => ("~", "waiting", "33"),
        HopState::Unknown => ("o", "unknown", "2"),
        HopState::NotApplicable => ("-", "none", "2"),
    }
}
