//! The prefixes of a tool that were met, found again by a few of their bytes.
//!
//! The lines of many streams alternate, so that the prefix of the line before says little. Most prefixes of a tool have
//! the same lengths: the bytes at their ends choose the one to compare with.

use std::collections::BTreeMap;

/// Different prefixes of one layout that are remembered.
pub(super) const MOST_PREFIXES: usize = 2_000;
/// The lengths that are tried before a prefix is searched for in the map.
const MOST_LENGTHS: usize = 4;
/// Places by a few bytes.
const SLOTS: usize = 512;

/// A prefix that was learned.
#[derive(Debug)]
pub(super) struct LearnedPrefix {
    pub(super) before: String,
    pub(super) behind: String,
    /// What its zone is ahead of UTC, in milliseconds.
    pub(super) ahead_ms: i64,
    /// The place of the stream it names.
    pub(super) stream: usize,
}

/// The prefixes of a tool, by what stands before the time and behind it.
#[derive(Debug, Default)]
pub(super) struct LearnedPrefixes {
    learned: Vec<LearnedPrefix>,
    places: BTreeMap<String, BTreeMap<String, usize>>,
    /// The lengths of the prefixes that had to be searched for last.
    lengths: Vec<(usize, usize)>,
    /// The prefix that was met last with such bytes at its ends.
    slots: Vec<usize>,
}

impl LearnedPrefixes {
    /// The prefix that a line begins with, and where its time and its text begin, if it is one of those of which others
    /// were met lately. `time_end` says where the time ends that begins at a place.
    pub(super) fn recall(
        &self,
        line: &[u8],
        time_end: impl Fn(usize) -> usize,
    ) -> Option<(&LearnedPrefix, usize, usize)> {
        self.lengths.iter().find_map(|(before, behind)| {
            let from = time_end(*before);
            let end = from + behind;
            let known = self.learned.get(*self.slots.get(slot(line, *before, end))?)?;
            // A comparison of no bytes is slow where it looks at an address that does not exist.
            let is_it = (known.before.len(), known.behind.len()) == (*before, *behind)
                && (*before == 0 || line.get(..*before)? == known.before.as_bytes())
                && (*behind == 0 || line.get(from..end)? == known.behind.as_bytes());
            (is_it && end <= line.len()).then_some((known, from, end))
        })
    }

    /// The prefix with these parts, which is recalled from now on.
    pub(super) fn find(&mut self, before: &str, behind: &str, line: &[u8], end: usize) -> Option<&LearnedPrefix> {
        let place = *self.places.get(behind)?.get(before)?;
        let lengths = (before.len(), behind.len());
        if !self.lengths.contains(&lengths) {
            self.lengths.insert(0, lengths);
            self.lengths.truncate(MOST_LENGTHS);
        }
        self.slots.resize(SLOTS, 0);
        if let Some(known) = self.slots.get_mut(slot(line, before.len(), end)) {
            *known = place;
        }
        self.learned.get(place)
    }

    /// Whether no more can be learned.
    pub(super) fn is_full(&self) -> bool {
        self.learned.len() >= MOST_PREFIXES
    }

    pub(super) fn learn(&mut self, prefix: LearnedPrefix) {
        let of_behind = self.places.entry(prefix.behind.clone()).or_default();
        of_behind.insert(prefix.before.clone(), self.learned.len());
        self.learned.push(prefix);
    }
}

/// A number below [`SLOTS`] from the bytes before two places: names that differ do so at their ends.
fn slot(line: &[u8], before: usize, end: usize) -> usize {
    let word = |end: usize| {
        let bytes = end.checked_sub(9).and_then(|from| line.get(from..)).and_then(<[u8]>::first_chunk);
        bytes.map_or(0, |bytes| u64::from_le_bytes(*bytes))
    };
    let mixed = (word(before).rotate_left(32) ^ word(end)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
    (mixed >> 32) as usize % SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_recalled_only_where_all_of_it_stands() {
        let mut prefixes = LearnedPrefixes::default();
        for (stream, behind) in ["Z a/12345678 ", "Z b/12345678 ", "Z longer/87654321 ", ""].into_iter().enumerate() {
            prefixes.learn(LearnedPrefix { before: "<".into(), behind: behind.into(), ahead_ms: 0, stream });
        }
        let mut found = |line: &str, behind: &str| {
            let end = 3 + behind.len();
            prefixes.find("<", behind, line.as_bytes(), end).map(|known| known.stream)
        };
        assert_eq!(found("<10Z a/12345678 x", "Z a/12345678 "), Some(0));
        assert_eq!(found("<10Z longer/87654321 x", "Z longer/87654321 "), Some(2));
        assert_eq!(found("<10Z c/12345678 x", "Z c/12345678 "), None);
        for (line, stream) in [
            ("<11Z a/12345678 y", Some((0, 16))),
            ("<11Z longer/87654321 y", Some((2, 21))),
            ("<11Z longer/87654321 ", Some((2, 21))),
            // These have the same bytes at their ends.
            ("<11Z b/12345678 y", None),
            (">11Z a/12345678 y", None),
            ("<11Z a/12345678", None),
            ("<", None),
            ("", None),
        ] {
            let found = prefixes.recall(line.as_bytes(), |at| at + 2);
            assert_eq!(found.map(|(known, _, end)| (known.stream, end)), stream, "{line}");
        }
    }
}
