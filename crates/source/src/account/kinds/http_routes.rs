//! Routes of HTTP and WebSocket APIs. They are read again when a stage is deployed.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::in_path;

use super::http_apis::{LISTED, page};
use super::http_stages::deployed;
use super::rest_apis::API;
use crate::account::asked::MapStop;
use crate::account::context::MapContext;
use crate::account::fields::{Fields, JsonObject};
use crate::account::parts::parts;

pub(in crate::account) const CALLS: &[&str] = &[API];

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let wholes = deployed(look).await?;
    parts(look, MapKind::HttpRoute, wholes, 1, |api| async move { of_one(look, &api).await }).await
}

/// The routes of one API.
pub(in crate::account) async fn of_one(look: &MapContext<'_>, api: &str) -> Result<Vec<MapResource>, MapStop> {
    let path = format!("/v2/apis/{}/routes", in_path(api));
    let found = look.list(LISTED, |token| page(path.clone(), api, token)).await?;
    found.iter().map(|of| route(api, of)).collect()
}

fn route(api: &str, of: &JsonObject) -> Result<MapResource, MapStop> {
    let fields = Fields::new(API, of);
    let mut route = MapResource::new(format!("{api}/{}", fields.required("routeKey")?));
    fields.set(
        &mut route,
        &[("authorization", "authorizationType"), ("authorizer", "authorizerId"), ("api_key", "apiKeyRequired")],
    );
    // `integrations/ID`, by the id that the integration has in the map.
    fields.set_by(&mut route, "integration", "target", |target| {
        Some(format!("http_integration/{api}/{}", target.as_str()?.strip_prefix("integrations/")?))
    });
    Ok(route)
}
