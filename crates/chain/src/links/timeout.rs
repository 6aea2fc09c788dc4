//! `timeout`: how long the gateway waits, and how long the function may run. The gateway answers 504 while the function
//! runs on and is billed.

use account::map::MapKind;

use crate::hop::{Hop, HopState};
use crate::judged::{from_step, judged, number};
use crate::link::Link;
use crate::looked::PathStep;
use crate::seen::ChainSeen;
use crate::seen::inside::{FunctionLogSeen, InsideSeen};
use crate::symptom::{fails, limit};

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::Timeout;
    judged(seen, link, Some(MapKind::Function), |inside| {
        let absent = || Hop::unknown(link, "no link before it leads here");
        from_step(link, &inside.path.function, absent, |function| of(seen, inside, number(function, "timeout")))
    })
}

fn of(seen: &ChainSeen, inside: &InsideSeen, function_s: Option<u64>) -> Hop {
    let link = Link::Timeout;
    let Some(may_run) = function_s else { return Hop::unknown(link, "the timeout of the function is unknown") };
    let api = inside.path.api.found();
    let waits_ms = inside
        .path
        .integration
        .found()
        .and_then(|integration| number(integration, "timeout"))
        .or(api.map(|api| api.protocol.longest_ms()));
    let timed_out = match &inside.log {
        // One that ran out of time among many is no broken chain.
        FunctionLogSeen::Read { timed_out, invocations, .. }
            if *timed_out > 0 && (*timed_out * 5 >= *invocations || fails(seen)) =>
        {
            Some(*timed_out)
        }
        _ => None,
    };
    let mut hop = match timed_out {
        Some(count) => Hop::broken(
            link,
            format!("the function ran into its timeout of {may_run} s ({count} of its last invocations)"),
            "find what it waits for: the last line before the end names the step; a call outside needs a timeout of its \
             own that is shorter",
        ),
        None => Hop::ok(link),
    };
    match (waits_ms, api) {
        (Some(waits), Some(api)) => {
            let waits = waits.div_ceil(1000);
            hop.evidence.push(format!(
                "the gateway waits {waits} s (at most {} for a {}), the function may run {may_run} s",
                limit(api.protocol),
                api.protocol.title()
            ));
            if may_run > waits {
                let note = format!(
                    "set the function's timeout below {waits} s: what runs longer is billed and its answer is lost"
                );
                hop.evidence.push(format!("the function may run {} s longer than the gateway waits", may_run - waits));
                if hop.state == HopState::Ok {
                    hop.next_step = note;
                }
            }
        }
        _ => hop.evidence.push(format!("the function may run {may_run} s")),
    }
    if let (Some(_), PathStep::Found(function)) = (timed_out, &inside.path.function)
        && function.setting("subnets").is_some()
    {
        hop.evidence.push("it is in a VPC: a call that never ends often means that a subnet has no route".to_owned());
    }
    hop
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Account, answered, at, outside_only, said};

    #[test]
    fn a_function_that_runs_out_of_time_is_broken_and_one_that_merely_may_is_told() {
        let limited = |text: &str| Account::story().set(MapKind::Function, "backend-dev", "timeout", Some(text)).dev();
        assert_eq!(said(Link::Timeout, &limited("20 s")), "ok");
        let longer = judge(&limited("30 s"));
        assert_eq!(longer.state, HopState::Ok);
        assert!(longer.next_step.contains("below 29 s"), "{longer:?}");
        let mut seen = limited("30 s");
        if let Some(inside) = &mut seen.inside {
            inside.log = FunctionLogSeen::Read {
                since: at(),
                invocations: 4,
                failed: 3,
                timed_out: 3,
                cause: None,
                evidence: vec![],
                last: None,
            };
        }
        let expected = "broken: the function ran into its timeout of 30 s (3 of its last invocations)";
        assert_eq!(said(Link::Timeout, &seen), expected);
    }

    #[test]
    fn without_credentials_504_and_503_name_the_timeout() {
        let expected =
            "broken: the gateway did not get an answer in its time (29 s for a REST API, 30 s for an HTTP API)";
        for (status, body, seconds) in [
            (504, r#"{"message": "Endpoint request timed out"}"#, 1),
            (503, r#"{"message":"Service Unavailable"}"#, 30),
        ] {
            let mut seen = answered(outside_only("dev.example.one", "/"), status, "", body);
            for answer in seen.outside.iter_mut().flat_map(|outside| &mut outside.https) {
                answer.ttfb = Some(std::time::Duration::from_secs(seconds));
            }
            assert_eq!(said(Link::Timeout, &seen), expected);
        }
    }
}
