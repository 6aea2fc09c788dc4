//! `route`: the route or method that takes the path.

use account::map::MapKind;

use crate::hop::Hop;
use crate::judged::{from_step, judged};
use crate::link::Link;
use crate::path::{below, gateway_key};
use crate::seen::ChainSeen;
use crate::seen::inside::InsideSeen;

pub(crate) fn judge(seen: &ChainSeen) -> Hop {
    let link = Link::Route;
    judged(seen, link, Some(MapKind::RestIntegration), |inside| {
        let found = |route: &account::map::MapResource| {
            Hop::ok(link).seen(format!("GET {} is taken by {}", inside.path.rest, gateway_key(route)))
        };
        from_step(link, &inside.path.route, || absent(seen, inside), found)
    })
}

fn absent(seen: &ChainSeen, inside: &InsideSeen) -> Hop {
    let link = Link::Route;
    let routes = inside.path.routes.found().map(Vec::as_slice).unwrap_or_default();
    let keys: Vec<&str> = routes.iter().map(gateway_key).take(6).collect();
    let has = match keys.is_empty() {
        true => "the API has no method or route".to_owned(),
        false => format!("the API has {}", keys.join(", ")),
    };
    let rest = &inside.path.rest;
    let stage = inside.path.stage_name.as_deref().unwrap_or_default();
    if let Some(without) = Some(stage).filter(|stage| !stage.is_empty()).and_then(|stage| below(rest, stage)) {
        return Hop::broken(
            link,
            format!(
                "the path names the stage twice: {} already leads to `{stage}`",
                if inside.path.mapping.found().is_some() { "the mapping" } else { "the address" }
            ),
            format!("ask {without} instead of {}", seen.path),
        )
        .seen(has);
    }
    let of_path: Vec<&str> = routes
        .iter()
        .filter_map(|route| gateway_key(route).split_once(' '))
        .filter(|(_, template)| crate::path::fit(rest, template).is_some())
        .map(|(method, _)| method)
        .collect();
    let hop = match (of_path.is_empty(), rest.as_str()) {
        (false, _) => Hop::broken(
            link,
            format!("{rest} takes {} and not GET", of_path.join(", ")),
            "ask it by that method, or add GET or ANY, and deploy the API",
        ),
        (true, "/") => Hop::broken(
            link,
            "the API has no method on its root: `/{proxy+}` does not take `/`",
            "add a method on `/` and deploy the API, or ask a path that it has",
        ),
        (true, _) => Hop::broken(
            link,
            format!("the API has no method or route for GET {rest}"),
            "ask a path that it has, or add the route and deploy the API",
        ),
    };
    hop.seen(has)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Account, answered, outside_only, resource, said};

    #[test]
    fn a_path_without_a_method_says_what_the_api_has() {
        let only = |key: &str| {
            let method = resource(&format!("a1/{key}"), &[("type", "AWS_PROXY")]).of("a1");
            Account::story().without(MapKind::RestIntegration).with(MapKind::RestIntegration, method)
        };
        for (key, path, expected) in [
            ("ANY /{proxy+}", "/x", "ok"),
            ("ANY /{proxy+}", "/", "broken: the API has no method on its root: `/{proxy+}` does not take `/`"),
            ("POST /x", "/x", "broken: /x takes POST and not GET"),
            ("GET /y", "/x", "broken: the API has no method or route for GET /x"),
            ("GET /y", "/dev/y", "broken: the path names the stage twice: the mapping already leads to `dev`"),
        ] {
            assert_eq!(said(Link::Route, &only(key).seen("dev.example.one", path)), expected, "{key} {path}");
        }
        assert_eq!(judge(&only("GET /y").seen("dev.example.one", "/dev/y")).next_step, "ask /y instead of /dev/y");
    }

    #[test]
    fn without_credentials_a_missing_token_names_the_route() {
        let error = "MissingAuthenticationTokenException";
        let seen = answered(
            outside_only("dev.example.one", "/dev"),
            403,
            error,
            r#"{"message":"Missing Authentication Token"}"#,
        );
        assert!(said(Link::Route, &seen).starts_with("broken: the API has no such path or method"));
        assert!(said(Link::Mapping, &seen).starts_with("unknown"));
    }
}
