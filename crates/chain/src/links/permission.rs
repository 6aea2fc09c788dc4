//! `permission`: the permission of the gateway to call the function. It belongs to one qualifier, and to the ARN of the
//! API; without it the gateway answers 500, and the function's log has no line at all.

use account::map::{MapKind, MapResource};

use crate::grant::{FunctionGrant, grants, lets_in, source_arns};
use crate::hop::Hop;
use crate::judged::{from_step, judged};
use crate::link::Link;
use crate::looked::PathStep;
use crate::path::PathTarget;
use crate::seen::ChainSeen;
use crate::seen::inside::InsideSeen;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::Permission;
    judged(seen, link, Some(MapKind::FunctionPolicy), |inside| {
        match (&inside.path.integration, &inside.path.function) {
            (PathStep::Skipped, _) => return Hop::not_applicable(link),
            // A policy goes with its function.
            (_, PathStep::Absent) => return Hop::unknown(link, "the function is not there"),
            _ => {}
        }
        let integration = inside.path.integration.found();
        if let Some(role) = integration.and_then(|integration: &MapResource| integration.setting("role")) {
            return Hop::ok(link)
                .seen(format!("the gateway calls as {role}, so the function's policy does not matter"));
        }
        from_step(link, &inside.path.target, || Hop::not_applicable(link), |target| of_target(seen, inside, target))
    })
}

fn of_target(seen: &ChainSeen, inside: &InsideSeen, target: &PathTarget) -> Hop {
    let link = Link::Permission;
    let sources = source_arns(seen, &inside.path);
    let Some(source) = sources.first() else { return Hop::unknown(link, "its integration is unknown") };
    let name = target.qualified();
    // One ARN for all paths of the API: the statement outlives new routes.
    let api = source.split('/').next().unwrap_or(source);
    let qualifier = target.qualifier.as_ref().map(|one| format!(" --qualifier {one}")).unwrap_or_default();
    let fix = format!(
        "`aws lambda add-permission --function-name {}{qualifier} --statement-id apigateway --action \
         lambda:InvokeFunction --principal apigateway.amazonaws.com --source-arn '{api}/*'`; it counts at once",
        target.name
    );
    let broken = |why: String| Hop::broken(link, why, fix.clone()).seen(format!("the gateway calls from {source}"));
    match grants(seen, &name) {
        PathStep::Unknown(why) => Hop::unknown(link, why),
        PathStep::Beyond | PathStep::Skipped => Hop::unknown(link, "no link before it leads here"),
        PathStep::Absent => broken(format!("{name} has no policy, so API Gateway may not call it"))
            .seen(format!("GetPolicy of {name}: none")),
        PathStep::Found(Err(why)) => Hop::unknown(link, why),
        PathStep::Found(Ok(all)) => match all.iter().find(|grant| lets_in(grant, &sources)) {
            Some(grant) => Hop::ok(link).seen(grant.text.clone()),
            None => {
                let near = nearest(&all);
                let why = match near {
                    Some(grant) => format!(
                        "the policy of {name} lets API Gateway call it, from {} only and not from this API",
                        grant.sources.join(", ")
                    ),
                    None => format!("the policy of {name} does not let API Gateway call it"),
                };
                broken(why)
            }
        },
    }
}

/// A grant for the gateway that is for another API or stage.
fn nearest(all: &[FunctionGrant]) -> Option<&FunctionGrant> {
    all.iter().find(|grant| {
        grant.allows
            && grant.is_of("lambda:InvokeFunction")
            && grant.is_for("apigateway.amazonaws.com")
            && !grant.sources.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{ARN, Account, GRANT, answered, outside_only, resource, said};

    #[test]
    fn the_policy_of_the_qualifier_must_let_this_api_call() {
        let granted = |of: &str, text: &str| {
            let policy = resource(of, &[("statement gw", text)]).of(of);
            Account::story().without(MapKind::FunctionPolicy).with(MapKind::FunctionPolicy, policy)
        };
        let live = |account: Account| {
            account.set(MapKind::RestIntegration, "a1/ANY /", "target", Some(&format!("{ARN}:live")))
        };
        let other = "broken: the policy of backend-dev lets API Gateway call it, from arn:aws:execute-api:ap-northeast-2:123456789012:b2/* only and not from this API";
        for (account, expected) in [
            (Account::story(), "ok"),
            (granted("backend-dev", r#"Allow lambda:InvokeFunction to {"Service":"apigateway.amazonaws.com"}"#), "ok"),
            (granted("backend-dev", &GRANT.replace("a1/*", "a1/dev/GET/")), "ok"),
            (granted("backend-dev", &GRANT.replace("a1/*", "b2/*")), other),
            (
                granted("backend-dev", &GRANT.replace("apigateway", "events")),
                "broken: the policy of backend-dev does not let API Gateway call it",
            ),
            (
                Account::story().without(MapKind::FunctionPolicy),
                "broken: backend-dev has no policy, so API Gateway may not call it",
            ),
            (live(Account::story()), "broken: backend-dev:live has no policy, so API Gateway may not call it"),
            (live(granted("backend-dev:live", GRANT)), "ok"),
            (
                Account::story().denied(MapKind::FunctionPolicy, "lambda:GetPolicy: not allowed"),
                "unknown: lambda:GetPolicy: not allowed",
            ),
            (
                granted("backend-dev", "Allow lambda:InvokeFunction to x if {\"Arn… (ab)"),
                "unknown: the statement gw of the policy of `backend-dev` cannot be read",
            ),
            (Account::story().set(MapKind::RestIntegration, "a1/ANY /", "role", Some("arn:aws:iam::1:role/x")), "ok"),
        ] {
            assert_eq!(said(Link::Permission, &account.dev()), expected);
        }
        let fix = judge(&live(Account::story()).dev()).next_step;
        for part in [
            "--function-name backend-dev --qualifier live",
            "--source-arn 'arn:aws:execute-api:ap-northeast-2:123456789012:a1/*'",
        ] {
            assert!(fix.contains(part), "{fix}");
        }
    }

    #[test]
    fn an_answer_500_names_the_permission_where_nothing_else_is_known() {
        let internal = r#"{"message": "Internal server error"}"#;
        let seen = answered(outside_only("dev.example.one", "/"), 500, "InternalServerErrorException", internal);
        assert!(
            said(Link::Permission, &seen).starts_with("broken: the gateway answers 500: likely it has no permission")
        );
        let allowed = answered(Account::story().dev(), 500, "InternalServerErrorException", internal);
        assert_eq!(said(Link::Permission, &allowed), "ok");
        let accused = "broken: the gateway answers 500 although it may call the function";
        assert_eq!(said(Link::FunctionError, &allowed), accused);
    }
}
