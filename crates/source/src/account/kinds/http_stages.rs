//! Stages of HTTP and WebSocket APIs.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::in_path;

use super::http_apis::{LISTED, ids, page};
use super::rest_apis::API;
use crate::account::asked::MapStop;
use crate::account::context::MapContext;
use crate::account::fields::{Fields, JsonObject};
use crate::account::parts::{Whole, look_of_before, stages};

pub(in crate::account) const CALLS: &[&str] = &[API];

/// The stages of one API, as AWS answers; `None` if the API is gone.
async fn of_api(look: &MapContext<'_>, api: &str) -> Result<Option<Vec<JsonObject>>, MapStop> {
    let path = format!("/v2/apis/{}/stages", in_path(api));
    match look.list(LISTED, |token| page(path.clone(), api, token)).await {
        Ok(stages) => Ok(Some(stages)),
        Err(stop) if stop.is_absent() => Ok(None),
        Err(stop) => Err(stop),
    }
}

/// The APIs, each with what its stages serve: routes and integrations that are not deployed do nothing yet.
pub(super) async fn deployed(look: &MapContext<'_>) -> Result<Vec<Whole>, MapStop> {
    let mut all = Vec::new();
    for api in ids(look).await? {
        if let Some(mark) = look_of_before(look, MapKind::HttpStage, &api).await {
            all.push((api, mark));
            continue;
        }
        let Some(stages) = of_api(look, &api).await? else { continue };
        let mut marks: Vec<String> = stages
            .iter()
            .map(|stage| {
                ["deploymentId", "lastUpdatedDate"]
                    .map(|name| Fields::new(API, stage).text(name).unwrap_or_default())
                    .join(" ")
            })
            .collect();
        marks.sort_unstable();
        all.push((api, marks.join(" ")));
    }
    Ok(all)
}

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    stages(look, MapKind::HttpStage, ids(look).await?, |api| async move { of_one(look, &api).await }).await
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
        &[("deployment", "deploymentId"), ("auto_deploy", "autoDeploy"), ("client_certificate", "clientCertificateId")],
    );
    fields.set_in(&mut stage, "accessLogSettings", &[("access_log", "destinationArn")]);
    fields.set_in(
        &mut stage,
        "defaultRouteSettings",
        &[
            ("throttling_burst", "throttlingBurstLimit"),
            ("throttling_rate", "throttlingRateLimit"),
            ("detailed_metrics", "detailedMetricsEnabled"),
            ("logging", "loggingLevel"),
        ],
    );
    fields.set_names(&mut stage, "variables", "stageVariables", look.key);
    fields.set_digest(&mut stage, "route_settings_digest", "routeSettings", look.key);
    stage.tags = fields.tags("tags");
    Ok(stage)
}
