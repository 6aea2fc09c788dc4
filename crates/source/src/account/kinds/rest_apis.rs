//! REST APIs of API Gateway.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{DescribeCall, REST_APIS, in_path};
use model::redact::printable;
use serde_json::Value;

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
    let Some(of) = found else { return Ok(None) };
    let mut one = api(look, &of)?;
    let policy = Fields::new(API, &of).text("policy").and_then(effects);
    one.noted.extend(policy.map(|policy| ("policy".to_owned(), policy)));
    Ok(Some(one))
}

/// What a resource policy comes to: `Allow *; Deny * if aws:SourceIp`. The names of conditions are kept, not their
/// values.
fn effects(policy: &str) -> Option<String> {
    // It comes as a text within a text.
    let document: JsonObject = serde_json::from_str(&policy.replace("\\\"", "\"")).ok()?;
    let statements = match document.get("Statement")? {
        Value::Array(all) => all.iter().collect(),
        one => vec![one],
    };
    let effect = |statement: &Value| {
        let principal = statement.get("Principal").map(ToString::to_string).unwrap_or_default();
        let whom = if matches!(principal.as_str(), "\"*\"" | r#"{"AWS":"*"}"#) { "*" } else { "some" };
        let conditions = statement.get("Condition").and_then(Value::as_object);
        let keys: Vec<&str> = conditions
            .into_iter()
            .flat_map(JsonObject::values)
            .filter_map(Value::as_object)
            .flat_map(JsonObject::keys)
            .map(String::as_str)
            .collect();
        let condition = if keys.is_empty() { String::new() } else { format!(" if {}", keys.join(", ")) };
        Some(printable(&format!("{} {whom}{condition}", statement.get("Effect")?.as_str()?)))
    };
    Some(statements.into_iter().map(effect).collect::<Option<Vec<_>>>()?.join("; "))
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_resource_policy_is_kept_as_its_effects() {
        let statement = |effect: &str, principal: &str, rest: &str| {
            format!(r#"{{"Effect":"{effect}","Principal":{principal},"Action":"execute-api:Invoke"{rest}}}"#)
        };
        let allow = statement("Allow", "\"*\"", "");
        let deny = statement("Deny", r#"{"AWS":"*"}"#, r#","Condition":{"NotIpAddress":{"aws:SourceIp":"192.0.2.1"}}"#);
        let some = statement("Allow", r#"{"AWS":"arn:aws:iam::1:root"}"#, "");
        for (statements, expected) in [
            (format!("[{allow},{deny}]"), Some("Allow *; Deny * if aws:SourceIp")),
            (some, Some("Allow some")),
            ("[{}]".to_owned(), None),
        ] {
            let policy = format!(r#"{{"Version":"2012-10-17","Statement":{statements}}}"#);
            assert_eq!(effects(&policy).as_deref(), expected);
            assert_eq!(effects(&policy.replace('"', "\\\"")).as_deref(), expected, "as the gateway writes it");
        }
        assert_eq!(effects("none"), None);
    }
}
