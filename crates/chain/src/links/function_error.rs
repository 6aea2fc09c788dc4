//! `function_error`: the last invocations of the function, by its log.

use account::map::MapKind;

use crate::hop::Hop;
use crate::judged::judged;
use crate::link::Link;
use crate::looked::PathStep;
use crate::seen::ChainSeen;
use crate::seen::inside::FunctionLogSeen;
use crate::symptom::fails;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::FunctionError;
    judged(seen, link, Some(MapKind::LogGroup), |inside| {
        if matches!(inside.path.target, PathStep::Skipped) {
            return Hop::not_applicable(link);
        }
        let FunctionLogSeen::Read { since, invocations, failed, timed_out, cause, evidence, .. } = &inside.log else {
            return match &inside.log {
                FunctionLogSeen::Unknown(why) => Hop::unknown(link, why),
                _ => Hop::unknown(link, "the log was not asked for"),
            };
        };
        let line = format!("{invocations} invocations since {}, {failed} failed", since.format("%Y-%m-%d %H:%M UTC"));
        // What ran out of time is told by the link of the timeout. One failure among many is no broken chain.
        let others = failed.saturating_sub(*timed_out);
        let counts = others > 0 && (others * 2 >= *invocations || fails(seen));
        let mut hop = match cause {
            Some((what, step)) if counts => Hop::broken(link, what, step),
            None if counts => Hop::broken(
                link,
                "invocations of the function fail, and their log does not say why",
                "look at the whole log: `monitor tail FUNCTION`",
            ),
            _ => Hop::ok(link),
        };
        hop.evidence.push(line);
        if others > 0 {
            hop.evidence.extend(evidence.iter().cloned());
        }
        hop
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Account, answered, at, outside_only, said};

    #[test]
    fn the_log_tells_the_cause_and_502_names_the_function_without_it() {
        let logged = |failed: u64, timed_out: u64, cause: Option<(&str, &str)>| {
            let mut seen = Account::story().dev();
            if let Some(inside) = &mut seen.inside {
                inside.log = FunctionLogSeen::Read {
                    since: at(),
                    invocations: 9,
                    failed,
                    timed_out,
                    cause: cause.map(|(what, step)| (what.to_owned(), step.to_owned())),
                    evidence: vec!["[ERROR] KeyError".to_owned()],
                    last: None,
                };
            }
            seen
        };
        let cause = Some(("a module is missing", "add it"));
        for (seen, expected) in [
            (logged(0, 0, None), "ok"),
            (logged(7, 0, cause), "broken: a module is missing"),
            (logged(3, 0, cause), "ok"),
            (logged(3, 3, cause), "ok"),
            (logged(9, 0, None), "broken: invocations of the function fail, and their log does not say why"),
            (Account::story().dev(), "unknown: the log was not asked for"),
        ] {
            assert_eq!(said(Link::FunctionError, &seen), expected);
        }
        let server_error = answered(logged(1, 0, cause), 502, "", "x");
        assert_eq!(said(Link::FunctionError, &server_error), "broken: a module is missing");
        let body = r#"{"message": "Internal server error"}"#;
        let seen = answered(outside_only("dev.example.one", "/"), 502, "InternalServerErrorException", body);
        assert!(said(Link::FunctionError, &seen).starts_with("broken: the function fails, or answers in a form"));
    }

    #[test]
    fn an_error_of_the_server_of_unknown_form_is_likely_the_functions() {
        for (status, body, expected) in [
            (500, "<h1>Internal Server Error</h1>", "the server answers with an error of its own (5xx): likely"),
            (599, "{\"error\":\"own\"}", "the server answers with an error of its own (5xx): likely"),
            (503, r#"{"message":"Service Unavailable"}"#, "the gateway answers 503 at once: likely the function"),
        ] {
            let mut seen = answered(outside_only("dev.example.one", "/"), status, "", body);
            let said = said(Link::FunctionError, &seen);
            assert!(said.starts_with(&format!("broken: {expected}")), "{said}");
            for answer in seen.outside.iter_mut().flat_map(|outside| &mut outside.https) {
                answer.headers.clear();
            }
            assert!(super::judge(&seen).summary.contains("likely"), "{status}");
        }
    }
}
