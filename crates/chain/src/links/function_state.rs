//! `function_state`: the function: that it is there, with the version or alias that is called, and that it can run.

use account::map::{MapKind, MapResource};

use crate::hop::Hop;
use crate::judged::{from_step, judged, look};
use crate::link::Link;
use crate::looked::PathStep;
use crate::path::PathTarget;
use crate::seen::ChainSeen;
use crate::seen::inside::InsideSeen;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::FunctionState;
    judged(seen, link, Some(MapKind::Function), |inside| {
        from_step(link, &inside.path.function, || absent(inside), |function| present(inside, function))
    })
}

fn absent(inside: &InsideSeen) -> Hop {
    let link = Link::FunctionState;
    let Some(target) = inside.path.target.found() else { return Hop::unknown(link, "no link before it leads here") };
    if let (Some(other), Some(own)) = (target.account(), inside.account.as_deref())
        && other != own
    {
        return Hop::unknown(link, format!("the function is of account {other}, and the credentials are of {own}"));
    }
    Hop::broken(
        link,
        format!("the function {} is not there", target.name),
        "deploy it again under this name, or point the integration to the function that took its place",
    )
    .seen(target.arn.clone().map_or_else(
        || format!("GetFunctionConfiguration of {}: not found", target.name),
        |arn| format!("the integration calls {arn}"),
    ))
}

fn present(inside: &InsideSeen, function: &MapResource) -> Hop {
    let link = Link::FunctionState;
    if let Some(target) = inside.path.target.found()
        && let Some(hop) = without_qualifier(inside, target)
    {
        return hop;
    }
    let noted = |name: &str| function.noted.get(name).map(String::as_str);
    let why = |name: &str| noted(name).map(|why| format!(": {why}")).unwrap_or_default();
    let hop = match (noted("state"), noted("last_update")) {
        (Some("Failed"), _) => Hop::broken(
            link,
            format!("the function could not be made ready{}", why("state_reason")),
            "mend what it names (role, subnet, security group, image or key), and deploy the function again",
        ),
        (Some("Pending"), _) => {
            Hop::waiting(link, "the function is being made ready, which takes up to a few minutes", None)
                .next("wait a few minutes; calls fail until it is Active")
        }
        (_, Some("Failed")) => {
            Hop::ok(link).seen(format!("its last update failed{}; it runs as before", why("last_update_reason")))
        }
        (Some("Inactive"), _) => Hop::ok(link).seen("it is Inactive: the next call wakes it up".to_owned()),
        _ => Hop::ok(link),
    };
    let settings = ["runtime", "memory", "timeout"].iter().filter_map(|name| function.setting(name));
    let line: Vec<&str> = [noted("state").unwrap_or("there")].into_iter().chain(settings).collect();
    hop.seen(format!("{}: {}", function.id, line.join(", ")))
}

/// The alias or version that is called is not there.
fn without_qualifier(inside: &InsideSeen, target: &PathTarget) -> Option<Hop> {
    let qualifier = target.qualifier.as_deref().filter(|one| *one != "$LATEST")?;
    // Versions are numbers; the map has aliases only.
    if qualifier.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let PathStep::Found(aliases) = look(inside).parts(MapKind::FunctionAlias, &target.name) else { return None };
    if aliases.iter().any(|alias| alias.id == target.qualified()) {
        return None;
    }
    let known: Vec<&str> = aliases.iter().filter_map(|alias| alias.id.rsplit(':').next()).collect();
    let has = if known.is_empty() { "no alias".to_owned() } else { known.join(", ") };
    Some(
        Hop::broken(
            Link::FunctionState,
            format!("the function {} has no alias `{qualifier}`, and the integration calls it", target.name),
            format!(
                "`aws lambda create-alias --function-name {} --name {qualifier} --function-version VERSION`, or point the \
                 integration to an alias that is there",
                target.name
            ),
        )
        .seen(format!("{} has {has}", target.name)),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ARN, Account, resource, said};

    #[test]
    fn a_function_that_is_gone_failed_or_lacks_its_alias_is_broken() {
        let stated = |noted: &[(&str, &str)]| {
            let function = resource("backend-dev", &[("timeout", "20 s")]).noted(noted);
            Account::story().without(MapKind::Function).with(MapKind::Function, function)
        };
        let live = |alias: &str| {
            Account::story()
                .set(MapKind::RestIntegration, "a1/ANY /", "target", Some(&format!("{ARN}:live")))
                .with(MapKind::FunctionAlias, resource(alias, &[]).of("backend-dev"))
        };
        let other = Account::story().without(MapKind::Function).set(
            MapKind::RestIntegration,
            "a1/ANY /",
            "target",
            Some("arn:aws:lambda:ap-northeast-2:999999999999:function:shared"),
        );
        for (account, expected) in [
            (Account::story(), "ok"),
            (Account::story().without(MapKind::Function), "broken: the function backend-dev is not there"),
            (
                stated(&[("state", "Failed"), ("state_reason", "the role may not be assumed")]),
                "broken: the function could not be made ready: the role may not be assumed",
            ),
            (
                stated(&[("state", "Pending")]),
                "waiting: the function is being made ready, which takes up to a few minutes",
            ),
            (stated(&[("state", "Active"), ("last_update", "Failed")]), "ok"),
            (live("backend-dev:live"), "ok"),
            (
                live("backend-dev:blue"),
                "broken: the function backend-dev has no alias `live`, and the integration calls it",
            ),
            (other, "unknown: the function is of account 999999999999, and the credentials are of 123456789012"),
        ] {
            assert_eq!(said(Link::FunctionState, &account.dev()), expected);
        }
    }
}
