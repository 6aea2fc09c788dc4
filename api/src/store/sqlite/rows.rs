//! Reading and writing rows.

use std::ops::Range;

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use rusqlite::types::Type;
use rusqlite::{OptionalExtension, Row, Transaction, params};

use super::error::{broken, failed};
use super::sql;
use crate::store::StoreError;
use onestep_core::model::{Category, Device, Feedback, Id, Provider, SubTodo, Todo, User};
use onestep_core::user_rows::{Archive, Scope, UniqueName, UserRows};

/// The next ids; they are given out once.
pub(super) fn new_ids(transaction: &Transaction<'_>, count: u32) -> Result<Range<Id>, StoreError> {
    if count == 0 {
        return Ok(0..0);
    }
    let mut update = transaction.prepare_cached(sql::NEW_IDS).map_err(failed)?;
    let next: Id = update.query_row([count], |row| row.get(0)).map_err(failed)?;
    Ok(next - Id::from(count)..next)
}

/// The query for the owner of a name, and its parameter.
pub(super) fn owner_of(key: &UniqueName) -> (&'static str, String) {
    match key {
        UniqueName::Username(name) => (sql::OWNER_OF_USERNAME, name.clone()),
        UniqueName::AppleSub(sub) => (sql::OWNER_OF_APPLE_SUB, sub.clone()),
        UniqueName::Device(token) => (sql::OWNER_OF_DEVICE, token.clone()),
    }
}

/// Refuses a name that belongs to another user than `owner`.
pub(super) fn claim(transaction: &Transaction<'_>, key: &UniqueName, owner: Option<Id>) -> Result<(), StoreError> {
    let (sql, name) = owner_of(key);
    let holder: Option<Id> = transaction
        .prepare_cached(sql)
        .and_then(|mut found| found.query_row([name], |row| row.get(0)).optional())
        .map_err(failed)?;
    match holder {
        Some(holder) if Some(holder) != owner => Err(StoreError::Taken(key.clone())),
        _ => Ok(()),
    }
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn unreadable(column: usize, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, error.into())
}

fn provider(row: &Row<'_>, column: usize) -> rusqlite::Result<Provider> {
    let name = row.get_ref(column)?.as_str()?;
    let known = [Provider::Google, Provider::Apple].into_iter().find(|provider| provider.as_str() == name);
    known.ok_or_else(|| unreadable(column, format!("{name:?} is not a provider")))
}

fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<DateTime<Utc>> {
    let text = row.get_ref(column)?.as_str()?;
    DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).map_err(|error| unreadable(column, error))
}

fn maybe<T>(
    row: &Row<'_>,
    column: usize,
    read: impl FnOnce(&str) -> Result<T, chrono::ParseError>,
) -> rusqlite::Result<Option<T>> {
    let text = row.get_ref(column)?.as_str_or_null()?;
    text.map(read).transpose().map_err(|error| unreadable(column, error))
}

fn maybe_instant(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<DateTime<Utc>>> {
    maybe(row, column, |text| DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()))
}

fn maybe_date(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<NaiveDate>> {
    maybe(row, column, str::parse)
}

fn maybe_time(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<NaiveTime>> {
    maybe(row, column, str::parse)
}

/// All rows of a query for one user.
fn all<T>(
    transaction: &Transaction<'_>,
    table: &str,
    sql: &str,
    user: Id,
    read: fn(&Row<'_>) -> rusqlite::Result<T>,
) -> Result<Vec<T>, StoreError> {
    let unreadable_row = |error: rusqlite::Error| match error {
        rusqlite::Error::FromSqlConversionFailure(..)
        | rusqlite::Error::InvalidColumnType(..)
        | rusqlite::Error::IntegralValueOutOfRange(..) => {
            broken(format!("a row of user {user} in table {table}"), error.to_string())
        }
        other => failed(other),
    };
    let mut statement = transaction.prepare_cached(sql).map_err(failed)?;
    let rows = statement.query_map([user], read).map_err(failed)?;
    rows.collect::<Result<_, _>>().map_err(unreadable_row)
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    let profile = row.get_ref(11)?.as_str_or_null()?.map(serde_json::from_str).transpose();
    Ok(User {
        id: row.get(0)?,
        username: row.get(1)?,
        provider: provider(row, 2)?,
        apple_sub: row.get(3)?,
        is_subscribed: row.get(4)?,
        is_premium: row.get(5)?,
        created_at: instant(row, 6)?,
        deleted_at: maybe_instant(row, 7)?,
        recommended_at: maybe_instant(row, 8)?,
        reminded: row.get(9)?,
        patch_note: row.get(10)?,
        profile: profile.map_err(|error| unreadable(11, error))?,
        devices: Vec::new(),
    })
}

fn device(row: &Row<'_>) -> rusqlite::Result<Device> {
    Ok(Device { token: row.get(0)?, seen_at: instant(row, 1)? })
}

fn category(row: &Row<'_>) -> rusqlite::Result<Category> {
    Ok(Category {
        id: row.get(0)?,
        created_at: instant(row, 1)?,
        updated_at: instant(row, 2)?,
        deleted_at: maybe_instant(row, 3)?,
        color: row.get(4)?,
        title: row.get(5)?,
        rank: row.get(6)?,
    })
}

fn todo(row: &Row<'_>) -> rusqlite::Result<Todo> {
    Ok(Todo {
        id: row.get(0)?,
        content: row.get(1)?,
        category_id: row.get(2)?,
        date: maybe_date(row, 3)?,
        due_time: maybe_time(row, 4)?,
        rank: row.get(5)?,
        is_completed: row.get(6)?,
        created_at: instant(row, 7)?,
        updated_at: instant(row, 8)?,
        deleted_at: maybe_instant(row, 9)?,
    })
}

fn sub(row: &Row<'_>) -> rusqlite::Result<SubTodo> {
    Ok(SubTodo {
        id: row.get(0)?,
        content: row.get(1)?,
        todo_id: row.get(2)?,
        date: maybe_date(row, 3)?,
        due_time: maybe_time(row, 4)?,
        rank: row.get(5)?,
        is_completed: row.get(6)?,
        created_at: instant(row, 7)?,
        updated_at: instant(row, 8)?,
        deleted_at: maybe_instant(row, 9)?,
    })
}

fn feedback(row: &Row<'_>) -> rusqlite::Result<Feedback> {
    Ok(Feedback {
        id: row.get(0)?,
        title: row.get(1)?,
        category: row.get(2)?,
        description: row.get(3)?,
        created_at: instant(row, 4)?,
        status: row.get(5)?,
    })
}

/// The account with its devices.
fn account(transaction: &Transaction<'_>, id: Id) -> Result<Option<User>, StoreError> {
    let Some(mut user) = all(transaction, "account", sql::ACCOUNT, id, user)?.pop() else { return Ok(None) };
    user.devices = all(transaction, "device", sql::DEVICES, id, device)?;
    Ok(Some(user))
}

/// The live rows of one user in a scope.
pub(super) fn live(transaction: &Transaction<'_>, id: Id, scope: Scope) -> Result<Option<UserRows>, StoreError> {
    let Some(user) = account(transaction, id)? else { return Ok(None) };
    let mut user_rows = UserRows::of(user);
    if scope.includes_categories() {
        user_rows.categories = all(transaction, "category", sql::LIVE_CATEGORIES, id, category)?;
    }
    if scope.includes_todos() {
        user_rows.todos = all(transaction, "todo", sql::LIVE_TODOS, id, todo)?;
        user_rows.subs = all(transaction, "sub", sql::LIVE_SUBS, id, sub)?;
    }
    Ok(Some(user_rows))
}

/// The archive of one user.
pub(super) fn archive(transaction: &Transaction<'_>, id: Id) -> Result<Option<Archive>, StoreError> {
    let Some(user) = account(transaction, id)? else { return Ok(None) };
    Ok(Some(Archive {
        user,
        categories: all(transaction, "category", sql::ARCHIVED_CATEGORIES, id, category)?,
        todos: all(transaction, "todo", sql::ARCHIVED_TODOS, id, todo)?,
        subs: all(transaction, "sub", sql::ARCHIVED_SUBS, id, sub)?,
        feedback: all(transaction, "feedback", sql::FEEDBACK, id, feedback)?,
    }))
}

/// Runs a statement that writes.
fn run(transaction: &Transaction<'_>, sql: &str, values: impl rusqlite::Params) -> Result<(), StoreError> {
    transaction.prepare_cached(sql).and_then(|mut statement| statement.execute(values)).map(drop).map_err(failed)
}

pub(super) fn put_user(transaction: &Transaction<'_>, user: &User) -> Result<(), StoreError> {
    let profile = user.profile.as_ref().map(serde_json::to_string).transpose();
    let profile = profile.map_err(|error| broken(format!("the profile of user {}", user.id), error.to_string()))?;
    run(
        transaction,
        sql::PUT_ACCOUNT,
        params![
            user.id,
            user.username,
            user.provider.as_str(),
            user.apple_sub,
            user.is_subscribed,
            user.is_premium,
            stamp(user.created_at),
            user.deleted_at.map(stamp),
            user.recommended_at.map(stamp),
            user.reminded,
            user.patch_note,
            profile,
        ],
    )
}

pub(super) fn put_device(transaction: &Transaction<'_>, user: Id, device: &Device) -> Result<(), StoreError> {
    run(transaction, sql::PUT_DEVICE, params![device.token, user, stamp(device.seen_at)])
}

pub(super) fn drop_device(transaction: &Transaction<'_>, user: Id, token: &str) -> Result<(), StoreError> {
    run(transaction, sql::DROP_DEVICE, params![token, user])
}

pub(super) fn put_category(transaction: &Transaction<'_>, user: Id, row: &Category) -> Result<(), StoreError> {
    run(
        transaction,
        sql::PUT_CATEGORY,
        params![
            row.id,
            user,
            stamp(row.created_at),
            stamp(row.updated_at),
            row.deleted_at.map(stamp),
            row.color,
            row.title,
            row.rank
        ],
    )
}

pub(super) fn put_todo(transaction: &Transaction<'_>, user: Id, row: &Todo) -> Result<(), StoreError> {
    run(
        transaction,
        sql::PUT_TODO,
        params![
            row.id,
            user,
            row.content,
            row.category_id,
            row.date.map(|day| day.to_string()),
            row.due_time.map(|time| time.to_string()),
            row.rank,
            row.is_completed,
            stamp(row.created_at),
            stamp(row.updated_at),
            row.deleted_at.map(stamp),
        ],
    )
}

pub(super) fn put_sub(transaction: &Transaction<'_>, user: Id, row: &SubTodo) -> Result<(), StoreError> {
    run(
        transaction,
        sql::PUT_SUB,
        params![
            row.id,
            user,
            row.content,
            row.todo_id,
            row.date.map(|day| day.to_string()),
            row.due_time.map(|time| time.to_string()),
            row.rank,
            row.is_completed,
            stamp(row.created_at),
            stamp(row.updated_at),
            row.deleted_at.map(stamp),
        ],
    )
}

pub(super) fn put_feedback(transaction: &Transaction<'_>, user: Id, row: &Feedback) -> Result<(), StoreError> {
    run(
        transaction,
        sql::PUT_FEEDBACK,
        params![row.id, user, row.title, row.category, row.description, stamp(row.created_at), row.status],
    )
}

/// Replaces everything of one user.
pub(super) fn restore(transaction: &Transaction<'_>, archive: &Archive) -> Result<(), StoreError> {
    let id = archive.user.id;
    let devices = archive.user.devices.iter().map(|device| UniqueName::Device(device.token.clone()));
    for key in UniqueName::of_account(&archive.user).into_iter().chain(devices) {
        claim(transaction, &key, Some(id))?;
    }
    for delete in
        [sql::DELETE_DEVICES, sql::DELETE_CATEGORIES, sql::DELETE_TODOS, sql::DELETE_SUBS, sql::DELETE_FEEDBACK]
    {
        run(transaction, delete, [id])?;
    }
    put_user(transaction, &archive.user)?;
    archive.user.devices.iter().try_for_each(|row| put_device(transaction, id, row))?;
    archive.categories.iter().try_for_each(|row| put_category(transaction, id, row))?;
    archive.todos.iter().try_for_each(|row| put_todo(transaction, id, row))?;
    archive.subs.iter().try_for_each(|row| put_sub(transaction, id, row))?;
    archive.feedback.iter().try_for_each(|row| put_feedback(transaction, id, row))?;
    run(transaction, sql::SKIP_IDS, [archive.highest_id().saturating_add(1)])
}
