//! What a single line says about a cause.

use serde::{Deserialize, Serialize};

use super::cause::Cause;
use crate::line::ApplicationLine;

/// How strong the evidence of a single line is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum MatchWeight {
    /// It may matter if the invocation fails, but the line does not name what it is about.
    Guess,
    /// It matters if the invocation fails: the application may have dealt with it.
    Hint,
    /// The invocation has failed by this very line.
    Failure,
}

/// A line that points to a cause.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CauseMatch {
    /// The cause it points to.
    pub cause: Cause,
    /// How strong the evidence is.
    pub weight: MatchWeight,
    /// It is only the platform's error type, without details.
    pub of_type: bool,
    /// No line of the application has come after it.
    pub is_last: bool,
    /// The application has gone on as usual after it, or the line itself is no more than information.
    #[serde(default)]
    pub went_on: bool,
    /// It is a failure only by the shape of its line: it is none if the application goes on.
    #[serde(default)]
    pub by_shape: bool,
}

/// A line that has one of the words: the failure itself if it was uncaught, else something the application may have
/// dealt with.
pub(super) fn said(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    Some(if line.unhandled { MatchWeight::Failure } else { MatchWeight::Hint })
}

/// No line of the application points to this cause; only the platform's lines do.
pub(super) fn no_sign(_: &ApplicationLine<'_>) -> Option<MatchWeight> {
    None
}
