//! Finds the words of every cause in one pass over a line.

use std::sync::LazyLock;

use aho_corasick::AhoCorasick;

use super::{Cause, Sign};
use crate::line::{Application, Level};

/// All words of all causes, and the cause (by its place in the table) that each belongs to.
static WORDS: LazyLock<(Option<AhoCorasick>, Vec<usize>)> = LazyLock::new(|| {
    let words: Vec<(usize, &str)> =
        Cause::ALL.iter().enumerate().flat_map(|(place, (_, cause))| cause.words().iter().map(move |word| (place, *word))).collect();
    (AhoCorasick::new(words.iter().map(|(_, word)| word)).ok(), words.iter().map(|(place, _)| *place).collect())
});

/// How far into an event its words are looked for; errors say what they are at the beginning.
const FAR_ENOUGH: usize = 16 * 1024;

/// The signs that a line of the application carries.
pub fn signs(line: &Application<'_>, of_type: bool) -> Vec<Sign> {
    let text = line.text.get(..FAR_ENOUGH).unwrap_or(line.text.as_ref());
    let (matcher, places) = &*WORDS;
    let mut asked = 0u64;
    if let Some(matcher) = matcher {
        for found in matcher.find_overlapping_iter(text) {
            asked |= places.get(found.pattern().as_usize()).map_or(0, |place| 1 << place);
        }
    }
    let general = line.unhandled || line.level >= Level::Warning || asked != 0 || looks_like_error(text);
    let asks = |place: usize, cause: Cause| asked & (1 << place) != 0 || (general && cause == Cause::AppException);
    let found =
        Cause::ALL.iter().enumerate().filter(|(place, (_, cause))| asks(*place, *cause)).filter_map(|(_, (_, cause))| Some((*cause, cause.sign(line)?)));
    found.map(|(cause, weight)| Sign { cause, weight, of_type, is_last: true }).collect()
}

fn looks_like_error(text: &str) -> bool {
    text.starts_with("Traceback") || text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
}

/// Whether a text can carry any sign at all. Cheap, and never wrong in saying no.
pub fn worth_a_look(text: &str) -> bool {
    WORDS.0.as_ref().is_some_and(|matcher| matcher.is_match(text))
}
