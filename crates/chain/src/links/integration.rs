//! `integration`: what the route calls.

use account::map::{MapKind, MapResource};

use crate::hop::Hop;
use crate::judged::{from_step, judged};
use crate::link::Link;
use crate::path::gateway_key;
use crate::seen::ChainSeen;
use crate::seen::inside::InsideSeen;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::Integration;
    judged(seen, link, Some(MapKind::HttpIntegration), |inside| {
        from_step(link, &inside.path.integration, || absent(inside), present)
    })
}

fn absent(inside: &InsideSeen) -> Hop {
    let route = inside.path.route.found().map(gateway_key).unwrap_or_default();
    Hop::broken(
        Link::Integration,
        format!("`{route}` has no integration, so it calls nothing"),
        "set an integration of type AWS_PROXY with the ARN of the function, and deploy the API",
    )
}

fn present(integration: &MapResource) -> Hop {
    let link = Link::Integration;
    let kind = integration.setting("type").unwrap_or("unknown");
    let target = integration.setting("target");
    let line = format!("{kind} to {}", target.unwrap_or("nothing"));
    // Lambda is called by POST whatever the method of the request is.
    // <https://docs.aws.amazon.com/apigateway/latest/developerguide/set-up-lambda-proxy-integrations.html>
    let method = integration.setting("method");
    match (kind, target, method) {
        ("AWS" | "AWS_PROXY", Some(target), Some(method)) if target.contains(":function:") && method != "POST" => {
            Hop::broken(
                link,
                format!("the integration calls Lambda by {method}, and Lambda takes POST only"),
                "set the integration's HTTP method to POST, and deploy the API",
            )
        }
        ("MOCK", ..) => Hop::ok(link).seen("a mock answers: no function is called".to_owned()),
        (_, None, _) => Hop::unknown(link, "what it calls is unknown"),
        _ => Hop::ok(link),
    }
    .seen(line)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Account, said};

    #[test]
    fn a_method_that_calls_nothing_or_calls_lambda_by_get_is_broken() {
        let method = "a1/ANY /";
        let kind = MapKind::RestIntegration;
        for (account, expected) in [
            (Account::story(), "ok"),
            (
                Account::story().set(kind, method, "type", None),
                "broken: `ANY /` has no integration, so it calls nothing",
            ),
            (
                Account::story().set(kind, method, "method", Some("GET")),
                "broken: the integration calls Lambda by GET, and Lambda takes POST only",
            ),
            (Account::story().set(kind, method, "method", Some("POST")), "ok"),
        ] {
            assert_eq!(said(Link::Integration, &account.dev()), expected);
        }
    }
}
