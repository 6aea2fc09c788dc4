//! The rows of one user. Times are UTC with microseconds; dates and times of day are the user's own, without a zone.

use chrono::{DateTime, NaiveDate, NaiveTime, Utc};
use serde::{Deserialize, Serialize};

/// Number of a row, unique over all users and kinds of rows, from 1. Below 2^53, as the client reads it as a JavaScript number.
pub type Id = i64;

/// Who vouched for the person when the account was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum Provider {
    /// Sign in with Google.
    Google,
    /// Sign in with Apple.
    Apple,
}

impl Provider {
    /// As the client reads it in `socialProvider`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Google => "GOOGLE",
            Self::Apple => "APPLE",
        }
    }
}

/// An account with all that belongs to it exactly once.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct User {
    /// The `user_id` of its tokens.
    pub id: Id,
    /// Unique; the mail address for everyone whose provider gave one. At most 150 characters.
    pub username: String,
    /// Who vouched for the person when the account was made.
    pub provider: Provider,
    /// Apple's name for the person, unique; it stays when the address changes.
    pub apple_sub: Option<String>,
    /// As the client may set it.
    pub is_subscribed: bool,
    /// Lifts the limit on recommendations.
    pub is_premium: bool,
    /// When the account was made.
    pub created_at: DateTime<Utc>,
    /// Set while the account is deleted; signing in again clears it.
    pub deleted_at: Option<DateTime<Utc>>,
    /// When a recommendation was last asked of the model.
    pub recommended_at: Option<DateTime<Utc>>,
    /// The last job that told this user something, such as `reminders/2026-11-22/08`; a repeated event tells nobody twice.
    pub reminded: Option<String>,
    /// The last patch note this user was mailed.
    pub patch_note: Option<String>,
    /// Where pushes go, oldest first. A token belongs to one user at a time.
    pub devices: Vec<Device>,
    /// Set once by the user.
    pub profile: Option<Profile>,
}

impl User {
    /// A new account, which has no number yet.
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

/// One installed client.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Device {
    /// The FCM registration token.
    pub token: String,
    /// When it was last given at a login.
    pub seen_at: DateTime<Utc>,
}

/// What the user told of himself.
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

/// Why things are put off, in the order of their ids from 1.
pub const DELAY_REASONS: [&str; 6] = [
    "할 일들이 너무 크게 느껴져요",
    "꾸준히 이어가기 어려워요",
    "우선순위를 정하기 어려워요",
    "동기 부여가 없어요",
    "집중력이 부족해요",
    "심리적으로 불안해요",
];

/// A named colour that todos are filed under.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Category {
    /// Its number.
    pub id: Id,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Set once, when it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
    /// 0 to 8.
    pub color: i64,
    /// At most 100 characters.
    pub title: Option<String>,
    /// Its place among the user's categories: a [`super::rank`].
    pub rank: String,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Todo {
    /// Its number.
    pub id: Id,
    /// 1 to 255 characters.
    pub content: String,
    /// May name a deleted category.
    pub category_id: Id,
    /// None: it is in the inbox.
    pub date: Option<NaiveDate>,
    /// Time of day.
    pub due_time: Option<NaiveTime>,
    /// Its place among all of the user's todos.
    pub rank: String,
    /// Ticked.
    pub is_completed: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Set once, when it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// One step of a todo.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SubTodo {
    /// Its number.
    pub id: Id,
    /// 1 to 255 characters.
    pub content: String,
    /// The todo it is a step of; deleted with it.
    pub todo_id: Id,
    /// Follows the todo's when that changes.
    pub date: Option<NaiveDate>,
    /// Time of day.
    pub due_time: Option<NaiveTime>,
    /// Its place among all of the user's steps.
    pub rank: String,
    /// Ticked.
    pub is_completed: bool,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// When it was last changed.
    pub updated_at: DateTime<Utc>,
    /// Set once, when it was deleted.
    pub deleted_at: Option<DateTime<Utc>>,
}

/// What a user wrote to the makers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Feedback {
    /// Its number.
    pub id: Id,
    /// At most 200 characters.
    pub title: String,
    /// `bug`, `feature` or `feedback`.
    pub category: String,
    /// Free text.
    pub description: String,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// `pending` until the makers say otherwise.
    pub status: String,
}
