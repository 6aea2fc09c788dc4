//! What a tool puts in front of every line, learned from one line and then recognised by comparing bytes.
//!
//! A prefix is a text, the time, and another text, such as the stream. Two lines with the same texts and a time of the
//! same form lose the same prefix in [`wrapper::strip`], so that only one of them has to go through it.

use super::learned::{LearnedPrefix, LearnedPrefixes};
use crate::wrapper;
use model::moment;

/// What a copying tool puts in front of a line is not longer than this.
const LONGEST_PREFIX: usize = 300;

/// The form of the prefixes of one tool.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct PrefixForm {
    /// Blanks before the time, and bytes behind the last of them.
    before: (usize, usize),
    time: Option<TimeForm>,
    /// Blanks behind the time.
    behind: usize,
}

/// The form of the time in a prefix. What stands before the seconds has to be equal or is parsed anew; a fraction of
/// them may be there or not, as `aws logs tail --format json` leaves out one of zero.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct TimeForm {
    /// Where the seconds begin; `None` for milliseconds since 1970.
    seconds: Option<usize>,
    /// Whether it says a date, so that it is a point in time.
    dated: bool,
}

/// The prefixes of a tool.
#[derive(Debug)]
pub(super) struct PrefixLayout {
    form: PrefixForm,
    prefixes: LearnedPrefixes,
    /// The time of the last line up to its seconds, and the milliseconds of that; `None` in it if it says no date.
    minute: (String, Option<i64>),
}

/// A line whose prefix is known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PrefixedLine<'a> {
    /// The place of the stream that the prefix names.
    pub(super) stream: usize,
    pub(super) at_ms: Option<i64>,
    pub(super) text: &'a str,
}

/// A line in its parts.
struct PrefixParts<'a> {
    before: &'a str,
    time: &'a str,
    behind: &'a str,
    text: &'a str,
}

/// The stream and the function that a prefix names; empty where it names none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct PrefixNames {
    pub(super) stream: String,
    pub(super) function: String,
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

fn blanks(text: &str) -> usize {
    text.bytes().filter(|byte| is_blank(*byte)).count()
}

impl PrefixForm {
    /// The form of the prefix of a line, if it has one.
    fn of(line: &str) -> Option<Self> {
        let plain = wrapper::plain(line);
        let stripped = wrapper::strip(&plain);
        let line = line.trim_ascii_end();
        let end = line.strip_suffix(stripped.text)?.len();
        let prefix = line.get(..end)?;
        if stripped.text.is_empty() || prefix.trim_ascii().is_empty() || end > LONGEST_PREFIX {
            return None;
        }
        let begins = |at: usize| {
            at == 0 || prefix.as_bytes().get(at - 1).is_some_and(|byte| is_blank(*byte) || matches!(byte, b'[' | b'm'))
        };
        let found = (0..prefix.len()).filter(|at| begins(*at)).find_map(|at| {
            let time = TimeForm::of(prefix.get(at..)?)?;
            Some((at, time))
        });
        let Some((at, time)) = found else {
            // It ends behind one blank: more of them may be the message's own.
            let prefix = prefix.get(..prefix.trim_ascii_end().len() + 1)?;
            return (!stripped.timed && prefix.ends_with(is_blank_char)).then(|| Self {
                before: (blanks(prefix), 0),
                time: None,
                behind: 0,
            });
        };
        let before = prefix.get(..at)?;
        let extra = before.len() - before.rfind(is_blank_char).map_or(0, |blank| blank + 1);
        let behind = prefix.get(time.end(prefix.as_bytes(), at)..)?;
        let is_csv = matches!(behind, "," | ",\"");
        let behind = behind.get(..behind.trim_ascii_end().len() + 1).unwrap_or_default();
        (is_csv || behind.ends_with(is_blank_char)).then(|| Self {
            before: (blanks(before), extra),
            time: Some(time),
            behind: blanks(behind),
        })
    }

    /// A message without the quotes of a CSV file.
    fn text<'a>(&self, text: &'a str) -> &'a str {
        if self.time.is_some() && self.behind == 0 { column(text) } else { text.trim_ascii() }
    }

    /// The parts of a line, if they can be this tool's.
    fn parts<'a>(&self, line: &'a str) -> Option<PrefixParts<'a>> {
        let mut at = skip_blanks(line, 0, self.before.0)? + self.before.1;
        let before = line.get(..at)?;
        let mut time = "";
        if let Some(form) = self.time {
            let end = form.end(line.as_bytes(), at);
            time = line.get(at..end)?;
            at = end;
        }
        let from = at;
        if self.time.is_some() {
            at = skip_blanks(line, at, self.behind)?;
            if self.behind == 0 {
                at += usize::from(line.as_bytes().get(at) == Some(&b','));
            }
        }
        let behind = line.get(from..at)?;
        Some(PrefixParts { before, time, behind, text: line.get(at..)? })
    }
}

/// A column of a CSV file; an object in quotes has others within and stays.
fn column(text: &str) -> &str {
    let text = text.trim_ascii();
    if text.starts_with('"') && !text.starts_with("\"{") { text.trim_matches('"').trim_ascii() } else { text }
}

fn is_blank_char(c: char) -> bool {
    matches!(c, ' ' | '\t')
}

/// The place behind so many blanks.
fn skip_blanks(line: &str, mut at: usize, number: usize) -> Option<usize> {
    let bytes = line.as_bytes();
    for _ in 0..number {
        let near = bytes.get(at..bytes.len().min(at + LONGEST_PREFIX))?;
        at += memchr::memchr2(b' ', b'\t', near)? + 1;
    }
    Some(at)
}

impl TimeForm {
    /// The form of the time that a text begins with.
    fn of(text: &str) -> Option<Self> {
        let found = moment::epoch(text).or_else(|| moment::leading(text))?;
        let bytes = text.as_bytes();
        if moment::epoch(text).is_some() {
            return found.at_ms.map(|_| Self { seconds: None, dated: true });
        }
        let digit = |at: usize| bytes.get(at).is_some_and(u8::is_ascii_digit);
        let colon = |at: usize| bytes.get(at) == Some(&b':');
        let clock = (0..30).find(|at| {
            digit(*at) && digit(at + 1) && colon(at + 2) && digit(at + 3) && digit(at + 4) && colon(at + 5)
        })?;
        let mut form = Self { seconds: Some(clock + 6), dated: false };
        let end = form.end(bytes, 0);
        // `PM` stands behind the time; what counts must be in it.
        let alone = moment::leading(text.get(..end)?)?;
        form.dated = alone.at_ms.is_some();
        (alone.rest.is_empty() && !moment::begins_with_half_of_day(text.get(end..)?)).then_some(form)
    }

    /// Where a time ends that begins at `at`.
    fn end(self, line: &[u8], at: usize) -> usize {
        let Some(seconds) = self.seconds else { return at + 13 };
        let end = at + seconds + 2;
        if !matches!(line.get(end), Some(b'.' | b',')) {
            return end;
        }
        let fraction = line.get(end + 1..).unwrap_or_default();
        match fraction.iter().take_while(|byte| byte.is_ascii_digit()).count() {
            0 => end,
            digits => end + 1 + digits,
        }
    }
}

impl PrefixLayout {
    /// The layout of the tool that wrote this line, if one did.
    pub(super) fn of(line: &str) -> Option<Self> {
        let form = PrefixForm::of(line)?;
        Some(Self { form, prefixes: LearnedPrefixes::default(), minute: Default::default() })
    }

    /// Whether the line has a prefix of this layout.
    pub(super) fn fits(&self, line: &str) -> bool {
        PrefixForm::of(line) == Some(self.form)
    }

    /// Whether a prefix has a time, even one without a date.
    pub(super) fn has_times(&self) -> bool {
        self.form.time.is_some()
    }

    /// Whether a prefix says when its line was written.
    pub(super) fn has_dates(&self) -> bool {
        self.form.time.is_some_and(|time| time.dated)
    }

    /// Splits a line whose prefix was learned.
    pub(super) fn split<'a>(&mut self, line: &'a str) -> Option<PrefixedLine<'a>> {
        let (bytes, time) = (line.as_bytes(), self.form.time);
        let end_of_time = |at| time.map_or(at, |time| time.end(bytes, at));
        let (stream, ahead_ms, behind, time, text) = match self.prefixes.recall(bytes, end_of_time) {
            Some((known, from, end)) => {
                let time = line.get(known.before.len()..from)?;
                (known.stream, known.ahead_ms, known.behind.len(), time, line.get(end..)?)
            }
            None => {
                let parts = self.form.parts(line)?;
                let known = self.prefixes.find(parts.before, parts.behind, bytes, line.len() - parts.text.len())?;
                (known.stream, known.ahead_ms, known.behind.len(), parts.time, parts.text)
            }
        };
        // One blank behind the time, and what follows would be read as a part of it.
        if !time.is_empty() && behind <= 1 && moment::begins_with_half_of_day(text) {
            return None;
        }
        let at_ms = self.time(time)?.map(|at| at - ahead_ms);
        Some(PrefixedLine { stream, at_ms, text: self.form.text(text) })
    }

    /// Learns the prefix of a line, if it has the form of the others. `stream` gives the place of what it names.
    pub(super) fn learn(&mut self, line: &str, stream: impl FnOnce(PrefixNames) -> Option<usize>) -> bool {
        if self.prefixes.is_full() || PrefixForm::of(line) != Some(self.form) {
            return false;
        }
        let Some(parts) = self.form.parts(line) else { return false };
        let plain = wrapper::plain(line);
        let stripped = wrapper::strip(&plain);
        let Some(local) = self.time(parts.time) else { return false };
        let names = PrefixNames {
            stream: stripped.stream.unwrap_or_default().to_owned(),
            function: stripped.function.unwrap_or_default().to_owned(),
        };
        // What an application's own line begins with is no prefix of a tool.
        let is_whole = stripped.text == column(parts.text);
        let ahead_ms = match (local, stripped.at_ms) {
            (Some(local), Some(at)) => local - at,
            (None, None) => 0,
            _ => return false,
        };
        let Some(stream) = stream(names).filter(|_| is_whole) else { return false };
        let (before, behind) = (parts.before.to_owned(), parts.behind.to_owned());
        self.prefixes.learn(LearnedPrefix { before, behind, ahead_ms, stream });
        true
    }

    /// The milliseconds of a time as the tool writes it; the inner `None` if it says no date, the outer if it is none.
    fn time(&mut self, text: &str) -> Option<Option<i64>> {
        let Some(form) = self.form.time else { return Some(None) };
        let Some(seconds) = form.seconds else {
            return moment::epoch(text).filter(|found| found.at_ms.is_some()).map(|found| found.at_ms);
        };
        let (minute, rest) = text.split_at_checked(seconds)?;
        let digit =
            |at: usize| rest.as_bytes().get(at).filter(|byte| byte.is_ascii_digit()).map(|b| i64::from(b - b'0'));
        let second = digit(0)? * 10 + digit(1)?;
        let mut ms = 0;
        if rest.len() > 3 {
            if !matches!(rest.as_bytes().get(2), Some(b'.' | b',')) || !rest.bytes().skip(3).all(|b| b.is_ascii_digit())
            {
                return None;
            }
            ms = digit(3)? * 100 + digit(4).unwrap_or(0) * 10 + digit(5).unwrap_or(0);
        }
        if second > 60 {
            return None;
        }
        if self.minute.0 != minute {
            let found = moment::leading(text).filter(|found| found.rest.is_empty())?;
            self.minute = (minute.to_owned(), found.at_ms.map(|at| at - second * 1000 - ms));
        }
        Some(self.minute.1.map(|minute| minute + second * 1000 + ms))
    }
}
