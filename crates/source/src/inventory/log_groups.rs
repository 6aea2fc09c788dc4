//! Log groups: one that never deletes anything is paid for ever longer, and for events that nobody reads.

use account::inventory::{Idle, Resource, Usage};
use aws::{LogGroup, paging};
use model::call_failure::CallFailure;
use rust_decimal::Decimal;

use super::look::Look;

pub(super) const CALLS: &[&str] = &["logs:DescribeLogGroups"];

pub(super) async fn read(look: &Look<'_>) -> Result<Vec<Resource>, CallFailure> {
    let logs = look.account.logs.as_ref();
    let groups = paging::all("logs:DescribeLogGroups", "the account's log groups", |token| async move { logs.log_groups("", token.as_deref()).await }).await?;
    Ok(groups.into_iter().map(|group| resource(look, group)).collect())
}

fn resource(look: &Look<'_>, group: LogGroup) -> Resource {
    let gb = group.stored_bytes.map(|bytes| Decimal::from(bytes) / Decimal::from(1_u64 << 30));
    let stored = gb.map(|gb| format!("{} GB stored", gb.round_dp(2).normalize()));
    let kept = group.retention_days.map_or_else(|| "kept for ever".to_owned(), |days| format!("kept for {days} days"));
    let usage = match (group.retention_days, group.created) {
        (Some(_), _) => Usage::Used,
        (None, Some(since)) if since <= look.now => Usage::Idle(Idle { since, at_least: false, why: WHY.to_owned() }),
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
const WHY: &str = "has deleted nothing";
