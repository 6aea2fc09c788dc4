//! `mapping`: the mapping of the domain name. Without one the name answers 403 `{"message":"Forbidden"}`.

use account::map::{MapKind, MapResource};

use crate::hop::Hop;
use crate::judged::{from_step, judged};
use crate::link::Link;
use crate::looked::PathStep;
use crate::path::base_path;
use crate::seen::ChainSeen;
use crate::seen::inside::InsideSeen;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::Mapping;
    judged(seen, link, Some(MapKind::DomainMapping), |inside| {
        let mappings = match (&inside.path.mapping, &inside.path.mappings) {
            // Only where the domain name is there do its mappings mean something.
            (_, PathStep::Found(all)) => PathStep::Found(all.clone()),
            (PathStep::Unknown(why), _) => PathStep::Unknown(why.clone()),
            (_, other) => other.clone(),
        };
        let none = || broken(seen, inside);
        from_step(link, &mappings, none, |all| if all.is_empty() { none() } else { listed(all) })
    })
}

fn broken(seen: &ChainSeen, inside: &InsideSeen) -> Hop {
    let host = inside.path.domain.found().map_or_else(|| seen.host.clone().unwrap_or_default(), |one| one.id.clone());
    let apis: Vec<&MapResource> = inside
        .snapshots
        .iter()
        .filter(|snapshot| matches!(snapshot.kind, MapKind::RestApi | MapKind::HttpApi))
        .flat_map(|snapshot| &snapshot.resources)
        .collect();
    let (api, called) = match apis.as_slice() {
        [one] => (one.id.as_str(), format!(" (the API `{}`)", one.called())),
        _ => ("API", String::new()),
    };
    Hop::broken(
        Link::Mapping,
        format!("the domain name {host} is mapped to no API, so it answers 403 Forbidden"),
        format!(
            "map it{called}: `aws apigatewayv2 create-api-mapping --domain-name {host} --api-id {api} --stage STAGE`, or \
             API Gateway > Custom domain names > API mappings; it takes effect within a minute"
        ),
    )
    .seen(format!("GetApiMappings of {host}: none"))
}

fn listed(all: &[MapResource]) -> Hop {
    let one = |mapping: &MapResource| {
        format!("/{} -> {}", base_path(mapping), mapping.setting("stage").unwrap_or("a stage that is unknown"))
    };
    let shown: Vec<String> = all.iter().take(5).map(one).collect();
    let more = all.len().saturating_sub(shown.len());
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    Hop::ok(Link::Mapping).seen(format!("{}{more}", shown.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Account, answered, outside_only, said};

    #[test]
    fn a_domain_name_without_a_mapping_is_broken_and_the_only_api_is_named() {
        let none = Account::story().without(MapKind::DomainMapping);
        let expected = "broken: the domain name dev.example.one is mapped to no API, so it answers 403 Forbidden";
        assert_eq!(said(Link::Mapping, &none.dev()), expected);
        let only = none.without(MapKind::HttpApi);
        assert!(judge(&only.dev()).next_step.contains("--api-id a1 "), "{:?}", judge(&only.dev()));
        assert_eq!(said(Link::Mapping, &Account::story().dev()), "ok");
        assert_eq!(judge(&Account::story().dev()).evidence, ["/ -> a1/dev"]);
        let denied = Account::story().denied(MapKind::DomainMapping, "apigateway:GET: not allowed");
        assert_eq!(said(Link::Mapping, &denied.dev()), "unknown: apigateway:GET: not allowed");
        let gone = Account::story().without(MapKind::DomainName);
        assert_eq!(said(Link::Mapping, &gone.dev()), "unknown: no link before it leads here");
        let endpoint = Account::story().seen("a1.execute-api.ap-northeast-2.amazonaws.com", "/dev/");
        assert_eq!(said(Link::Mapping, &endpoint), "not_applicable");
    }

    #[test]
    fn without_credentials_the_answer_forbidden_names_the_mapping() {
        let seen =
            answered(outside_only("dev.example.one", "/"), 403, "ForbiddenException", r#"{"message":"Forbidden"}"#);
        let hop = judge(&seen);
        assert_eq!(
            said(Link::Mapping, &seen),
            "broken: the domain name answers, and no mapping leads from this path to an API"
        );
        assert!(hop.evidence[0].contains("HTTP 403") && hop.evidence[1].contains("with credentials"), "{hop:?}");
        assert_eq!(
            said(Link::Mapping, &answered(outside_only("dev.example.one", "/"), 200, "", "")),
            "unknown: not asked: it needs credentials of the account"
        );
    }
}
