//! Rows in and out of SQLite.

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Utc};
use rusqlite::types::Type;
use rusqlite::{Connection, OptionalExtension, Row, Transaction, TransactionBehavior, params};

use super::super::StoreError;
use super::{NAME, failed};
use crate::core::holdings::{Archive, Holdings, Key, Want};
use crate::core::model::{Category, Device, Feedback, Id, Provider, SubTodo, Todo, User};

/// `PRAGMA user_version` of the tables below.
const VERSION: i64 = 1;

/// Makes the tables, in a file that has none.
pub(super) fn migrate(connection: &mut Connection) -> Result<(), StoreError> {
    let version = |connection: &Connection| connection.query_row("PRAGMA user_version", [], |row| row.get::<_, i64>(0)).map_err(failed);
    match version(connection)? {
        VERSION => return Ok(()),
        0 => {}
        other => {
            let reason = format!("it was written by another version (its tables are number {other}, ours {VERSION})");
            return Err(StoreError::Broken { store: NAME, place: "the file".to_owned(), reason });
        }
    }
    let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate).map_err(failed)?;
    // Another process may have made them while we waited for the file.
    if version(&transaction)? == 0 {
        transaction.execute_batch(include_str!("schema.sql")).map_err(failed)?;
        transaction.execute_batch(&format!("PRAGMA user_version = {VERSION}")).map_err(failed)?;
    }
    transaction.commit().map_err(failed)
}

/// The next ids; nobody else gets them.
pub(super) fn new_ids(transaction: &Transaction<'_>, count: u32) -> Result<Vec<Id>, StoreError> {
    if count == 0 {
        return Ok(Vec::new());
    }
    let mut update = transaction.prepare_cached("UPDATE sequence SET next = next + ?1 RETURNING next").map_err(failed)?;
    let next: Id = update.query_row([count], |row| row.get(0)).map_err(failed)?;
    Ok((next - Id::from(count)..next).collect())
}

/// The query for the owner of a name, and its parameter.
pub(super) fn owner_of(key: &Key) -> (&'static str, String) {
    match key {
        Key::Username(name) => ("SELECT id FROM account WHERE username = ?1", name.clone()),
        Key::AppleSub(sub) => ("SELECT id FROM account WHERE apple_sub = ?1", sub.clone()),
        Key::Device(token) => ("SELECT user_id FROM device WHERE token = ?1", token.clone()),
    }
}

/// Refuses a name that belongs to somebody else than `owner`.
pub(super) fn claim(transaction: &Transaction<'_>, key: &Key, owner: Option<Id>) -> Result<(), StoreError> {
    let (sql, name) = owner_of(key);
    let holder: Option<Id> = transaction.prepare_cached(sql).and_then(|mut found| found.query_row([name], |row| row.get(0)).optional()).map_err(failed)?;
    match holder {
        Some(holder) if Some(holder) != owner => Err(StoreError::Taken(key.clone())),
        _ => Ok(()),
    }
}

fn stamp(at: DateTime<Utc>) -> String {
    at.to_rfc3339_opts(SecondsFormat::Micros, true)
}

fn unreadable(column: usize, error: impl std::error::Error + Send + Sync + 'static) -> rusqlite::Error {
    rusqlite::Error::FromSqlConversionFailure(column, Type::Text, Box::new(error))
}

fn instant(row: &Row<'_>, column: usize) -> rusqlite::Result<DateTime<Utc>> {
    let text = row.get_ref(column)?.as_str()?;
    DateTime::parse_from_rfc3339(text).map(|at| at.to_utc()).map_err(|error| unreadable(column, error))
}

fn maybe<T>(row: &Row<'_>, column: usize, read: impl FnOnce(&str) -> Result<T, chrono::ParseError>) -> rusqlite::Result<Option<T>> {
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

/// All rows of a query about one user.
fn all<T>(transaction: &Transaction<'_>, sql: &str, user: Id, read: fn(&Row<'_>) -> rusqlite::Result<T>) -> Result<Vec<T>, StoreError> {
    let broken = |error: rusqlite::Error| match error {
        rusqlite::Error::FromSqlConversionFailure(..) | rusqlite::Error::InvalidColumnType(..) => {
            StoreError::Broken { store: NAME, place: format!("a row of user {user}"), reason: error.to_string() }
        }
        other => failed(other),
    };
    let mut statement = transaction.prepare_cached(sql).map_err(failed)?;
    let rows = statement.query_map([user], read).map_err(failed)?;
    rows.collect::<Result<_, _>>().map_err(broken)
}

fn user(row: &Row<'_>) -> rusqlite::Result<User> {
    let profile = row.get_ref(11)?.as_str_or_null()?.map(serde_json::from_str).transpose();
    Ok(User {
        id: row.get(0)?,
        username: row.get(1)?,
        provider: if row.get_ref(2)?.as_str()? == Provider::Apple.as_str() { Provider::Apple } else { Provider::Google },
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
    Ok(Feedback { id: row.get(0)?, title: row.get(1)?, category: row.get(2)?, description: row.get(3)?, created_at: instant(row, 4)?, status: row.get(5)? })
}

const USER: &str = "SELECT id, username, provider, apple_sub, is_subscribed, is_premium, created_at, deleted_at, recommended_at, reminded, patch_note, profile \
                    FROM account WHERE id = ?1";
const DEVICES: &str = "SELECT token, seen_at FROM device WHERE user_id = ?1 ORDER BY seen_at, token";

/// The account with its devices.
fn account(transaction: &Transaction<'_>, id: Id) -> Result<Option<User>, StoreError> {
    let Some(mut user) = all(transaction, USER, id, user)?.pop() else { return Ok(None) };
    user.devices = all(transaction, DEVICES, id, device)?;
    Ok(Some(user))
}

macro_rules! select {
    ($columns:literal, $table:literal, live) => {
        concat!("SELECT ", $columns, " FROM ", $table, " WHERE user_id = ?1 AND deleted_at IS NULL ORDER BY rank, id")
    };
    ($columns:literal, $table:literal, all) => {
        concat!("SELECT ", $columns, " FROM ", $table, " WHERE user_id = ?1 ORDER BY id")
    };
}

/// What is wanted of one user.
pub(super) fn holdings(transaction: &Transaction<'_>, id: Id, want: Want) -> Result<Option<Holdings>, StoreError> {
    let Some(user) = account(transaction, id)? else { return Ok(None) };
    let mut holdings = Holdings::of(user);
    if want.categories() {
        holdings.categories = all(transaction, select!("id, created_at, updated_at, deleted_at, color, title, rank", "category", live), id, category)?;
    }
    if want.todos() {
        let todos = select!("id, content, category_id, date, due_time, rank, is_completed, created_at, updated_at, deleted_at", "todo", live);
        holdings.todos = all(transaction, todos, id, todo)?;
        let subs = select!("id, content, todo_id, date, due_time, rank, is_completed, created_at, updated_at, deleted_at", "sub", live);
        holdings.subs = all(transaction, subs, id, sub)?;
    }
    Ok(Some(holdings))
}

/// Everything of one user.
pub(super) fn archive(transaction: &Transaction<'_>, id: Id) -> Result<Option<Archive>, StoreError> {
    let Some(user) = account(transaction, id)? else { return Ok(None) };
    let todos = select!("id, content, category_id, date, due_time, rank, is_completed, created_at, updated_at, deleted_at", "todo", all);
    let subs = select!("id, content, todo_id, date, due_time, rank, is_completed, created_at, updated_at, deleted_at", "sub", all);
    Ok(Some(Archive {
        user,
        categories: all(transaction, select!("id, created_at, updated_at, deleted_at, color, title, rank", "category", all), id, category)?,
        todos: all(transaction, todos, id, todo)?,
        subs: all(transaction, subs, id, sub)?,
        feedback: all(transaction, select!("id, title, category, description, created_at, status", "feedback", all), id, feedback)?,
    }))
}

/// Runs one statement that writes.
fn run(transaction: &Transaction<'_>, sql: &str, values: impl rusqlite::Params) -> Result<(), StoreError> {
    transaction.prepare_cached(sql).and_then(|mut statement| statement.execute(values)).map(drop).map_err(failed)
}

pub(super) fn put_user(transaction: &Transaction<'_>, user: &User) -> Result<(), StoreError> {
    let profile = user.profile.as_ref().map(serde_json::to_string).transpose();
    let profile = profile.map_err(|error| StoreError::Broken { store: NAME, place: format!("the profile of user {}", user.id), reason: error.to_string() })?;
    run(
        transaction,
        "INSERT INTO account (id, username, provider, apple_sub, is_subscribed, is_premium, created_at, deleted_at, recommended_at, reminded, patch_note, profile) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12) ON CONFLICT (id) DO UPDATE SET username = ?2, provider = ?3, apple_sub = ?4, is_subscribed = ?5, \
         is_premium = ?6, created_at = ?7, deleted_at = ?8, recommended_at = ?9, reminded = ?10, patch_note = ?11, profile = ?12",
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
    let sql = "INSERT OR REPLACE INTO device (token, user_id, seen_at) VALUES (?1, ?2, ?3)";
    run(transaction, sql, params![device.token, user, stamp(device.seen_at)])
}

pub(super) fn drop_device(transaction: &Transaction<'_>, user: Id, token: &str) -> Result<(), StoreError> {
    run(transaction, "DELETE FROM device WHERE token = ?1 AND user_id = ?2", params![token, user])
}

pub(super) fn put_category(transaction: &Transaction<'_>, user: Id, row: &Category) -> Result<(), StoreError> {
    run(
        transaction,
        "INSERT OR REPLACE INTO category (id, user_id, created_at, updated_at, deleted_at, color, title, rank) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
        params![row.id, user, stamp(row.created_at), stamp(row.updated_at), row.deleted_at.map(stamp), row.color, row.title, row.rank],
    )
}

pub(super) fn put_todo(transaction: &Transaction<'_>, user: Id, row: &Todo) -> Result<(), StoreError> {
    run(
        transaction,
        "INSERT OR REPLACE INTO todo (id, user_id, content, category_id, date, due_time, rank, is_completed, created_at, updated_at, deleted_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
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
        "INSERT OR REPLACE INTO sub (id, user_id, content, todo_id, date, due_time, rank, is_completed, created_at, updated_at, deleted_at) \
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
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
        "INSERT OR REPLACE INTO feedback (id, user_id, title, category, description, created_at, status) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)",
        params![row.id, user, row.title, row.category, row.description, stamp(row.created_at), row.status],
    )
}

/// Writes everything of one user, in place of what is there.
pub(super) fn restore(transaction: &Transaction<'_>, archive: &Archive) -> Result<(), StoreError> {
    let id = archive.user.id;
    let devices = archive.user.devices.iter().map(|device| Key::Device(device.token.clone()));
    for key in Key::of(&archive.user).into_iter().chain(devices) {
        claim(transaction, &key, Some(id))?;
    }
    for table in ["device", "category", "todo", "sub", "feedback"] {
        run(transaction, &format!("DELETE FROM {table} WHERE user_id = ?1"), [id])?;
    }
    put_user(transaction, &archive.user)?;
    archive.user.devices.iter().try_for_each(|row| put_device(transaction, id, row))?;
    archive.categories.iter().try_for_each(|row| put_category(transaction, id, row))?;
    archive.todos.iter().try_for_each(|row| put_todo(transaction, id, row))?;
    archive.subs.iter().try_for_each(|row| put_sub(transaction, id, row))?;
    archive.feedback.iter().try_for_each(|row| put_feedback(transaction, id, row))?;
    run(transaction, "UPDATE sequence SET next = max(next, ?1)", [archive.highest_id().saturating_add(1)])
}
