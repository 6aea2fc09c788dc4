//! Reserved and provisioned concurrency of functions.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{DescribeCall, LAMBDA, in_path};

use super::arn::qualified;
use super::functions::names;
use crate::account::asked::MapStop;
use crate::account::context::{Listed, MapContext};
use crate::account::fields::{Fields, plain};
use crate::account::parts::parts;

pub(in crate::account) const CALLS: &[&str] = &["lambda:ListFunctions", RESERVED, PROVISIONED];

const RESERVED: &str = "lambda:GetFunctionConcurrency";
const PROVISIONED: &str = "lambda:ListProvisionedConcurrencyConfigs";

/// What is reserved for one function; no setting where nothing is.
pub(in crate::account) async fn reserved(look: &MapContext<'_>, function: &str) -> Result<MapResource, MapStop> {
    let mut all = MapResource::new(function);
    let path = format!("/2019-09-30/functions/{}/concurrency", in_path(function));
    let reserved = look.object(DescribeCall::get(&LAMBDA, RESERVED, path, function)).await?;
    Fields::new(RESERVED, &reserved).set(&mut all, &[("reserved", "ReservedConcurrentExecutions")]);
    Ok(all)
}

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let wholes = names(look).await?;
    parts(look, MapKind::FunctionConcurrency, wholes, 2, |function| async move {
        let mut all = reserved(look, &function).await?;
        let path = format!("/2019-09-30/functions/{}/provisioned-concurrency", in_path(&function));
        let call = |token| {
            let call = DescribeCall::get(&LAMBDA, PROVISIONED, path.clone(), &function);
            call.with("List", Some("ALL")).with("Marker", token)
        };
        let provisioned = match look.list(Listed::new("ProvisionedConcurrencyConfigs", "NextMarker"), call).await {
            Err(stop) if stop.is_absent() => vec![],
            other => other?,
        };
        for of in provisioned {
            let fields = Fields::new(PROVISIONED, &of);
            let name = qualified(&function, fields.required("FunctionArn")?);
            let setting = format!("provisioned {}", name.rsplit(':').next().unwrap_or(&name));
            fields.set_by(&mut all, &setting, "RequestedProvisionedConcurrentExecutions", plain);
        }
        // A function without any has no resource of this kind.
        Ok(if all.settings.is_empty() { vec![] } else { vec![all] })
    })
    .await
}
