//! URLs of functions.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{DescribeCall, LAMBDA, in_path};

use super::arn::qualified;
use super::functions::names;
use crate::account::asked::MapStop;
use crate::account::context::{Listed, MapContext};
use crate::account::fields::{Fields, JsonObject};
use crate::account::parts::parts;

pub(in crate::account) const CALLS: &[&str] = &["lambda:ListFunctions", ACTION];

const ACTION: &str = "lambda:ListFunctionUrlConfigs";

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let wholes = names(look).await?;
    parts(look, MapKind::FunctionUrl, wholes, 1, |function| async move { of_one(look, &function).await }).await
}

/// The URLs of one function.
pub(in crate::account) async fn of_one(look: &MapContext<'_>, function: &str) -> Result<Vec<MapResource>, MapStop> {
    let path = format!("/2021-10-31/functions/{}/urls", in_path(function));
    let call = |token| DescribeCall::get(&LAMBDA, ACTION, path.clone(), function).with("Marker", token);
    let found = look.list(Listed::new("FunctionUrlConfigs", "NextMarker"), call).await?;
    found.iter().map(|of| url(function, of)).collect()
}

fn url(function: &str, of: &JsonObject) -> Result<MapResource, MapStop> {
    let fields = Fields::new(ACTION, of);
    let mut url = MapResource::new(qualified(function, fields.required("FunctionArn")?));
    url.set("url", fields.required("FunctionUrl")?);
    fields.set(&mut url, &[("authorization", "AuthType"), ("invoke_mode", "InvokeMode")]);
    fields.set_by(&mut url, "cors", "Cors", |cors| cors.as_object().map(|_| cors.to_string()));
    Ok(url)
}
