//! Rows as JSON for the client.

use std::collections::HashMap;

use chrono::{DateTime, NaiveDate, NaiveTime, SecondsFormat, Timelike, Utc};
use serde::{Serialize, Serializer};
use utoipa::ToSchema;

use onestep_core::model::{Category, Feedback, Id, Profile, SubTodo, Todo, User};
use onestep_core::user_rows::UserRows;

fn instant<S: Serializer>(at: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_str(&at.to_rfc3339_opts(SecondsFormat::Micros, true))
}

fn maybe_instant<S: Serializer>(at: &Option<DateTime<Utc>>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => instant(at, serializer),
        None => serializer.serialize_none(),
    }
}

/// `HH:MM:SS`, with six more digits when there are microseconds.
fn time<S: Serializer>(at: &NaiveTime, serializer: S) -> Result<S::Ok, S::Error> {
    let form = if at.nanosecond() == 0 { "%H:%M:%S" } else { "%H:%M:%S%.6f" };
    serializer.collect_str(&at.format(form))
}

fn maybe_time<S: Serializer>(at: &Option<NaiveTime>, serializer: S) -> Result<S::Ok, S::Error> {
    match at {
        Some(at) => time(at, serializer),
        None => serializer.serialize_none(),
    }
}

/// An account.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = User)]
pub struct UserResponse<'a> {
    id: Id,
    /// The address, as in `username`; empty for an account without an address.
    email: &'a str,
    username: &'a str,
    social_provider: &'static str,
    is_subscribed: bool,
    is_premium: bool,
}

impl<'a> From<&'a User> for UserResponse<'a> {
    fn from(user: &'a User) -> Self {
        Self {
            id: user.id,
            email: if user.username.contains('@') { &user.username } else { "" },
            username: &user.username,
            social_provider: user.provider.as_str(),
            is_subscribed: user.is_subscribed,
            is_premium: user.is_premium,
        }
    }
}

/// A profile.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Profile)]
pub struct ProfileResponse<'a> {
    user_id: Id,
    username: Option<&'a str>,
    age_group: &'a str,
    job: &'a str,
    #[serde(serialize_with = "time")]
    #[schema(value_type = String, example = "23:00:00")]
    sleep_time: NaiveTime,
    delay_reason: &'a [Id],
}

impl<'a> ProfileResponse<'a> {
    /// Of this user.
    pub fn new(user: Id, profile: &'a Profile) -> Self {
        Self {
            user_id: user,
            username: profile.username.as_deref(),
            age_group: &profile.age_group,
            job: &profile.job,
            sleep_time: profile.sleep_time,
            delay_reason: &profile.delay_reason,
        }
    }
}

/// A category.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Category)]
pub struct CategoryResponse<'a> {
    id: Id,
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "instant")]
    updated_at: DateTime<Utc>,
    #[serde(serialize_with = "maybe_instant")]
    deleted_at: Option<DateTime<Utc>>,
    color: i64,
    title: Option<&'a str>,
    rank: &'a str,
    user_id: Id,
}

impl<'a> CategoryResponse<'a> {
    /// Of this user.
    pub fn new(user: Id, row: &'a Category) -> Self {
        Self {
            id: row.id,
            created_at: row.created_at,
            updated_at: row.updated_at,
            deleted_at: row.deleted_at,
            color: row.color,
            title: row.title.as_deref(),
            rank: &row.rank,
            user_id: user,
        }
    }
}

/// A todo without its sub-todos.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Todo)]
pub struct TodoResponse<'a> {
    id: Id,
    content: &'a str,
    category_id: Id,
    date: Option<NaiveDate>,
    #[serde(serialize_with = "maybe_time")]
    #[schema(value_type = Option<String>, example = "09:30:00")]
    due_time: Option<NaiveTime>,
    user_id: Id,
    rank: &'a str,
    is_completed: bool,
}

impl<'a> TodoResponse<'a> {
    /// Of this user.
    pub fn new(user: Id, row: &'a Todo) -> Self {
        Self {
            id: row.id,
            content: &row.content,
            category_id: row.category_id,
            date: row.date,
            due_time: row.due_time,
            user_id: user,
            rank: &row.rank,
            is_completed: row.is_completed,
        }
    }
}

/// A todo with its sub-todos.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TodoWithChildren)]
pub struct TodoWithChildrenResponse<'a> {
    #[serde(flatten)]
    todo: TodoResponse<'a>,
    children: Vec<SubResponse<'a>>,
}

/// The todos for which `wanted` is true, each with its sub-todos.
pub fn todos_with_children<'a>(
    user_rows: &'a UserRows,
    wanted: impl Fn(&Todo) -> bool,
) -> Vec<TodoWithChildrenResponse<'a>> {
    let mut children: HashMap<Id, Vec<SubResponse<'a>>> = HashMap::with_capacity(user_rows.todos.len());
    for sub in &user_rows.subs {
        children.entry(sub.todo_id).or_default().push(SubResponse::from(sub));
    }
    let with_children = |todo: &'a Todo| TodoWithChildrenResponse {
        todo: TodoResponse::new(user_rows.user.id, todo),
        children: children.remove(&todo.id).unwrap_or_default(),
    };
    user_rows.todos.iter().filter(|todo| wanted(todo)).map(with_children).collect()
}

/// A sub-todo.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = SubTodo)]
pub struct SubResponse<'a> {
    id: Id,
    content: &'a str,
    todo_id: Id,
    date: Option<NaiveDate>,
    rank: &'a str,
    is_completed: bool,
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    #[serde(serialize_with = "instant")]
    updated_at: DateTime<Utc>,
    #[serde(serialize_with = "maybe_instant")]
    deleted_at: Option<DateTime<Utc>>,
    #[serde(serialize_with = "maybe_time")]
    #[schema(value_type = Option<String>, example = "09:30:00")]
    due_time: Option<NaiveTime>,
}

impl<'a> From<&'a SubTodo> for SubResponse<'a> {
    fn from(row: &'a SubTodo) -> Self {
        Self {
            id: row.id,
            content: &row.content,
            todo_id: row.todo_id,
            date: row.date,
            rank: &row.rank,
            is_completed: row.is_completed,
            created_at: row.created_at,
            updated_at: row.updated_at,
            deleted_at: row.deleted_at,
            due_time: row.due_time,
        }
    }
}

/// A message of a user to the developers.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Feedback)]
pub struct FeedbackResponse<'a> {
    id: Id,
    user_id: Id,
    title: &'a str,
    category: &'a str,
    description: &'a str,
    #[serde(serialize_with = "instant")]
    created_at: DateTime<Utc>,
    status: &'a str,
}

impl<'a> FeedbackResponse<'a> {
    /// By this user.
    pub fn new(user: Id, row: &'a Feedback) -> Self {
        Self {
            id: row.id,
            user_id: user,
            title: &row.title,
            category: &row.category,
            description: &row.description,
            created_at: row.created_at,
            status: &row.status,
        }
    }
}
