//! Stages of REST APIs, and which deployment each one serves.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{DescribeCall, REST_APIS, in_path};

use super::rest_apis::{API, LISTED, ids};
use crate::account::asked::MapStop;
use crate::account::context::MapContext;
use crate::account::fields::{Fields, JsonObject};
use crate::account::parts::stages;

pub(in crate::account) const CALLS: &[&str] = &[API];

/// The stages of one API, as AWS answers; `None` if the API is gone.
pub(super) async fn of_api(look: &MapContext<'_>, api: &str) -> Result<Option<Vec<JsonObject>>, MapStop> {
    let path = format!("/restapis/{}/stages", in_path(api));
    // They come on one page.
    match look.list(LISTED, |_| DescribeCall::get(&REST_APIS, API, path.clone(), api)).await {
        Ok(stages) => Ok(Some(stages)),
        Err(stop) if stop.is_absent() => Ok(None),
        Err(stop) => Err(stop),
    }
}

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    stages(look, MapKind::RestStage, ids(look).await?, |api| async move { of_one(look, &api).await }).await
}

/// The stages of one API; none if it is gone.
pub(in crate::account) async fn of_one(look: &MapContext<'_>, api: &str) -> Result<Vec<MapResource>, MapStop> {
    let found = of_api(look, api).await?.unwrap_or_default();
    found.iter().map(|of| stage(look, api, of)).collect()
}

fn stage(look: &MapContext<'_>, api: &str, of: &JsonObject) -> Result<MapResource, MapStop> {
    let fields = Fields::new(API, of);
    let mut stage = MapResource::new(format!("{api}/{}", fields.required("stageName")?));
    stage.of = Some(api.to_owned());
    fields.set(
        &mut stage,
        &[
            ("deployment", "deploymentId"),
            ("tracing", "tracingEnabled"),
            ("cache", "cacheClusterEnabled"),
            ("web_acl", "webAclArn"),
            ("client_certificate", "clientCertificateId"),
        ],
    );
    fields.set_in(&mut stage, "accessLogSettings", &[("access_log", "destinationArn")]);
    fields.set_in(
        &mut stage,
        "canarySettings",
        &[("canary_percent", "percentTraffic"), ("canary_deployment", "deploymentId")],
    );
    fields.set_names(&mut stage, "variables", "variables", look.key);
    fields.set_digest(&mut stage, "method_settings_digest", "methodSettings", look.key);
    stage.tags = fields.tags("tags");
    Ok(stage)
}
