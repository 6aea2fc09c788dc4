//! An extension crashed, did not start, or took too long.

use model::span::spoken;

use super::case::{InvocationFacts, milliseconds};
use super::cause::Cause;
use super::evidence::has_any;
use super::sign::{MatchWeight, said};
use super::verdict::{Confidence, Diagnosis};
use crate::line::ApplicationLine;

pub(super) const WORDS: &[&str] = &[
    "Extension.",
    "Failed to start the extension",
    "failed to start extension",
    "Failed to register extension",
    "extension crashed",
    "extension exited",
    "cloudwatch_lambda_agent",
    "Extension init error",
    "error registering extension",
    "otelcol state is Closed",
    "LambdaInsights",
    "127.0.0.1:9001/",
    "ErrAgent",
];

/// Names of extensions, which lists of layers have as well.
const SPOKEN_OF: &[&str] = &["cloudwatch_lambda_agent", "LambdaInsights", "127.0.0.1:9001/"];

/// From this share of the duration on, an extension and not the handler used the time.
const MOST_OF_IT: f64 = 0.5;

pub(super) fn sign(line: &ApplicationLine<'_>) -> Option<MatchWeight> {
    let of_type = [
        "Extension.Crash",
        "Extension.InitError",
        "Extension.LaunchError",
        "Extension.ExitError",
        "Extension.TooManyExtensions",
        "Extension.Unknown",
    ]
    .iter()
    .any(|word| line.text.contains(word));
    // That an extension is spoken of says nothing; that something is wrong with it does.
    let is_wrong = || {
        has_any(
            &line.text,
            &[
                "rror", "ail", "nable", "annot", "ould not", "xit", "anic", "enied", "issing", "ot found", "o such",
                "E! ",
            ],
        )
    };
    let named = of_type
        || WORDS.iter().skip(1).any(|word| line.text.contains(word) && (!SPOKEN_OF.contains(word) || is_wrong()));
    named.then(|| said(line)).flatten()
}

pub(super) fn judge(case: &InvocationFacts<'_>) -> Option<Diagnosis> {
    let spent = case.report.and_then(|report| Some((report.extension_ms?, report.duration_ms)));
    if let Some((extension, all)) = spent.filter(|(extension, all)| case.failed() && *extension > all * MOST_OF_IT) {
        let finding = format!(
            "An extension kept the environment busy after the runtime was done: of {}, it took {}.",
            spoken(milliseconds(all)),
            spoken(milliseconds(extension))
        );
        return Some(Diagnosis::new(Cause::ExtensionFailure, Confidence::Proved, finding));
    }
    let failed = case.by_sign(
        Cause::ExtensionFailure,
        "An extension failed, so Lambda ended the environment. The handler itself may be fine.",
    );
    failed.or_else(|| {
        let late = case.extension_waits && case.timed_out_after_ms.is_some();
        let finding = "An extension registered and was not ready at the limit. Lambda runs the handler only once all extensions are.";
        late.then(|| Diagnosis::new(Cause::ExtensionFailure, Confidence::Likely, finding.to_owned()).general())
    })
}
