//! REST APIs of API Gateway.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{DescribeCall, REST_APIS, in_path};

use crate::account::asked::{MapStop, present};
use crate::account::context::{Listed, MapContext};
use crate::account::fields::{Fields, JsonObject, sorted};

pub(in crate::account) const CALLS: &[&str] = &[API];

/// The permission for every reading call of API Gateway.
pub(super) const API: &str = "apigateway:GET";

/// How API Gateway lists what belongs to REST APIs. Its model does not say that an empty answer has a list.
pub(super) const LISTED: Listed = Listed { items: "item", next: "position", may_lack: true };

/// A page of a list of REST APIs, or of what belongs to one.
pub(super) fn page(path: String, resource: &str, token: Option<String>) -> DescribeCall {
    DescribeCall::get(&REST_APIS, API, path, resource).with("limit", Some("500")).with("position", token)
}

/// A call about one REST API, or about one thing of the older interface.
pub(super) fn get(path: String, resource: &str) -> DescribeCall {
    DescribeCall::get(&REST_APIS, API, path, resource)
}

/// One REST API; `None` if there is none of this id.
pub(in crate::account) async fn one(look: &MapContext<'_>, id: &str) -> Result<Option<MapResource>, MapStop> {
    let found = present(look.object(get(format!("/restapis/{}", in_path(id)), id)).await)?;
    found.map(|of| api(look, &of)).transpose()
}

/// Every REST API, as AWS answers.
pub(super) async fn listed(look: &MapContext<'_>) -> Result<Vec<JsonObject>, MapStop> {
    look.list(LISTED, |token| page("/restapis".to_owned(), "the region's REST APIs", token)).await
}

/// The ids of all REST APIs.
pub(super) async fn ids(look: &MapContext<'_>) -> Result<Vec<String>, MapStop> {
    listed(look).await?.iter().map(|of| Ok(Fields::new(API, of).required("id")?.to_owned())).collect()
}

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let all = listed(look).await?.iter().map(|of| api(look, of)).collect::<Result<_, _>>()?;
    Ok(look.snapshot(MapKind::RestApi, all))
}

fn api(look: &MapContext<'_>, of: &JsonObject) -> Result<MapResource, MapStop> {
    let fields = Fields::new(API, of);
    let mut api = MapResource::new(fields.required("id")?);
    fields.set(
        &mut api,
        &[
            ("name", "name"),
            ("version", "version"),
            ("api_key_source", "apiKeySource"),
            ("compression_from", "minimumCompressionSize"),
            ("no_default_endpoint", "disableExecuteApiEndpoint"),
            ("security_policy", "securityPolicy"),
        ],
    );
    if let Some(endpoint) = fields.at("endpointConfiguration") {
        endpoint.set_by(&mut api, "endpoint", "types", sorted);
    }
    fields.set_by(&mut api, "binary_types", "binaryMediaTypes", sorted);
    fields.set_digest(&mut api, "policy_digest", "policy", look.key);
    api.tags = fields.tags("tags");
    Ok(api)
}
