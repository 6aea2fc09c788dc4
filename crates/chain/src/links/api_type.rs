//! `api_type`: the API, and that it is of the kind that the request is for: REST, HTTP or WebSocket.

use account::map::MapKind;

use crate::hop::Hop;
use crate::judged::{from_step, judged};
use crate::link::Link;
use crate::path::{ApiProtocol, PathApi, base_path};
use crate::seen::ChainSeen;
use crate::seen::inside::InsideSeen;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::ApiType;
    judged(seen, link, Some(MapKind::RestApi), |inside| {
        from_step(link, &inside.path.api, || absent(inside), |api| present(inside, api))
    })
}

fn absent(inside: &InsideSeen) -> Hop {
    let mapping = inside.path.mapping.found();
    let to = mapping.and_then(|mapping| mapping.setting("stage")).and_then(|to| to.split('/').next());
    let step = match mapping.and_then(|mapping| mapping.of.as_deref()) {
        Some(domain) => format!("map {domain} to the API that took its place, or deploy the API again"),
        None => "look up the id of the API: `aws apigateway get-rest-apis`, `aws apigatewayv2 get-apis`".to_owned(),
    };
    let named = to.map(|id| format!(" `{id}`")).unwrap_or_default();
    Hop::broken(Link::ApiType, format!("there is no API{named} in this account and Region"), step)
}

fn present(inside: &InsideSeen, api: &PathApi) -> Hop {
    let link = Link::ApiType;
    let line = format!("{} {} ({})", api.protocol.title(), api.resource.id, api.resource.called());
    let has_many = inside.path.mapping.found().is_some_and(|mapping| base_path(mapping).contains('/'));
    let hop = match api.protocol {
        ApiProtocol::WebSocket => Hop::broken(
            link,
            "the name leads to a WebSocket API, which answers wss:// and refuses https://",
            "connect with wss://, or map the name to a REST or HTTP API",
        ),
        ApiProtocol::Rest if has_many && inside.path.domain.found().is_some_and(is_edge) => Hop::broken(
            link,
            "a domain name for the edge cannot map a base path of several parts",
            "use a base path without `/`, or a regional domain name",
        ),
        ApiProtocol::Rest | ApiProtocol::Http => Hop::ok(link),
    };
    hop.seen(line)
}

fn is_edge(domain: &account::map::MapResource) -> bool {
    domain.setting("endpoint").is_some_and(|endpoint| endpoint.contains("EDGE"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Account, resource, said};

    #[test]
    fn an_api_that_is_gone_and_one_of_another_kind_are_broken() {
        let socket = resource("a1", &[("protocol", "WEBSOCKET")]);
        for (account, expected) in [
            (Account::story(), "ok"),
            (Account::story().without(MapKind::RestApi), "broken: there is no API `a1` in this account and Region"),
            (
                Account::story().without(MapKind::RestApi).with(MapKind::HttpApi, socket),
                "broken: the name leads to a WebSocket API, which answers wss:// and refuses https://",
            ),
            (
                Account::story().denied(MapKind::RestApi, "apigateway:GET: not allowed"),
                "unknown: apigateway:GET: not allowed",
            ),
        ] {
            assert_eq!(said(Link::ApiType, &account.dev()), expected);
        }
    }
}
