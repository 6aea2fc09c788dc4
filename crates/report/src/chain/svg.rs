//! The chain as a picture: a stop a link, from the name to the function.

use ::chain::HopState;
use maud::{PreEscaped, html};
use model::redact::printable;

use super::{ChainDocument, HopView};

const WIDTH: usize = 960;
const ROW: usize = 34;
const TOP: usize = 96;
/// What fits beside the line.
const WIDEST: usize = 110;

/// A picture of the chain, SVG. Texts of others are escaped.
pub fn picture(document: &ChainDocument) -> String {
    let shown: Vec<&HopView> = document.hops.iter().filter(|hop| hop.state != HopState::NotApplicable).collect();
    let height = TOP + shown.len() * ROW + 24;
    let last = TOP + shown.len().saturating_sub(1) * ROW;
    let verdict = &document.verdict;
    let link = verdict.link.map(|link| format!(" at {}", link.code())).unwrap_or_default();
    let (color, word) = look(verdict.state);
    let mut body = String::new();
    for (place, hop) in shown.iter().enumerate() {
        let (y, (color, word)) = (TOP + place * ROW, look(hop.state));
        let ms = hop.ms.map(|ms| format!(" {ms:.1} ms")).unwrap_or_default();
        let evidence = hop.evidence.first().map(|text| cut(text)).unwrap_or_default();
        body += &html! {
            g {
                title { (hop.link.title()) ": " (word) }
                circle cx="40" cy=(y) r="8" fill=(color) {}
                text x="60" y=(y + 5) font-weight="600" { (hop.link.code()) }
                text x="230" y=(y + 5) fill=(color) { (word) (ms) }
                text x="390" y=(y + 5) fill="#555" font-size="12" { (evidence) }
            }
        }
        .into_string();
    }
    let summary = cut(&verdict.summary);
    let picture = html! {
        svg xmlns="http://www.w3.org/2000/svg" viewBox={ "0 0 " (WIDTH) " " (height) } width=(WIDTH) height=(height)
            font-family="system-ui, sans-serif" font-size="14" role="img" {
            title { (cut(&document.target)) ": " (word) (link) }
            rect width="100%" height="100%" fill="#fff" {}
            text x="28" y="34" font-size="20" font-weight="600" { (cut(&document.target)) }
            text x="28" y="62" fill=(color) font-weight="600" { (word) (link) ": " (summary) }
            line x1="40" y1=(TOP) x2="40" y2=(last) stroke="#bbb" stroke-width="3" {}
            (PreEscaped(body))
        }
    };
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}", picture.into_string())
}

/// Text for the picture: without what XML does not take, and short enough.
fn cut(text: &str) -> String {
    let text: String = printable(text).chars().filter(|letter| !matches!(letter, '\u{fffe}' | '\u{ffff}')).collect();
    match text.char_indices().nth(WIDEST) {
        Some((end, _)) => format!("{}…", text.get(..end).unwrap_or_default()),
        None => text,
    }
}

/// The colour and the word of a state.
fn look(state: HopState) -> (&'static str, &'static str) {
    match state {
        HopState::Ok => ("#1a7f37", "ok"),
        HopState::Broken => ("#cf222e", "broken"),
        HopState::Waiting => ("#9a6700", "waiting"),
        HopState::Unknown => ("#8c959f", "unknown"),
        HopState::NotApplicable => ("#8c959f", "none"),
    }
}
