//! The runtime process ended, and no better cause is visible.

use super::case::InvocationFacts;
use super::cause::Cause;
use super::sign::MatchWeight;
use super::verdict::{Confidence, Diagnosis};
use crate::line::{ApplicationLine, LogLevel};

/// Node's runtime says so itself: nothing was left to wait for, and the handler had not answered.
const LEFT: &str = "Runtime.NodeJsExit";

pub(super) const WORDS: &[&str] = &[LEFT];

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let is_failure = line.unhandled || line.level == LogLevel::Error;
    line.text.contains(LEFT).then_some(if is_failure { MatchWeight::Failure } else { MatchWeight::Hint })
}

/// Whether a line only reports that the runtime ended: the application has raised nothing then.
pub(super) fn is_end(text: &str) -> bool {
    let kind = text.split([':', ' ', '\n']).next().unwrap_or_default();
    matches!(kind, LEFT | "Runtime.ExitError")
        || text.contains("\"errorType\":\"Runtime.NodeJsExit\"")
        || text.contains("\"errorType\": \"Runtime.NodeJsExit\"")
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    let of_type = || case.error_type.filter(|kind| matches!(*kind, "Runtime.ExitError" | LEFT | "Runtime.Unknown"));
    let of_line = || {
        let is_one =
            |sign: &super::sign::CauseMatch| sign.cause == Cause::RuntimeExit && sign.weight == MatchWeight::Failure;
        case.signs.iter().any(is_one).then_some(LEFT)
    };
    let said = case.exited.filter(|how| !how.is_empty()).or_else(of_type).or_else(of_line)?;
    let finding = format!("The runtime process ended ({}).", model::redact::phrase(said));
    Some(Diagnosis::new(Cause::RuntimeExit, Confidence::Proved, finding).general())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_end_of_the_runtime_is_told_from_an_error_that_it_reports() {
        for (text, end) in [
            ("Runtime.NodeJsExit: Node runtime exited", true),
            ("Runtime.ExitError", true),
            ("{\"errorType\": \"Runtime.NodeJsExit\", \"errorMessage\": \"x\"}", true),
            ("Runtime.UnhandledPromiseRejection: Error: no tariff", false),
            ("Runtime.ImportModuleError: Error: Cannot find module 'zod'", false),
            ("Error: child ended with Runtime.ExitError", false),
        ] {
            assert_eq!(is_end(text), end, "{text}");
        }
    }
}
