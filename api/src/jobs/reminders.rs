//! Reminders of the open todos of the day, on all devices of a user, at 08:00, 14:00 and 20:00 in Seoul.

use chrono::NaiveDate;
use futures::future::join_all;
use tokio::time::Instant;

use super::outcome::{JobOutcome, UserOutcome};
use super::request::ReminderTime;
use super::users::{each, everyone};
use crate::services::messages::{MAX_BODY, Notification, PushError, PushSender};
use crate::store::{Store, StoreError};
use onestep_core::model::Id;
use onestep_core::user_rows::{Change, Scope, UserRows};

/// Reminds all users of the open todos of a day.
pub(super) async fn run(
    store: &dyn Store,
    push: &dyn PushSender,
    day: NaiveDate,
    slot: ReminderTime,
    until: Instant,
) -> Result<JobOutcome, StoreError> {
    let job = format!("reminders/{day}/{:02}", slot.hour());
    let mut outcome = JobOutcome { job: job.clone(), ..JobOutcome::default() };
    let ids = everyone(store).await?;
    let job = job.as_str();
    each(&ids, until, &mut outcome, |id| remind(store, push, id, day, slot, job)).await;
    Ok(outcome)
}

async fn remind(
    store: &dyn Store,
    push: &dyn PushSender,
    id: Id,
    day: NaiveDate,
    slot: ReminderTime,
    job: &str,
) -> Result<UserOutcome, StoreError> {
    let Some(user_rows) = store.read(id, Scope::Todos).await? else { return Ok(UserOutcome::Skipped) };
    let Some(body) = body(&user_rows, day) else { return Ok(UserOutcome::Skipped) };
    let Some(before) = claim(store, id, job).await? else { return Ok(UserOutcome::Skipped) };
    let notification = Notification { title: slot.title().to_owned(), body };
    let devices = &user_rows.user.devices;
    let told = join_all(devices.iter().map(|device| push.push(&device.token, &notification))).await;
    let mut gone = Vec::new();
    let (mut reached, mut failed) = (0_u32, 0_u32);
    for (device, told) in devices.iter().zip(told) {
        match told {
            Ok(()) => reached += 1,
            Err(PushError::Gone) => gone.push(Change::DropDevice(device.token.clone())),
            Err(PushError::Failed(reason)) => {
                failed += 1;
                tracing::warn!(user = id, reason, "the push to a device failed");
            }
        }
    }
    let taken_back = reached == 0 && failed > 0;
    if taken_back || !gone.is_empty() {
        let mut after = |user_rows: &UserRows, _: &[Id]| {
            let mut changes = gone.clone();
            if taken_back && user_rows.user.reminded.as_deref() == Some(job) {
                let mut user = user_rows.user.clone();
                user.reminded.clone_from(&before);
                changes.push(Change::User(user));
            }
            changes
        };
        store.update(id, Scope::Account, 0, &mut after).await?;
    }
    Ok(match (reached, failed) {
        (0, 0) => UserOutcome::Skipped,
        (0, _) => UserOutcome::Failed,
        _ => UserOutcome::Told,
    })
}

/// Notes that the user is reminded now, and returns the reminder before. None when this reminder or a later one was
/// sent already. The names of reminders are ordered by time.
async fn claim(store: &dyn Store, id: Id, job: &str) -> Result<Option<Option<String>>, StoreError> {
    let mut before = None;
    let mut claim = |user_rows: &UserRows, _: &[Id]| {
        let user = &user_rows.user;
        if user.deleted_at.is_some() || user.reminded.as_deref().is_some_and(|last| last >= job) {
            before = None;
            return Vec::new();
        }
        before = Some(user.reminded.clone());
        let mut user = user.clone();
        user.reminded = Some(job.to_owned());
        vec![Change::User(user)]
    };
    store.update(id, Scope::Account, 0, &mut claim).await?;
    Ok(before)
}

/// The open todos of a day, one on each line, as many as fit. None without open todos or devices.
fn body(user_rows: &UserRows, day: NaiveDate) -> Option<String> {
    if user_rows.user.deleted_at.is_some() || user_rows.user.devices.is_empty() {
        return None;
    }
    let open: Vec<&str> = user_rows
        .todos
        .iter()
        .filter(|todo| todo.date == Some(day) && !todo.is_completed && todo.deleted_at.is_none())
        .map(|todo| todo.content.as_str())
        .collect();
    let mut body = String::new();
    for (place, content) in open.iter().enumerate() {
        let more = format!("외 {}개", open.len() - place);
        if body.len() + content.len() + more.len() + 2 > MAX_BODY {
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
