//! The rows of one user. Times are UTC with microseconds; dates and times of day are the user's own, without a zone.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

/// The id of a row, from 1: unique over all users and kinds of rows. Below 2^53, because the client reads it as a
/// JavaScript number.
pub type Id = i64;

/// The identity provider with which the account was created.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Provider {
    /// Sign in with Google.
    Google,
    /// Sign in with Apple.
    Apple,
}

impl Provider {
    /// The name in `socialProvider`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Google => "GOOGLE",
            Self::Apple => "APPLE",
        }
    }
}

/// An account with its devices and profile.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The `user_id` of its tokens.
    pub id: Id,
    /// Unique. The mail address when the provider gave one. At most 150 characters.
    pub username: String,
    /// The identity provider with which the account was created.
    pub provider: Provider,
    /// Apple's id of the person, unique. It stays the same when the address changes.
    pub apple_sub: Option<String>,
    /// The client may set it.
    pub is_subscribed: bool,
    /// Lifts the limit on recommendations.
    pub is_premium: bool,
    /// When the account was created.
    pub created_at: DateTime<Utc>,
    /// Set while the account is deleted; signing in again clears it.
    pub deleted_at: Option<DateTime<Utc>>,
    /// When the model was last asked for a recommendation.
    pub recommended_at: Option<DateTime<Utc>>,
    /// The last reminder that was sent to this user, such as `reminders/2026-11-22/08`: a repeated event sends it only
    /// once.
    pub reminded: Option<String>,
    /// The last patch note that was mailed to this user.
    pub patch_note: Option<String>,
    /// The devices that receive pushes, oldest first. A token belongs to one user at a time.
    pub devices: Vec<Device>,
    /// Set once by the user.
    pub profile: Option<Profile>,
}

impl User {
    /// A new account without an id.
    pub fn new(username: impl Into<String>, provider: Provider, now: DateTime<Utc>) -> Self {
        Self {
            id: 0,
            username: username.into(),
            provider,
            apple_sub: None,
            is_subscribed: false,
            is_premium: false,
            created_at: now,
            deleted_at: None,
            recommended_at: None,
            reminded: None,
            patch_note: None,
            devices: Vec::new(),
            profile: None,
        }
    }
}

/// One installation of the client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The FCM registration token.
    pub token: String,
    /// When the device last logged in.
    pub seen_at: DateTime<Utc>,
}

/// What users say about themselves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Profile {
    /// At most 255 characters.
    pub username: Option<String>,
    /// One of `10`, `20`, `30`, `40`, `50`.
    pub age_group: String,
    /// At most 255 characters.
    pub job: String,
    /// Time of day.
    pub sleep_time: NaiveTime,
    /// Ids of [`DELAY_REASONS`], as given.
    pub delay_reason: Vec<Id>,
}

/// Why people put things off; the id of the first is 1.
pub const DELAY_REASONS: [&str; 6] = [
    "할 일들이 너무 크게 느껴져요",
    "꾸준히 이어가기 어려워요",
    "우선순위를 정하기 어려워요",
    "동기 부여가 없어요",
    "집중력이 부족해요",
    "심리적으로 불안해요",
];

/// A group of todos, with a colour.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Its id.
    pub id: Id,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
    /// 0 to 8.
    pub color: i64,
    /// At most 100 characters.
    pub title: Option<String>,
    /// Its position among the user's categories: a [`super::rank`].
    pub rank: String,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Todo {
    /// Its id.
    pub id: Id,
    /// 1 to 255 characters.
    pub content: String,
    /// May name a deleted category.
    pub category_id: Id,
    /// None: it is in the inbox.
    pub date: Option<NaiveDate>,
    /// Time of day.
    pub due_time: Option<NaiveTime>,
    /// Its position among all of the user's todos.
    pub rank: String,
    /// Whether it is done.
    pub is_completed: bool,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// One part of a todo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubTodo {
    /// Its id.
    pub id: Id,
    /// 1 to 255 characters.
    pub content: String,
    /// The todo it belongs to; both are deleted together.
    pub todo_id: Id,
    /// Changes with the date of the todo.
    pub date: Option<NaiveDate>,
    /// Time of day.
    pub due_time: Option<NaiveTime>,
    /// Its position among all of the user's sub-todos.
    pub rank: String,
    /// Whether it is done.
    pub is_completed: bool,
    /// When it was created.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// When it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// A message of a user to the developers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// Its id.
    pub id: Id,
    /// At most 200 characters.
    pub title: String,
    /// `bug`, `feature` or `feedback`.
    pub category: String,
    /// Free text.
    pub description: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// `pending` until the developers change it.
    pub status: String,
}
