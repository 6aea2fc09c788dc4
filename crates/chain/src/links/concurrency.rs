//! `concurrency`: the concurrency of the function. Reserved 0 means that every call is refused.

use account::map::MapKind;

use crate::hop::Hop;
use crate::judged::{from_step, judged, look, number};
use crate::link::Link;
use crate::looked::PathStep;
use crate::path::PathTarget;
use crate::seen::ChainSeen;
use crate::seen::inside::InsideSeen;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::Concurrency;
    judged(seen, link, Some(MapKind::FunctionConcurrency), |inside| {
        // Of a function that is not there nothing is to be said.
        match &inside.path.function {
            PathStep::Absent => Hop::unknown(link, "no link before it leads here"),
            PathStep::Skipped => Hop::not_applicable(link),
            _ => from_step(link, &inside.path.target, || Hop::not_applicable(link), |target| of(inside, target)),
        }
    })
}

fn of(inside: &InsideSeen, target: &PathTarget) -> Hop {
    let link = Link::Concurrency;
    let all = match look(inside).parts(MapKind::FunctionConcurrency, &target.name) {
        PathStep::Found(all) => all,
        PathStep::Unknown(why) => return Hop::unknown(link, why),
        _ => vec![],
    };
    let reserved = all.first().and_then(|one| one.setting("reserved"));
    match reserved {
        Some("0") => Hop::broken(
            link,
            format!("the reserved concurrency of {} is 0, so every call is refused", target.name),
            format!("`aws lambda delete-function-concurrency --function-name {}`; it counts at once", target.name),
        )
        .seen("ReservedConcurrentExecutions is 0".to_owned()),
        Some(number) => Hop::ok(link).seen(format!("{number} environments are reserved")),
        None => {
            let limit = look(inside).one(MapKind::LambdaLimit, |_| true);
            let left = limit.found().and_then(|limit| number(limit, "unreserved_concurrency"));
            match left {
                Some(left) => Hop::ok(link).seen(format!("none is reserved; the account has {left} for all functions")),
                None => Hop::ok(link).seen("none is reserved".to_owned()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Account, resource, said};

    #[test]
    fn reserved_0_is_broken_and_names_the_call_that_ends_it() {
        let reserved = |text: &str| {
            let one = resource("backend-dev", &[("reserved", text)]).of("backend-dev");
            Account::story().with(MapKind::FunctionConcurrency, one)
        };
        let broken = "broken: the reserved concurrency of backend-dev is 0, so every call is refused";
        assert_eq!(said(Link::Concurrency, &reserved("0").dev()), broken);
        assert_eq!(said(Link::Concurrency, &reserved("5").dev()), "ok");
        assert_eq!(said(Link::Concurrency, &Account::story().dev()), "ok");
        let denied = Account::story().denied(MapKind::FunctionConcurrency, "lambda:GetFunctionConcurrency: no");
        assert_eq!(said(Link::Concurrency, &denied.dev()), "unknown: lambda:GetFunctionConcurrency: no");
    }
}
