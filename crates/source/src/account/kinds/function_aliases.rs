//! Aliases of functions: the version each one means, and how it spreads calls.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{DescribeCall, LAMBDA, in_path};
use serde_json::Value;

use super::functions::names;
use crate::account::asked::MapStop;
use crate::account::context::{Listed, MapContext};
use crate::account::fields::{Fields, JsonObject};
use crate::account::parts::parts;

pub(in crate::account) const CALLS: &[&str] = &["lambda:ListFunctions", ACTION];

const ACTION: &str = "lambda:ListAliases";

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let wholes = names(look).await?;
    parts(look, MapKind::FunctionAlias, wholes, 1, |function| async move { of_one(look, &function).await }).await
}

/// The aliases of one function.
pub(in crate::account) async fn of_one(look: &MapContext<'_>, function: &str) -> Result<Vec<MapResource>, MapStop> {
    let path = format!("/2015-03-31/functions/{}/aliases", in_path(function));
    let call = |token| DescribeCall::get(&LAMBDA, ACTION, path.clone(), function).with("Marker", token);
    let found = look.list(Listed::new("Aliases", "NextMarker"), call).await?;
    found.iter().map(|of| alias(function, of)).collect()
}

fn alias(function: &str, of: &JsonObject) -> Result<MapResource, MapStop> {
    let fields = Fields::new(ACTION, of);
    let mut alias = MapResource::new(format!("{function}:{}", fields.required("Name")?));
    alias.arn = fields.text("AliasArn").map(str::to_owned);
    alias.set("version", fields.required("FunctionVersion")?);
    if let Some(routing) = fields.at("RoutingConfig") {
        routing.set_by(&mut alias, "also", "AdditionalVersionWeights", weights);
    }
    Ok(alias)
}

/// `2: 0.1`: a tenth of the calls goes to version 2.
fn weights(value: &Value) -> Option<String> {
    let pair = |(version, weight): (&String, &Value)| Some(format!("{version}: {}", weight.as_number()?));
    Some(value.as_object()?.iter().map(pair).collect::<Option<Vec<String>>>()?.join(", "))
}
