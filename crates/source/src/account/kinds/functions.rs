//! Lambda functions as they are configured. Of the environment only the names are kept, and a digest.

use std::collections::{BTreeMap, BTreeSet};

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{DescribeCall, LAMBDA, in_path};
use model::redact::printable;
use serde_json::Value;

use super::secrets;
use crate::account::asked::{MapStop, present};
use crate::account::context::{Listed, MapContext};
use crate::account::fields::{Fields, JsonObject, plain, sorted, with_unit};

pub(in crate::account) const CALLS: &[&str] = &[LIST];

const LIST: &str = "lambda:ListFunctions";
const GET: &str = "lambda:GetFunctionConfiguration";

/// Every function of the region, as AWS answers.
pub(super) async fn listed(look: &MapContext<'_>) -> Result<Vec<JsonObject>, MapStop> {
    let call = |token: Option<String>| {
        DescribeCall::get(&LAMBDA, "lambda:ListFunctions", "/2015-03-31/functions".to_owned(), "the region's functions")
            .with("MaxItems", Some("50"))
            .with("Marker", token)
    };
    look.list(Listed::new("Functions", "NextMarker"), call).await
}

/// The names of all functions, each with what changes when it is changed.
pub(in crate::account) async fn names(look: &MapContext<'_>) -> Result<Vec<(String, String)>, MapStop> {
    let name = |of: &JsonObject| {
        let fields = Fields::new("lambda:ListFunctions", of);
        let mark = ["RevisionId", "LastModified"].map(|field| fields.text(field).unwrap_or_default());
        Ok((fields.required("FunctionName")?.to_owned(), mark.join(" ")))
    };
    listed(look).await?.iter().map(name).collect()
}

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let secrets = named_secrets(look).await?;
    let found = listed(look).await?;
    let all = found.iter().map(|of| function(look, LIST, of, secrets.as_ref())).collect::<Result<_, _>>()?;
    Ok(look.snapshot(MapKind::Function, all))
}

/// The secrets that an environment can name; `None` where they are not known.
async fn named_secrets(look: &MapContext<'_>) -> Result<Option<BTreeMap<String, String>>, MapStop> {
    Ok(match look.reads(MapKind::Secret) {
        false => None,
        true => match secrets::read(look).await {
            Ok(snapshot) => {
                Some(snapshot.resources.into_iter().filter_map(|secret| Some((secret.id, secret.arn?))).collect())
            }
            Err(MapStop::Failed(_)) => None,
            Err(wait @ MapStop::Wait(_)) => return Err(wait),
        },
    })
}

/// One function with what only a question about it alone says, such as why it failed; `None` if it is gone. Its secrets
/// are read only if it has an environment.
pub(in crate::account) async fn one(look: &MapContext<'_>, name: &str) -> Result<Option<MapResource>, MapStop> {
    let path = format!("/2015-03-31/functions/{}/configuration", in_path(name));
    let Some(of) = present(look.object(DescribeCall::get(&LAMBDA, GET, path, name)).await)? else { return Ok(None) };
    let fields = Fields::new(GET, &of);
    let variables = fields.at("Environment").and_then(|environment| environment.at("Variables"));
    let secrets = match variables {
        Some(_) => named_secrets(look).await?,
        None => Some(BTreeMap::new()),
    };
    let mut one = function(look, GET, &of, secrets.as_ref())?;
    for (noted, field) in [
        ("state_reason", "StateReason"),
        ("last_update", "LastUpdateStatus"),
        ("last_update_reason", "LastUpdateStatusReason"),
    ] {
        one.noted.extend(fields.get(field).and_then(plain).map(|text| (noted.to_owned(), printable(&text))));
    }
    if let (Some(variables), Some(secrets)) = (variables, secrets) {
        let unmatched = unmatched(variables.of, &secrets);
        one.noted.extend((!unmatched.is_empty()).then(|| ("secrets_unmatched".to_owned(), unmatched.join(", "))));
    }
    Ok(Some(one))
}

/// The variables that by their own names hold the name of a secret, and hold one that is not there. The value may be
/// anything, so it is not kept.
fn unmatched(variables: &JsonObject, secrets: &BTreeMap<String, String>) -> Vec<String> {
    let names_a_secret = |variable: &str| {
        let upper = variable.to_ascii_uppercase();
        upper.contains("SECRET") && (upper.ends_with("_NAME") || upper.ends_with("_ARN"))
    };
    let is_there =
        |value: &str| secrets.contains_key(value) || secrets.values().any(|arn| arn == value) || is_secret(value);
    variables
        .iter()
        .filter(|(variable, value)| {
            names_a_secret(variable) && value.as_str().is_some_and(|text| !is_there(text.trim()))
        })
        .map(|(variable, _)| printable(variable))
        .collect()
}

fn function(
    look: &MapContext<'_>,
    call: &'static str,
    of: &JsonObject,
    secrets: Option<&BTreeMap<String, String>>,
) -> Result<MapResource, MapStop> {
    let fields = Fields::new(call, of);
    let name = fields.required("FunctionName")?;
    let mut function = MapResource::new(name);
    function.arn = Some(fields.required("FunctionArn")?.to_owned());
    fields.set(
        &mut function,
        &[
            ("runtime", "Runtime"),
            ("handler", "Handler"),
            ("role", "Role"),
            ("code_sha256", "CodeSha256"),
            ("package_type", "PackageType"),
            ("kms_key", "KMSKeyArn"),
        ],
    );
    fields.set_by(&mut function, "memory", "MemorySize", with_unit("MB"));
    fields.set_by(&mut function, "timeout", "Timeout", with_unit("s"));
    fields.set_by(&mut function, "architecture", "Architectures", sorted);
    fields.set_by(&mut function, "layers", "Layers", layers);
    if let Some(network) = fields.at("VpcConfig") {
        network.set_by(&mut function, "subnets", "SubnetIds", sorted);
        network.set_by(&mut function, "security_groups", "SecurityGroupIds", sorted);
    }
    if let Some(storage) = fields.at("EphemeralStorage") {
        storage.set_by(&mut function, "ephemeral_storage", "Size", with_unit("MB"));
    }
    fields.set_in(&mut function, "TracingConfig", &[("tracing", "Mode")]);
    fields.set_in(&mut function, "DeadLetterConfig", &[("dead_letter", "TargetArn")]);
    fields.set_in(&mut function, "SnapStart", &[("snap_start", "ApplyOn")]);
    // By default a function writes to the log group of its own name.
    function.set("log_group", format!("/aws/lambda/{name}"));
    fields.set_in(&mut function, "LoggingConfig", &[("log_group", "LogGroup"), ("log_format", "LogFormat")]);
    environment(look, fields, &mut function, secrets);
    for (noted, field) in [("state", "State"), ("last_modified", "LastModified")] {
        function.noted.extend(fields.get(field).and_then(plain).map(|text| (noted.to_owned(), text)));
    }
    Ok(function)
}

fn layers(value: &Value) -> Option<String> {
    // Their order matters: later ones overlay earlier ones.
    let arns: Option<Vec<&str>> = value.as_array()?.iter().map(|layer| layer.get("Arn")?.as_str()).collect();
    Some(arns?.join(", "))
}

/// The names of the variables, a digest of all, and the secrets that values name: by ARN, or by a name in `secrets`.
fn environment(
    look: &MapContext<'_>,
    fields: Fields<'_>,
    function: &mut MapResource,
    secrets: Option<&BTreeMap<String, String>>,
) {
    let Some(environment) = fields.at("Environment") else { return };
    if environment.get("Error").is_some() {
        // AWS could not decrypt it.
        let unknown = ["environment", "environment_digest", "secrets", "secrets_by_name"];
        function.settings.extend(unknown.map(|setting| (setting.to_owned(), None)));
        return;
    }
    environment.set_names(function, "environment", "Variables", look.key);
    let Some(variables) = environment.at("Variables") else { return };
    let values: Vec<&str> = variables.of.values().filter_map(Value::as_str).map(str::trim).collect();
    let by_arn: BTreeSet<&str> = values.iter().copied().filter(|value| is_secret(value)).collect();
    if !by_arn.is_empty() {
        function.set("secrets", by_arn.into_iter().collect::<Vec<_>>().join(", "));
    }
    match secrets {
        Some(secrets) => {
            let named: BTreeSet<&str> =
                values.iter().filter_map(|value| secrets.get(*value)).map(String::as_str).collect();
            if !named.is_empty() {
                function.set("secrets_by_name", named.into_iter().collect::<Vec<_>>().join(", "));
            }
        }
        None if values.is_empty() => {}
        None => drop(function.settings.insert("secrets_by_name".to_owned(), None)),
    }
}

/// Whether a text is the ARN of a secret and nothing else.
fn is_secret(text: &str) -> bool {
    let parts: Vec<&str> = text.split(':').collect();
    let [arn, partition, service, _, account, kind, name] = parts.as_slice() else { return false };
    let plain = |name: &str| name.chars().all(|c| c.is_ascii_alphanumeric() || "/_+=.@-".contains(c));
    *arn == "arn"
        && partition.starts_with("aws")
        && *service == "secretsmanager"
        && *kind == "secret"
        && account.chars().all(|c| c.is_ascii_digit())
        && !name.is_empty()
        && plain(name)
}
