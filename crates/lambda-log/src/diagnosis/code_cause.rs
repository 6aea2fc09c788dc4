//! The causes that have a file of their own, by name.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::cause_table::causes;
use super::sign::MatchWeight;
use super::verdict::Diagnosis;
use crate::line::ApplicationLine;

/// How a cause that has a file of its own is found.
#[derive(Debug, Clone, Copy)]
pub(super) struct CodeCause {
    /// The words that make a line of the application worth asking `sign` about.
    pub(super) words: &'static [&'static str],
    /// What a line of the application that has one of the words says about this cause.
    pub(super) sign: fn(&ApplicationLine<'_>) -> Option<MatchWeight>,
    /// Whether the case has this cause.
    pub(super) judge: fn(&InvocationFacts<'_>) -> Option<Diagnosis>,
}

macro_rules! code_cause {
    (code $module:ident) => {
        Some(CodeCause { words: super::$module::WORDS, sign: super::$module::sign, judge: super::$module::judge })
    };
    (words $rest:tt) => {
        None
    };
}

macro_rules! define {
    ($($(#[$doc:meta])* $name:ident $code:literal { meaning: $meaning:literal, next_step: $next_step:literal, not_shown: $not_shown:literal, by: $by:ident $rest:tt, })*) => {
        /// How a cause is found that has a file of its own.
        pub(super) fn code_cause(cause: Cause) -> Option<CodeCause> {
            match cause {
                Cause::Custom(_) => None,
                $(Cause::$name => code_cause!($by $rest)),*
            }
        }
    };
}

causes!(define);
