//! What the account allows Lambda in the region.

use account::map::{MapKind, MapResource, MapSnapshot};
use aws::describing::{DescribeCall, LAMBDA};

use crate::account::asked::MapStop;
use crate::account::context::MapContext;
use crate::account::fields::{Fields, plain, unreadable};

pub(in crate::account) const CALLS: &[&str] = &["lambda:GetAccountSettings"];

pub(in crate::account) async fn read(look: &MapContext<'_>) -> Result<MapSnapshot, MapStop> {
    let action = "lambda:GetAccountSettings";
    let path = "/2016-08-19/account-settings".to_owned();
    let of = look.object(DescribeCall::get(&LAMBDA, action, path, "the account")).await?;
    let limits = Fields::new(action, &of).at("AccountLimit");
    let limits = limits.ok_or_else(|| unreadable(action, "the account", "it has no `AccountLimit`"))?;
    let mut all = MapResource::new("account");
    limits.set(
        &mut all,
        &[
            ("concurrency", "ConcurrentExecutions"),
            ("unreserved_concurrency", "UnreservedConcurrentExecutions"),
            ("code_storage_bytes", "TotalCodeSize"),
        ],
    );
    if let Some(usage) = Fields::new(action, &of).at("AccountUsage") {
        all.noted.extend(usage.get("FunctionCount").and_then(plain).map(|count| ("functions".to_owned(), count)));
        all.noted.extend(usage.get("TotalCodeSize").and_then(plain).map(|size| ("code_bytes".to_owned(), size)));
    }
    Ok(look.snapshot(MapKind::LambdaLimit, vec![all]))
}
