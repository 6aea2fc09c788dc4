//! Methods of REST APIs, with what each one calls. They are read again when a stage serves another deployment.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::in_path;
use serde_json::Value;

use super::arn::target;
use super::rest_apis::{API, LISTED, ids, page};
use super::rest_stages::of_api;
use crate::account::asked::MapStop;
use crate::account::context::MapContext;
use crate::account::fields::{Fields, JsonObject, unreadable, with_unit};
use crate::account::parts::{Whole, look_of_before, parts};

pub(in crate::account) const CALLS: &[&str] = &[API];

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let mut wholes: Vec<Whole> = Vec::new();
    for api in ids(look).await? {
        if let Some(mark) = look_of_before(look, MapKind::RestStage, &api).await {
            wholes.push((api, mark));
            continue;
        }
        let Some(stages) = of_api(look, &api).await? else { continue };
        let mut deployed: Vec<&str> = stages.iter().filter_map(|stage| stage.get("deploymentId")?.as_str()).collect();
        deployed.sort_unstable();
        wholes.push((api, deployed.join(" ")));
    }
    parts(look, MapKind::RestIntegration, wholes, 1, |api| async move { of_one(look, &api).await }).await
}

/// The methods of one API.
pub(in crate::account) async fn of_one(look: &MapContext<'_>, api: &str) -> Result<Vec<MapResource>, MapStop> {
    let path = format!("/restapis/{}/resources", in_path(api));
    let call = |token: Option<String>| page(path.clone(), api, token).with("embed", Some("methods"));
    let mut all = Vec::new();
    for resource in look.list(LISTED, call).await? {
        let fields = Fields::new(API, &resource);
        let path = fields.required("path")?;
        match fields.get("resourceMethods") {
            None => {}
            Some(Value::Object(methods)) => {
                for (method, of) in methods {
                    let Value::Object(of) = of else {
                        return Err(unreadable(API, api, format!("`{method}` of `{path}` is no object")));
                    };
                    all.push(integration(api, method, path, of));
                }
            }
            Some(_) => return Err(unreadable(API, api, "`resourceMethods` is no object")),
        }
    }
    Ok(all)
}

fn integration(api: &str, method: &str, path: &str, of: &JsonObject) -> MapResource {
    let fields = Fields::new(API, of);
    let mut one = MapResource::new(format!("{api}/{method} {path}"));
    fields.set(
        &mut one,
        &[("authorization", "authorizationType"), ("api_key", "apiKeyRequired"), ("authorizer", "authorizerId")],
    );
    if let Some(calls) = fields.at("methodIntegration") {
        calls.set(
            &mut one,
            &[("type", "type"), ("connection", "connectionType"), ("role", "credentials"), ("method", "httpMethod")],
        );
        calls.set_by(&mut one, "target", "uri", target);
        calls.set_by(&mut one, "timeout", "timeoutInMillis", with_unit("ms"));
    }
    one
}
