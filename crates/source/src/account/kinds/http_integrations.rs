//! What routes of HTTP and WebSocket APIs call. It is read again when a stage is deployed.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::in_path;

use super::arn::target;
use super::http_apis::{LISTED, page};
use super::http_stages::deployed;
use super::rest_apis::API;
use crate::account::asked::MapStop;
use crate::account::context::MapContext;
use crate::account::fields::{Fields, JsonObject, with_unit};
use crate::account::parts::parts;

pub(in crate::account) const CALLS: &[&str] = &[API];

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let wholes = deployed(look).await?;
    parts(look, MapKind::HttpIntegration, wholes, 1, |api| async move { of_one(look, &api).await }).await
}

/// The integrations of one API.
pub(in crate::account) async fn of_one(look: &MapContext<'_>, api: &str) -> Result<Vec<MapResource>, MapStop> {
    let path = format!("/v2/apis/{}/integrations", in_path(api));
    let found = look.list(LISTED, |token| page(path.clone(), api, token)).await?;
    found.iter().map(|of| integration(api, of)).collect()
}

fn integration(api: &str, of: &JsonObject) -> Result<MapResource, MapStop> {
    let fields = Fields::new(API, of);
    let mut one = MapResource::new(format!("{api}/{}", fields.required("integrationId")?));
    fields.set(
        &mut one,
        &[
            ("type", "integrationType"),
            ("method", "integrationMethod"),
            ("connection", "connectionType"),
            ("payload_format", "payloadFormatVersion"),
            ("role", "credentialsArn"),
        ],
    );
    fields.set_by(&mut one, "target", "integrationUri", target);
    fields.set_by(&mut one, "timeout", "timeoutInMillis", with_unit("ms"));
    Ok(one)
}
