//! Log groups: one without a retention period costs more every month.

use account::inventory::{IdleSince, Resource, ResourceUsage};
use aws::{LogGroup, paging};
use model::call_failure::CallFailure;
use rust_decimal::Decimal;

use super::look::InventoryContext;

pub(super) const CALLS: &[&str] = &["logs:DescribeLogGroups"];

pub(super) async fn read(look: &InventoryContext<'_>) -> Result<Vec<Resource>, CallFailure> {
    let logs = look.account.logs.as_ref();
    let groups = paging::all("logs:DescribeLogGroups", "the account's log groups", |token| async move {
        logs.log_groups("", token.as_deref()).await
    })
    .await?;
    Ok(groups.into_iter().map(|group| resource(look, group)).collect())
}

fn resource(look: &InventoryContext<'_>, group: LogGroup) -> Resource {
    let gb = group.stored_bytes.map(|bytes| Decimal::from(bytes) / Decimal::from(1_u64 << 30));
    let stored = gb.map(|gb| format!("{} GB stored", gb.round_dp(2).normalize()));
    let kept = group.retention_days.map_or_else(|| "kept forever".to_owned(), |days| format!("kept for {days} days"));
    let usage = match (group.retention_days, group.created) {
        (Some(_), _) => ResourceUsage::Used,
        (None, Some(since)) if since <= look.now => {
            ResourceUsage::Idle(IdleSince { since, at_least: false, why: WHY.to_owned() })
        }
        (None, _) => look.idle_since_seen(&group.name, WHY),
    };
    Resource {
        id: group.name,
        name: None,
        class: String::new(),
        note: stored.into_iter().chain([kept]).collect::<Vec<_>>().join(", "),
        state: String::new(),
        tags: Default::default(),
        created: group.created,
        monthly_usd: gb.and_then(|gb| look.monthly("log_group", "", gb)),
        usage,
    }
}

/// What stands before "for 400 days".
const WHY: &str = "has had no retention period";
