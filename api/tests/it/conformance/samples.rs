//! Rows to write, and short ways to write and read them.

use chrono::{DateTime, NaiveDate, NaiveTime, TimeZone, Utc};
use onestep_api::store::{Store, StoreError};
use onestep_core::model::{Category, Device, Feedback, Id, Profile, Provider, SubTodo, Todo, User};
use onestep_core::user_rows::{Archive, Change, Scope, UserRows};

/// So many microseconds after the first second of 22 November 2026.
pub(crate) fn at(microseconds: i64) -> DateTime<Utc> {
    Utc.timestamp_micros(1_795_305_600_000_000 + microseconds).unwrap()
}

pub(crate) fn day(text: &str) -> NaiveDate {
    text.parse().unwrap()
}

pub(crate) fn time(text: &str) -> NaiveTime {
    text.parse().unwrap()
}

pub(crate) fn person(username: &str) -> User {
    User { is_subscribed: true, ..User::new(username, Provider::Google, at(1)) }
}

pub(crate) fn profile() -> Profile {
    Profile {
        username: Some("한 걸음 🐾".to_owned()),
        age_group: "20".to_owned(),
        job: "개발자".to_owned(),
        sleep_time: time("23:30:00.000001"),
        delay_reason: vec![3, 1],
    }
}

pub(crate) fn device(token: &str, microseconds: i64) -> Device {
    Device { token: token.to_owned(), seen_at: at(microseconds) }
}

pub(crate) fn category(id: Id, rank: &str) -> Category {
    Category {
        id,
        created_at: at(2),
        updated_at: at(3),
        deleted_at: None,
        color: 8,
        title: None,
        rank: rank.to_owned(),
    }
}

pub(crate) fn todo(id: Id, rank: &str) -> Todo {
    Todo {
        id,
        content: "물 마시기".to_owned(),
        category_id: 1,
        date: None,
        due_time: None,
        rank: rank.to_owned(),
        is_completed: false,
        created_at: at(4),
        updated_at: at(5),
        deleted_at: None,
    }
}

pub(crate) fn sub(id: Id, todo_id: Id, rank: &str) -> SubTodo {
    SubTodo {
        id,
        content: "컵을 씻는다".to_owned(),
        todo_id,
        date: Some(day("2026-11-22")),
        due_time: None,
        rank: rank.to_owned(),
        is_completed: true,
        created_at: at(6),
        updated_at: at(7),
        deleted_at: None,
    }
}

pub(crate) fn feedback(id: Id, title: &str) -> Feedback {
    Feedback {
        id,
        title: title.to_owned(),
        category: "bug".to_owned(),
        description: String::new(),
        created_at: at(8),
        status: "pending".to_owned(),
    }
}

pub(crate) async fn create(store: &dyn Store, username: &str) -> User {
    store.create(person(username)).await.unwrap()
}

/// New ids. Writes nothing.
pub(crate) async fn ids(store: &dyn Store, user: Id, count: u32) -> Vec<Id> {
    let mut given = Vec::new();
    let decide = &mut |_: &UserRows, ids: &[Id]| {
        given = ids.to_vec();
        Vec::new()
    };
    assert!(store.update(user, Scope::Account, count, decide).await.unwrap());
    given
}

pub(crate) async fn try_write(store: &dyn Store, user: Id, changes: &[Change]) -> Result<bool, StoreError> {
    store.update(user, Scope::Account, 0, &mut |_, _| changes.to_vec()).await
}

pub(crate) async fn write(store: &dyn Store, user: Id, changes: &[Change]) {
    assert!(try_write(store, user, changes).await.unwrap());
}

pub(crate) async fn read(store: &dyn Store, user: Id) -> UserRows {
    store.read(user, Scope::Everything).await.unwrap().unwrap()
}

pub(crate) async fn archive(store: &dyn Store, user: Id) -> Archive {
    store.archive(user).await.unwrap().unwrap()
}
