//! `stage`: the stage, and that it serves a deployment.

use account::map::{MapKind, MapResource};

use crate::hop::Hop;
use crate::judged::{from_step, judged};
use crate::link::Link;
use crate::path::ApiProtocol;
use crate::seen::ChainSeen;
use crate::seen::inside::InsideSeen;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::Stage;
    judged(seen, link, Some(MapKind::RestStage), |inside| {
        from_step(link, &inside.path.stage, || absent(inside), |stage| present(inside, stage))
    })
}

fn absent(inside: &InsideSeen) -> Hop {
    let link = Link::Stage;
    let api = inside.path.api.found();
    let id = api.map(|api| api.resource.id.as_str()).unwrap_or_default();
    let known: Vec<&str> = inside
        .snapshots
        .iter()
        .filter(|snapshot| matches!(snapshot.kind, MapKind::RestStage | MapKind::HttpStage))
        .flat_map(|snapshot| &snapshot.resources)
        .filter_map(|stage| stage.id.strip_prefix(id)?.strip_prefix('/'))
        .collect();
    let has = match known.is_empty() {
        true => format!("the API {id} has no stage"),
        false => format!("the API {id} has {}", known.join(", ")),
    };
    let create = match api.map(|api| api.protocol) {
        Some(ApiProtocol::Rest) | None => "aws apigateway create-deployment --rest-api-id",
        Some(ApiProtocol::Http | ApiProtocol::WebSocket) => "aws apigatewayv2 create-stage --auto-deploy --api-id",
    };
    match &inside.path.stage_name {
        Some(name) => Hop::broken(
            link,
            format!("the API has no stage `{name}`"),
            format!("deploy it: `{create} {id} --stage-name {name}`, or map the name to a stage that is there"),
        ),
        None => Hop::broken(link, "the address names no stage", format!("begin the path with a stage; {has}")),
    }
    .seen(has)
}

fn present(inside: &InsideSeen, stage: &MapResource) -> Hop {
    let link = Link::Stage;
    let is_rest = inside.path.api.found().is_some_and(|api| api.protocol == ApiProtocol::Rest);
    let api = stage.of.as_deref().unwrap_or_default();
    match (stage.setting("deployment"), stage.settings.contains_key("auto_deploy")) {
        (Some(deployment), _) => Hop::ok(link).seen(format!("{} serves deployment {deployment}", stage.id)),
        (None, true) => Hop::ok(link).seen(format!("{} deploys by itself", stage.id)),
        (None, false) if is_rest => Hop::broken(
            link,
            format!("the stage {} serves no deployment", stage.id),
            format!(
                "deploy the API: `aws apigateway create-deployment --rest-api-id {api} --stage-name {}`",
                stage.id.rsplit('/').next().unwrap_or_default()
            ),
        ),
        (None, false) => Hop::ok(link).seen(format!("{} is there", stage.id)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Account, answered, outside_only, resource, said};

    #[test]
    fn a_stage_that_is_gone_or_serves_nothing_is_broken() {
        let endpoint = "a1.execute-api.ap-northeast-2.amazonaws.com";
        let other = resource("a1/prod", &[("deployment", "d2")]).of("a1");
        let gone = Account::story().without(MapKind::RestStage).with(MapKind::RestStage, other);
        assert_eq!(said(Link::Stage, &Account::story().dev()), "ok");
        assert_eq!(said(Link::Stage, &gone.dev()), "broken: the API has no stage `dev`");
        assert_eq!(judge(&gone.dev()).evidence, ["the API a1 has prod"]);
        let nothing = Account::story().set(MapKind::RestStage, "a1/dev", "deployment", None);
        assert_eq!(said(Link::Stage, &nothing.dev()), "broken: the stage a1/dev serves no deployment");
        assert_eq!(said(Link::Stage, &Account::story().seen(endpoint, "/")), "broken: the address names no stage");
        let unknown = Account::story().denied(MapKind::RestStage, "apigateway:GET: not allowed");
        assert_eq!(said(Link::Stage, &unknown.dev()), "unknown: apigateway:GET: not allowed");
    }

    #[test]
    fn at_the_default_endpoint_forbidden_means_the_stage() {
        let host = "a1.execute-api.ap-northeast-2.amazonaws.com";
        let seen = answered(outside_only(host, "/x"), 403, "ForbiddenException", r#"{"message":"Forbidden"}"#);
        assert_eq!(
            said(Link::Stage, &seen),
            "broken: the API has no such stage, or its default endpoint is turned off"
        );
    }
}
