//! The steps within API Gateway.

use account::map::{MapKind, MapResource};

use super::steps::{ApiProtocol, PathApi};
use super::template::{fit, longest};
use crate::looked::{MapLook, PathStep};

/// The stage of an HTTP API whose name is not part of the path.
pub(super) const DEFAULT_STAGE: &str = "$default";

/// The domain name of a host: it, or a wildcard over its last label.
pub(super) fn domain(look: MapLook<'_>, host: &str) -> PathStep<MapResource> {
    let wildcard = host.split_once('.').map(|(_, rest)| format!("*.{rest}"));
    match look.one(MapKind::DomainName, |one| one.id == host) {
        PathStep::Absent => look.one(MapKind::DomainName, |one| Some(&one.id) == wildcard.as_ref()),
        other => other,
    }
}

/// The base path of a mapping; empty for the whole domain name.
pub(crate) fn base_path(mapping: &MapResource) -> &str {
    let of = mapping.of.as_deref().unwrap_or_default();
    mapping.id.strip_prefix(of).and_then(|rest| rest.strip_prefix('/')).unwrap_or(&mapping.id)
}

/// The mapping that takes a path.
pub(super) fn mapping(all: &[MapResource], path: &str) -> PathStep<MapResource> {
    let place = longest(path, all.iter().map(base_path));
    place.and_then(|place| all.get(place)).map_or(PathStep::Absent, |found| PathStep::Found(found.clone()))
}

/// An API by its id, of whichever kind.
pub(super) fn api(look: MapLook<'_>, id: &str) -> PathStep<PathApi> {
    let rest = look.one(MapKind::RestApi, |one| one.id == id);
    let http = look.one(MapKind::HttpApi, |one| one.id == id);
    match (rest, http) {
        (PathStep::Found(resource), _) => PathStep::Found(PathApi { protocol: ApiProtocol::Rest, resource }),
        (_, PathStep::Found(resource)) => {
            let is_socket = resource.setting("protocol").is_some_and(|protocol| protocol == "WEBSOCKET");
            let protocol = if is_socket { ApiProtocol::WebSocket } else { ApiProtocol::Http };
            PathStep::Found(PathApi { protocol, resource })
        }
        (PathStep::Unknown(why), _) | (_, PathStep::Unknown(why)) => PathStep::Unknown(why),
        _ => PathStep::Absent,
    }
}

/// A stage of an API.
pub(super) fn stage(look: MapLook<'_>, api: &PathApi, name: &str) -> PathStep<MapResource> {
    let kind = if api.protocol == ApiProtocol::Rest { MapKind::RestStage } else { MapKind::HttpStage };
    let id = format!("{}/{name}", api.resource.id);
    look.one(kind, |one| one.id == id)
}

/// The kind that has the routes of an API.
pub(super) fn routes(protocol: ApiProtocol) -> MapKind {
    if protocol == ApiProtocol::Rest { MapKind::RestIntegration } else { MapKind::HttpRoute }
}

/// What a route is for: `GET /todos`.
pub(crate) fn key(route: &MapResource) -> &str {
    let of = route.of.as_deref().unwrap_or_default();
    route.id.strip_prefix(of).and_then(|rest| rest.strip_prefix('/')).unwrap_or(&route.id)
}

/// The route that takes GET of a path: the one that fits best, a method of its own before `ANY`.
pub(super) fn route(api: &PathApi, routes: &[MapResource], path: &str) -> PathStep<MapResource> {
    let rank = |route: &MapResource| match (api.protocol, key(route)) {
        (ApiProtocol::WebSocket, "$connect") => Some((0, 0)),
        (ApiProtocol::WebSocket, _) => None,
        (ApiProtocol::Http, "$default") => Some((u32::MAX, 0)),
        (_, key) => {
            let (method, template) = key.split_once(' ')?;
            let method = ["GET", "ANY"].iter().position(|known| *known == method)?;
            Some((fit(path, template)?, method))
        }
    };
    let best = routes.iter().filter_map(|route| Some((rank(route)?, route))).min_by_key(|(rank, _)| *rank);
    best.map_or(PathStep::Absent, |(_, route)| PathStep::Found(route.clone()))
}

/// What a route calls. The method of a REST API has it in itself.
pub(super) fn integration(look: MapLook<'_>, api: &PathApi, route: &MapResource) -> PathStep<MapResource> {
    if api.protocol == ApiProtocol::Rest {
        return match route.setting("type") {
            Some(_) => PathStep::Found(route.clone()),
            None => PathStep::Absent,
        };
    }
    let Some(to) = route.setting("integration") else { return PathStep::Absent };
    let id = to.strip_prefix("http_integration/").unwrap_or(to);
    match look.parts(MapKind::HttpIntegration, &api.resource.id) {
        PathStep::Found(all) => match all.into_iter().find(|one| one.id == id) {
            Some(found) => PathStep::Found(found),
            None => PathStep::Absent,
        },
        PathStep::Unknown(why) => PathStep::Unknown(why),
        _ => PathStep::Absent,
    }
}
