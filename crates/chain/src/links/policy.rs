//! `policy`: who may call the API: its resource policy, the authorization of the route, API keys, web ACLs, and whether
//! its default endpoint is turned off.

use account::map::{MapKind, MapResource};

use crate::hop::Hop;
use crate::judged::{from_step, judged};
use crate::link::Link;
use crate::looked::PathStep;
use crate::path::PathApi;
use crate::seen::ChainSeen;
use crate::seen::inside::InsideSeen;
use crate::start::ChainStart;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::Policy;
    judged(seen, link, Some(MapKind::RestApi), |inside| {
        from_step(link, &inside.path.api, || Hop::unknown(link, "no link before it leads here"), |api| of(inside, api))
    })
}

fn of(inside: &InsideSeen, api: &PathApi) -> Hop {
    let link = Link::Policy;
    let is_default = matches!(inside.path.start, ChainStart::DefaultEndpoint { .. });
    if is_default && api.resource.setting("no_default_endpoint") == Some("yes") {
        return Hop::broken(
            link,
            format!("the default endpoint of the API {} is turned off", api.resource.id),
            "ask it by its own domain name, or turn the endpoint on: `disableExecuteApiEndpoint=false`",
        )
        .seen("disableExecuteApiEndpoint is true".to_owned());
    }
    let mut hop = Hop::ok(link);
    if let Some(policy) = api.resource.noted.get("policy") {
        if let Some(why) = refuses(policy) {
            return Hop::broken(
                link,
                format!("the resource policy of the API {} {why}", api.resource.id),
                "allow execute-api:Invoke to `*` in the resource policy (API Gateway > Resource policy), and deploy the \
                 API: a changed policy counts only from then on",
            )
            .seen(policy.clone());
        }
        hop.evidence.push(format!("resource policy: {policy}"));
    } else if api.resource.settings.contains_key("policy_digest") {
        hop.evidence.push("the API has a resource policy".to_owned());
    }
    let route = inside.path.route.found();
    let wants = |name: &str| route.and_then(|route: &MapResource| route.setting(name));
    match wants("authorization") {
        Some("AWS_IAM") => hop.evidence.push("the route wants signed requests (AWS_IAM)".to_owned()),
        Some(kind) if kind != "NONE" => hop.evidence.push(format!("the route has an authorizer ({kind})")),
        _ => {}
    }
    if wants("api_key") == Some("yes") {
        hop.evidence.push("the route wants an API key".to_owned());
    }
    if let PathStep::Found(stage) = &inside.path.stage
        && let Some(acl) = stage.setting("web_acl")
    {
        hop.evidence.push(format!("the stage has the web ACL {acl}"));
    }
    hop
}

/// Why a policy, as its effects in short, lets no caller of the internet in: `Allow *` is one statement, `Deny * if` one
/// with a condition.
fn refuses(policy: &str) -> Option<&'static str> {
    let statements: Vec<&str> = policy.split("; ").collect();
    let plain_deny = statements.contains(&"Deny *");
    let allows = statements.iter().any(|one| one.starts_with("Allow "));
    match (plain_deny, allows) {
        (true, _) => Some("denies everyone"),
        (false, false) => Some("allows no caller"),
        (false, true) => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Account, answered, outside_only, resource, said};

    #[test]
    fn a_policy_that_lets_no_caller_in_is_broken() {
        let with = |policy: &str| {
            let api = resource("a1", &[("name", "backend-dev")]).noted(&[("policy", policy)]);
            Account::story().without(MapKind::RestApi).with(MapKind::RestApi, api).dev()
        };
        for (seen, expected) in [
            (Account::story().dev(), "ok"),
            (with("Allow *"), "ok"),
            (with("Allow *; Deny * if aws:SourceIp"), "ok"),
            (with("Allow *; Deny *"), "broken: the resource policy of the API a1 denies everyone"),
            (with("Deny * if aws:SourceIp"), "broken: the resource policy of the API a1 allows no caller"),
        ] {
            assert_eq!(said(Link::Policy, &seen), expected);
        }
        let off = Account::story().set(MapKind::RestApi, "a1", "no_default_endpoint", Some("yes"));
        let endpoint = off.seen("a1.execute-api.ap-northeast-2.amazonaws.com", "/dev/");
        assert_eq!(said(Link::Policy, &endpoint), "broken: the default endpoint of the API a1 is turned off");
        assert_eq!(said(Link::Policy, &off.dev()), "ok");
    }

    #[test]
    fn a_refusal_by_name_accuses_the_policy() {
        let body = r#"{"Message":"User: anonymous is not authorized to perform: execute-api:Invoke on resource: arn"}"#;
        let seen = answered(outside_only("dev.example.one", "/"), 403, "AccessDeniedException", body);
        assert!(said(Link::Policy, &seen).starts_with("broken: the resource policy or the authorizer"));
        let key = answered(Account::story().dev(), 403, "ForbiddenException", r#"{"message":"Forbidden"}"#);
        assert!(said(Link::Policy, &key).starts_with("broken: the gateway refuses the request"));
        assert_eq!(said(Link::Mapping, &key), "ok");
    }
}
