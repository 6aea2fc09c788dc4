//! Why an invocation went wrong: the causes by code, in the order of preference.

use std::borrow::Cow;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

use super::cause_code::{BadCode, CauseCode};
use super::cause_table::causes;
use super::evidence::AWS;

/// A built-in cause that is known by words of the application alone.
#[derive(Debug)]
pub(super) struct WordCause {
    /// What the words say, in one sentence.
    pub(super) finding: &'static str,
    /// Words that mean it whatever else the line says.
    pub(super) always: &'static [&'static str],
    /// Words that mean it in a line that has none of `unless`.
    pub(super) words: &'static [&'static str],
    /// Words that mean it only beside one of others in the same line.
    pub(super) with: &'static [(&'static [&'static str], &'static [&'static str])],
    /// Words that say that the line is about something else.
    pub(super) unless: &'static [&'static str],
}

macro_rules! beside {
    ([$($other:literal),+ $(,)?]) => { &[$($other),+] };
    ($others:ident) => { $others };
}

macro_rules! word_cause {
    (code $module:ident) => { None };
    (words {
        finding: $finding:literal,
        $(always: [$($always:literal),+ $(,)?],)?
        words: [$($word:literal),+ $(,)?],
        $(with: [$(([$($needy:literal),+ $(,)?], $others:tt)),+ $(,)?],)?
        $(unless: [$($other:literal),+ $(,)?],)?
    }) => {
        Some(&const { WordCause {
            finding: $finding,
            always: &[$($($always),+)?],
            words: &[$($word),+],
            with: &[$($((&[$($needy),+], beside!($others))),+)?],
            unless: &[$($($other),+)?],
        } })
    };
}

macro_rules! define {
    ($($(#[$doc:meta])* $name:ident $code:literal { meaning: $meaning:literal, next_step: $next_step:literal, not_shown: $not_shown:literal, by: $by:ident $rest:tt, })*) => {
        /// Why an invocation failed. The codes are stable: rules, reports and JSON use them. The order is that of
        /// preference: of two causes that are equally sure, the lesser one is the verdict.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Cause {
            /// A cause of the user's own, from the configuration.
            Custom(CauseCode),
            $(
                $(#[$doc])*
                $name
            ),*
        }

        impl Cause {
            /// Every built-in cause with its code, deepest first.
            pub const ALL: &'static [(&'static str, Self)] = &[$(($code, Self::$name)),*];

            /// The code, as in `init_timeout`.
            pub fn code(self) -> &'static str {
                match self {
                    Self::Custom(code) => code.as_str(),
                    $(Self::$name => $code),*
                }
            }

            /// What a built-in cause means, in a few words for a headline. One of the user's own has words of its own,
            /// which whatever was found of it carries; here it is called by its code.
            pub fn meaning(self) -> &'static str {
                match self {
                    Self::Custom(code) => code.as_str(),
                    $(Self::$name => $meaning),*
                }
            }

            /// What to do about a built-in cause. What was found of a cause of the user's own carries its next step.
            pub fn next_step(self) -> &'static str {
                match self {
                    Self::Custom(_) => "See the next step of this cause in the configuration.",
                    $(Self::$name => $next_step),*
                }
            }

            /// What the lines cannot show about a built-in cause, and has to be checked elsewhere; `None` for one of
            /// the user's own.
            pub fn not_shown(self) -> Option<&'static str> {
                match self {
                    Self::Custom(_) => None,
                    $(Self::$name => Some(concat!("The lines do not show ", $not_shown))),*
                }
            }

            /// The words of a cause that is known by words alone.
            pub(super) fn word_cause(self) -> Option<&'static WordCause> {
                match self {
                    Self::Custom(_) => None,
                    $(Self::$name => word_cause!($by $rest)),*
                }
            }
        }
    };
}

causes!(define);

impl Cause {
    /// The built-in cause of this code, else the one of the user's own that has it.
    ///
    /// # Errors
    /// If no cause can have such a code.
    pub fn of_code(code: &str) -> Result<Self, BadCode> {
        Self::built_in(code).map_or_else(|| CauseCode::parse(code).map(Self::Custom), Ok)
    }

    /// The built-in cause of this code.
    pub fn built_in(code: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == code).map(|(_, cause)| *cause)
    }
}

impl Serialize for Cause {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        to.serialize_str(self.code())
    }
}

impl<'de> Deserialize<'de> for Cause {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        Self::of_code(&Cow::<str>::deserialize(from)?).map_err(de::Error::custom)
    }
}
