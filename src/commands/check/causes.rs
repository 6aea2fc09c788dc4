//! One line for each cause, however many calls fail for it.

use model::call_failure::{CallFailure, FailureKind};

use super::line::CheckResult;

/// How one call went, for one watch.
pub(super) struct ProbeResult {
    /// What was tried: the call, as a policy names it.
    pub(super) what: String,
    /// The watch or warm-up that needs it; `None` for what all of them need.
    pub(super) watch: Option<String>,
    pub(super) said: ProbeAnswer,
}

/// What came of it.
pub(super) enum ProbeAnswer {
    /// It needs no further look.
    Line(CheckResult),
    /// A call failed.
    Failed(CallFailure),
}

/// What several calls can fail for.
#[derive(PartialEq, Eq)]
enum Cause {
    /// The credentials.
    Credentials,
    /// The network, or an endpoint, with what it said.
    Network(String),
    /// One permission.
    Permission(String),
    /// Anything else: the same call about the same thing fails in the same way.
    Call(String),
}

fn cause(failure: &CallFailure) -> Cause {
    match failure.kind {
        FailureKind::NoCredentials | FailureKind::BadCredentials => Cause::Credentials,
        FailureKind::Unreachable | FailureKind::NoAnswer => Cause::Network(failure.said.clone()),
        FailureKind::Denied => Cause::Permission(failure.call.clone()),
        _ => Cause::Call(failure.to_string()),
    }
}

/// The lines, each at the place where its cause shows first. What succeeded keeps its own line.
pub(super) fn lines(results: Vec<ProbeResult>) -> Vec<CheckResult> {
    let mut told: Vec<Cause> = Vec::new();
    let mut lines = Vec::new();
    for result in &results {
        let failure = match &result.said {
            ProbeAnswer::Line(line) => {
                lines.push(line.clone());
                continue;
            }
            ProbeAnswer::Failed(failure) => failure,
        };
        let cause = cause(failure);
        if told.contains(&cause) {
            continue;
        }
        let of_cause = results.iter().filter(|other| other.failed_for(&cause)).count();
        lines.push(match &cause {
            Cause::Call(said) if of_cause == 1 => CheckResult::new(result.what.clone(), Err(said.clone())),
            cause => line(cause, failure, &blind(&results, cause)),
        });
        told.push(cause);
    }
    lines
}

impl ProbeResult {
    fn failed_for(&self, of: &Cause) -> bool {
        matches!(&self.said, ProbeAnswer::Failed(failure) if cause(failure) == *of)
    }
}

/// The watches that a cause blinds, each once, in order.
fn blind<'a>(results: &'a [ProbeResult], of: &Cause) -> Vec<&'a str> {
    let mut names: Vec<&str> = Vec::new();
    for name in results.iter().filter(|result| result.failed_for(of)).filter_map(|result| result.watch.as_deref()) {
        if !names.contains(&name) {
            names.push(name);
        }
    }
    names
}

fn line(cause: &Cause, failure: &CallFailure, blind: &[&str]) -> CheckResult {
    let names = blind.join(", ");
    let (what, end) = match cause {
        Cause::Credentials => ("credentials", format!("until then these stay blind: {names}")),
        Cause::Network(_) => ("network", format!("until then these stay blind: {names}")),
        Cause::Permission(call) => (call.as_str(), format!("without it these stay blind: {names}")),
        Cause::Call(_) => (failure.call.as_str(), format!("until then these see less: {names}")),
    };
    let said = match cause {
        Cause::Network(said) => format!("{said}; {}", failure.next_step),
        _ => failure.to_string(),
    };
    CheckResult::new(what, Err(if blind.is_empty() { said } else { format!("{said}; {end}") }))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failed(watch: &str, what: &str, kind: FailureKind, call: &str, said: &str) -> ProbeResult {
        let failure = CallFailure {
            call: call.to_owned(),
            resource: "r".to_owned(),
            kind,
            said: said.to_owned(),
            next_step: "do it".to_owned(),
        };
        let watch = (!watch.is_empty()).then(|| watch.to_owned());
        ProbeResult { what: what.to_owned(), watch, said: ProbeAnswer::Failed(failure) }
    }

    fn fine(what: &str) -> ProbeResult {
        let line = CheckResult::new(what, Ok("answered".to_owned()));
        ProbeResult { what: what.to_owned(), watch: Some("watch.x".to_owned()), said: ProbeAnswer::Line(line) }
    }

    #[test]
    fn one_cause_is_one_line_that_names_every_watch_it_blinds() {
        use FailureKind::{Denied, NoAnswer, NotFound, Unreachable};
        let shown = |results: Vec<ProbeResult>| -> Vec<(String, String)> {
            lines(results).into_iter().map(|line| (line.what, line.said)).collect()
        };
        let told = shown(vec![
            failed("watch.a", "logs:FilterLogEvents", Denied, "logs:DescribeLogGroups", "no"),
            fine("ce:GetCostAndUsage"),
            failed("watch.b", "logs:DescribeLogGroups", Denied, "logs:DescribeLogGroups", "not you"),
            failed("watch.a", "logs:DescribeLogGroups", Denied, "logs:DescribeLogGroups", "no"),
            failed("watch.c", "lambda:ListFunctions", NotFound, "lambda:ListFunctions", "gone"),
            failed("watch.d", "lambda:ListFunctions", NotFound, "lambda:ListFunctions", "gone"),
            failed("warm.f", "InvokeFunction on f", NotFound, "lambda:InvokeFunction", "gone"),
            fine("ce:GetCostAndUsage"),
        ]);
        let names: Vec<&str> = told.iter().map(|(what, _)| what.as_str()).collect();
        assert_eq!(
            names,
            [
                "logs:DescribeLogGroups",
                "ce:GetCostAndUsage",
                "lambda:ListFunctions",
                "InvokeFunction on f",
                "ce:GetCostAndUsage"
            ]
        );
        assert_eq!(
            told[0].1,
            "logs:DescribeLogGroups on r failed: no; do it; without it these stay blind: watch.a, watch.b"
        );
        let told = shown(vec![
            failed("", "credentials", Unreachable, "sts:GetCallerIdentity", "refused"),
            failed("watch.a", "x", Unreachable, "x", "refused"),
            failed("watch.b", "y", NoAnswer, "y", "no answer in time"),
            failed("watch.b", "z", Unreachable, "z", "refused"),
        ]);
        assert_eq!(
            told,
            [
                ("network".to_owned(), "refused; do it; until then these stay blind: watch.a, watch.b".to_owned()),
                ("network".to_owned(), "no answer in time; do it; until then these stay blind: watch.b".to_owned()),
            ]
        );
    }
}
