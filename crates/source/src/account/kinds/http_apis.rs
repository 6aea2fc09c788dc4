//! HTTP and WebSocket APIs of API Gateway.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{DescribeCall, HTTP_APIS, in_path};

use super::rest_apis::API;
use crate::account::asked::{MapStop, present};
use crate::account::context::{Listed, MapContext};
use crate::account::fields::{Fields, JsonObject};

pub(in crate::account) const CALLS: &[&str] = &[API];

/// How API Gateway lists what belongs to HTTP APIs.
pub(super) const LISTED: Listed = Listed { items: "items", next: "nextToken", may_lack: true };

/// A page of a list of HTTP APIs, or of what belongs to one.
pub(super) fn page(path: String, resource: &str, token: Option<String>) -> DescribeCall {
    DescribeCall::get(&HTTP_APIS, API, path, resource).with("maxResults", Some("100")).with("nextToken", token)
}

/// A call about one HTTP API, or about one thing of the newer interface.
pub(super) fn get(path: String, resource: &str) -> DescribeCall {
    DescribeCall::get(&HTTP_APIS, API, path, resource)
}

/// One HTTP or WebSocket API; `None` if there is none of this id.
pub(in crate::account) async fn one(look: &MapContext<'_>, id: &str) -> Result<Option<MapResource>, MapStop> {
    let found = present(look.object(get(format!("/v2/apis/{}", in_path(id)), id)).await)?;
    found.map(|of| api(look, &of)).transpose()
}

/// Every HTTP API, as AWS answers.
async fn listed(look: &MapContext<'_>) -> Result<Vec<JsonObject>, MapStop> {
    look.list(LISTED, |token| page("/v2/apis".to_owned(), "the region's HTTP APIs", token)).await
}

/// The ids of all HTTP APIs.
pub(super) async fn ids(look: &MapContext<'_>) -> Result<Vec<String>, MapStop> {
    listed(look).await?.iter().map(|of| Ok(Fields::new(API, of).required("apiId")?.to_owned())).collect()
}

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let all = listed(look).await?.iter().map(|of| api(look, of)).collect::<Result<_, _>>()?;
    Ok(look.snapshot(MapKind::HttpApi, all))
}

fn api(look: &MapContext<'_>, of: &JsonObject) -> Result<MapResource, MapStop> {
    let fields = Fields::new(API, of);
    let mut api = MapResource::new(fields.required("apiId")?);
    fields.set(
        &mut api,
        &[
            ("name", "name"),
            ("protocol", "protocolType"),
            ("endpoint", "apiEndpoint"),
            ("version", "version"),
            ("no_default_endpoint", "disableExecuteApiEndpoint"),
            ("address_type", "ipAddressType"),
        ],
    );
    fields.set_digest(&mut api, "cors_digest", "corsConfiguration", look.key);
    api.tags = fields.tags("tags");
    Ok(api)
}
