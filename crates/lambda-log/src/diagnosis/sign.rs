//! What a single line says about a cause.

use serde::{Deserialize, Serialize};

use super::cause::Cause;
use crate::line::Application;

/// How much a single line says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Weight {
    /// It may matter if the invocation fails, but the line does not name what it is about.
    Guess,
    /// It matters if the invocation fails: the application may have dealt with it.
    Hint,
    /// The invocation has failed by this very line.
    Failure,
}

/// A line that points to a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sign {
    /// The cause it points to.
    pub cause: Cause,
    /// How much it says.
    pub weight: Weight,
    /// It is only the platform's error type, without any word on what happened.
    pub of_type: bool,
    /// No line of the application has come after it.
    pub is_last: bool,
}

/// A line that has one of the words: the failure itself if nobody caught it, else something the application may have dealt with.
pub(super) fn said(line: &Application<'_>) -> Option<Weight> {
    Some(if line.unhandled { Weight::Failure } else { Weight::Hint })
}

/// No line of the application points to this cause; only the platform's lines do.
pub(super) fn no_sign(_: &Application<'_>) -> Option<Weight> {
    None
}
