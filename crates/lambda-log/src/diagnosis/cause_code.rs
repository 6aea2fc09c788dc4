//! The code of a cause that is not built in.

use std::collections::BTreeSet;
use std::fmt;
use std::sync::{Mutex, PoisonError};

/// The code of a cause of the user's own, such as `card_declined`. Equal codes are one text in memory, so that it can
/// be copied.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CauseCode(&'static str);

/// Why a text is not the code of a cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BadCode(String);

impl fmt::Display for BadCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown: String = model::redact::printable(&self.0).chars().take(CauseCode::MAX_LENGTH).collect();
        write!(
            f,
            "`{shown}` is not the code of a cause: it must be in snake_case, with at most {} characters",
            CauseCode::MAX_LENGTH
        )
    }
}

impl std::error::Error for BadCode {}

/// Every code that was ever met. Codes come from the configuration and from the store, never from a log, so there are
/// few.
static MET: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());

impl CauseCode {
    /// The longest code, in characters.
    pub const MAX_LENGTH: usize = 64;

    /// Reads a code.
    ///
    /// # Errors
    /// If it is not in snake_case (`[a-z][a-z0-9]*` in parts joined by `_`), or too long.
    pub fn parse(text: &str) -> Result<Self, BadCode> {
        let is_part = |part: &str| {
            !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
        };
        let is_code = text.len() <= Self::MAX_LENGTH
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.split('_').all(is_part);
        if !is_code {
            return Err(BadCode(text.to_owned()));
        }
        let mut met = MET.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = met.get(text) {
            return Ok(Self(known));
        }
        let code: &'static str = Box::leak(Box::from(text));
        met.insert(code);
        Ok(Self(code))
    }

    /// The code as text.
    pub fn as_str(self) -> &'static str {
        self.0
    }
}

impl fmt::Debug for CauseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_in_snake_case() {
        for code in ["a", "card_declined", "http2_goaway", "x_1"] {
            assert_eq!(CauseCode::parse(code).map(CauseCode::as_str), Ok(code));
        }
        let long = "a".repeat(65);
        for text in ["", "_a", "a_", "a__b", "A", "cardDeclined", "card-declined", "1a", "a b", "é", long.as_str()] {
            assert!(CauseCode::parse(text).is_err(), "{text}");
        }
    }

    #[test]
    fn equal_codes_are_one_text_in_memory() {
        let codes = [CauseCode::parse("met_twice"), CauseCode::parse("met_twice")];
        let [Ok(first), Ok(second)] = codes else { panic!("{codes:?}") };
        assert!(std::ptr::eq(first.as_str(), second.as_str()));
    }
}
