//! Who may call a function, by the statements of its own policy.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{DescribeCall, LAMBDA, in_path};
use serde_json::Value;

use super::functions::names;
use crate::account::asked::{MapStop, present};
use crate::account::context::MapContext;
use crate::account::fields::{Fields, JsonObject, unreadable};
use crate::account::parts::parts;

pub(in crate::account) const CALLS: &[&str] = &["lambda:ListFunctions", "lambda:GetPolicy"];

const ACTION: &str = "lambda:GetPolicy";

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let wholes = names(look).await?;
    parts(look, MapKind::FunctionPolicy, wholes, 1, |function| async move { of_one(look, &function).await }).await
}

/// The policy of a function, or of a version or alias of it: `shop:live`.
pub(in crate::account) async fn of_one(look: &MapContext<'_>, of: &str) -> Result<Vec<MapResource>, MapStop> {
    let (function, qualifier) = of.split_once(':').map_or((of, None), |(name, qualifier)| (name, Some(qualifier)));
    let path = format!("/2015-03-31/functions/{}/policy", in_path(function));
    let call = DescribeCall::get(&LAMBDA, ACTION, path, of).with("Qualifier", qualifier);
    // A function without a policy answers as one that is gone: neither has any.
    let found = present(look.object(call).await)?;
    found.map(|found| policy(of, &found)).into_iter().collect()
}

fn policy(function: &str, of: &JsonObject) -> Result<MapResource, MapStop> {
    let text = Fields::new(ACTION, of).required("Policy")?;
    let wrong = |what: String| unreadable(ACTION, function, format!("its `Policy` {what}"));
    let document: JsonObject = serde_json::from_str(text).map_err(|error| wrong(format!("is no JSON: {error}")))?;
    let statements = match document.get("Statement") {
        Some(Value::Array(all)) => all.iter().collect(),
        Some(one @ Value::Object(_)) => vec![one],
        _ => return Err(wrong("has no `Statement`".to_owned())),
    };
    let mut policy = MapResource::new(function);
    for (place, statement) in statements.into_iter().enumerate() {
        let sid = statement.get("Sid").and_then(Value::as_str).map_or_else(|| place.to_string(), str::to_owned);
        policy.set(&format!("statement {sid}"), said(statement));
    }
    Ok(policy)
}

/// `Allow lambda:InvokeFunction to {"Service":"apigateway.amazonaws.com"} if {...}`.
fn said(statement: &Value) -> String {
    let part = |name: &str| match statement.get(name) {
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
        None => String::new(),
    };
    let condition = part("Condition");
    let condition = if condition.is_empty() { condition } else { format!(" if {condition}") };
    format!("{} {} to {}{condition}", part("Effect"), part("Action"), part("Principal"))
}
