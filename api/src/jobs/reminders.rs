//! What is left to do today, on every device of its user, at 08:00, 14:00 and 20:00 in Seoul.

use chrono::NaiveDate;
use futures::future::join_all;
use tokio::time::Instant;

use super::order::Slot;
use super::outcome::{Fate, Outcome};
use super::users::{each, everyone};
use crate::core::holdings::{Change, Holdings, Want};
use crate::core::model::Id;
use crate::outside::messages::{LONGEST_BODY, Notification, Push, PushError};
use crate::store::{Store, StoreError};

/// Reminds everyone of the todos of a day.
pub(super) async fn run(store: &dyn Store, push: &dyn Push, day: NaiveDate, slot: Slot, until: Instant) -> Result<Outcome, StoreError> {
    let job = format!("reminders/{day}/{:02}", slot.hour());
    let mut outcome = Outcome { job: job.clone(), ..Outcome::default() };
    let ids = everyone(store).await?;
    let job = job.as_str();
    each(&ids, until, &mut outcome, |id| remind(store, push, id, day, slot, job)).await;
    Ok(outcome)
}

async fn remind(store: &dyn Store, push: &dyn Push, id: Id, day: NaiveDate, slot: Slot, job: &str) -> Result<Fate, StoreError> {
    let Some(holdings) = store.read(id, Want::Todos).await? else { return Ok(Fate::Skipped) };
    let Some(body) = body(&holdings, day) else { return Ok(Fate::Skipped) };
    let Some(before) = claim(store, id, job).await? else { return Ok(Fate::Skipped) };
    let notification = Notification { title: slot.title().to_owned(), body };
    let devices = &holdings.user.devices;
    let told = join_all(devices.iter().map(|device| push.push(&device.token, &notification))).await;
    let mut gone = Vec::new();
    let (mut reached, mut failed) = (0_u32, 0_u32);
    for (device, told) in devices.iter().zip(told) {
        match told {
            Ok(()) => reached += 1,
            Err(PushError::Gone) => gone.push(Change::DropDevice(device.token.clone())),
            Err(PushError::Failed(reason)) => {
                failed += 1;
                tracing::warn!(user = id, reason, "a device was not reminded");
            }
        }
    }
    let taken_back = reached == 0 && failed > 0;
    if taken_back || !gone.is_empty() {
        let mut after = |holdings: &Holdings, _: &[Id]| {
            let mut changes = gone.clone();
            if taken_back && holdings.user.reminded.as_deref() == Some(job) {
                let mut user = holdings.user.clone();
                user.reminded.clone_from(&before);
                changes.push(Change::User(user));
            }
            changes
        };
        store.update(id, Want::Account, 0, &mut after).await?;
    }
    Ok(match (reached, failed) {
        (0, 0) => Fate::Skipped,
        (0, _) => Fate::Failed,
        _ => Fate::Told,
    })
}

/// Writes down that the user is told now, and hands out what stood there before; None when he was told already, or later than that.
/// Jobs are named so that a later one of the same kind is the greater text.
async fn claim(store: &dyn Store, id: Id, job: &str) -> Result<Option<Option<String>>, StoreError> {
    let mut before = None;
    let mut claim = |holdings: &Holdings, _: &[Id]| {
        let user = &holdings.user;
        if user.deleted_at.is_some() || user.reminded.as_deref().is_some_and(|last| last >= job) {
            before = None;
            return Vec::new();
        }
        before = Some(user.reminded.clone());
        let mut user = user.clone();
        user.reminded = Some(job.to_owned());
        vec![Change::User(user)]
    };
    store.update(id, Want::Account, 0, &mut claim).await?;
    Ok(before)
}

/// The open todos of a day, one a line, as many as fit; None when there is nothing to say or nobody to say it to.
fn body(holdings: &Holdings, day: NaiveDate) -> Option<String> {
    if holdings.user.deleted_at.is_some() || holdings.user.devices.is_empty() {
        return None;
    }
    let open: Vec<&str> = holdings
        .todos
        .iter()
        .filter(|todo| todo.date == Some(day) && !todo.is_completed && todo.deleted_at.is_none())
        .map(|todo| todo.content.as_str())
        .collect();
    let mut body = String::new();
    for (place, content) in open.iter().enumerate() {
        let more = format!("외 {}개", open.len() - place);
        if body.len() + content.len() + more.len() + 2 > LONGEST_BODY {
            body.push_str(&more);
            return Some(body);
        }
        body.push_str(content);
        if place + 1 < open.len() {
            body.push('\n');
        }
    }
    (!body.is_empty()).then_some(body)
}
