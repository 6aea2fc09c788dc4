//! All causes that lines are searched for, built in and of the user's own, with one matcher for the words of all of
//! them.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, LazyLock};

use aho_corasick::AhoCorasick;

use super::case::InvocationFacts;
use super::cause::{Cause, WordCause};
use super::code_cause::{CodeCause, code_cause};
use super::custom::CustomCause;
use super::evidence::has_any;
use super::outcome::InvocationOutcome;
use super::sign::{CauseMatch, MatchWeight, said};
use super::verdict::{Confidence, Diagnosis};
use crate::line::{ApplicationLine, LogLevel};

/// How far into an event its words are looked for, in bytes; errors say what they are at the beginning.
const FAR_ENOUGH: usize = 16 * 1024;

/// How many causes a matcher can tell apart.
const MAX_CAUSES: usize = 256;

/// The causes. Cheap to clone.
#[derive(Clone)]
pub struct Causes(Arc<Table>);

struct Table {
    /// Those of the user's own, then the built-in ones, each in the order of preference.
    rules: Vec<Rule>,
    /// Finds every word of every rule. `None` only where [`load`] has failed, and the program does not start then.
    matcher: Option<AhoCorasick>,
    /// The rule that each word belongs to, by its place in `rules`.
    owners: Vec<usize>,
}

/// How one cause is found.
enum Rule {
    Custom(CustomCause),
    Words(Cause, &'static WordCause),
    Code(Cause, CodeCause),
}

/// The rules whose words a line has, one bit for each.
#[derive(Default)]
struct Asked([u64; MAX_CAUSES / 64]);

impl Asked {
    fn add(&mut self, rule: usize) {
        if let Some(bits) = self.0.get_mut(rule / 64) {
            *bits |= 1 << (rule % 64);
        }
    }

    fn has(&self, rule: usize) -> bool {
        self.0.get(rule / 64).is_some_and(|bits| bits & (1 << (rule % 64)) != 0)
    }

    fn is_empty(&self) -> bool {
        self.0.iter().all(|bits| *bits == 0)
    }
}

impl Rule {
    fn cause(&self) -> Cause {
        match self {
            Self::Custom(custom) => custom.cause(),
            Self::Words(cause, _) | Self::Code(cause, _) => *cause,
        }
    }

    fn words(&self) -> Vec<&str> {
        match self {
            Self::Custom(custom) => custom.words().iter().map(String::as_str).collect(),
            Self::Words(_, cause) => {
                let needy = cause.with.iter().flat_map(|(words, _)| *words);
                cause.always.iter().chain(cause.words).chain(needy).copied().collect()
            }
            Self::Code(_, cause) => cause.words.to_vec(),
        }
    }

    /// What a line that has one of the words says about the cause.
    fn sign(&self, line: &ApplicationLine<'_>) -> Option<MatchWeight> {
        match self {
            Self::Custom(_) => said(line),
            Self::Words(_, cause) => says(cause, &line.text).then(|| said(line)).flatten(),
            Self::Code(_, cause) => (cause.sign)(line),
        }
    }

    /// Whether the case has the cause.
    fn judge(&self, case: &InvocationFacts<'_>) -> Option<Diagnosis> {
        match self {
            Self::Custom(custom) => {
                let found = case.by_sign(custom.cause(), custom.finding())?;
                let (meaning, next_step) =
                    (Cow::Owned(custom.meaning().to_owned()), Cow::Owned(custom.next_step().to_owned()));
                Some(Diagnosis { meaning, next_step, ..found })
            }
            Self::Words(cause, known) => case.by_sign(*cause, known.finding),
            Self::Code(_, cause) => (cause.judge)(case),
        }
    }
}

/// Whether a line that has one of the words of a cause means it.
fn says(cause: &WordCause, text: &str) -> bool {
    let plain = cause.with.is_empty() && cause.unless.is_empty();
    plain
        || has_any(text, cause.always)
        || (!has_any(text, cause.unless)
            && (has_any(text, cause.words)
                || cause.with.iter().any(|(words, others)| has_any(text, words) && has_any(text, others))))
}

static BUILT_IN: LazyLock<Result<Causes, String>> = LazyLock::new(|| Causes::with(Vec::new()));

/// Builds the matcher of the built-in causes. The program calls this before anything else, and does not start if it
/// fails.
///
/// # Errors
/// A sentence that names the matcher.
pub fn load() -> Result<(), String> {
    BUILT_IN.as_ref().map(|_| ()).map_err(Clone::clone)
}

impl Default for Causes {
    fn default() -> Self {
        Self::built_in()
    }
}

impl fmt::Debug for Causes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list()
            .entries(self.0.rules.iter().filter(|rule| matches!(rule, Rule::Custom(_))).map(Rule::cause))
            .finish_non_exhaustive()
    }
}

impl Causes {
    /// How many causes of the user's own there may be.
    pub const MAX_CUSTOM: usize = MAX_CAUSES - Cause::ALL.len();

    /// The built-in causes.
    pub fn built_in() -> Self {
        BUILT_IN.as_ref().map_or_else(
            |_| Self(Arc::new(Table { rules: rules(Vec::new()), matcher: None, owners: Vec::new() })),
            Clone::clone,
        )
    }

    /// The built-in causes, and those of the user's own in front of them.
    ///
    /// # Errors
    /// A sentence that says why, if there are too many of them or their words cannot be searched for.
    pub fn with(custom: Vec<CustomCause>) -> Result<Self, String> {
        if custom.len() > Self::MAX_CUSTOM {
            return Err(format!(
                "there are {} causes in the configuration; at most {} are possible",
                custom.len(),
                Self::MAX_CUSTOM
            ));
        }
        let rules = rules(custom);
        let words: Vec<(usize, &str)> = rules
            .iter()
            .enumerate()
            .flat_map(|(place, rule)| rule.words().into_iter().map(move |word| (place, word)))
            .collect();
        let matcher = AhoCorasick::new(words.iter().map(|(_, word)| word))
            .map_err(|error| format!("the words of the causes cannot be searched for: {error}"))?;
        let owners = words.iter().map(|(place, _)| *place).collect();
        Ok(Self(Arc::new(Table { rules, matcher: Some(matcher), owners })))
    }

    /// The codes of the user's own causes.
    pub fn custom(&self) -> impl Iterator<Item = &'static str> {
        self.0.rules.iter().filter(|rule| matches!(rule, Rule::Custom(_))).map(|rule| rule.cause().code())
    }

    /// The signs that a line of the application carries.
    pub fn signs(&self, line: &ApplicationLine<'_>, of_type: bool) -> Vec<CauseMatch> {
        // What a runtime or a logger printed as JSON has its quotes and ends of lines escaped.
        let is_bad = line.unhandled || line.level >= LogLevel::Warning;
        let plain = is_bad.then(|| unescaped(&line.text)).flatten();
        match plain {
            Some(text) => self.signs_of(&ApplicationLine { text: Cow::Owned(text), ..line.clone() }, of_type),
            None => self.signs_of(line, of_type),
        }
    }

    fn signs_of(&self, line: &ApplicationLine<'_>, of_type: bool) -> Vec<CauseMatch> {
        let text = line.text.get(..FAR_ENOUGH).unwrap_or(line.text.as_ref());
        let Table { rules, matcher, owners } = &*self.0;
        let mut asked = Asked::default();
        for found in matcher.iter().flat_map(|matcher| matcher.find_overlapping_iter(text)) {
            if let Some(owner) = owners.get(found.pattern().as_usize()) {
                asked.add(*owner);
            }
        }
        let general = line.unhandled || line.level >= LogLevel::Warning || !asked.is_empty() || looks_like_error(text);
        if !general {
            return Vec::new();
        }
        let asks = |place: usize, rule: &Rule| asked.has(place) || rule.cause() == Cause::AppException;
        let found = rules
            .iter()
            .enumerate()
            .filter(|(place, rule)| asks(*place, rule))
            .filter_map(|(_, rule)| Some((rule.cause(), rule.sign(line)?)));
        let went_on = matches!(line.level, LogLevel::Debug | LogLevel::Info);
        // What is logged as information has not failed, whatever it quotes. Frameworks report a slow start so.
        let most = |cause| {
            let is_quoted = went_on && !line.unhandled && cause != Cause::SlowColdStart;
            if is_quoted { MatchWeight::Hint } else { MatchWeight::Failure }
        };
        let found = found.map(|(cause, weight)| CauseMatch {
            cause,
            weight: weight.min(most(cause)),
            of_type,
            is_last: true,
            went_on,
            by_shape: line.by_shape,
        });
        if line.of_extension { of_extension(found, line) } else { found.collect() }
    }

    /// Whether a text can carry any sign at all. Cheap, and never wrong in saying no.
    pub fn worth_a_look(&self, text: &str) -> bool {
        self.0.matcher.as_ref().is_some_and(|matcher| matcher.is_match(text))
    }

    /// Every cause that the case has, the one to act on first.
    pub fn judge(&self, case: &InvocationFacts<'_>) -> Vec<Diagnosis> {
        let mut found: Vec<Diagnosis> = self.0.rules.iter().filter_map(|rule| rule.judge(case)).collect();
        // What failed is never left without a word, be it only that the lines have none. Where more lines may come they
        // are waited for.
        if found.is_empty() && case.is_excerpt && case.outcome == InvocationOutcome::Error {
            let named = case.error_type.map(|kind| format!(" ({})", model::redact::phrase(kind))).unwrap_or_default();
            let finding = format!("Lambda reports that the invocation failed{named}, but the lines do not show why.");
            found.push(Diagnosis::new(Cause::AppException, Confidence::Likely, finding).general());
        }
        found.sort_by_key(|diagnosis| {
            (diagnosis.general, diagnosis.confidence == Confidence::Likely && !diagnosis.general, diagnosis.cause)
        });
        found
    }
}

/// The signs of a line that an extension wrote. The function has not failed by it, and an error in it is the
/// extension's.
fn of_extension(signs: impl Iterator<Item = CauseMatch>, line: &ApplicationLine<'_>) -> Vec<CauseMatch> {
    let mut signs: Vec<CauseMatch> = signs
        .filter(|sign| !matches!(sign.cause, Cause::AppException | Cause::InitException | Cause::EventLoopHang))
        .map(|sign| CauseMatch { weight: sign.weight.min(MatchWeight::Hint), ..sign })
        .collect();
    if line.unhandled && !signs.iter().any(|sign| sign.cause == Cause::ExtensionFailure) {
        signs.push(CauseMatch {
            cause: Cause::ExtensionFailure,
            weight: MatchWeight::Hint,
            of_type: false,
            is_last: true,
            // Without an end that is bad, the platform has not noticed it.
            went_on: true,
            by_shape: false,
        });
    }
    signs
}

/// A text without the escapes of JSON; `None` if it has none.
fn unescaped(text: &str) -> Option<String> {
    let text = text.get(..FAR_ENOUGH).unwrap_or(text);
    if !text.contains("\\\"") && !text.contains("\\n") {
        return None;
    }
    Some(text.replace("\\n", "\n").replace("\\t", "\t").replace("\\\"", "\""))
}

/// The user's own causes in the order they were given, then the built-in ones.
fn rules(custom: Vec<CustomCause>) -> Vec<Rule> {
    let built_in = Cause::ALL.iter().filter_map(|(_, cause)| {
        let by_words = cause.word_cause().map(|known| Rule::Words(*cause, known));
        by_words.or_else(|| code_cause(*cause).map(|known| Rule::Code(*cause, known)))
    });
    custom.into_iter().map(Rule::Custom).chain(built_in).collect()
}

fn looks_like_error(text: &str) -> bool {
    text.starts_with("Traceback") || text.as_bytes().first().is_some_and(u8::is_ascii_alphabetic)
}
