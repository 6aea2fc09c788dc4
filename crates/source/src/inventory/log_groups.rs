//! Log groups: one that never deletes anything is paid for ever longer, and for events that nobody reads.

use account::inventory::{Idle, Resource, Usage};
use aws::LogGroup;
use model::call_failure::{CallFailure, FailureKind};
use rust_decimal::Decimal;

use super::Look;

pub(super) const CALLS: &[&str] = &["logs:DescribeLogGroups"];

/// Pages that are read; more are taken for an answer without end.
const MOST_PAGES: usize = 1_000;

pub(super) async fn read(look: &Look<'_>) -> Result<Vec<Resource>, CallFailure> {
    let mut all = Vec::new();
    let mut token: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let page = look.account.logs.log_groups("", token.as_deref()).await?;
        all.extend(page.items.into_iter().map(|group| resource(look, group)));
        match page.next {
            None => return Ok(all),
            Some(next) if token.as_ref() == Some(&next) => break,
            next => token = next,
        }
    }
    Err(CallFailure {
        call: "logs:DescribeLogGroups".to_owned(),
        resource: "the account's log groups".to_owned(),
        kind: FailureKind::Refused,
        said: "an answer whose pages do not end".to_owned(),
        next_step: "nothing of this answer was used; it is asked again by itself".to_owned(),
    })
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
