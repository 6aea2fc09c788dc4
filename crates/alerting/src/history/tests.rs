use lambda_log::diagnosis::{Cause, Confidence};
use model::call_failure::{CallFailure, FailureKind};

use super::*;
use crate::observation::PingOutcome;

fn at(minute: i64) -> DateTime<Utc> {
    DateTime::from_timestamp(minute * 60, 0).unwrap()
}

/// Both orders of two things that are seen at the same instant give the same.
#[track_caller]
fn check<T: PartialEq + std::fmt::Debug>(
    one: &ObservationBody,
    other: &ObservationBody,
    look: impl Fn(&History) -> T,
    expected: T,
) {
    for order in [[one, other], [other, one]] {
        let mut history = History::default();
        history.watch("watch.x", at(0));
        order.into_iter().for_each(|what| {
            history.record(&Observation { at: at(5), seen: at(5), source: "watch.x".into(), what: what.clone() });
        });
        assert_eq!(look(&history), expected);
    }
}

#[test]
fn of_two_failures_of_the_same_words_the_last_does_not_depend_on_which_came_first() {
    let failure = |kind| {
        ObservationBody::Failed(CallFailure {
            call: "c".into(),
            resource: "r".into(),
            kind,
            said: "s".into(),
            next_step: "n".into(),
        })
    };
    let look = |history: &History| history.source("watch.x").unwrap().failing.as_ref().unwrap().last.kind;
    check(&failure(FailureKind::Denied), &failure(FailureKind::Throttled), look, FailureKind::Throttled);
}

#[test]
fn things_of_the_same_instant_are_ordered_by_their_figures_and_not_by_their_spelling() {
    let ping = |ms| {
        ObservationBody::Ping(PingResult {
            function: "f".into(),
            outcome: PingOutcome::Warm,
            cause: None,
            startup_unfinished: false,
            duration_ms: Some(ms),
            billed_ms: None,
            memory_mb: None,
            usd: None,
            evidence: vec![],
        })
    };
    let pings = |history: &History| history.pings("f").map(|(_, ping)| ping.duration_ms).collect::<Vec<_>>();
    check(&ping(9), &ping(10), pings, vec![Some(10), Some(9)]);
    let fault = |request: &str| {
        ObservationBody::Fault(FailedInvocation {
            function: "f".into(),
            cause: Cause::Oom,
            confidence: Confidence::Proved,
            request_id: Some(request.into()),
            finding: "x".into(),
            evidence: vec![],
            also: vec![],
            fingerprint: None,
            own: None,
        })
    };
    let faults =
        |history: &History| history.faults("f", at(0)).map(|(_, fault)| fault.request_id.clone()).collect::<Vec<_>>();
    check(&fault("a"), &fault("b"), faults, vec![Some("a".to_owned()), Some("b".to_owned())]);
}

#[test]
fn of_two_inventories_of_the_same_instant_one_counts_whichever_came_first() {
    let unread = |why: &str| {
        ObservationBody::Inventory(Inventory {
            kind: ResourceKind::RdsInstance,
            region: "r".into(),
            resources: vec![],
            unknown: Some(why.into()),
        })
    };
    let look = |history: &History| history.unread.values().map(|unread| unread.it.1.clone()).collect::<Vec<_>>();
    check(&unread("a"), &unread("b"), look, vec!["b".to_owned()]);
}
