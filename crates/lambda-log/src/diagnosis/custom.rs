//! Causes of the user's own.

use super::cause::Cause;
use super::cause_code::CauseCode;

/// A cause of the user's own: a line of the application that has one of its words points to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CustomCause {
    code: CauseCode,
    /// The meaning of the cause in a few words, for headlines.
    meaning: String,
    /// What its words say, in one sentence.
    finding: String,
    /// What to do about it.
    next_step: String,
    words: Vec<String>,
}

impl CustomCause {
    /// The shortest word, in bytes: a shorter one stands in too many lines that mean something else.
    pub const MIN_WORD: usize = 4;
    /// The longest word, in bytes.
    pub const MAX_WORD: usize = 200;
    /// How many words one cause may have.
    pub const MAX_WORDS: usize = 100;

    /// A cause that has not been given any words for people but its next step.
    pub fn new(code: CauseCode, words: Vec<String>, next_step: String) -> Self {
        let meaning = code.as_str().replace('_', " ");
        Self {
            code,
            meaning,
            finding: format!("A line says what the configuration calls `{}`.", code.as_str()),
            next_step,
            words,
        }
    }

    /// The same with a title of the user's own.
    #[must_use]
    pub fn with_title(self, title: Option<String>) -> Self {
        Self { meaning: title.unwrap_or(self.meaning), ..self }
    }

    /// The same with a sentence of the user's own on what its words say.
    #[must_use]
    pub fn with_finding(self, finding: Option<String>) -> Self {
        Self { finding: finding.unwrap_or(self.finding), ..self }
    }

    /// The code.
    pub fn code(&self) -> CauseCode {
        self.code
    }

    pub(super) fn cause(&self) -> Cause {
        Cause::Custom(self.code)
    }

    pub(super) fn words(&self) -> &[String] {
        &self.words
    }

    pub(super) fn meaning(&self) -> &str {
        &self.meaning
    }

    pub(super) fn finding(&self) -> &str {
        &self.finding
    }

    pub(super) fn next_step(&self) -> &str {
        &self.next_step
    }
}
